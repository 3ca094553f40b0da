"""Running the service: gunicorn for the web, and a keeper that runs web and worker side by side."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication

from app import create_app
from app.db import Database
from app.settings import Settings
from app.upkeep import require_schema

log = logging.getLogger("tocsin.serving")

THREADS = 4
PATIENCE = 10  # seconds a process has to stop by itself


class _Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn, told what to do by our settings and not by its command line."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.web_workers,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": PATIENCE,
            "keepalive": 5,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "tocsin-web",
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self.settings)


def serve_web(settings: Settings) -> None:
    """Run the web server until told to stop."""
    database = Database(settings.database_url)
    require_schema(database)
    database.engine.dispose()
    log.info("listening on http://%s:%s", settings.host, settings.port)
    _Web(settings).run()


def run_both(settings: Settings) -> int:
    """Run web and worker as two processes; when either ends, or on Ctrl-C, both end."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # sys.executable and fixed words: nothing here comes from outside
    command = [sys.executable, "-m", "app"]
    running = {
        name: subprocess.Popen([*command, name], env=os.environ | _environment(settings))  # noqa: S603
        for name in ("serve", "worker")
    }
    try:
        while not stopping.wait(0.5):
            ended = [name for name, process in running.items() if process.poll() is not None]
            if ended:
                log.error("%s ended by itself; stopping", " and ".join(ended))
                return 1
        return 0
    finally:
        _stop(list(running.values()))


def _environment(settings: Settings) -> dict[str, str]:
    return {"TOCSIN_DATA_DIR": str(settings.data_dir)}


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()

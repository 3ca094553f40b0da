"""Running the service: gunicorn for the web, and a keeper that runs web and worker side by side."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication

from app import create_app
from app.db import Database
from app.demonstration import LOGINS, PASSWORD, demonstration_loaded
from app.errors import Misconfigured
from app.settings import Settings
from app.upkeep import require_own_logins, require_schema
from chem.jsonline import read_knowledge

log = logging.getLogger("tocsin.serving")

# A connection occupies a thread while it is slow: an upload over a bad line, an export that
# streams, one that a browser opens in advance (5 s). There must be threads left beside them.
THREADS = 16
GRACE = 5  # seconds a request has to end when the web server stops
PATIENCE = 2 * GRACE  # seconds a process has to stop by itself


class _Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn, told what to do by our settings and not by its command line."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": _address(self.settings),
            "workers": self.settings.web_workers,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": GRACE,
            # Kept-alive connections stay with the process that took them. From one listening
            # socket the process that wakes first takes a whole burst and the other idles; with a
            # socket for each the kernel shares them out. Not kept alive is no way out: gunicorn
            # stops to listen while it waits, up to 2 s, for a client to close its end.
            "keepalive": 5,
            "reuse_port": True,
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
    require_own_logins(settings, database)
    database.engine.dispose()
    _require_free(settings)
    read_knowledge()  # once for all web workers, and before somebody waits for it
    log.info("listening on http://%s", _address(settings))
    _Web(settings).run()


def run_both(settings: Settings, *, say: Callable[[str], None]) -> int:
    """Run web and worker as two processes; when either ends, or on Ctrl-C, both end.

    `say` is told once, when the web answers, where it is and how to sign in.
    """
    _require_free(settings)
    stopping, greeted = threading.Event(), False

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
            if not greeted and _answers(settings):
                say(greeting(settings))
                greeted = True
        return 0
    finally:
        _stop(list(running.values()))


def greeting(settings: Settings) -> str:
    """Where the service is and, while it holds the demonstration, a login for each role."""
    lines = [f"Tocsin answers at {settings.base_url}"]
    with Database(settings.database_url).reading() as session:
        if demonstration_loaded(session):
            lines += ["", f"{'role':<12} {'e-mail':<26} password"]
            lines += [f"{role:<12} {email:<26} {PASSWORD}" for role, (email, _) in LOGINS.items()]
    return "\n".join(lines)


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _require_free(settings: Settings) -> None:
    """Raise Misconfigured when the web server could not listen where it is told to."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Misconfigured(
            f"cannot listen on {_address(settings)} ({reason}); set PORT or TOCSIN_HOST"
        ) from None


def _answers(settings: Settings) -> bool:
    """Whether the web server takes requests already."""
    nearest = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
    host = nearest.get(settings.host, settings.host)
    connection = HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


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
            process.wait()

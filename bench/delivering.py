"""One alert to ten thousand recipients through a local mail server, against bare smtplib.

The server is a process of its own, and the floor hands it the same mails over one connection with
nothing else to do: no outbox, no leases, no record of what was sent. The worker does all that it
does in service, holding back what would be too many mails at once included.
"""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from os import environ
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from app.db import Database
from app.notification.letters import Letters
from app.notification.models import Message, MessageState
from app.settings import Settings
from app.worker import Work, deliver_waiting
from bench.figure import Figure
from tests.notification.making import a_subscriber, a_substance, an_episode, told

RECIPIENTS = int(environ.get("TOCSIN_BENCH_RECIPIENTS", "10000"))
BARE = 1_000  # mails of the floor
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class _Taker:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "250 OK"


def measure() -> list[Figure]:
    """How long all of them take, and what bare smtplib would have needed for as many."""
    with TemporaryDirectory() as folder, _server() as port:
        settings = Settings.from_env(
            {"TOCSIN_DATA_DIR": folder, "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        )
        database = Database(settings.database_url)
        database.migrate()
        _fill(database)
        bare, bare_cpu = _bare(database, settings, port)
        work = Work(database, settings, clock=lambda: NOW)
        began, cpu_began = perf_counter(), process_time()
        done = deliver_waiting(work)
        taken, cpu = perf_counter() - began, process_time() - cpu_began
        with database.reading() as session:
            sent = session.scalar(select(func.count()).where(Message.state == MessageState.SENT))
        assert done["sent"] == sent == RECIPIENTS, (done, sent)
        floor = "bare smtplib on one connection"
        return [
            Figure(
                f"one alert to {RECIPIENTS:,} recipients, one worker",
                f"{taken:.1f} s, {RECIPIENTS / taken:.0f}/s",
                f"{bare * RECIPIENTS:.1f} s, {1 / bare:.0f}/s",
                taken / (bare * RECIPIENTS),
                floor,
            ),
            Figure(
                "… of the processor's time",
                f"{cpu:.1f} s",
                f"{bare_cpu * RECIPIENTS:.1f} s",
                cpu / (bare_cpu * RECIPIENTS),
                floor,
            ),
        ]


def _fill(database: Database) -> None:
    with database.transaction() as session:
        for number in range(RECIPIENTS):
            a_subscriber(session, f"duty{number}@example.org")
        told(session, an_episode(session, a_substance(session)), now=NOW)


def _bare(database: Database, settings: Settings, port: int) -> tuple[float, float]:
    """Seconds that a mail takes when it is only handed over: by the clock, and of the processor."""
    write = Letters(settings).write
    with database.reading() as session:
        messages = session.scalars(select(Message).limit(BARE)).all()
        letters = [write(session, message) for message in messages]
    with smtplib.SMTP("127.0.0.1", port) as connection:
        began, cpu = perf_counter(), process_time()
        for letter in letters:
            connection.sendmail(letter.sender, [letter.recipient], letter.content)
        return (perf_counter() - began) / len(letters), (process_time() - cpu) / len(letters)


@contextmanager
def _server() -> Iterator[int]:
    """A mail server in a process of its own; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.join()


def _serve(port: int) -> None:
    Controller(_Taker(), hostname="127.0.0.1", port=port).start()
    while True:
        sleep(60)


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            sleep(0.1)
    raise RuntimeError("the mail server did not start")

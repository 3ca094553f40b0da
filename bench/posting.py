"""Laboratories that post reports at once, against a bare Flask endpoint behind the same server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from app.access.roles import Role
from app.access.service import add_authority, issue_key
from app.clock import utc_now
from app.db import Database
from app.registry.knowledge import load_knowledge
from app.settings import Settings
from bench.figure import Figure
from chem.known import known

CLIENTS = 20
EACH = 40  # requests of a client
WARMING = 5  # before them, not measured
BATCH = 100
BATCHES = 5  # of each of two clients
BARE = """
from flask import Flask, request
app = Flask("bare")
@app.post("/")
def take():
    return {"bytes": len(request.get_data())}, 201
"""


def measure() -> list[Figure]:
    """Two web processes on an embedded database, 20 clients on kept-alive connections."""
    with TemporaryDirectory() as folder:
        key = _prepare(Path(folder))
        with _serving([sys.executable, "-m", "app", "serve"], Path(folder)) as port:
            path, headers = "/api/v1/reports", {"Authorization": f"Bearer {key}"}
            # the first answers of a process load what all others use
            _hammer(port, path, headers, CLIENTS, WARMING, lambda c, n: [_report(c + CLIENTS, n)])
            single = _hammer(port, path, headers, CLIENTS, EACH, lambda c, n: [_report(c, n)])
            rates = _hammer(port, path, headers, 2, BATCHES, _batch)
        (Path(folder) / "bare.py").write_text(BARE)
        command = [
            *(sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "16"),
            *("--keep-alive", "5", "--reuse-port"),
            *("--chdir", folder, "bare:app"),
        ]
        with _serving(command, Path(folder)) as port:
            bare = _hammer(port, "/", {}, CLIENTS, EACH, lambda c, n: [_report(c, n)])
    rate = 2 * BATCHES * BATCH / rates.whole
    posts, most = (len(taken.each) / taken.whole for taken in (single, bare))
    return [
        _milliseconds("POST one, p95 at 20 clients", _p95(single.each), _p95(bare.each)),
        _milliseconds("… p50", median(single.each), median(bare.each)),
        Figure("… a second", f"{posts:,.0f}/s", f"{most:,.0f}/s", most / posts, "bare Flask"),
        Figure("… in batches of 100", f"{rate:,.0f} reports/s", "250 reports/s", 250 / rate, "bar"),
    ]


def _p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[-1]


def _milliseconds(what: str, taken: float, floor: float) -> Figure:
    said = f"{taken * 1000:,.0f} ms", f"{floor * 1000:,.0f} ms"
    return Figure(what, *said, taken / floor, "bare Flask")


class _Taken:
    """How long each request took, and all of them together."""

    def __init__(self) -> None:
        self.each: list[float] = []
        self.whole = 0.0


def _prepare(folder: Path) -> str:
    database = Database(Settings.from_env({"TOCSIN_DATA_DIR": str(folder)}).database_url)
    database.migrate()
    with database.transaction() as session:
        load_knowledge(session, now=utc_now())
        home = add_authority(session, "LAB-DE", "Laboratory", country="DE", now=utc_now())
        return issue_key(session, home, role=Role.LABORATORY, now=utc_now())


@contextmanager
def _serving(command: list[str], folder: Path) -> Iterator[int]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"TOCSIN_DATA_DIR": str(folder), "PORT": str(port)}
    if "gunicorn" in command:
        command = [*command, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with closing(socket.socket()) as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _hammer(
    port: int,
    path: str,
    headers: dict[str, str],
    clients: int,
    each: int,
    body: Callable[[int, int], object],
) -> _Taken:
    taken, turn = _Taken(), threading.Barrier(clients + 1)

    def client(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        bodies = [json.dumps(body(number, n)).encode() for n in range(each)]
        turn.wait()
        for one in bodies:
            began = perf_counter()
            connection.request("POST", path, one, headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            taken.each.append(perf_counter() - began)
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {said[:200]!r}")

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    turn.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    taken.whole = perf_counter() - began
    if len(taken.each) != clients * each:
        raise RuntimeError("a client failed")
    return taken


def _report(client: int, number: int) -> dict[str, object]:
    smiles = known()[(client * 7 + number) % 50].smiles
    return {
        "reference": f"P-{client}-{number}",
        "event_kind": "seizure",
        "event_date": "2026-11-02",
        "country": "DE",
        "findings": [{"structure": smiles, "techniques": ["GC-MS", "NMR"]}],
    }


def _batch(client: int, number: int) -> list[dict[str, object]]:
    return [_report(100 + client, number * BATCH + n) for n in range(BATCH)]

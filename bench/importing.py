"""Taking reports in from a CSV file, against a bare batched insert of the same rows."""

from __future__ import annotations

import csv
import os
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.access.service import add_authority
from app.clock import utc_now
from app.db import Database
from app.registry.knowledge import load_knowledge
from bench.figure import Figure
from chem.known import known

ROWS = int(os.environ.get("TOCSIN_BENCH_FINDINGS", "50000"))
SERVER = os.environ.get(
    "TOCSIN_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
COLUMNS = ("reference", "event_kind", "event_date", "country", "structure", "quantity", "unit")


def measure() -> list[Figure]:
    """A file of events, imported into each kind of database that is there; then the same again."""
    figures = []
    with TemporaryDirectory() as folder, _server_database() as server:
        path = Path(folder) / "in.csv"
        rows = _write(path)
        floor = _timed(lambda: _bare(Path(folder) / "bare.sqlite", rows))
        kinds = {"SQLite": f"sqlite:///{folder}/tocsin.sqlite", "PostgreSQL": server}
        for kind, url in kinds.items():
            if url is None:
                continue
            first, again, peak = _imported(url, path)
            figures += [
                _figure(f"import findings, {kind}", first, floor, "bare insert of the rows"),
                _figure("… the same again", again, first, "the first import"),
                Figure("… peak memory", f"{peak:,.0f} MB", "600 MB", peak / 600, "the bar"),
            ]
    return figures


@contextmanager
def _server_database() -> Iterator[str | None]:
    """A PostgreSQL database for this run alone; None where no server answers."""
    name = f"tocsin_bench_{uuid4().hex[:8]}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        yield None
        return
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _imported(url: str, path: Path) -> tuple[float, float, float]:
    """Seconds of the command that imports, of the second time, and its peak memory in MB."""
    database = Database(url)
    database.migrate()
    with database.transaction() as session:
        load_knowledge(session, now=utc_now())
        add_authority(session, "LAB-DE", "Laboratory", country="DE", now=utc_now())
    database.engine.dispose()
    command = [sys.executable, "-m", "app", "import", str(path), "--authority", "LAB-DE"]
    env = os.environ | {"TOCSIN_DATABASE_URL": url}

    peaks: list[float] = []

    def run() -> None:
        peaks.append(_peak(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)))

    first, again = _timed(run), _timed(run)
    return first, again, max(peaks)


def _peak(process: subprocess.Popen[bytes]) -> float:
    """Wait for a command to end; the most memory it held, in MB (Linux; else 0).

    What the system tells of ended children begins with the memory of their parent, which holds the
    rows of the file here; so the process is looked at while it runs.
    """
    status, most = Path(f"/proc/{process.pid}/status"), 0.0
    while process.poll() is None:
        try:
            held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        except OSError:
            held = None
        most = max(most, int(held[1]) / 1024 if held else 0.0)
        sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"the import ended with {process.returncode}")
    return most


def _figure(what: str, taken: float, floor: float, floor_is: str) -> Figure:
    return Figure(
        what, f"{ROWS / taken:,.0f} rows/s", f"{ROWS / floor:,.0f} rows/s", taken / floor, floor_is
    )


def _timed(run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began


def _write(path: Path) -> list[tuple[object, ...]]:
    rng = random.Random(3)
    smiles = [substance.smiles for substance in known()]
    kinds = ("seizure", "collected_sample", "biological_sample")
    rows = [
        (
            f"B{number}",
            rng.choice(kinds),
            str(date(2016, 1, 1) + timedelta(days=rng.randrange(3600))),
            "DE",
            rng.choice(smiles),
            round(rng.random() * 100, 2),
            "g",
        )
        for number in range(ROWS)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return rows


def _bare(path: Path, rows: list[tuple[object, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"CREATE TABLE bare ({', '.join(COLUMNS)})")
        connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(COLUMNS))})", rows)

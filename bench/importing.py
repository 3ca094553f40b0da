"""Taking reports in from a CSV file, against a bare batched insert of the same rows."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from app.access.models import acting
from app.access.roles import Role
from app.access.service import add_authority
from app.clock import utc_now
from app.db import Database
from app.intake.files import take_file
from app.registry.knowledge import load_knowledge
from bench.figure import Figure
from chem.known import known

ROWS = 20_000
COLUMNS = ("reference", "event_kind", "event_date", "country", "structure", "quantity", "unit")


def measure() -> list[Figure]:
    """A file of events, imported into an embedded database; then the same file again."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        rows = _write(path)
        database = Database(f"sqlite:///{folder}/tocsin.sqlite")
        database.migrate()
        with database.transaction() as session:
            load_knowledge(session, now=utc_now())
            home = add_authority(session, "LAB-DE", "Laboratory", country="DE", now=utc_now())
        by = acting(Role.LABORATORY, "bench", home)
        first = _timed(lambda: take_file(database, path, by=by, clock=utc_now))
        again = _timed(lambda: take_file(database, path, by=by, clock=utc_now))
        floor = _timed(lambda: _bare(Path(folder) / "bare.sqlite", rows))
    return [
        _figure("import findings", first, floor, "bare insert of the rows"),
        _figure("import the same again", again, first, "the first import"),
    ]


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

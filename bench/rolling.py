"""Counting a large register: from scratch, and after a thousand new reports.

TOCSIN_BENCH_REPORTS says how many reports (default 50,000; the figure to reach is for 10,000,000)
and TOCSIN_BENCH_DATABASE in which database, which must be empty or left from the run before
(default an embedded one).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import func, select

from app.db import Database
from app.intake.models import Finding, Report
from app.surveillance.counts import monthly
from app.surveillance.delays import delays
from app.surveillance.evaluation import evaluate
from app.surveillance.exposure import exposure
from app.surveillance.months import first_day, month_of
from app.surveillance.rollup import roll
from app.surveillance.ruleset import ruleset
from bench.figure import Figure
from bench.register import LAST, add, fill, settle_statistics

NEW = 1_000
WINDOW = 36  # months that the rules look at
NIGHT = datetime.combine(LAST, time(12), UTC) + timedelta(days=1)


def measure() -> list[Figure]:
    """The rollup of a whole register, and what the rules are told of it afterwards."""
    reports = int(os.environ.get("TOCSIN_BENCH_REPORTS", "50000"))
    with TemporaryDirectory() as folder:
        url = os.environ.get("TOCSIN_BENCH_DATABASE", f"sqlite:///{Path(folder)}/bench.sqlite")
        return _measured(Database(url), reports)


def _measured(database: Database, reports: int) -> list[Figure]:
    database.migrate()
    with database.reading() as session:
        held = session.scalar(select(func.count()).select_from(Report)) or 0
    if not held:
        fill(database, reports)
    floor = _timed(database, _group_by)
    scratch = _timed(database, lambda session: roll(session, now=NIGHT), writes=True)
    settle_statistics(database)
    at_rest = _timed(database, _told)
    with database.reading() as session:
        newest = session.scalar(select(func.max(Report.id))) or 0
        finding = session.scalar(select(func.max(Finding.id))) or 0
    add(database, newest + 1, NEW, first_finding=finding + 1, seed=newest)
    after_new = _timed(database, _told)
    ruled = _timed(database, _ruled)
    folded = _timed(
        database, lambda session: roll(session, now=NIGHT + timedelta(days=1)), writes=True
    )
    return [
        _figure(f"roll {held or reports:,} reports from scratch", scratch, floor),
        _figure(f"counts, exposure and delay of {WINDOW} months, nothing new", at_rest, floor),
        _figure(f"the same after {NEW:,} new reports", after_new, floor),
        _figure(f"all rules after {NEW:,} new reports", ruled, floor),
        _figure(f"roll {NEW:,} new reports up", folded, floor),
    ]


def _group_by(session) -> None:
    rows = select(Finding.substance_id, Report.country, Report.event_kind, func.count())
    rows = rows.join(Report).group_by(Finding.substance_id, Report.country, Report.event_kind)
    session.execute(rows).all()


def _told(session) -> None:
    """What an assessment reads: counts of all nodes with exposure, and delays."""
    as_of = LAST + timedelta(days=1)
    since = first_day(month_of(as_of) - WINDOW + 1)
    counts = monthly(session, as_of=as_of, since=since)
    exposure(session, counts)
    delays(session, as_of=as_of)


def _ruled(session) -> None:
    """What an assessment does before it writes: every rule on every node, at every level."""
    evaluate(session, as_of=LAST + timedelta(days=1), limits=ruleset())


def _timed(database: Database, run, *, writes: bool = False) -> float:
    began = perf_counter()
    with (database.transaction if writes else database.reading)() as session:
        run(session)
    return perf_counter() - began


def _figure(what: str, taken: float, floor: float) -> Figure:
    return Figure(
        what, f"{taken:.2f} s", f"{floor:.2f} s", taken / floor, "GROUP BY substance, country, kind"
    )

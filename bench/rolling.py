"""Counting a large register, running the rules on it and moving the episodes: from scratch, and
after a thousand new reports.

    python -m bench.rolling [REPORTS [DATABASE]]

The figure to reach is for 10,000,000 reports; `make bench` runs 50,000. The database must be empty
or left from the run before (default an embedded one that is thrown away). TOCSIN_BENCH_REPORTS and
TOCSIN_BENCH_DATABASE say the same to `make bench`. Processor time is that of this process and those
it begins: what a database server takes comes on top of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.models import Finding, Report
from app.surveillance.counted import Counted, forget
from app.surveillance.evaluation import evaluate
from app.surveillance.models import Assessment, Episode, EpisodeView
from app.surveillance.months import month_of
from app.surveillance.rolled import Part, RolledMonth, Rollup
from app.surveillance.rollup import kept_since, roll
from app.surveillance.ruleset import ruleset
from app.surveillance.service import assess
from bench.figure import Figure, table
from bench.register import LAST, add, fill, settle_statistics

NEW = 1_000
WINDOW = 60  # months that the rules look at
NIGHT = datetime.combine(LAST, time(12), UTC) + timedelta(days=1)
TODAY = LAST + timedelta(days=1)


class Taken(NamedTuple):
    """How long something took: by the clock, and of processors."""

    wall: float
    cpu: float

    def __add__(self, other: Taken) -> Taken:  # type: ignore[override]
        return Taken(self.wall + other.wall, self.cpu + other.cpu)

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, cpu {self.cpu:.2f}"


def measure() -> list[Figure]:
    """The rollup of a whole register, and the rules on it before and after new reports."""
    reports = int(os.environ.get("TOCSIN_BENCH_REPORTS", "50000"))
    return _in(os.environ.get("TOCSIN_BENCH_DATABASE"), reports)


def _in(url: str | None, reports: int) -> list[Figure]:
    with TemporaryDirectory() as folder:
        return _measured(Database(url or f"sqlite:///{Path(folder)}/bench.sqlite"), reports)


def _measured(database: Database, reports: int) -> list[Figure]:
    database.migrate()
    with database.transaction() as session:
        held = session.scalar(select(func.count()).select_from(Report)) or 0
        for table in (Rollup, RolledMonth, EpisodeView, Episode, Assessment):
            session.execute(delete(table))
    if not held:
        fill(database, reports)
    forget()
    floor = _timed(database, _group_by)
    scratch = _timed(database, lambda session: roll(session, now=NIGHT), writes=True)
    settle_statistics(database)
    one_pass = _timed(database, _one_pass)
    first, at_rest = _timed(database, _ruled), _timed(database, _ruled)
    opened = _timed(database, _assessed, writes=True)
    with database.reading() as session:
        there = session.scalar(select(func.count()).select_from(Episode)) or 0
    _add(database)
    after_new = _timed(database, _ruled)
    _add(database)
    assessed = _timed(database, _assessed, writes=True)
    forget()
    restarted = _timed(database, _ruled)
    folded = _timed(
        database, lambda session: roll(session, now=NIGHT + timedelta(days=1)), writes=True
    )
    grouping, passing = "GROUP BY substance, country, kind", "one sum over the kept cells"
    return [
        _figure(f"roll {held or reports:,} reports from scratch", scratch, floor, grouping),
        _figure("and all rules after it: from scratch", scratch + first, floor, grouping),
        _figure("all rules, nothing worked out before", first, one_pass, passing),
        _figure("all rules, nothing new", at_rest, one_pass, passing),
        _figure(f"all rules after {NEW:,} new reports", after_new, one_pass, passing),
        _figure("the same, nothing worked out before", restarted, one_pass, passing),
        _figure(f"all rules, {there:,} episodes opened", opened, one_pass, passing),
        _figure(f"the same, open, after {NEW:,} new reports", assessed, one_pass, passing),
        _figure(f"roll {2 * NEW:,} new reports up", folded, floor, grouping),
    ]


def _add(database: Database) -> None:
    with database.reading() as session:
        newest = session.scalar(select(func.max(Report.id))) or 0
        finding = session.scalar(select(func.max(Finding.id))) or 0
    add(database, newest + 1, NEW, first_finding=finding + 1, seed=newest)


def _group_by(session: Session) -> None:
    rows = select(Finding.substance_id, Report.country, Report.event_kind, func.count())
    rows = rows.join(Report).group_by(Finding.substance_id, Report.country, Report.event_kind)
    session.execute(rows).all()


def _one_pass(session: Session) -> None:
    """Read what is kept of the months that the rules look at, and add it up once."""
    since = month_of(TODAY) - WINDOW + 1
    cells = Counted(session, TODAY, since=kept_since(TODAY)).kept(Part.CELLS, since)
    at = cells["substance"].astype(np.int64) * WINDOW + cells["month"] - since
    np.bincount(at, weights=cells["events"])


def _ruled(session: Session) -> None:
    """What an assessment does before it writes: every rule on every node, at every level."""
    evaluate(session, as_of=TODAY, limits=ruleset())


def _assessed(session: Session) -> None:
    """The same, and every episode opened or moved."""
    assess(session, as_of=TODAY, now=NIGHT + timedelta(days=1))


def _timed(database: Database, run: Callable[[Session], object], *, writes: bool = False) -> Taken:
    began, at_work = perf_counter(), _worked()
    with (database.transaction if writes else database.reading)() as session:
        run(session)
    return Taken(perf_counter() - began, _worked() - at_work)


def _worked() -> float:
    """Seconds that this process and those it began, and that have ended, kept processors busy."""
    return sum(os.times()[:4])


def _figure(what: str, taken: Taken, floor: Taken, floor_is: str) -> Figure:
    return Figure(what, str(taken), str(floor), taken.wall / floor.wall, floor_is)


if __name__ == "__main__":
    print(table(_in((sys.argv[2:] or [None])[0], int((sys.argv[1:] or ["50000"])[0]))))

"""Counts over spans of time, as sources publish them by the year or the quarter.

They are told apart from events everywhere and never added to them: a count says *that* a substance
was there, an event counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, literal, null, select
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.intake.models import Report
from app.intake.words import EventKind, ReportType
from app.surveillance.sightings import known_reports, open_later, stood


@dataclass(frozen=True, slots=True)
class Period:
    """An aggregate count: one authority, one kind, one span of time."""

    substance_id: int
    country: str
    authority_id: int
    kind: EventKind
    first: date
    until: date
    count: int


@dataclass(frozen=True, slots=True)
class Total:
    """A count of one source over one span, of a watched substance (None: of everything)."""

    substance_id: int | None
    country: str
    authority_id: int
    first: date
    until: date
    level: Handling
    simulated: bool
    count: int


def periods(
    session: Session,
    *,
    as_of: date,
    since: date,
    ceiling: Handling = Handling.RED,
    still_open: date | None = None,
) -> list[Period]:
    """The aggregate counts known as of a day whose spans end on `since` or later."""
    known = known_reports(session, as_of)
    key = (
        known.c.substance_id,
        known.c.country,
        known.c.authority_id,
        known.c.event_kind,
        known.c.event_date,
        known.c.event_end,
    )
    grouped = (
        select(*key, func.sum(known.c.count))
        .where(
            known.c.type == ReportType.AGGREGATE,
            known.c.event_end >= since,
            known.c.level <= int(ceiling),
            *open_later(known, ceiling, still_open),
        )
        .group_by(*key)
    )
    return [Period(*row[:6], count=int(row[6])) for row in session.execute(grouped)]


def totals(session: Session, *, as_of: date) -> tuple[list[Total], list[Total]]:
    """What sources counted over spans of time: of each watched substance, and of everything."""
    # written out, so that SQLite sees that ix_report_aggregate holds them all
    aggregate = literal(ReportType.AGGREGATE, Report.type.type, literal_execute=True)
    summed_up = select(Report.id).where(Report.type == aggregate)
    known = known_reports(session, as_of, among=lambda number: number.in_(summed_up), events=False)
    span = ("country", "authority_id", "event_date", "event_end", "level", "simulated")
    mine = (known.c.substance_id, *(known.c[name] for name in span))
    of_each = select(*mine, func.sum(known.c.count)).group_by(*mine)
    level = effective_handling(Report.handling, Report.embargo_until, as_of).label("level")
    theirs = (
        Report.country, Report.authority_id, Report.event_date, Report.event_end, level,
        Report.simulated,
    )  # fmt: skip
    of_all = (
        select(null(), *theirs, func.sum(Report.count))
        .where(stood(Report, as_of), Report.id.in_(summed_up))
        .group_by(*theirs)
    )
    return [_total(*row) for row in session.execute(of_each)], [
        _total(*row) for row in session.execute(of_all)
    ]


def _total(*row: Any) -> Total:
    number, country, authority, first, until, level, simulated, count = row
    return Total(
        number, country, authority, first, until, Handling(level), bool(simulated), int(count)
    )

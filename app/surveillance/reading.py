"""Events, shared events and volumes as known on a day, read from the reports themselves.

The same rules as in `sightings`: what had been received by the end of the day and stood, resolved
by then and as the substance it meant then. Events only; aggregates are never added to events. An
event with several substances, or one that came in twice, is counted apart (`shared`), so that each
substance, and each family, counts it once.

What reports came to count can be asked of a few of them alone (`only`), at the cost of those few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.orm import Session, aliased

from app.access.handling import effective_handling
from app.clock import end_of_day
from app.db import one_of_ids
from app.intake.duplicates.counting import grouped_reports
from app.intake.models import (
    Finding,
    HandlingChange,
    Report,
)
from app.intake.words import CausalRole, EventKind, Precision, ReportType
from app.registry.models import WATCHED, Substance
from app.surveillance import arrays, sightings
from app.surveillance.arrays import CELL, KEY, KINDS, SHARED, VOLUME, Records
from app.surveillance.changed import meant_else_since
from app.surveillance.months import first_day, month_number, year_number

# Deaths by causal role, in twentieths of one (signals 2.2, modelled on the toxicological
# significance score): sole 1, unknown .25, contributory .5, present and not implicated .1.
WEIGHT = 20
WEIGHTS = {CausalRole.SOLE: 20, CausalRole.CONTRIBUTORY: 10, CausalRole.PRESENT: 2}
WEIGHT_UNKNOWN = 5
AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: everything known at the end of a day, or of a few reports alone."""

    as_of: date
    since: int | None = None  # the first month asked for; None: from the beginning
    only: tuple[int, ...] | None = None  # report numbers; None: all
    # how reports are handled: as now, or as they were handled at this moment
    handling_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """Events by substance (`arrays.CELL`), and those of them that count elsewhere too.

    `shared` (`arrays.SHARED`) has one record for each substance of an event in which there are
    several; every one of its records is in a cell as well. Months below nought are years (-2026):
    of those events only the year is known.
    """

    cells: Records
    shared: Records


def events(session: Session, view: View) -> Events:
    """Every counted event of a watched substance."""
    plain = _fetched(session, _plain(session, view), _ALONE)
    plain = plain[plain["alone"] == 1][CELL_FIELDS].astype(CELL)
    # of reports that are one event one is counted, in its month, whichever months are asked for
    ever = replace(view, since=None)
    special = _fetched(session, _one_by_one(session, ever, _special(session, view)), _SEVERAL)
    several = _fetched(session, _one_by_one(session, view, _several(session, view)), _SEVERAL)
    together = _told_apart(special, several)
    shared = _several_in(together)
    if view.since is not None:
        asked = _from(view.since, together["month"])
        together, shared = together[asked], shared[asked]
    apart = together[CELL_FIELDS].astype(CELL)
    cells = arrays.summed(arrays.joined(plain, apart), ("substance", *KEY), arrays.COUNTED)
    return Events(cells, together[shared])


def volumes(session: Session, view: View) -> Records:
    """All events that each authority reported (`arrays.VOLUME`), whatever was found in them.

    `received` is the month in which the first version of the report came in. Events of which only
    the year is known are left out.
    """
    first = aliased(Report)
    came_in = (
        select(func.min(first.received_at))
        .where(first.authority_id == Report.authority_id, first.reference == Report.reference)
        .scalar_subquery()
    )
    received = case((Report.version > 1, came_in), else_=Report.received_at)
    rows = (
        select(
            month_number(Report.event_date).label("month"),
            Report.country,
            Report.authority_id,
            Report.event_kind,
            month_number(type_coerce(received, Report.received_at.type)).label("received"),
            _level(session, Report, view).label("level"),
            type_coerce(Report.simulated, Integer).label("simulated"),
        )
        .where(*_known(session, Report, view), Report.precision != Precision.YEAR)
        .subquery("volume")
    )
    key = (rows.c.month, rows.c.country, rows.c.authority_id, rows.c.event_kind)
    rest = (rows.c.received, rows.c.level, rows.c.simulated)
    query = select(*key[:3], _kind(key[3]), *rest, func.count()).group_by(*key, *rest)
    return _fetched(session, query, VOLUME)


_SEVERAL = np.dtype([("report", "<i8"), *SHARED.descr])
_ALONE = np.dtype([("alone", "u1"), *CELL.descr])
CELL_FIELDS = list(CELL.names or ())


def _plain(session: Session, view: View) -> Select[Any]:
    """Cells of events that came in once, by whether one watched substance was found in them.

    Nearly all events are of that kind, so the database adds them up. It walks through the unique
    key of finding, which begins with the report.
    """
    found = (
        select(
            Finding.report_id,
            func.min(Finding.substance_id).label("substance_id"),
            func.max(Finding.substance_id).label("other_id"),
            func.max(sightings.confirmed(Finding)).label("confirmed"),
        )
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Substance.standing.in_(WATCHED),
            *sightings.sighting(Finding, view.as_of),
            *_asked(session, view, Finding.report_id),
        )
        .group_by(Finding.report_id)
        .subquery("found")
    )
    special = _special(session, view).cte("special").prefix_with("MATERIALIZED")
    alone = case((found.c.substance_id == found.c.other_id, 1), else_=0)
    described = _described(session, view)
    rows = (
        select(alone.label("alone"), found.c.substance_id, *described, found.c.confirmed, *_sums())
        .join(found, found.c.report_id == Report.id)
        .outerjoin(special, special.c.report_id == Report.id)
        .where(*_known(session, Report, view), special.c.report_id.is_(None))
        .subquery("plain")
    )
    key = [rows.c[name] for name in ("alone", "substance_id", "month", "country", "authority_id")]
    kept = [rows.c.level, rows.c.simulated]
    sums = [func.sum(rows.c[name]) for name in ("confirmed", "cases", "deaths", "weighted")]
    return select(*key, _kind(rows.c.event_kind), *kept, func.count(), *sums).group_by(
        *key, rows.c.event_kind, *kept
    )


def _special(session: Session, view: View) -> CompoundSelect[Any]:
    """Reports that are counted one by one: the database holds more of them than one truth.

    Those in a group of duplicates, and those of which a finding meant something else on the day
    than it does now.
    """
    end = end_of_day(view.as_of)
    grouped = grouped_reports(end).subquery("held")
    asked = _asked(session, view, Finding.report_id)
    return union(
        select(grouped.c.report_id).where(*_asked(session, view, grouped.c.report_id)),
        *(reports.where(*asked) for reports in meant_else_since(end)),
    )


def _several(session: Session, view: View) -> Select[int]:
    """Reports with more than one finding, watched or not."""
    more = or_(Finding.position > 0, Finding.component > 0)
    asked = _asked(session, view, Finding.report_id)
    return select(Finding.report_id).where(more, *asked).distinct()


def _one_by_one(session: Session, view: View, reports: Any) -> Select[Any]:
    """Each watched finding of these reports, as it was taken on the day."""
    wanted = reports.subquery("wanted")
    # the few are found first, and lead to their findings through the unique key of finding
    resolved = sightings.resolved_findings(
        session, view.as_of, lambda column: column.in_(select(wanted.c.report_id))
    )
    grouped = grouped_reports(end_of_day(view.as_of)).subquery("grouped")
    month, country, authority, kind, level, simulated = _described(session, view)
    return (
        select(
            Report.id,
            func.coalesce(-grouped.c.group_id, Report.id).label("event"),
            func.coalesce(grouped.c.place, 0).label("place"),
            resolved.c.substance_id,
            month,
            country,
            authority,
            _kind(kind),
            level,
            simulated,
            literal(1),
            resolved.c.confirmed,
            *_sums(),
        )
        .select_from(Report)
        .join(resolved, resolved.c.report_id == Report.id)
        .outerjoin(grouped, grouped.c.report_id == Report.id)
        .where(*_known(session, Report, view))
    )


def _told_apart(special: Records, several: Records) -> Records:
    """One record for each event and substance that `_plain` has not counted.

    Of reports that are one event, the most open that names the substance is counted, and among
    equally open ones the most complete (app.intake.duplicates.counting).
    """
    rows = arrays.joined(special, several)
    rows["confirmed"] = -rows["confirmed"]  # the better grade first
    rows = arrays.first_of_each(rows, ("event", "substance"), ("level", "place", "confirmed"))
    rows["confirmed"] = -rows["confirmed"]
    apart: Records = rows[_several_in(rows) | np.isin(rows["report"], special["report"])]
    return apart[list(SHARED.names or ())].astype(SHARED)


def _from(since: int, months: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which months are not before `since`; of years (below nought), which do not end before it."""
    asked: NDArray[np.bool_] = np.where(months < 0, -months >= since // 12, months >= since)
    return asked


def _several_in(rows: Records) -> Any:
    """Which records share their event with another; the rows are in the order of events."""
    shares = np.zeros(len(rows), bool)
    if len(rows):
        same = rows["event"][1:] == rows["event"][:-1]
        shares[1:] |= same
        shares[:-1] |= same
    return shares


def _known(session: Session, report: Any, view: View) -> list[ColumnElement[bool]]:
    """Events that stood at the end of the day, in the months and among the reports asked for."""
    conditions = [sightings.stood(report, view.as_of), report.type == ReportType.EVENT]
    if view.since is not None:
        begins = first_day(view.since)
        conditions += [
            report.event_date >= date(begins.year, 1, 1),
            or_(report.event_date >= begins, report.precision == Precision.YEAR),
        ]
    return [*conditions, *_asked(session, view, report.id)]


def _asked(session: Session, view: View, report_id: Any) -> list[ColumnElement[bool]]:
    return [] if view.only is None else [one_of_ids(session, report_id, view.only)]


def _described(session: Session, view: View) -> tuple[ColumnElement[Any], ...]:
    year_only = Report.precision == Precision.YEAR
    month = case(
        (year_only, -year_number(Report.event_date)), else_=month_number(Report.event_date)
    )
    return (
        month.label("month"),
        Report.country.label("country"),
        Report.authority_id.label("authority_id"),
        Report.event_kind.label("event_kind"),
        _level(session, Report, view).label("level"),
        type_coerce(Report.simulated, Integer).label("simulated"),
    )


def _sums() -> tuple[ColumnElement[Any], ...]:
    died = Report.event_kind == EventKind.DEATH
    caused = and_(died, Report.causal_role.in_(sightings.CAUSAL))
    weights = [(Report.causal_role == role, float(weight)) for role, weight in WEIGHTS.items()]
    weight = case(*weights, else_=float(WEIGHT_UNKNOWN))
    return (
        Report.count.label("cases"),
        case((caused, Report.count), else_=0).label("deaths"),
        case((died, Report.count * weight), else_=0.0).label("weighted"),
    )


def _kind(column: ColumnElement[Any]) -> ColumnElement[int]:
    places = ((column == kind, place) for place, kind in enumerate(KINDS))
    return case(*places, else_=len(KINDS))


def _level(session: Session, report: Any, view: View) -> ColumnElement[int]:
    """The effective handling on the day."""
    if view.handling_at is None or not _handled_anew_since(session, view.handling_at):
        return effective_handling(report.handling, report.embargo_until, view.as_of)
    later = [HandlingChange.report_id == report.id, HandlingChange.changed_at > view.handling_at]
    first = select(HandlingChange).where(*later).order_by(HandlingChange.id).limit(1)
    handling = first.with_only_columns(HandlingChange.handling_before).scalar_subquery()
    embargo = first.with_only_columns(HandlingChange.embargo_before).scalar_subquery()
    changed = select(HandlingChange.id).where(*later).exists()
    return effective_handling(
        case((changed, handling), else_=report.handling),  # type: ignore[arg-type]
        case((changed, embargo), else_=report.embargo_until),  # type: ignore[arg-type]
        view.as_of,
    )


def _handled_anew_since(session: Session, moment: datetime) -> bool:
    changed = select(HandlingChange.id).where(HandlingChange.changed_at > moment).limit(1)
    return session.scalar(changed) is not None


def _fetched(session: Session, query: Select[Any], dtype: np.dtype[np.void]) -> Records:
    """The rows of a query as records, a portion at a time so that only those are held."""
    if session.get_bind().dialect.name == "postgresql":
        # else it plans for the first rows of a cursor, which is not how all are read quickly
        session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
    found = session.execute(query.execution_options(yield_per=AT_ONCE))
    return arrays.joined(
        np.empty(0, dtype), *(arrays.records(some, dtype) for some in found.partitions())
    )

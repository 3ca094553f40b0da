"""Events, shared events, volumes and sightings as known on a day, read from the reports themselves.

The same rules as in `sightings`: what had been received by the end of the day and stood, resolved
by then and as the substance it meant then. Events and aggregates are never added up: cells, shared
events and volumes are of events only. An event with several substances, or one that came in twice,
is counted apart (`shared`), so that each substance, and each family, counts it once.

Reports and findings are read side by side, each in the order of its keys, and joined here: that is
what reading ten million of them takes a minute for. What reports came to count can also be asked of
a few of them alone (`only`), at the cost of those few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, case, func, select, type_coerce, union
from sqlalchemy.orm import Session, aliased

from app.access.handling import effective_handling
from app.clock import end_of_day
from app.db import one_of_ids
from app.intake.duplicates.counting import grouped_reports
from app.intake.models import Finding, HandlingChange, Report
from app.intake.words import Precision, ReportType
from app.registry.models import WATCHED, Substance
from app.surveillance import sightings
from app.surveillance.arrays import FORMS, KINDS, ROLES, VOLUME, Integers
from app.surveillance.changed import meant_else_since
from app.surveillance.columns import (
    Columns,
    columns,
    country_number,
    day_number,
    packed,
    unpacked,
)
from app.surveillance.occurrences import GRAMS, weighed
from app.surveillance.rows import (
    Known,
    Since,
    added_up,
    joined,
    together,
    told_apart,
    volumes,
)

AT_ONCE = 500_000  # reports read before they are added up
ALL = Since()
# the facts of a report and of a finding that are read as one number, and their bits
WHEN = (
    ("first", 22), ("received", 22), ("year_only", 1), ("aggregate", 1), ("level", 2),
    ("simulated", 1), ("kind", 4),
)  # fmt: skip
WHAT = (("country", 16), ("role", 3), ("form", 5), ("lasted", 20), ("waited", 19))
FINDING = (("doubt", 1), ("substance", 31), ("report", 31))


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: everything known at the end of a day, or of a few reports alone."""

    as_of: date
    only: tuple[int, ...] | None = None  # report numbers; None: all
    # how reports are handled: as now, or as they were handled at this moment
    handling_at: datetime | None = None
    since: Since = ALL  # from when on sightings are told one by one


def known(session: Session, view: View, read: Reader | None = None) -> Known:
    """All that reports come to count for in a view.

    `read` reads the portions; None: one after the other, in this session.
    """
    apart = np.empty(0, np.int64) if view.only == () else _ids(session, _special(session, view))
    watched = select(Substance.id).where(Substance.standing.in_(WATCHED))
    is_watched = np.zeros((session.scalar(select(func.max(Substance.id))) or 0) + 1, bool)
    is_watched[_ids(session, watched)] = True
    asked = Asked(view, is_watched, apart)
    portions = _portions(session, view)
    each = read(asked, portions) if read else (portion_of(session, asked, p) for p in portions)
    found = list(each)
    if len(apart):
        special = said(columns(session, _one_by_one(session, view)))
        found.append(added_up(told_apart(special), np.empty(0, VOLUME), since=view.since))
    return together(found)


Portion = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A view, which substances are watched, by number, and the reports that are counted apart."""

    view: View
    is_watched: NDArray[np.bool_]
    apart: Integers


Reader = Callable[[Asked, Sequence[Portion]], Iterable[Known]]


def portion_of(session: Session, asked: Asked, portion: Portion) -> Known:
    """What the reports of one portion come to count for, those counted apart left out."""
    reports = columns(session, _reports(session, asked.view, portion))
    findings = columns(session, _findings(session, asked.view, portion))["finding"]
    told = unpacked(findings, FINDING)
    keep = asked.is_watched[told["substance"]] & ~_among(told["report"], asked.apart)
    rows = said(joined(reports, findings[keep]))
    return added_up(rows, volumes(said(reports)), since=asked.view.since)


def _portions(session: Session, view: View) -> list[Portion]:
    """Runs of report numbers, so that no more is held than one portion and the sums."""
    if view.only is not None:
        return [None] if view.only else []
    newest = session.scalar(select(func.max(Report.id))) or 0
    return [(start, start + AT_ONCE) for start in range(0, newest + 1, AT_ONCE)]


def _of(session: Session, view: View, portion: Portion, number: Any) -> list[ColumnElement[bool]]:
    if view.only is not None:
        return [one_of_ids(session, number, view.only)]
    return [] if portion is None else [number >= portion[0], number < portion[1]]


def _reports(session: Session, view: View, portion: Portion) -> Select[Any]:
    """Everything counted of reports that stood at the end of the day; by the primary key."""
    return select(*_described(session, view)).where(
        sightings.stood(Report, view.as_of), *_of(session, view, portion, Report.id)
    )


def _findings(session: Session, view: View, portion: Portion) -> Select[Any]:
    """What was found in them, by the unique key of finding, which begins with the report."""
    doubt = 1 - sightings.confirmed(Finding).element
    columns = (doubt, Finding.substance_id, Finding.report_id)
    fields = ((name, column, bits) for (name, bits), column in zip(FINDING, columns, strict=True))
    return select(packed(*fields).label("finding")).where(
        Finding.substance_id.is_not(None),
        *sightings.sighting(Finding, view.as_of),
        *_of(session, view, portion, Finding.report_id),
    )


def _described(session: Session, view: View) -> list[ColumnElement[Any]]:
    first = aliased(Report)
    of_first = (
        select(func.min(first.received_at))
        .where(first.authority_id == Report.authority_id, first.reference == Report.reference)
        .scalar_subquery()
    )
    grams = case(*((Report.unit == unit, factor) for unit, factor in GRAMS.items()), else_=0.0)
    first_day, last_day = day_number(Report.event_date), day_number(Report.event_end)
    received = day_number(Report.received_at)
    came_in = day_number(type_coerce(of_first, Report.received_at.type))
    facts = {
        "first": first_day,
        "received": received,
        "year_only": case((Report.precision == Precision.YEAR, 1), else_=0),
        "aggregate": case((Report.type == ReportType.AGGREGATE, 1), else_=0),
        "level": _level(session, Report, view),
        "simulated": case((Report.simulated.is_(True), 1), else_=0),
        "kind": _place(Report.event_kind, KINDS),
        "country": country_number(Report.country),
        "role": _place(Report.causal_role, ROLES),
        "form": case((weighed(), _place(Report.physical_form, FORMS)), else_=len(FORMS)),
        # both are nought as a rule, and then no day is made a number of
        "lasted": case((Report.event_end == Report.event_date, 0), else_=last_day - first_day),
        "waited": case((Report.version > 1, received - came_in), else_=0),
    }
    when, what = (
        packed(*((name, facts[name], bits) for name, bits in fields)) for fields in (WHEN, WHAT)
    )
    return [
        Report.id.label("report"),
        when.label("when"),
        what.label("what"),
        Report.authority_id.label("authority"),
        Report.count.label("count"),
        case((weighed(), Report.quantity * grams), else_=0.0).label("grams"),
    ]


def said(reports: Columns) -> Columns:
    """What is read of reports, each fact by itself."""
    rest = {name: values for name, values in reports.items() if name not in ("when", "what")}
    told = rest | unpacked(reports["when"], WHEN) | unpacked(reports["what"], WHAT)
    told["end"] = told["first"] + told.pop("lasted")
    told["came_in"] = told["received"] - told.pop("waited")
    return told


def _special(session: Session, view: View) -> Select[Any]:
    """Reports that are counted one by one: the database holds more of them than one truth.

    Those in a group of duplicates, and those of which a finding meant something else on the day
    than it does now.
    """
    end = end_of_day(view.as_of)
    grouped = grouped_reports(end, few=view.only is not None).subquery("held")
    asked = _of(session, view, None, Finding.report_id)
    few = union(
        select(grouped.c.report_id).where(*_of(session, view, None, grouped.c.report_id)),
        *(reports.where(*asked) for reports in meant_else_since(end)),
    ).subquery("special")
    return select(few.c.report_id.label("id"))


def _one_by_one(session: Session, view: View) -> Select[Any]:
    """Each watched finding of the special reports, as it was taken on the day."""
    wanted = _special(session, view).subquery("wanted")
    # the few are found first, and lead to their findings through the unique key of finding
    resolved = sightings.resolved_findings(
        session, view.as_of, lambda column: column.in_(select(wanted.c.id))
    )
    end, few = end_of_day(view.as_of), view.only is not None
    grouped = grouped_reports(end, few=few).subquery("grouped")
    is_event = Report.type == ReportType.EVENT
    group = case((is_event, -grouped.c.group_id))
    return (
        select(
            *_described(session, view),
            func.coalesce(group, Report.id).label("event"),
            func.coalesce(grouped.c.place, 0).label("place"),
            resolved.c.substance_id.label("substance"),
            resolved.c.confirmed.label("confirmed"),
        )
        .select_from(Report)
        .join(resolved, resolved.c.report_id == Report.id)
        .outerjoin(grouped, grouped.c.report_id == Report.id)
        .where(sightings.stood(Report, view.as_of))
    )


def _among(numbers: Integers, few: Integers) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.isin(numbers, few)
    return found


def _ids(session: Session, query: Select[Any]) -> Integers:
    return np.array(session.scalars(query).all(), np.int64)


def _place(column: Any, words: tuple[Any, ...]) -> ColumnElement[int]:
    places = ((column == word, place) for place, word in enumerate(words))
    return case((column.is_(None), len(words)), *places, else_=len(words))


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

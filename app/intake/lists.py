"""Lists of reports and findings: filtered, newest first, page by page or all in one stream.

A walk through pages sees the list as it stood when it began: its cursors carry that moment, so that
a report amended meanwhile is neither met twice nor missed. Who may see a row is asked anew on every
page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from app.access.handling import Handling
from app.access.roles import SECRETARIAT, Actor
from app.db import id_of
from app.intake.models import Finding, Report
from app.intake.sight import current, known_at, rows_for, still_open_to
from app.intake.words import (
    Confirmation,
    EventKind,
    FindingRole,
    Grade,
    ReportType,
    Resolution,
)
from app.paging import parts_of, streamed
from app.registry.models import Substance
from app.registry.names import name_key

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports or findings are asked for. What is None leaves none out; days are included.

    `name` is what was written, in any spelling of it; `event_from` and `event_to` are compared with
    the first day of an event.
    """

    substance_id: int | None = None
    group: str | None = None
    family: str | None = None
    cluster_id: int | None = None
    event_kind: EventKind | None = None
    country: str | None = None
    authority_id: int | None = None
    type: ReportType | None = None
    handling: Handling | None = None
    received_from: date | None = None
    received_to: date | None = None
    event_from: date | None = None
    event_to: date | None = None
    reference: str | None = None
    simulated: bool | None = None
    resolution: Resolution | None = None
    grade: Grade | None = None
    role: FindingRole | None = None
    confirmation: Confirmation | None = None
    name: str | None = None


def reports(
    session: Session,
    actor: Actor,
    now: datetime,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int | None = None,
    changes: bool = False,
) -> Iterator[tuple[Report, str]]:
    """Reports that `actor` may see one by one, each with the cursor that continues after it.

    With `changes` the changes of their handling come along.
    """
    began, last = None, None
    if after is not None:
        last, began = parts_of(after, (_report_id, _moment))
    query = (
        select(Report)
        .where(standing(actor, now, began), *reports_wanted(wanted))
        .options(selectinload(Report.findings).selectinload(Finding.substance))
        .order_by(Report.id.desc())
    )
    if changes:
        query = query.options(selectinload(Report.handling_changes))
    if last is not None:
        query = query.where(Report.id < last)
    for (report,) in streamed(session, query, limit):
        yield report, f"{report.code}~{_stamp(began or now)}"


def findings(
    session: Session,
    actor: Actor,
    now: datetime,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Finding, str]]:
    """Findings in reports that `actor` may see one by one, in the order of those reports.

    Goes through the unique key (report_id, position, component) of finding.
    """
    began, last = None, None
    if after is not None:
        *last, began = parts_of(after, (_report_id, _number, _number, _moment))
    query = (
        select(Finding)
        .join(Finding.report)
        .where(standing(actor, now, began), *reports_about(wanted), *findings_wanted(wanted))
        .options(
            contains_eager(Finding.report),
            joinedload(Finding.substance).selectinload(Substance.controls),
        )
        .order_by(Report.id.desc(), Finding.position, Finding.component)
    )
    if last is not None:
        report_id, position, component = last
        query = query.where(
            or_(
                Report.id < report_id,
                and_(
                    Report.id == report_id,
                    or_(
                        Finding.position > position,
                        and_(Finding.position == position, Finding.component > component),
                    ),
                ),
            )
        )
    for (finding,) in streamed(session, query, limit):
        place = f"{finding.report.code}~{finding.position}~{finding.component}"
        yield finding, f"{place}~{_stamp(began or now)}"


def standing(actor: Actor, now: datetime, began: datetime | None = None) -> ColumnElement[bool]:
    """Reports as they stand, or stood when a walk began, as far as `actor` may see them now."""
    if began is None:
        return and_(current(), rows_for(actor, now.date()))
    return and_(known_at(began), rows_for(actor, now.date()), still_open_to(actor, now.date()))


def restricted_for_peers(actor: Actor) -> ColumnElement[bool]:
    """Rows of other authorities that the secretariat sees and peers do not."""
    restricted = Report.handling > Handling.GREEN
    if actor.authority_id is None:
        return restricted
    return and_(restricted, Report.authority_id != actor.authority_id)


def reports_wanted(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """The conditions on reports; what is asked of findings is asked of one and the same finding."""
    yield from reports_about(wanted)
    if about := list(findings_wanted(wanted)):
        yield Report.id.in_(select(Finding.report_id).where(*about))


def findings_wanted(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """The conditions on findings."""
    plain = {
        Finding.substance_id: wanted.substance_id,
        Finding.resolution: wanted.resolution,
        Finding.grade: wanted.grade,
        Finding.role: wanted.role,
        Finding.confirmation: wanted.confirmation,
        Finding.name_key: name_key(wanted.name) if wanted.name else None,
    }
    yield from _given(plain)
    kind = {
        Substance.group: wanted.group,
        Substance.family: wanted.family,
        Substance.cluster_id: wanted.cluster_id,
    }
    if about := list(_given(kind)):
        yield Finding.substance_id.in_(select(Substance.id).where(*about))


def reports_about(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """The conditions on reports alone, whatever was found."""
    plain = {
        Report.event_kind: wanted.event_kind,
        Report.country: wanted.country,
        Report.authority_id: wanted.authority_id,
        Report.type: wanted.type,
        Report.handling: wanted.handling,
        Report.reference: wanted.reference,
        Report.simulated: wanted.simulated,
    }
    yield from _given(plain)
    if wanted.received_from:
        yield Report.received_at >= _midnight(wanted.received_from)
    if wanted.received_to and wanted.received_to < date.max:
        yield Report.received_at < _midnight(wanted.received_to + timedelta(days=1))
    if wanted.event_from:
        yield Report.event_date >= wanted.event_from
    if wanted.event_to:
        yield Report.event_date <= wanted.event_to


def _given(asked: Mapping[Any, Any]) -> Iterator[ColumnElement[bool]]:
    """Each column is what was asked of it; what was not asked is any."""
    return (column == value for column, value in asked.items() if value is not None)


def restricted_reports(session: Session, actor: Actor, now: datetime, wanted: Wanted) -> int:
    """How many of these reports are other authorities' and not for peers."""
    return _count(
        session,
        actor,
        select(func.count())
        .select_from(Report)
        .where(standing(actor, now), *reports_wanted(wanted)),
    )


def restricted_findings(session: Session, actor: Actor, now: datetime, wanted: Wanted) -> int:
    """How many of these findings are other authorities' and not for peers."""
    return _count(
        session,
        actor,
        select(func.count())
        .select_from(Finding)
        .join(Report)
        .where(standing(actor, now), *reports_about(wanted), *findings_wanted(wanted)),
    )


def _count(session: Session, actor: Actor, query: Select[int]) -> int:
    if actor.role not in SECRETARIAT:
        return 0
    return session.scalar(query.where(restricted_for_peers(actor))) or 0


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _report_id(text: str) -> int:
    number = id_of(text.removeprefix("RP-")) if text.startswith("RP-") else None
    if number is None:
        raise ValueError(text)
    return number


def _number(text: str) -> int:
    number = id_of(text)
    if number is None:
        raise ValueError(text)
    return number


def _stamp(moment: datetime) -> str:
    """Microseconds since 1970, so that a cursor holds the moment exactly."""
    return str((moment - EPOCH) // timedelta(microseconds=1))


def _moment(text: str) -> datetime:
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        raise ValueError(text)
    return EPOCH + timedelta(microseconds=int(text))

"""Reading reports back: rows for those who may see rows, figures for those who may see figures.

Every query takes the actor and applies app.access.handling; there is no other way to the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, literal, select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import effective_handling, figure_clearance
from app.access.models import Authority
from app.access.roles import Actor, Role
from app.db import LARGEST_ID, Page, id_of
from app.errors import NotFound
from app.intake.models import Finding, Report, Submission, SubmissionRow
from app.intake.sight import current, rows_for, still_open_to
from app.intake.words import CausalRole, EventKind, Precision, ReportType, Resolution

_REPORT = re.compile(r"RP-([0-9]{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CountryRow:
    """One substance in one country. `events` and `aggregate` are never added up."""

    country: str
    first: date
    last: date
    kinds: tuple[EventKind, ...]
    events: int
    events_recent: int  # in the 12 months before the day asked for
    deaths: int  # events of kind death with a sole or contributory role
    aggregate: int  # reports inside aggregates


@dataclass(frozen=True, slots=True)
class MonthCount:
    """Events of one substance in one month (first day given), by kind."""

    month: date
    kind: EventKind
    events: int


@dataclass(frozen=True, slots=True)
class YearCount:
    """Reports inside aggregates of one substance, country and year."""

    year: int
    country: str
    reports: int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One line about one substance for a list: how often and how widely it was reported."""

    substance_id: int
    events: int
    events_recent: int
    countries: int
    aggregate: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class FormRow:
    """A salt, stereo variant or isotope label of a substance, as submitted."""

    label: str
    inchikey: str
    reports: int


@dataclass(frozen=True, slots=True)
class QueuedName:
    """A name nobody has resolved yet."""

    key: str
    written: str
    findings: int
    countries: int
    first_received: datetime


def figures_for(actor: Actor, today: date) -> ColumnElement[bool]:
    """Reports that may enter a figure shown to this actor; one's own always do."""
    allowed = effective_handling(Report.handling, Report.embargo_until, today) <= int(
        figure_clearance(actor)
    )
    if actor.authority_id is None:
        return and_(current(), allowed)
    return and_(current(), allowed | (Report.authority_id == actor.authority_id))


def reports(
    session: Session,
    actor: Actor,
    today: date,
    *,
    substance_id: int | None = None,
    country: str | None = None,
    kind: EventKind | None = None,
    authority: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Report]:
    """Reports, newest first, that `actor` may see one by one."""
    query = (
        select(Report)
        .where(current(), rows_for(actor, today))
        .options(selectinload(Report.findings).selectinload(Finding.substance))
        .order_by(Report.id.desc())
    )
    if substance_id is not None:
        query = query.where(Report.id.in_(_reports_of(substance_id)))
    if country:
        query = query.where(Report.country == country)
    if kind:
        query = query.where(Report.event_kind == kind)
    if authority:
        query = query.where(Report.authority_id.in_(_authority_ids(authority)))
    if (last := id_of(after)) is not None:
        query = query.where(Report.id < last)
    found = list(session.scalars(query.limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def _reports_of(substance_id: int) -> Select[int]:
    """Reports with the substance in them; one with two findings of it is still one report."""
    return select(Finding.report_id).where(Finding.substance_id == substance_id)


def _authority_ids(code: str) -> Select[int]:
    return select(Authority.id).where(Authority.code == code)


def report_by_code(session: Session, actor: Actor, today: date, code: str) -> Report:
    """One report in its version of that number. Raises NotFound, also for one not to be seen."""
    number = _REPORT.fullmatch(code)
    query = (
        select(Report)
        .where(
            Report.id == (id_of(number[1]) if number else -1),
            rows_for(actor, today),
            still_open_to(actor, today),
        )
        .options(selectinload(Report.findings).selectinload(Finding.substance))
    )
    report = session.scalar(query)
    if report is None:
        raise NotFound(f"there is no report {code} that you may see")
    return report


def versions(session: Session, actor: Actor, today: date, report: Report) -> list[Report]:
    """All versions of the same report that `actor` may see, oldest first."""
    query = (
        select(Report)
        .where(
            Report.authority_id == report.authority_id,
            Report.reference == report.reference,
            rows_for(actor, today),
            still_open_to(actor, today),
        )
        .order_by(Report.version)
    )
    return list(session.scalars(query))


def months(session: Session, actor: Actor, today: date, substance_id: int) -> list[MonthCount]:
    """Events of a substance by month and kind, oldest first. Dates given as a year only are left
    out: they have no month."""
    year, month = func.extract("year", Report.event_date), func.extract("month", Report.event_date)
    query = (
        select(year, month, Report.event_kind, func.count())
        .where(
            Report.id.in_(_reports_of(substance_id)),
            Report.type == ReportType.EVENT,
            Report.precision != Precision.YEAR,
            figures_for(actor, today),
        )
        .group_by(year, month, Report.event_kind)
        .order_by(year, month, Report.event_kind)
    )
    return [MonthCount(date(int(y), int(m), 1), k, n) for y, m, k, n in session.execute(query)]


def years(session: Session, actor: Actor, today: date, substance_id: int) -> list[YearCount]:
    """Aggregate reports of a substance by year and country, oldest first."""
    year = func.extract("year", Report.event_date)
    query = (
        select(year, Report.country, func.sum(Report.count))
        .where(
            Report.id.in_(_reports_of(substance_id)),
            Report.type == ReportType.AGGREGATE,
            figures_for(actor, today),
        )
        .group_by(year, Report.country)
        .order_by(year, Report.country)
    )
    return [YearCount(int(y), country, int(n)) for y, country, n in session.execute(query)]


def where_seen(session: Session, actor: Actor, today: date, substance_id: int) -> list[CountryRow]:
    """A substance country by country, most recent events first."""
    seen = and_(Report.id.in_(_reports_of(substance_id)), figures_for(actor, today))
    events, recent, deaths, aggregate = _figures(today)
    query = (
        select(
            Report.country,
            func.min(Report.event_date),
            func.max(Report.event_end),
            events,
            recent,
            deaths,
            aggregate,
        )
        .where(seen)
        .group_by(Report.country)
    )
    kinds = _kinds(session, select(Report.country, Report.event_kind).where(seen).distinct())
    rows = [
        CountryRow(country, first, last, kinds[country], *numbers)
        for country, first, last, *numbers in session.execute(query)
    ]
    return sorted(rows, key=lambda r: (-r.events_recent, -r.events, -r.aggregate, r.country))


def _kinds(session: Session, query: Select[str, EventKind]) -> dict[str, tuple[EventKind, ...]]:
    kinds: dict[str, list[EventKind]] = {}
    for country, kind in session.execute(query):
        kinds.setdefault(country, []).append(kind)
    return {country: tuple(sorted(found)) for country, found in kinds.items()}


def _figures(today: date) -> tuple[ColumnElement[int], ...]:
    """Events, events in the last 12 months, linked deaths, and reports inside aggregates."""
    event = Report.type == ReportType.EVENT
    recent = and_(event, Report.event_date > _year_before(today))
    linked = and_(
        event,
        Report.event_kind == EventKind.DEATH,
        Report.causal_role.in_((CausalRole.SOLE, CausalRole.CONTRIBUTORY)),
    )
    aggregate = case((Report.type == ReportType.AGGREGATE, Report.count), else_=literal(0))
    return (
        func.sum(case((event, 1), else_=0)),
        func.sum(case((recent, 1), else_=0)),
        func.sum(case((linked, 1), else_=0)),
        func.sum(aggregate),
    )


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def forms(session: Session, actor: Actor, today: date, substance_id: int) -> list[FormRow]:
    """The forms of a substance that reports named, the most frequent first."""
    number = func.count(distinct(Report.id))
    query = (
        select(Finding.form_label, Finding.form_inchikey, number)
        .join(Report)
        .where(
            Finding.substance_id == substance_id,
            Finding.form_inchikey.is_not(None),
            figures_for(actor, today),
        )
        .group_by(Finding.form_label, Finding.form_inchikey)
        .order_by(number.desc(), Finding.form_inchikey)
    )
    return [FormRow(label or "", key or "", n) for label, key, n in session.execute(query)]


def occurrences(
    session: Session, actor: Actor, today: date, substance_ids: list[int] | None = None
) -> dict[int, Occurrence]:
    """How often and how widely each substance asked for (or every one) was reported."""
    pairs = select(Finding.substance_id, Finding.report_id).where(Finding.substance_id.is_not(None))
    if substance_ids is not None:
        pairs = pairs.where(Finding.substance_id.in_(substance_ids))
    pair = pairs.distinct().subquery()
    events, recent, _, aggregate = _figures(today)
    query = (
        select(
            pair.c.substance_id,
            events,
            recent,
            func.count(distinct(Report.country)),
            aggregate,
            func.min(Report.event_date),
            func.max(Report.event_end),
        )
        .join(pair, pair.c.report_id == Report.id)
        .where(figures_for(actor, today))
        .group_by(pair.c.substance_id)
    )
    return {row[0]: Occurrence(*row) for row in session.execute(query)}


def countries_reporting(session: Session, actor: Actor, today: date) -> dict[str, int]:
    """Number of watched substances reported in each country in the last 12 months."""
    query = (
        select(Report.country, func.count(distinct(Finding.substance_id)))
        .join(Finding)
        .where(
            Report.type == ReportType.EVENT,
            Report.event_date > _year_before(today),
            Finding.substance_id.is_not(None),
            figures_for(actor, today),
        )
        .group_by(Report.country)
    )
    return {country: count for country, count in session.execute(query)}


def queued_names(session: Session, limit: int = 200) -> list[QueuedName]:
    """Names waiting for a curator, the most widely reported first."""
    query = (
        select(
            Finding.name_key,
            func.min(Finding.substance_name),
            func.count(Finding.id),
            func.count(distinct(Report.country)),
            func.min(Report.received_at),
        )
        .join(Report)
        .where(Finding.resolution == Resolution.QUEUED, current())
        .group_by(Finding.name_key)
        .order_by(func.count(distinct(Report.country)).desc(), func.count(Finding.id).desc())
        .limit(limit)
    )
    return [
        QueuedName(key or "", written or "", number, countries, first)
        for key, written, number, countries, first in session.execute(query)
    ]


def submissions(
    session: Session, actor: Actor, *, after: str | None = None, limit: int = 50
) -> Page[Submission]:
    """Submissions of the actor's own authority (all of them for an admin), newest first."""
    query = select(Submission).order_by(Submission.id.desc())
    if actor.role is not Role.ADMIN:
        query = query.where(Submission.authority_id == actor.authority_id)
    if (last := id_of(after)) is not None:
        query = query.where(Submission.id < last)
    found = list(session.scalars(query.limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def submission_by_code(session: Session, actor: Actor, code: str) -> Submission:
    """One submission of the actor's own authority (any for an admin). Raises NotFound."""
    query = select(Submission).where(Submission.code == code)
    if actor.role is not Role.ADMIN:
        query = query.where(Submission.authority_id == actor.authority_id)
    submission = session.scalar(query)
    if submission is None:
        raise NotFound(f"there is no submission {code} that you may see")
    return submission


def submission_rows(
    session: Session, submission: Submission, *, after: int = 0, limit: int = 200
) -> list[tuple[SubmissionRow, Report | None]]:
    """The fate of each row, in order, with the report it led to."""
    last = min(after, LARGEST_ID)
    query = (
        select(SubmissionRow, Report)
        .outerjoin(Report, Report.id == SubmissionRow.report_id)
        .where(SubmissionRow.submission_id == submission.id, SubmissionRow.row > last)
        .order_by(SubmissionRow.row)
        .limit(limit)
    )
    return [(row, report) for row, report in session.execute(query)]


def simulated_present(session: Session) -> bool:
    """Whether any report here is simulated, which every page must then say."""
    return session.scalar(select(Report.id).where(Report.simulated).limit(1)) is not None

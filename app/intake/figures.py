"""Figures from reports: how often, where and when a substance was reported.

Every query takes the actor and counts what app.intake.sight lets enter their figures. Events and
the reports inside aggregates are counted apart and never added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, literal, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.intake.models import Finding, Report
from app.intake.sight import figures_for, reports_of
from app.intake.words import CausalRole, EventKind, Precision, ReportType
from app.registry.models import WATCHED, Standing, Substance


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
class ClassRow:
    """Substances of one standing in the last 12 months: how many, in how many events and places."""

    substances: int
    events: int
    countries: int


@dataclass(frozen=True, slots=True)
class FormRow:
    """A salt, stereo variant or isotope label of a substance, as submitted."""

    label: str  # the counter-ions, empty for the parent itself
    inchikey: str
    reports: int
    first: date


def months(session: Session, actor: Actor, today: date, substance_id: int) -> list[MonthCount]:
    """Events of a substance by month and kind, oldest first. Dates given as a year only are left
    out: they have no month."""
    year, month = func.extract("year", Report.event_date), func.extract("month", Report.event_date)
    query = (
        select(year, month, Report.event_kind, func.count())
        .where(
            Report.id.in_(reports_of(substance_id)),
            Report.type == ReportType.EVENT,
            Report.precision != Precision.YEAR,
            figures_for(actor, today, substance=substance_id),
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
            Report.id.in_(reports_of(substance_id)),
            Report.type == ReportType.AGGREGATE,
            figures_for(actor, today),
        )
        .group_by(year, Report.country)
        .order_by(year, Report.country)
    )
    return [YearCount(int(y), country, int(n)) for y, country, n in session.execute(query)]


def where_seen(session: Session, actor: Actor, today: date, substance_id: int) -> list[CountryRow]:
    """A substance country by country, most recent events first."""
    seen = and_(
        Report.id.in_(reports_of(substance_id)),
        figures_for(actor, today, substance=substance_id),
    )
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
    return forms_where(session, actor, today, Finding.substance_id == substance_id)


def forms_where(
    session: Session, actor: Actor, today: date, condition: ColumnElement[bool]
) -> list[FormRow]:
    """The forms that some findings named, the most frequent first."""
    number = func.count(distinct(Report.id))
    query = (
        select(Finding.form_label, Finding.form_inchikey, number, func.min(Report.event_date))
        .join(Report)
        .where(
            condition,
            Finding.form_inchikey.is_not(None),
            figures_for(actor, today, substance=Finding.substance_id),
        )
        .group_by(Finding.form_label, Finding.form_inchikey)
        .order_by(number.desc(), Finding.form_inchikey)
    )
    return [
        FormRow(label or "", key or "", number, first)
        for label, key, number, first in session.execute(query)
    ]


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
        .where(figures_for(actor, today, substance=pair.c.substance_id))
        .group_by(pair.c.substance_id)
    )
    return {row[0]: Occurrence(*row) for row in session.execute(query)}


def countries_reporting(session: Session, actor: Actor, today: date) -> dict[str, int]:
    """Number of watched substances reported in each country in the last 12 months.

    Medicines, precursors, classic drugs and adulterants are classes of their own (`by_class`).
    """
    query = (
        select(Report.country, func.count(distinct(Finding.substance_id)))
        .join(Finding)
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Substance.standing.in_(WATCHED),
            Report.type == ReportType.EVENT,
            Report.event_date > _year_before(today),
            figures_for(actor, today, substance=Finding.substance_id),
        )
        .group_by(Report.country)
    )
    return {country: count for country, count in session.execute(query)}


def by_class(session: Session, actor: Actor, today: date) -> dict[Standing, ClassRow]:
    """What was reported of each class of substances in the last 12 months, each for itself.

    A report with a medicine and an NPS in it is an event of both, so classes are never added up.
    """
    query = (
        select(
            Substance.standing,
            func.count(distinct(Finding.substance_id)),
            func.count(distinct(Report.id)),
            func.count(distinct(Report.country)),
        )
        .select_from(Report)
        .join(Finding)
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Report.type == ReportType.EVENT,
            Report.event_date > _year_before(today),
            figures_for(actor, today, substance=Finding.substance_id),
        )
        .group_by(Substance.standing)
    )
    return {standing: ClassRow(*numbers) for standing, *numbers in session.execute(query)}

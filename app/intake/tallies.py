"""Figures of all substances as lists that can be walked and taken away.

What a reader may not see row by row may still count (amber, for peers): then a figure says the
substance, the country, the month and the kind of event, and nothing else. No place within the
country, no reporter, no reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    case,
    cast,
    distinct,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.db import id_of
from app.intake.lists import Wanted, findings_wanted, reports_about
from app.intake.models import Finding, Report
from app.intake.sight import figures_for
from app.intake.words import EventKind, Precision, ReportType
from app.paging import beyond, parts_of, streamed
from app.registry.models import Substance
from app.registry.queries import known_to

_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Figure:
    """Reports of one substance in one country and month (or year, where only that was said).

    Events are counted one by one; of aggregates the reports inside them. The two are never added.
    """

    substance_id: int
    substance_name: str
    group: str
    family: str
    country: str
    year: int
    month: int | None
    type: ReportType
    event_kind: EventKind
    simulated: bool
    reports: int

    @property
    def period(self) -> str:
        """The month, or the year."""
        return f"{self.year:04d}-{self.month:02d}" if self.month else f"{self.year:04d}"


@dataclass(frozen=True, slots=True)
class Form:
    """A salt, solvate, stereo variant or isotope label of a substance, as reports named it."""

    substance_id: int
    substance_name: str
    label: str
    inchikey: str
    reports: int
    first: date


def figures(
    session: Session,
    actor: Actor,
    today: date,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Figure, str]]:
    """Figures that `actor` may know, by substance, country and period, each with its cursor."""
    pair = _pairs(wanted)
    year = cast(func.extract("year", Report.event_date), Integer)
    month = case(
        (Report.precision == Precision.YEAR, literal(0)),
        else_=cast(func.extract("month", Report.event_date), Integer),
    )
    key = (
        pair.c.substance_id, Report.country, year, month, Report.type, Report.event_kind,
        cast(Report.simulated, Integer),
    )  # fmt: skip
    inside = case((Report.type == ReportType.AGGREGATE, Report.count), else_=literal(1))
    query = (
        select(*key, Substance.name, Substance.group, Substance.family, func.sum(inside))
        .join_from(pair, Report, Report.id == pair.c.report_id)
        .join(Substance, Substance.id == pair.c.substance_id)
        .where(_countable(actor, today, pair.c.substance_id), *reports_about(wanted))
        .group_by(*key, Substance.name, Substance.group, Substance.family)
        .order_by(*key)
    )
    if after is not None:
        query = query.where(beyond(key, parts_of(after, _FIGURE)))
    for number, country, y, m, kind, event, simulated, name, group, family, reports in streamed(
        session, query, limit
    ):
        figure = Figure(
            number, name, group, family, country, y, m or None, kind, event, bool(simulated),
            int(reports),
        )  # fmt: skip
        place = f"TS-{number:05d}~{country}~{y}~{m}"
        yield figure, f"{place}~{kind.value}~{event.value}~{simulated}"


def forms(
    session: Session,
    actor: Actor,
    today: date,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Form, str]]:
    """Forms that reports named, by substance, with the number of reports `actor` may count."""
    label = func.coalesce(Finding.form_label, "")
    key = (Finding.substance_id, Finding.form_inchikey, label)
    query = (
        select(*key, Substance.name, func.count(distinct(Report.id)), func.min(Report.event_date))
        .join_from(Finding, Report)
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Finding.form_inchikey.is_not(None),
            _countable(actor, today, Finding.substance_id),
            *findings_wanted(wanted),
        )
        .group_by(*key, Substance.name)
        .order_by(*key)
    )
    if after is not None:
        number, inchikey, said = parts_of(after, (_substance_id, str, str))
        query = query.where(beyond(key, (number, inchikey, said)))
    for number, inchikey, said, name, reports, first in streamed(session, query, limit):
        yield (
            Form(number, name, said, inchikey, reports, first),
            f"TS-{number:05d}~{inchikey}~{said}",
        )


def _pairs(wanted: Wanted) -> Subquery:
    """Substance and report, once however many findings the report has of it."""
    return (
        select(Finding.substance_id, Finding.report_id)
        .where(Finding.substance_id.is_not(None), *findings_wanted(wanted))
        .distinct()
        .subquery()
    )


def _countable(actor: Actor, today: date, substance: Any) -> ColumnElement[bool]:
    """Reports that may enter the figures, of substances that may be named; one's own always."""
    return figures_for(actor, today, substance=substance) & or_(
        known_to(actor), Report.authority_id == (actor.authority_id or 0)
    )


def _substance_id(text: str) -> int:
    number = id_of(text.removeprefix("TS-")) if text.startswith("TS-") else None
    if number is None:
        raise ValueError(text)
    return number


def _small(text: str) -> int:
    number = id_of(text)
    if number is None:
        raise ValueError(text)
    return number


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise ValueError(text)
    return text


_FIGURE = (_substance_id, _country, _small, _small, ReportType, EventKind, _small)

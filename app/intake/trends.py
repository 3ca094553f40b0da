"""Events by month for many substances or groups at once, for the small charts of lists.

Figures only, and only those that app.intake.sight.figures_for lets the reader see.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.intake.models import Finding, Report
from app.intake.sight import figures_for
from app.intake.words import Precision, ReportType
from app.registry.models import WATCHED, Substance

Months = dict[date, int]


def months_by_substance(
    session: Session, actor: Actor, today: date, substance_ids: list[int], since: date
) -> dict[int, Months]:
    """Events of each of the substances by month since a day."""
    if not substance_ids:
        return {}
    year, month = func.extract("year", Report.event_date), func.extract("month", Report.event_date)
    query = (
        select(Finding.substance_id, year, month, func.count(distinct(Report.id)))
        .join(Report, Report.id == Finding.report_id)
        .where(
            Finding.substance_id.in_(substance_ids),
            Report.type == ReportType.EVENT,
            Report.precision != Precision.YEAR,
            Report.event_date >= since,
            figures_for(actor, today, substance=Finding.substance_id),
        )
        .group_by(Finding.substance_id, year, month)
    )
    found: dict[int, Months] = {}
    for substance_id, y, m, events in session.execute(query):
        found.setdefault(substance_id or 0, {})[date(int(y), int(m), 1)] = events
    return found


def months_by_group(session: Session, actor: Actor, today: date, since: date) -> dict[str, Months]:
    """Events of watched substances by UNODC group and month since a day."""
    year, month = func.extract("year", Report.event_date), func.extract("month", Report.event_date)
    query = (
        select(Substance.group, year, month, func.count(distinct(Report.id)))
        .select_from(Report)
        .join(Finding, Finding.report_id == Report.id)
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Substance.standing.in_(WATCHED),
            Report.type == ReportType.EVENT,
            Report.precision != Precision.YEAR,
            Report.event_date >= since,
            figures_for(actor, today, substance=Finding.substance_id),
        )
        .group_by(Substance.group, year, month)
    )
    found: dict[str, Months] = {}
    for group, y, m, events in session.execute(query):
        found.setdefault(group, {})[date(int(y), int(m), 1)] = events
    return found


def countries_with_totals(session: Session, actor: Actor, today: date) -> frozenset[str]:
    """Countries that sent counts of watched substances for whole periods."""
    query = (
        select(Report.country)
        .join(Finding, Finding.report_id == Report.id)
        .join(Substance, Substance.id == Finding.substance_id)
        .where(
            Substance.standing.in_(WATCHED),
            Report.type == ReportType.AGGREGATE,
            figures_for(actor, today),
        )
        .distinct()
    )
    return frozenset(session.scalars(query))

"""Which reports stand, which a reader may see one by one, and which may enter their figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.access.handling import Handling, effective_handling, figure_clearance, visible_rows
from app.access.roles import SECRETARIAT, Actor
from app.intake.duplicates.counting import passed_over, passed_over_for_substance
from app.intake.models import Finding, Report
from app.intake.words import ReportType


def current() -> ColumnElement[bool]:
    """Reports as they stand: newest versions, without tombstones."""
    return and_(Report.superseded_at.is_(None), Report.type != ReportType.WITHDRAWAL)


def known_at(moment: datetime) -> ColumnElement[bool]:
    """Reports as they stood at a moment that has passed."""
    return and_(
        Report.received_at <= moment,
        or_(Report.superseded_at.is_(None), Report.superseded_at > moment),
        Report.type != ReportType.WITHDRAWAL,
    )


def rows_for(actor: Actor, today: date, report: type[Report] = Report) -> ColumnElement[bool]:
    """Reports this actor may see one by one."""
    return visible_rows(
        actor,
        authority_id=report.authority_id,
        handling=report.handling,
        embargo_until=report.embargo_until,
        today=today,
    )


def still_open_to(actor: Actor, today: date, report: type[Report] = Report) -> ColumnElement[bool]:
    """Not closed to this actor since: the newest version says who may see the older ones."""
    newer = aliased(Report)
    return (
        select(newer.id)
        .where(
            newer.authority_id == report.authority_id,
            newer.reference == report.reference,
            newer.superseded_at.is_(None),
            rows_for(actor, today, newer),
        )
        .correlate(report)
        .exists()
    )


def open_since(known: Any, ceiling: Handling, today: date) -> ColumnElement[bool]:
    """The same of figures: not closed to a level since a past day, whose versions `known` are.

    `known` has authority_id, reference and superseded_at of each.
    """
    newer = aliased(Report)
    level = effective_handling(newer.handling, newer.embargo_until, today)
    open_still = (
        select(newer.id)
        .where(
            newer.authority_id == known.authority_id,
            newer.reference == known.reference,
            newer.superseded_at.is_(None),
            level <= int(ceiling),
        )
        .exists()
    )
    return or_(known.superseded_at.is_(None), open_still)


def figures_for(
    actor: Actor,
    today: date,
    *,
    substance: InstrumentedAttribute[int | None] | ColumnElement[int | None] | int | None = None,
) -> ColumnElement[bool]:
    """Reports that may enter a figure shown to this actor; one's own always do.

    An event that was reported twice is counted once (app.intake.duplicates.counting). A figure of a
    substance names it, so that what only one of the two reports found is still counted.
    """

    def allowed(report: type[Report]) -> ColumnElement[bool]:
        return may_enter(report, actor, today)

    if substance is None:
        once = Report.id.not_in(passed_over(allowed, today))
    else:
        of = literal(substance) if isinstance(substance, int) else substance
        elsewhere = passed_over_for_substance(allowed, today)
        once = tuple_(Report.id, of).not_in(elsewhere)
    return and_(allowed(Report), once)


def may_enter(report: type[Report], actor: Actor, today: date) -> ColumnElement[bool]:
    """Whether a report that stands may enter this actor's figures, other reports of it aside."""
    stands = and_(report.superseded_at.is_(None), report.type != ReportType.WITHDRAWAL)
    allowed = effective_handling(report.handling, report.embargo_until, today) <= int(
        figure_clearance(actor)
    )
    if actor.authority_id is None:
        return and_(stands, allowed)
    return and_(stands, allowed | (report.authority_id == actor.authority_id))


def own_or_secretariat(actor: Actor, report: Report) -> bool:
    """Whether `actor` sees where in a country something was found; from peers it is withheld."""
    return actor.role in SECRETARIAT or actor.authority_id == report.authority_id


def reports_of(substance_id: int) -> Select[int]:
    """Reports with the substance in them; one with two findings of it is still one report."""
    return select(Finding.report_id).where(Finding.substance_id == substance_id)

"""Which reports stand, which a reader may see one by one, and which may enter their figures."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import aliased

from app.access.handling import effective_handling, figure_clearance, visible_rows
from app.access.roles import Actor
from app.intake.models import Finding, Report
from app.intake.words import ReportType


def current() -> ColumnElement[bool]:
    """Reports as they stand: newest versions, without tombstones."""
    return and_(Report.superseded_at.is_(None), Report.type != ReportType.WITHDRAWAL)


def rows_for(actor: Actor, today: date) -> ColumnElement[bool]:
    """Reports this actor may see one by one."""
    return visible_rows(
        actor,
        authority_id=Report.authority_id,
        handling=Report.handling,
        embargo_until=Report.embargo_until,
        today=today,
    )


def still_open_to(actor: Actor, today: date) -> ColumnElement[bool]:
    """Not closed to this actor since: the newest version says who may see the older ones."""
    newer = aliased(Report)
    allowed = visible_rows(
        actor,
        authority_id=newer.authority_id,
        handling=newer.handling,
        embargo_until=newer.embargo_until,
        today=today,
    )
    return (
        select(newer.id)
        .where(
            newer.authority_id == Report.authority_id,
            newer.reference == Report.reference,
            newer.superseded_at.is_(None),
            allowed,
        )
        .correlate(Report)
        .exists()
    )


def figures_for(actor: Actor, today: date) -> ColumnElement[bool]:
    """Reports that may enter a figure shown to this actor; one's own always do."""
    allowed = effective_handling(Report.handling, Report.embargo_until, today) <= int(
        figure_clearance(actor)
    )
    if actor.authority_id is None:
        return and_(current(), allowed)
    return and_(current(), allowed | (Report.authority_id == actor.authority_id))


def reports_of(substance_id: int) -> Select[int]:
    """Reports with the substance in them; one with two findings of it is still one report."""
    return select(Finding.report_id).where(Finding.substance_id == substance_id)

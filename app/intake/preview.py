"""What a merge or a split would move, and what the figures would become. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, distinct, func, not_, or_, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.intake.figures import FormRow, forms_where
from app.intake.models import Finding, Report
from app.intake.parting import Choice, which
from app.intake.sight import current, figures_for
from app.intake.words import ReportType
from app.registry.acts import merged_into
from app.registry.models import Substance, SubstanceName


@dataclass(frozen=True, slots=True)
class Figures:
    """What reports say, all that stands counted, whatever its handling lets the reader see."""

    events: int = 0
    aggregate: int = 0  # reports inside aggregates; never added to events
    countries: int = 0
    authorities: int = 0
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What moves, and both substances before and after."""

    findings: int  # all of them, of superseded versions too
    older: int  # of these, in versions that no longer stand
    moving: Figures
    source: tuple[Figures, Figures]
    target: tuple[Figures, Figures]
    names: list[SubstanceName]
    forms: list[FormRow]
    merged: list[Substance]  # merged into the source before; they follow


def merge_preview(
    session: Session, actor: Actor, today: date, source: Substance, target: Substance
) -> Preview:
    """What `source` being `target` would move."""
    all_of_it = Finding.substance_id == source.id
    return _preview(session, actor, today, source, target=target, chosen=all_of_it, whole=True)


def split_preview(
    session: Session,
    actor: Actor,
    today: date,
    source: Substance,
    *,
    choice: Choice,
    target: Substance | None,
) -> Preview:
    """What taking these findings out of `source` would move. Raises Refused for no choice."""
    chosen = which(session, source, choice)
    return _preview(session, actor, today, source, target=target, chosen=chosen, whole=False)


def _preview(
    session: Session,
    actor: Actor,
    today: date,
    source: Substance,
    *,
    target: Substance | None,
    chosen: ColumnElement[bool],
    whole: bool,
) -> Preview:
    going = Finding.id.in_(select(Finding.id).where(chosen))
    its_own = Finding.substance_id == source.id
    theirs = Finding.substance_id == target.id if target else Finding.id.is_(None)

    def count(condition: ColumnElement[bool]) -> Figures:
        return _figures(session, actor, today, condition)

    total, standing = session.execute(
        select(func.count(), func.sum(case((current(), 1), else_=0)))
        .select_from(Finding)
        .join(Report)
        .where(chosen)
    ).one()
    names = select(SubstanceName).where(SubstanceName.substance_id == source.id)
    return Preview(
        findings=total,
        older=total - int(standing or 0),
        moving=count(chosen),
        source=(count(its_own), count(its_own & not_(going))),
        target=(count(theirs), count(or_(theirs, going))),
        names=list(session.scalars(names.order_by(SubstanceName.name))),
        forms=forms_where(session, actor, today, chosen),
        merged=merged_into(session, source.id) if whole else [],
    )


def _figures(
    session: Session, actor: Actor, today: date, condition: ColumnElement[bool]
) -> Figures:
    found = select(Finding.report_id).where(condition)
    is_event = Report.type == ReportType.EVENT
    row = session.execute(
        select(
            func.sum(case((is_event, 1), else_=0)),
            func.sum(case((is_event, 0), else_=Report.count)),
            func.count(distinct(Report.country)),
            func.count(distinct(Report.authority_id)),
            func.min(Report.event_date),
            func.max(Report.event_end),
        ).where(Report.id.in_(found), figures_for(actor, today))
    ).one()
    events, aggregate, countries, authorities, first, last = row
    return Figures(int(events or 0), int(aggregate or 0), countries, authorities, first, last)

"""Resolving names: a curator decides once, and all waiting reports follow, dated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.errors import Forbidden, NotFound
from app.intake.models import Finding, Report
from app.intake.sight import current
from app.intake.words import Resolution
from app.registry.models import Substance
from app.registry.service import add_name


def resolve_name(
    session: Session, key: str, substance: Substance, *, by: Actor, now: datetime
) -> int:
    """Let a queued name mean `substance`; the number of findings that follow.

    Their `resolved_at` is now, so a replay of yesterday still finds them unresolved.
    Raises Forbidden for anybody but the secretariat, NotFound when nothing waits under `key`,
    Conflict when the name means something else by now.
    """
    if by.role not in SECRETARIAT:
        raise Forbidden("names are resolved by the secretariat")
    waiting = (Finding.name_key == key, Finding.resolution == Resolution.QUEUED)
    written = session.scalar(select(Finding.substance_name).where(*waiting).limit(1))
    if written is None:
        raise NotFound("no report waits for that name")
    add_name(session, substance.id, written, source=f"curator {by.label}", now=now)
    changed = session.execute(
        update(Finding)
        .where(*waiting)
        .values(substance_id=substance.id, resolution=Resolution.CURATOR, resolved_at=now)
    )
    open_up(session, now=now)
    record(session, by, "name.resolve", written, now, substance=substance.code)
    return int(changed.rowcount)  # type: ignore[attr-defined]


def open_up(session: Session, *, now: datetime) -> None:
    """Let every substance be as open as the most open report that names it.

    Needed where a report opens without being sent again: a name resolved, an embargo over.
    """
    openness = effective_handling(Report.handling, Report.embargo_until, now.date())
    most_open = (
        select(func.min(openness))
        .join(Finding, Finding.report_id == Report.id)
        .where(Finding.substance_id == Substance.id, current())
        .scalar_subquery()
    )
    session.execute(
        update(Substance)
        .where(Substance.handling > Handling.CLEAR, most_open < Substance.handling)
        .values(handling=most_open)
        .execution_options(synchronize_session=False)
    )

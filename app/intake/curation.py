"""Resolving names: a curator decides once, and all waiting reports follow, dated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.errors import Forbidden, NotFound
from app.intake.models import Finding, Report
from app.intake.openness import settle_openness
from app.intake.sight import current, rows_for
from app.intake.words import Resolution
from app.registry.models import Substance
from app.registry.service import CURATOR, add_name


def resolve_name(
    session: Session, key: str, substance: Substance, *, by: Actor, now: datetime
) -> int:
    """Let a queued name mean `substance`; the number of findings that follow.

    Their `resolved_at` is now, so a replay of yesterday still finds them unresolved.
    Raises Forbidden for anybody but the secretariat, NotFound when nothing that `by` may see waits
    under `key`, Conflict when the name means something else by now.
    """
    if by.role not in SECRETARIAT:
        raise Forbidden("names are resolved by the secretariat")
    waiting = (Finding.name_key == key, Finding.resolution == Resolution.QUEUED)
    written = session.scalar(
        select(Finding.substance_name)
        .join(Report)
        .where(*waiting, current(), rows_for(by, now.date()))
        .order_by(Report.handling, Finding.id)
        .limit(1)
    )
    if written is None:
        raise NotFound("no report waits for that name")
    add_name(session, substance.id, written, source=f"{CURATOR} {by.label}", now=now)
    changed = session.execute(
        update(Finding)
        .where(*waiting)
        .values(substance_id=substance.id, resolution=Resolution.CURATOR, resolved_at=now)
    )
    settle_openness(session, now=now)
    record(session, by, "name.resolve", written, now, substance=substance.code)
    return int(changed.rowcount)  # type: ignore[attr-defined]

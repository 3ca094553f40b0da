"""Names put into the registry, and names resolved, for tests that begin after that."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.intake.curation import decide
from app.intake.saying import this_substance
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.registry.service import held_name


def add_name(
    session: Session, substance_id: int, name: str, *, source: str, now: datetime
) -> SubstanceName:
    """Let `name`, which meant nothing else before, mean this substance for everybody."""
    held = held_name(session, name_key(name), None)
    if held is None:
        held = SubstanceName(
            key=name_key(name), name=name, source=source, since=now, substance_id=substance_id
        )
        session.add(held)
        session.flush()
    assert held.substance_id == substance_id
    return held


def resolve_name(
    session: Session, key: str, substance: Substance, *, by: Actor, now: datetime
) -> int:
    """Let a queued name mean `substance`; the number of findings that follow."""
    return decide(session, key, this_substance(substance), by=by, now=now).findings

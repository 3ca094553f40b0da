"""What rules and files say a substance is, and when they came to say something else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access.roles import SYSTEM
from app.registry.models import ActKind, RegistryAct, Substance


class Said(NamedTuple):
    """What was said of a substance, and under which rules."""

    standing: str
    group: str
    family: str
    effect: str
    ruleset: str


def classifications(session: Session) -> dict[int, Said]:
    """What is said of each substance now."""
    query = select(
        Substance.id,
        Substance.standing,
        Substance.group,
        Substance.family,
        Substance.effect,
        Substance.ruleset,
    )
    return {number: Said(*said) for number, *said in session.execute(query)}


def note_classifications(
    session: Session, before: dict[int, Said], why: str, *, now: datetime
) -> None:
    """Note of each substance of which something else is said than before, what it was and is."""
    changed = [
        {
            "kind": ActKind.CLASSIFY,
            "at": now,
            "done_by": SYSTEM.label,
            "reason": f"knowledge base {why}",
            "substance_id": number,
            "findings": 0,
            "detail": {"before": before[number]._asdict(), "after": said._asdict()},
        }
        for number, said in classifications(session).items()
        if number in before and before[number][:-1] != said[:-1]
    ]
    if changed:
        session.execute(insert(RegistryAct), changed)

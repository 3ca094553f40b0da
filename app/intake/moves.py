"""Findings that come to mean another substance: moved set by set, and what they meant before.

`Finding.substance_id` says what is known today. What was known at a time is where the first move
after that time took the finding from; without one, it is what it means today.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from app.access.roles import SYSTEM
from app.db import take_turns
from app.intake.models import Finding, FindingMove
from app.registry.acts import audit, begin
from app.registry.models import ActKind, RegistryAct, Substance
from app.registry.queries import meant


def move(session: Session, act: RegistryAct, which: ColumnElement[bool], to: int) -> int:
    """Let these findings mean another substance; how many they were."""
    rows = select(
        Finding.id, literal(act.id), literal(act.at, FindingMove.at.type), Finding.substance_id,
        literal(to),
    ).where(which, Finding.substance_id.is_distinct_from(to))  # fmt: skip
    return _carry_out(session, act, rows)


def move_back(session: Session, undone: RegistryAct, act: RegistryAct) -> int:
    """Let what an act moved mean what it meant before; how many findings that were."""
    rows = select(
        FindingMove.finding_id, literal(act.id), literal(act.at, FindingMove.at.type),
        FindingMove.to_substance_id, FindingMove.from_substance_id,
    ).where(FindingMove.act_id == undone.id)  # fmt: skip
    return _carry_out(session, act, rows)


def _carry_out(session: Session, act: RegistryAct, rows: Select[*tuple[object, ...]]) -> int:
    """Write the moves down in one statement, and make them in one for each substance moved to."""
    columns = ["finding_id", "act_id", "at", "from_substance_id", "to_substance_id"]
    session.execute(insert(FindingMove).from_select(columns, rows))
    written = FindingMove.act_id == act.id  # ix_finding_move_act_id
    for target in session.scalars(select(FindingMove.to_substance_id).where(written).distinct()):
        moved = select(FindingMove.finding_id).where(
            written, FindingMove.to_substance_id.is_not_distinct_from(target)
        )
        session.execute(
            update(Finding)
            .where(Finding.id.in_(moved))
            .values(substance_id=target)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()
    count = select(func.count()).where(FindingMove.act_id == act.id)
    act.findings = session.scalar(count) or 0
    return act.findings


def moved_again(session: Session, act: RegistryAct) -> RegistryAct | None:
    """The last act, not undone since, that moved some of the findings of `act` after it."""
    mine, later = aliased(FindingMove), aliased(FindingMove)
    again = (
        select(later.act_id)
        .join(mine, (mine.finding_id == later.finding_id) & (later.id > mine.id))
        .where(mine.act_id == act.id)
    )
    query = (
        select(RegistryAct)
        .where(
            RegistryAct.id.in_(again),
            RegistryAct.undone_at.is_(None),
            RegistryAct.kind != ActKind.UNDO,
        )
        .order_by(RegistryAct.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def astray(session: Session, act: RegistryAct) -> int:
    """How many findings of an act no longer mean what it made them mean."""
    query = (
        select(func.count())
        .select_from(FindingMove)
        .join(Finding, Finding.id == FindingMove.finding_id)
        .where(
            FindingMove.act_id == act.id,
            Finding.substance_id.is_distinct_from(FindingMove.to_substance_id),
        )
    )
    return session.scalar(query) or 0


def moved_by_hand() -> ColumnElement[bool]:
    """Findings that a curator took out of their substance: what a curator decided stays."""
    split = (
        select(FindingMove.finding_id)
        .join(RegistryAct, RegistryAct.id == FindingMove.act_id)
        .where(RegistryAct.kind == ActKind.SPLIT, RegistryAct.undone_at.is_(None))
    )
    return Finding.id.in_(split)


def gather_stragglers(session: Session, *, now: datetime) -> int:
    """Let findings that reached a merged substance follow it; how many.

    A report that was being taken in while two were merged may have been given the one that is gone.
    """
    gone = select(Substance.id).where(Substance.merged_into_id.is_not(None))
    if session.scalar(select(Finding.id).where(Finding.substance_id.in_(gone)).limit(1)) is None:
        return 0
    take_turns(session, "registry")
    act = begin(session, ActKind.FOLLOW, by=SYSTEM, reason="reported while it was merged", now=now)
    whereto = select(meant()).where(Substance.id == Finding.substance_id).scalar_subquery()
    rows = select(
        Finding.id, literal(act.id), literal(now, FindingMove.at.type), Finding.substance_id,
        whereto,
    ).where(Finding.substance_id.in_(gone))  # fmt: skip
    moved = _carry_out(session, act, rows)
    audit(session, act, SYSTEM, now, moved=moved)
    return moved


def any_moved_since(session: Session, time: datetime) -> bool:
    """Whether any finding was moved after a time; through ix_finding_move_at."""
    return session.scalar(select(FindingMove.id).where(FindingMove.at > time).limit(1)) is not None


def findings_at(time: datetime) -> Subquery:
    """Findings with the substance that each meant at a time, and what else counting them needs.

    Those not moved since as they are; the others as the first move since took them from there.
    """
    since = FindingMove.at > time
    first = select(func.min(FindingMove.id)).where(since).group_by(FindingMove.finding_id)
    told = (Finding.report_id, Finding.grade, Finding.role, Finding.resolved_at)
    unmoved = select(Finding.substance_id, *told).where(
        Finding.id.not_in(select(FindingMove.finding_id).where(since))
    )
    moved = (
        select(FindingMove.from_substance_id.label("substance_id"), *told)
        .join(Finding, Finding.id == FindingMove.finding_id)
        .where(FindingMove.id.in_(first))
    )
    return union_all(unmoved, moved).subquery("findings")

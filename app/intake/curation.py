"""Saying what a name means: a curator decides once, and all waiting reports follow, dated.

A decision is never lost. Taken back, it stays on record with both its days, its findings wait
again, and what they were taken for in between is kept for a replay (`FormerResolution`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from app.access.handling import Handling, effective_handling, row_clearance
from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.db import LARGEST_ID, Moment, take_turns
from app.errors import Conflict, Forbidden, NotFound, shown
from app.intake.models import Finding, FormerResolution, Report
from app.intake.openness import settle_openness
from app.intake.saying import Said, like
from app.intake.sight import current, rows_for
from app.intake.words import Resolution
from app.registry.models import (
    Meant,
    NameDecision,
    SubstanceName,
)
from app.registry.names import CURATOR
from app.registry.service import held_name

LONGEST_SUBJECT = 254  # of a line on the audit trail
_RESOLVED = {Meant.SUBSTANCE: Resolution.CURATOR, Meant.NOTHING: Resolution.NOT_A_SUBSTANCE}


def decide(
    session: Session,
    key: str,
    said: Said,
    *,
    by: Actor,
    now: datetime,
    authority_id: int | None = None,
    language: str | None = None,
) -> NameDecision:
    """Let a queued name mean what is `said`, in the reports of one authority or of all.

    The findings that wait follow in one statement (`ix_finding_queue`); their `resolved_at` is now,
    so a replay of yesterday still finds them unresolved. The name is as open as the most open
    report that bears it. Raises Forbidden for anybody but the secretariat, NotFound when nothing
    that `by` may see waits under `key`, Conflict when the name means something else by now.
    """
    if by.role not in SECRETARIAT:
        raise Forbidden("names are resolved by the secretariat")
    take_turns(session, "names")
    waiting = and_(
        Finding.name_key == key, Finding.resolution == Resolution.QUEUED, _sent_by(authority_id)
    )
    written, handling = _most_open(session, waiting, by, now)
    made = _hold(
        session, key, said, name=written, handling=handling, authority_id=authority_id,
        language=language, now=now,
    )  # fmt: skip
    resolution = _RESOLVED.get(said.meant, Resolution.GROUP_NAME)
    followed = session.execute(
        update(Finding)
        .where(waiting)
        .values(
            substance_id=said.substance.id if said.substance else None,
            resolution=resolution,
            resolved_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    decision = NameDecision(
        key=key,
        written=written,
        handling=handling,
        authority_id=authority_id,
        meant=said.meant,
        substance_id=said.substance.id if said.substance else None,
        family=said.family,
        group=said.group,
        members=[one.id for one in said.members],
        made_name=made,
        findings=int(followed.rowcount),  # type: ignore[attr-defined]
        decided_by=by.label,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    if said.substance:
        settle_openness(session, now=now)
    code = said.substance.code if said.substance else None
    record(
        session, by, "name.resolve", shown(written, LONGEST_SUBJECT), now,
        decision=decision.id, means=said.words, substance=code,
    )  # fmt: skip
    return decision


def undo(session: Session, number: int, *, by: Actor, now: datetime) -> NameDecision:
    """Take a decision back: its findings wait again, and a replay of the days between sees them
    as they were taken then.

    Raises Forbidden for anybody but the secretariat, NotFound for a decision that `by` may not see,
    Conflict for one that was taken back already.
    """
    if by.role not in SECRETARIAT:
        raise Forbidden("decisions on names are taken back by the secretariat")
    take_turns(session, "names")
    decision = session.scalar(
        select(NameDecision).where(NameDecision.id == min(number, LARGEST_ID), decisions_for(by))
    )
    if decision is None:
        raise NotFound(f"there is no decision {number} on a name")
    if decision.undone_at is not None:
        raise Conflict(f"the decision on “{decision.written}” was taken back already")
    followed = _followed(decision)
    session.execute(
        insert(FormerResolution).from_select(
            ["finding_id", "substance_id", "resolution", "since", "until"],
            select(
                Finding.id,
                Finding.substance_id,
                Finding.resolution,
                func.coalesce(Finding.resolved_at, Report.received_at),
                literal(now, Moment()),
            )
            .join(Report)
            .where(followed),
        )
    )
    session.execute(
        update(Finding)
        .where(followed)
        .values(substance_id=None, resolution=Resolution.QUEUED, resolved_at=None)
        .execution_options(synchronize_session=False)
    )
    _end(session, decision, by, now)
    settle_openness(session, now=now)
    subject = shown(decision.written, LONGEST_SUBJECT)
    record(session, by, "name.undo", subject, now, decision=decision.id)
    session.flush()
    return decision


def decisions_for(actor: Actor) -> ColumnElement[bool]:
    """Decisions on names whose written form `actor` may read; one's own always."""
    own = NameDecision.decided_by == actor.label
    return own | (NameDecision.handling <= row_clearance(actor))


def _sent_by(authority_id: int | None) -> ColumnElement[bool]:
    """Findings in reports of an authority; None for those of all."""
    if authority_id is None:
        return literal(True)
    return Finding.report_id.in_(select(Report.id).where(Report.authority_id == authority_id))


def written_name(session: Session, key: str, *, by: Actor, now: datetime) -> str:
    """A waiting name as the most open report that `by` may see writes it; else the key."""
    waiting = and_(Finding.name_key == key, Finding.resolution == Resolution.QUEUED)
    try:
        return _most_open(session, waiting, by, now)[0]
    except NotFound:
        return key


def _most_open(
    session: Session, waiting: ColumnElement[bool], by: Actor, now: datetime
) -> tuple[str, Handling]:
    """How the most open report that `by` may see writes the name, and how open it is.

    Raises NotFound where none waits.
    """
    openness = effective_handling(Report.handling, Report.embargo_until, now.date())
    found = session.execute(
        select(Finding.substance_name, openness)
        .join(Report)
        .where(waiting, current(), rows_for(by, now.date()))
        .order_by(openness, Finding.id)
        .limit(1)
    ).first()
    if found is None:
        raise NotFound("no report waits for that name")
    return found[0] or "", Handling(found[1])


def _hold(
    session: Session,
    key: str,
    said: Said,
    *,
    name: str,
    handling: Handling,
    authority_id: int | None,
    language: str | None,
    now: datetime,
) -> bool:
    """Put the name into the registry; False when it is held there with the same meaning."""
    held = held_name(session, key, authority_id)
    if held is not None:
        if not like(held).same(said):
            raise Conflict(
                f'"{name}" already means something else ({like(held).words}; {held.origin})'
            )
        return False
    session.add(
        SubstanceName(
            key=key,
            name=name,
            source=CURATOR,
            language=language,
            since=now,
            handling=handling,
            authority_id=authority_id,
            substance=said.substance,
            group=said.group,
            family=said.family,
            no_substance=said.meant is Meant.NOTHING,
            members=list(said.members),
        )
    )
    session.flush()
    return True


def _followed(decision: NameDecision) -> ColumnElement[bool]:
    """The findings that are what they are by this decision, and by the name that it made.

    Those of an authority that has a name of its own under the same key followed that one.
    """
    resolution = _RESOLVED.get(decision.meant, Resolution.GROUP_NAME)
    by_curator = and_(Finding.name_key == decision.key, Finding.resolution == resolution)
    if not decision.made_name:
        return and_(by_curator, Finding.resolved_at == decision.decided_at)
    kinds = (resolution, Resolution.NAME) if decision.substance_id else (resolution,)
    by_name = and_(Finding.name_key == decision.key, Finding.resolution.in_(kinds))
    if decision.authority_id is not None:
        return and_(by_name, _sent_by(decision.authority_id))
    own, report = aliased(SubstanceName), aliased(Report)
    has_own = exists().where(
        report.id == Finding.report_id,
        own.key == decision.key,
        own.authority_id == report.authority_id,
    )
    return and_(by_name, ~has_own)


def _end(session: Session, decision: NameDecision, by: Actor, now: datetime) -> None:
    """Mark the decision taken back; with the name it made go the later ones that leaned on it."""
    ended = NameDecision.id == decision.id
    if decision.made_name:
        ended = and_(
            NameDecision.key == decision.key,
            NameDecision.authority_id.is_not_distinct_from(decision.authority_id),
            NameDecision.undone_at.is_(None),
        )
        held = held_name(session, decision.key, decision.authority_id)
        if held is not None:
            held.members.clear()
            session.flush()
            session.delete(held)
    session.execute(
        update(NameDecision)
        .where(ended)
        .values(undone_by=by.label, undone_at=now)
        .execution_options(synchronize_session=False)
    )
    session.refresh(decision)

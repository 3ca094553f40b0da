"""What a curator decides of a pair: the same event, different events, or neither after all."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from itertools import combinations

from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.db import take_turns
from app.errors import Conflict, Forbidden, Refused
from app.intake.duplicates.groups import TURNS, settle, touching
from app.intake.duplicates.models import LINKED, DuplicatePair, PairStatus
from app.intake.duplicates.pairs import Scored, new_pair
from app.intake.duplicates.queries import pair_by_code
from app.intake.duplicates.reading import cases_of
from app.intake.duplicates.scoring import compare

LONGEST_REASON = 1000


class Decision(StrEnum):
    """What a person says of a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNDO = "undo"


def decide(
    session: Session, code: str, decision: Decision, *, by: Actor, now: datetime, reason: str = ""
) -> DuplicatePair:
    """Take a decision on a pair; the figures follow at once, and yesterday's stay as they were.

    Raises Forbidden for anybody but the secretariat, NotFound when `by` may not see both reports,
    Refused for a missing or overlong reason, Conflict when the pair stands otherwise by now.
    """
    if by.role not in SECRETARIAT:
        raise Forbidden("duplicates are decided by the secretariat")
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise Refused(f"reason: at most {LONGEST_REASON} characters")
    if decision is Decision.DIFFERENT and not reason:
        raise Refused("reason: say why they are different events")
    take_turns(session, TURNS)
    pair = pair_by_code(session, by, now.date(), code)
    before = pair.status
    _refuse_impossible(pair, decision)
    if decision is Decision.UNDO:
        pair.status, pair.undone_at = PairStatus.PROPOSED, now
    else:
        same = decision is Decision.SAME
        pair.status = PairStatus.CONFIRMED if same else PairStatus.REJECTED
        pair.decided_by, pair.decided_at, pair.reason = by.label, now, reason or None
        pair.undone_at = None
    session.flush()
    if decision is Decision.SAME:
        _ask_what_follows(session, pair, now=now)
    settle(session, pair.cases, by=by, now=now)
    record(
        session,
        by,
        f"duplicates.{decision}",
        pair.code,
        now,
        reason=reason,
        was=before,
        weight=round(pair.weight, 2),
    )
    session.flush()
    return pair


def _refuse_impossible(pair: DuplicatePair, decision: Decision) -> None:
    if pair.status is PairStatus.LAPSED:
        raise Conflict(f"{pair.code} has lapsed: a correction or withdrawal left nothing to decide")
    decided = {PairStatus.CONFIRMED: Decision.SAME, PairStatus.REJECTED: Decision.DIFFERENT}
    if decision is Decision.UNDO:
        if pair.status is PairStatus.PROPOSED:
            raise Conflict(f"{pair.code} is not decided, so there is nothing to undo")
        return
    if decided.get(pair.status) is decision:
        said = f"by {pair.decided_by}" if pair.decided_by else "already"
        raise Conflict(f"{pair.code} was decided so {said}")
    if pair.first.superseded_at or pair.second.superseded_at:
        raise Conflict(
            f"a report of {pair.code} has been corrected since; it is compared again in minutes"
        )


def _ask_what_follows(session: Session, pair: DuplicatePair, *, now: datetime) -> None:
    """If A is B and B is C, then A is C, which somebody must say: the pair joins the queue.

    Until it is confirmed too, C is counted apart; chains are not merged.
    """
    around = set(pair.cases)
    linked = session.scalars(touching(around).where(DuplicatePair.status.in_(LINKED))).all()
    reached = around | {case for row in linked for case in row.cases}
    held = {row.cases: row for row in session.scalars(touching(reached))}
    cases = cases_of(session, reached)
    for one, other in combinations(sorted(cases.keys() & reached), 2):
        row = held.get((one, other))
        if row is None:
            compared = compare(cases[one], cases[other])
            row = new_pair(Scored(cases[one], cases[other], compared), now=now)
            session.add(row)
        elif row.status is not PairStatus.LAPSED:
            continue
        row.status = PairStatus.PROPOSED
    session.flush()

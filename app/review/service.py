"""Opening and closing review cases."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.registry.models import Substance
from app.review.models import CaseState, ReviewCase

_CODE = re.compile(r"C-(\d{1,9})")
LONGEST_TEXT = 2000


def open_case(
    session: Session, substance: Substance, question: str, *, by: Actor, now: datetime
) -> ReviewCase:
    """Put a substance forward for consideration.

    Raises Forbidden for anybody but the secretariat, Conflict when a case is open already, Refused
    without a question.
    """
    _only_secretariat(by)
    asked = _text(question, "question")
    open_already = select(ReviewCase).where(
        ReviewCase.substance_id == substance.id, ReviewCase.state == CaseState.OPEN
    )
    if held := session.scalar(open_already):
        raise Conflict(f"{held.code} is open for {substance.name} already")
    case = ReviewCase(
        substance=substance,
        state=CaseState.OPEN,
        question=asked,
        opened_by=by.label,
        opened_at=now,
    )
    session.add(case)
    session.flush()
    record(session, by, "case.open", case.code, now, substance=substance.code)
    return case


def refuse_while_open(session: Session, substance: Substance) -> None:
    """Raises Conflict while a case is open for the substance: it may not become another one."""
    query = select(ReviewCase).where(
        ReviewCase.substance_id == substance.id, ReviewCase.state == CaseState.OPEN
    )
    if held := session.scalar(query.limit(1)):
        raise Conflict(
            f"{held.code} is open for {substance.name}; close it first, and open one for the other "
            "substance where the question stands"
        )


def close_case(
    session: Session, code: str, outcome: str, *, by: Actor, now: datetime
) -> ReviewCase:
    """End a case with what came of it. Raises NotFound, Forbidden, Conflict, Refused."""
    _only_secretariat(by)
    case = case_by_code(session, code)
    if case.state is CaseState.CLOSED:
        raise Conflict(f"{code} was closed already")
    case.state, case.outcome = CaseState.CLOSED, _text(outcome, "outcome")
    case.closed_by, case.closed_at = by.label, now
    record(session, by, "case.close", case.code, now, outcome=case.outcome)
    return case


def case_by_code(session: Session, code: str) -> ReviewCase:
    """The case of that number. Raises NotFound."""
    number = _CODE.fullmatch(code)
    case = session.get(ReviewCase, int(number[1])) if number else None
    if case is None:
        raise NotFound(f"there is no case {code}")
    return case


def cases(session: Session) -> list[ReviewCase]:
    """All cases, open ones first, the newest first."""
    query = select(ReviewCase).order_by(ReviewCase.state.desc(), ReviewCase.id.desc())
    return list(session.scalars(query))


def _only_secretariat(by: Actor) -> None:
    if by.role not in SECRETARIAT:
        raise Forbidden("review cases are kept by the secretariat")


def _text(text: str, field: str) -> str:
    tidy = text.strip()
    if not tidy or len(tidy) > LONGEST_TEXT or "\x00" in tidy:
        raise Refused(f"the {field} needs 1 to {LONGEST_TEXT} characters of plain text")
    return tidy

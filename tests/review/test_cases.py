"""Review cases: one open case a substance, kept by the secretariat, from question to outcome."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.registry.models import Substance
from app.review.models import CaseState
from app.review.service import LONGEST_TEXT, case_by_code, cases, close_case, open_case
from tests.registry.making import ISOTONITAZENE, enrolled
from tests.reporting import NOW, PROTONITAZENE

REVIEWER = Actor(Role.REVIEWER, "rea")
QUESTION = "Does it meet the criteria of the 1961 Convention?"


@pytest.fixture
def two(database: Database) -> Database:
    """A registry of two substances."""
    for structure in (PROTONITAZENE, ISOTONITAZENE):
        enrolled(database, structure)
    return database


def test_a_case_is_opened_once_closed_once_and_may_be_opened_again(two: Database) -> None:
    with two.transaction() as session:
        substance = session.get_one(Substance, 1)
        code = open_case(session, substance, f"  {QUESTION}\n", by=REVIEWER, now=NOW).code
        with pytest.raises(Conflict, match=code):
            open_case(session, substance, QUESTION, by=REVIEWER, now=NOW)
        closed = close_case(session, code, "Recommended", by=REVIEWER, now=NOW)
        assert (closed.question, closed.outcome) == (QUESTION, "Recommended")
        assert (closed.state, closed.closed_by, closed.closed_at) == (CaseState.CLOSED, "rea", NOW)
        with pytest.raises(Conflict, match="closed already"):
            close_case(session, code, "Again", by=REVIEWER, now=NOW)
        again = open_case(session, substance, QUESTION, by=REVIEWER, now=NOW)
        assert [c.code for c in cases(session)] == [again.code, code]
        trail = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))
        assert list(trail) == ["case.open", "case.close", "case.open"]


def test_open_cases_come_first_then_the_newest(two: Database) -> None:
    with two.transaction() as session:
        first, second = (
            open_case(session, session.get_one(Substance, n), QUESTION, by=REVIEWER, now=NOW)
            for n in (1, 2)
        )
        assert [c.id for c in cases(session)] == [second.id, first.id]
        close_case(session, second.code, "Not now", by=REVIEWER, now=NOW)
        assert [c.id for c in cases(session)] == [first.id, second.id]


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.SUBSCRIBER, Role.LABORATORY, Role.FOCAL_POINT])
def test_cases_are_not_for_others_to_open_or_close(two: Database, role: Role) -> None:
    outsider = Actor(role, "outsider", 1, "LAB", ("DE",))
    with two.transaction() as session:
        substance = session.get_one(Substance, 1)
        code = open_case(session, substance, QUESTION, by=REVIEWER, now=NOW).code
        with pytest.raises(Forbidden):
            close_case(session, code, "Done", by=outsider, now=NOW)
        with pytest.raises(Forbidden):
            open_case(session, session.get_one(Substance, 2), QUESTION, by=outsider, now=NOW)


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST_TEXT + 1), "a\x00b"])
def test_a_case_needs_words(two: Database, text: str) -> None:
    with two.transaction() as session:
        substance = session.get_one(Substance, 1)
        with pytest.raises(Refused):
            open_case(session, substance, text, by=REVIEWER, now=NOW)
        code = open_case(session, substance, QUESTION, by=REVIEWER, now=NOW).code
        with pytest.raises(Refused):
            close_case(session, code, text, by=REVIEWER, now=NOW)
        assert case_by_code(session, code).state is CaseState.OPEN


@pytest.mark.parametrize("code", ["", "C-", "1", "C-0099", "C-9999999999", "c-0001", "C-1\x00"])
def test_a_case_that_is_none_is_not_found(two: Database, code: str) -> None:
    with two.reading() as session, pytest.raises(NotFound):
        case_by_code(session, code)

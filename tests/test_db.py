"""The database: all or nothing, times with a zone, and the same answers on both kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError

from app.access.models import Authority
from app.db import LARGEST_ID, Database, id_of, insert_all_new, insert_new
from app.errors import Refused
from app.jobs import Job
from tests.reporting import NOW


def authority(code: str, **more) -> dict:
    return {"code": code, "name": code, "reports_for": [], "created_at": NOW, **more}


def codes(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Authority.code).order_by(Authority.code)))


def test_what_raises_in_a_transaction_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        insert_new(session, Authority, **authority("A"))
        raise ZeroDivisionError
    assert codes(database) == []


def test_what_is_changed_while_reading_is_not_kept(database: Database) -> None:
    with database.reading() as session:
        session.add(Authority(**authority("A")))
        session.flush()
    assert codes(database) == []


def test_only_rows_whose_key_is_free_are_inserted_and_counted(database: Database) -> None:
    with database.transaction() as session:
        assert insert_new(session, Authority, **authority("B", name="first"))
        assert not insert_new(session, Authority, **authority("B", name="second"))
        rows = [authority(code) for code in "ABCABC"]
        assert insert_all_new(session, Authority, rows, at_once=2) == 2
        assert insert_all_new(session, Authority, []) == 0
        first = session.scalars(select(Authority.name).where(Authority.code == "B")).one()
    assert first == "first"
    assert codes(database) == ["A", "B", "C"]


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="aware"), database.transaction() as session:
        session.add(Authority(**authority("A", created_at=datetime(2026, 1, 1))))
        session.flush()


def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    tokyo = datetime(2026, 1, 1, 3, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=9)))
    with database.transaction() as session:
        insert_new(session, Authority, **authority("A", created_at=tokyo))
    with database.reading() as session:
        back = session.scalars(select(Authority.created_at)).one()
    assert back == tokyo
    assert back.tzinfo is UTC


def test_a_word_that_is_not_on_the_list_is_never_stored() -> None:
    from app.access.roles import Role
    from app.db import Word

    with pytest.raises(ValueError, match="king"):
        Word(Role).process_bind_param("king", None)


def test_a_reference_to_nothing_is_refused_by_both_kinds(database: Database) -> None:
    from app.access.models import Person
    from app.access.roles import Role

    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_new(
            session, Person, email="a@b", password_hash="", role=Role.ADMIN, created_at=NOW,
            authority_id=99, active=True,
        )  # fmt: skip


def test_writers_wait_their_turn_instead_of_failing(database: Database) -> None:
    with database.transaction() as session:
        insert_new(session, Job, name="count", every_seconds=1, runs=0)
    start, failures = Barrier(4), []

    def add_ten() -> None:
        start.wait()
        try:
            for _ in range(10):
                with database.transaction() as session:
                    job = session.scalars(select(Job).with_for_update()).one()
                    job.runs += 1
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert (failures, session.scalar(select(func.sum(Job.runs)))) == ([], 40)


def test_asking_for_a_nul_is_answered_in_words_and_not_with_a_crash(database: Database) -> None:
    try:
        with database.reading() as session:
            found = session.scalars(select(Authority).where(Authority.code == "A\x00")).all()
    except Refused as error:
        assert "NUL" in str(error)
    else:
        assert found == []


def test_parameters_never_stand_in_an_error(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised, database.transaction() as session:
        session.add_all(Authority(**authority("SECRET-LAB")) for _ in range(2))
        session.flush()
    assert "SECRET-LAB" not in str(raised.value).split("DETAIL")[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [("42", 42), ("99999999999", None), ("9999999999", LARGEST_ID), ("²", None), ("٣", None)]
    + [(nothing, None) for nothing in (None, "", "-1", "1.5", "x", "1 ")],
)
def test_a_cursor_holds_a_number_or_nothing(text: str | None, number: int | None) -> None:
    assert id_of(text) == number

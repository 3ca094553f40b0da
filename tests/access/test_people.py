"""Signing in: who knows the password comes in, who guesses learns nothing and is soon stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import Type
from sqlalchemy import select

from app.access.models import AuditEvent, Person
from app.access.roles import Role
from app.access.service import (
    MOST_FAILURES,
    add_authority,
    add_person,
    note_failed_sign_in,
    person_actor,
    sign_in,
)
from app.db import Database
from app.errors import Conflict, Forbidden, Refused
from tests.reporting import NOW

ADDRESS, PASSWORD = "ana@example.org", "a long enough password"


@pytest.fixture
def home(database: Database) -> Database:
    """A database in which Ana may sign in."""
    with database.transaction() as session:
        lab = add_authority(session, "LAB-DE", "Laboratory", country="DE", now=NOW)
        add_person(
            session, ADDRESS, authority=lab, role=Role.LABORATORY, password=PASSWORD, now=NOW
        )
    return database


def try_to_sign_in(database: Database, email: str, password: str, now=NOW) -> str:
    """What somebody at the door is told: their role, or why not."""
    with database.transaction() as session:
        try:
            return sign_in(session, email, password, now=now).role
        except Forbidden as error:
            said = str(error)
    with database.transaction() as session:
        note_failed_sign_in(session, email, now=now)
    return said


def test_the_right_password_opens_however_the_address_is_written(home: Database) -> None:
    for written in (ADDRESS, " Ana@Example.ORG "):
        assert try_to_sign_in(home, written, PASSWORD) == Role.LABORATORY


def test_a_wrong_address_and_a_wrong_password_are_told_the_same(home: Database) -> None:
    wrong = {
        try_to_sign_in(home, ADDRESS, "not the password"),
        try_to_sign_in(home, "nobody@example.org", PASSWORD),
        try_to_sign_in(home, "", ""),
        try_to_sign_in(home, "a\x00b", "\x00"),
        try_to_sign_in(home, "x" * 10_000, "y" * 10_000),
    }
    assert wrong == {"that address and password do not belong together"}


def test_ten_failures_shut_the_door_for_a_quarter_of_an_hour(home: Database) -> None:
    for _ in range(MOST_FAILURES):
        assert "do not belong" in try_to_sign_in(home, ADDRESS.upper(), "guess")
    assert "too many" in try_to_sign_in(home, ADDRESS, PASSWORD)
    later = NOW + timedelta(minutes=15, seconds=1)
    assert try_to_sign_in(home, ADDRESS, PASSWORD, now=later) == Role.LABORATORY


def test_who_is_shut_out_shuts_out_nobody_else(home: Database) -> None:
    for _ in range(MOST_FAILURES + 1):
        try_to_sign_in(home, "somebody@example.org", "guess")
    assert try_to_sign_in(home, ADDRESS, PASSWORD) == Role.LABORATORY


def test_a_login_that_was_shut_neither_opens_nor_stays_signed_in(home: Database) -> None:
    with home.transaction() as session:
        person = session.scalars(select(Person)).one()
        assert person_actor(session, person.id) == person.actor()
        person.active = False
    assert "do not belong" in try_to_sign_in(home, ADDRESS, PASSWORD)
    with home.reading() as session:
        assert person_actor(session, person.id) is None
        assert person_actor(session, 999) is None


def test_a_guess_at_a_password_costs_what_argon2_recommends(quick_passwords) -> None:
    """Tests hash at less; RFC 9106 wants 64 MiB three times over of a machine of little memory."""
    real = quick_passwords
    assert real.type is Type.ID
    assert real.memory_cost >= 64 * 1024 and real.time_cost >= 3


def test_the_database_holds_no_password(home: Database) -> None:
    with home.reading() as session:
        assert session.scalars(select(Person.password_hash)).one().startswith("$argon2id$")
        kept = [str(event.detail) for event in session.scalars(select(AuditEvent))]
    assert kept
    assert not any(PASSWORD in detail for detail in kept)


@pytest.mark.parametrize(
    ("email", "password", "role"),
    [
        ("no address", PASSWORD, Role.ANALYST),
        ("two@at@signs", PASSWORD, Role.ANALYST),
        ("a@b\nBcc: c@d", PASSWORD, Role.ANALYST),
        ("a\x00@b.org", PASSWORD, Role.ANALYST),
        ("a\x07@b.org", PASSWORD, Role.ANALYST),
        (f"{'a' * 250}@b.org", PASSWORD, Role.ANALYST),
        ("new@example.org", "elevenchars", Role.ANALYST),
        ("new@example.org", PASSWORD, Role.PUBLIC),
    ],
)
def test_a_login_that_makes_no_sense_is_refused(home: Database, email, password, role) -> None:
    with home.transaction() as session:
        lab = session.scalars(select(Person)).one().authority
        with pytest.raises(Refused):
            add_person(session, email, authority=lab, role=role, password=password, now=NOW)


def test_one_address_has_one_login(home: Database) -> None:
    with home.transaction() as session:
        lab = session.scalars(select(Person)).one().authority
        with pytest.raises(Conflict):
            add_person(
                session, "ANA@example.org", authority=lab, role=Role.ADMIN, password=PASSWORD,
                now=NOW,
            )  # fmt: skip

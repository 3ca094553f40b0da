"""Keys open for whoever holds them until they are revoked; authorities speak for countries."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from app.access.models import ApiKey, AuditEvent
from app.access.roles import ANYBODY, SYSTEM, Role
from app.access.service import (
    add_authority,
    authority_by_code,
    issue_key,
    key_actor,
    revoke_key,
)
from app.db import Database
from app.errors import Conflict, NotFound, Refused
from tests.reporting import NOW


def issued(database: Database, country: str = "DE", **more) -> str:
    with database.transaction() as session:
        lab = add_authority(session, f"LAB-{country}", "Lab", country=country, now=NOW, **more)
        return issue_key(session, lab, role=Role.LABORATORY, now=NOW)


def test_a_key_speaks_for_its_authority_and_its_countries(database: Database) -> None:
    key = issued(database, "DE", reports_for=("AT", "DE", "LI"))
    with database.reading() as session:
        actor = key_actor(session, key)
    assert actor is not None
    assert (actor.role, actor.authority_code) == (Role.LABORATORY, "LAB-DE")
    assert actor.countries == ("DE", "AT", "LI")
    assert key not in actor.label


def test_the_database_holds_only_a_digest_of_a_key(database: Database) -> None:
    key = issued(database)
    secret = key.split("_", 2)[2]
    with database.reading() as session:
        held = session.scalars(select(ApiKey)).one()
        trail = str([(e.subject, e.detail) for e in session.scalars(select(AuditEvent))])
    assert len(secret) >= 40
    assert secret not in f"{vars(held)} {trail}"


def test_a_revoked_key_opens_nothing_and_stays_revoked_since_the_first_time(
    database: Database,
) -> None:
    key = issued(database)
    prefix = key.split("_")[1]
    with database.transaction() as session:
        revoke_key(session, prefix, now=NOW)
        revoke_key(session, prefix, now=NOW.replace(year=2027))
        assert key_actor(session, key) is None
        assert session.scalars(select(ApiKey.revoked_at)).one() == NOW


def test_revoking_what_is_no_key_says_so(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound):
        revoke_key(session, "0123456789", now=NOW)


def test_nothing_but_the_very_key_is_the_key(database: Database) -> None:
    key, other = issued(database, "DE"), issued(database, "FR")
    kind, prefix, secret = key.split("_", 2)
    garbage = [
        "", "_", "__", kind, f"{kind}_", f"{kind}_{prefix}", f"{kind}_{prefix}_", key[:-1],
        f"{key}A", f" {key}", f"{key}\n", f"{key}\x00", key.upper(), key.replace("tocsin", "toc"),
        f"{kind}_{prefix}_{other.split('_', 2)[2]}", f"{kind}_{prefix}\x00_{secret}",
        f"{kind}_%_{secret}", f"{kind}_{prefix}_é", f"{kind}_{prefix}_\ud800", "x" * 100_000,
    ]  # fmt: skip
    with database.reading() as session:
        assert [one for one in garbage if key_actor(session, one) is not None] == []
        assert key_actor(session, key) is not None


def test_any_text_at_all_is_no_key_and_no_crash(database: Database) -> None:
    with database.reading() as session:

        @given(st.text() | st.text().map("tocsin_".__add__))
        @example("tocsin_\x00_\x00")
        def check(text: str) -> None:
            assert key_actor(session, text) is None

        check()


def test_nobody_holds_a_key_to_be_the_public(database: Database) -> None:
    issued(database)
    with database.transaction() as session, pytest.raises(Refused):
        issue_key(session, authority_by_code(session, "LAB-DE"), role=Role.PUBLIC, now=NOW)


@pytest.mark.parametrize("code", ["", "lab", "LAB DE", "-LAB", "L" * 41, "LÄB", "LAB\n"])
def test_an_authority_needs_a_code_people_can_quote(database: Database, code: str) -> None:
    with database.transaction() as session, pytest.raises(Refused, match="authority code"):
        add_authority(session, code, "Lab", country="DE", now=NOW)


def test_an_authority_needs_countries_that_exist(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Refused, match="did you mean GB"):
            add_authority(session, "LAB", "Lab", country="UK", now=NOW)
        with pytest.raises(Refused, match="did you mean GR"):
            add_authority(session, "LAB", "Lab", country="DE", reports_for=("EL",), now=NOW)
        assert add_authority(session, "WHO", "WHO", country=None, now=NOW).countries == ()


def test_a_code_is_taken_once_and_an_unknown_one_is_told_how_to_add_it(database: Database) -> None:
    issued(database)
    with database.transaction() as session:
        with pytest.raises(Conflict):
            add_authority(session, "LAB-DE", "Other", country="AT", now=NOW)
        with pytest.raises(NotFound, match="tocsin authority add LAB-XX"):
            authority_by_code(session, "LAB-XX")


def test_what_is_done_to_access_is_on_the_trail(database: Database) -> None:
    key = issued(database)
    with database.transaction() as session:
        revoke_key(session, key.split("_")[1], now=NOW)
        trail = [(e.actor, e.action) for e in session.scalars(select(AuditEvent))]
    steps = ("authority.add", "key.issue", "key.revoke")
    assert trail == [("system", step) for step in steps]


def test_only_who_we_know_is_signed_in() -> None:
    assert not ANYBODY.signed_in
    assert SYSTEM.signed_in

"""An authority's profiles are its own; nothing of them is overwritten, and who did it is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import SYSTEM, Actor, Role
from app.db import Database
from app.errors import Forbidden, NotFound, Refused
from app.intake.profiles.keeping import (
    find_profile,
    own_profiles,
    profiles_for,
    remove_profile,
    save_profile,
    versions_of,
)
from tests.intake.test_profiles import ZOLL
from tests.reporting import NOW, laboratory

LATER = NOW + timedelta(hours=1)
OTHER = ZOLL.replace("Jahrestabelle", "Monatstabelle").replace("Gramm", "gr")


def save(database: Database, by: Actor, text: str = ZOLL, name: str = "zoll", now=NOW) -> int:
    with database.transaction() as session:
        return save_profile(session, name, text, by=by, now=now)


def test_every_saving_is_a_version_and_the_same_text_is_none(database: Database) -> None:
    lab = laboratory(database, "DE")
    assert [save(database, lab), save(database, lab, ZOLL.replace("\n", "\r\n"))] == [1, 1]
    assert save(database, lab, OTHER, now=LATER) == 2
    with database.reading() as session:
        (held,) = own_profiles(session, lab.authority_id)
        assert (held.title, held.updated_by, held.updated_at) == (
            "Zoll, Monatstabelle", lab.label, LATER,
        )  # fmt: skip
        assert [v.superseded_at for v in versions_of(session, held)] == [None, LATER]
        told = select(AuditEvent.subject, AuditEvent.actor).where(
            AuditEvent.action == "profile.save"
        )
        assert session.execute(told).all() == [("LAB-DE/zoll", lab.label)] * 2


def test_a_submission_finds_the_profile_as_it_was(database: Database) -> None:
    lab = laboratory(database, "DE")
    save(database, lab)
    with database.reading() as session:
        digest = find_profile(session, lab.authority_id, "zoll").digest
    save(database, lab, OTHER, now=LATER)
    with database.reading() as session:
        assert find_profile(session, lab.authority_id, "zoll").digest != digest
        assert find_profile(session, lab.authority_id, "zoll", digest).digest == digest
        for name in ("zoll", "nflis", "never"):
            with pytest.raises(Refused, match="no longer as it was"):
                find_profile(session, lab.authority_id, name, "00000000")


def test_ones_own_goes_before_the_shipped_one_until_it_is_removed(database: Database) -> None:
    lab, other = laboratory(database, "DE"), laboratory(database, "FR")
    save(database, lab, name="nflis")
    with database.reading() as session:
        assert find_profile(session, lab.authority_id, "nflis").title.startswith("Zoll")
        assert find_profile(session, other.authority_id, "nflis").title.startswith("NFLIS")
    with database.transaction() as session:
        remove_profile(session, "nflis", by=lab, now=LATER)
    with database.reading() as session:
        assert find_profile(session, lab.authority_id, "nflis").title.startswith("NFLIS")
    assert save(database, lab, name="nflis") == 2


def test_nobody_sees_or_changes_the_profiles_of_others(database: Database) -> None:
    lab, other = laboratory(database, "DE"), laboratory(database, "FR")
    save(database, lab)
    analyst = Actor(Role.ANALYST, "analyst", lab.authority_id)
    with database.transaction() as session:
        assert profiles_for(session, other) == []
        assert [one.name for one in profiles_for(session, SYSTEM)] == ["zoll"]
        with pytest.raises(NotFound, match=r"there are: nflis$"):
            find_profile(session, other.authority_id, "zoll")
        with pytest.raises(NotFound):
            remove_profile(session, "zoll", by=other, now=LATER)
        for nobody in (analyst, SYSTEM, Actor(Role.LABORATORY, "of no authority")):
            with pytest.raises(Forbidden):
                save_profile(session, "zoll", ZOLL, by=nobody, now=LATER)


@pytest.mark.parametrize("name", ["", "Zoll", "../nflis", "a b", "x" * 41, "zoll\n", "zöll"])
def test_a_name_that_will_not_do_is_told_what_will(database: Database, name: str) -> None:
    with pytest.raises(Refused, match="up to 40"):
        save(database, laboratory(database, "DE"), name=name)

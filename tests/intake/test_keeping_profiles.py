"""An authority's profiles are its own; nothing of them is overwritten, and who did it is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import SYSTEM, Actor, Role
from app.db import Database
from app.errors import Forbidden, NotFound, Refused
from app.intake.files import keep_file, take_up_waiting
from app.intake.models import Report, Submission
from app.intake.profiles.keeping import (
    find_profile,
    own_profiles,
    profiles_for,
    remove_profile,
    save_profile,
    versions_of,
)
from app.intake.words import EventKind, SubmissionState
from tests.intake.test_profiles import HEAD, LINE, ZOLL
from tests.reporting import NOW, laboratory

LATER = NOW + timedelta(hours=1)
SAMPLE = b"YYYY,SubstanceDetected,Freq\n2023,Protonitazene,41\n"
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


def test_a_file_that_waits_is_read_as_its_profile_was_when_it_was_sent(database: Database) -> None:
    lab = laboratory(database, "DE")
    save(database, lab)
    content = [f"{HEAD}\n{LINE}\n".encode()]
    kept, _ = keep_file(database, content, "zoll.csv", by=lab, now=NOW, profile="zoll")
    save(
        database, lab, ZOLL.replace('"Beschlagnahme" = "seizure"', '"Fund" = "seizure"'), now=LATER
    )
    assert take_up_waiting(database, clock=lambda: LATER) == 1
    with database.reading() as session:
        assert session.scalars(select(Report.event_kind)).all() == [EventKind.SEIZURE]
        assert session.get_one(Submission, kept.id).state is SubmissionState.PROCESSED


def test_a_profile_that_is_gone_refuses_what_waits_and_blocks_nothing(database: Database) -> None:
    lab = laboratory(database, "DE")
    kept, _ = keep_file(database, [SAMPLE], "us.csv", by=lab, now=NOW, profile="nflis")
    with database.transaction() as session:
        session.get_one(Submission, kept.id).reading = "csv nflis 00000000"
    assert take_up_waiting(database, clock=lambda: LATER) == 0
    with database.reading() as session:
        held = session.get_one(Submission, kept.id)
        assert held.state is SubmissionState.REFUSED
        assert "no longer as it was" in (held.problem or "")

"""Which of its names a substance goes by, by the rules and by a curator's choice."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake.merging import undo
from app.intake.naming import by_the_rules, choose_name, settle_name
from app.registry.knowledge import LOADED, load_knowledge
from app.registry.models import ActKind, RegistryAct, Substance
from app.registry.preferred import Basis, Candidate, preferred
from tests.intake.care import ANALYST, at, days, fill, found
from tests.intake.taking import take_reports
from tests.naming import add_name
from tests.reporting import NOW, laboratory, report

NEW = "CCCSc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1F"


def test_the_stronger_basis_wins_then_the_more_used_then_the_present_name():
    inn, often, seldom = (
        Candidate("Zopiclone", Basis.INN), Candidate("Z", Basis.REPORTED, 9),
        Candidate("A", Basis.REPORTED, 1),
    )  # fmt: skip
    assert preferred([often, seldom, inn]) is inn
    assert preferred([seldom, often]) is often
    equals = [Candidate("B", Basis.REPORTED, 1), Candidate("C", Basis.REPORTED, 1)]
    assert preferred(equals).name == "B" and preferred(equals, "C").name == "C"


@pytest.mark.parametrize("handling", ["clear", "amber"])
def test_what_clear_reports_call_it_most_counts_and_restricted_words_do_not(database, handling):
    german = laboratory(database, "DE")
    calls = ["Firstname", "Secondname", "secondname", "437-38-7", "437-38-7", "437-38-7"]
    sent = [
        report(reference=f"R-{n}", handling=handling, findings=[found(NEW, name)])
        for n, name in enumerate(calls)
    ]
    take_reports(database, sent, by=german)
    with database.reading() as session:
        one = session.scalars(select(Substance)).one()
        ruled = by_the_rules(session, one, NOW)
    if handling == "clear":
        assert (ruled.name, ruled.basis, ruled.weight) == ("Secondname", Basis.REPORTED, 2)
    else:
        assert ruled.basis in (Basis.SYSTEMATIC, Basis.UNNAMED)


def test_a_name_that_means_something_else_names_nothing_here(database: Database):
    fill(database)
    with database.transaction() as session:
        keto = at(session, "Ketodione")
        add_name(session, at(session, "Othernitazene").id, "Ketodione", source="files", now=NOW)
        assert by_the_rules(session, keto, NOW).name != "Ketodione"


def test_a_curator_chooses_a_held_name_with_a_reason_and_can_take_it_back(database: Database):
    fill(database)
    with database.transaction() as session:
        keto = at(session, "Ketodione")
        add_name(session, keto.id, "KD-1", source="curator x", now=NOW)
        with pytest.raises(Forbidden):
            choose_name(session, keto, "KD-1", by=Actor(Role.LABORATORY, "x"), reason="y", now=NOW)
        with pytest.raises(Refused, match="say why"):
            choose_name(session, keto, "KD-1", by=ANALYST, reason=" ", now=NOW)
        with pytest.raises(NotFound, match="not held as a name"):
            choose_name(session, keto, "Enoldione", by=ANALYST, reason="y", now=NOW)
        act = choose_name(session, keto, "kd 1", by=ANALYST, reason="short", now=NOW)
        assert (keto.name, keto.name_chosen) == ("KD-1", True)
        with pytest.raises(Conflict, match="already"):
            choose_name(session, keto, "KD-1", by=ANALYST, reason="y", now=NOW)
        assert settle_name(session, keto, now=NOW) is None
        undo(session, act, by=ANALYST, reason="no", now=days(1))
        assert (keto.name, keto.name_chosen) == ("Ketodione", False)


def test_a_reload_of_the_knowledge_base_keeps_what_a_curator_chose(known: Database):
    with known.transaction() as session:
        one, other = at(session, "Isotonitazene"), at(session, "Metonitazene")
        choose_name(session, one, "Isonitazene", by=ANALYST, reason="usual here", now=NOW)
        other.name = "something else"
        session.execute(
            update(AuditEvent).where(AuditEvent.action == LOADED).values(subject="another version")
        )
        assert load_knowledge(session, now=days(1))
        session.expire_all()
        assert (one.name, one.name_chosen) == ("Isonitazene", True)
        assert other.name == "Metonitazene"
        choose_name(session, one, "", by=ANALYST, reason="as all say", now=days(2))
        assert (one.name, one.name_chosen) == ("Isotonitazene", False)


def test_what_the_files_come_to_say_otherwise_is_noted(known: Database):
    with known.transaction() as session:
        one = at(session, "Isotonitazene")
        one.family, one.effect = "opioid_x", "sedative"
        session.execute(
            update(AuditEvent).where(AuditEvent.action == LOADED).values(subject="another version")
        )
        load_knowledge(session, now=days(1))
        (act,) = session.scalars(
            select(RegistryAct).where(RegistryAct.kind == ActKind.CLASSIFY)
        ).all()
    assert act.substance_id == one.id
    assert act.detail["before"]["family"] == "opioid_x"
    assert act.detail["after"]["family"] == "nitazene"

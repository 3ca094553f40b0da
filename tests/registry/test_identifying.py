"""Giving substances the numbers of others, finding them by those, and what a reload keeps."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.registry.identifying import forget_identifier, identify_as
from app.registry.knowledge import LOADED, load_knowledge
from app.registry.models import ExternalIdentifier, Scheme, Substance
from app.registry.queries import substances
from chem.known import everything
from tests.reporting import NOW

ANALYST = Actor(Role.ANALYST, "analyst@tocsin.test")


def named(session, name):
    return session.scalars(select(Substance).where(Substance.name == name)).one()


def identify(session, name, scheme, value, **more):
    more = {"source": "PubChem", "by": ANALYST, "now": NOW} | more
    return identify_as(session, named(session, name), scheme, value, **more)


def test_every_shipped_cas_number_is_an_identifier_of_its_substance(known: Database):
    with known.reading() as session:
        query = select(ExternalIdentifier.value, Substance.cas).join(
            Substance, Substance.id == ExternalIdentifier.substance_id
        )
        rows = session.execute(query).all()
    assert {value for value, _ in rows} == {row.cas for row in everything() if row.cas}
    assert all(value == cas for value, cas in rows)


@pytest.mark.parametrize(
    ("scheme", "typed", "asked"),
    [
        (Scheme.UNII, "uf599785jz", "UF599785JZ"),
        (Scheme.PUBCHEM_CID, "3345", "CID 3345"),
        (Scheme.CHEBI, "119915", "chebi:119915"),
        (Scheme.CAS, "1443-54-5", " 1443–54–5"),
    ],
)
def test_a_substance_is_found_by_the_numbers_of_others(known, scheme, typed, asked):
    with known.transaction() as session:
        identify(session, "Fentanyl", scheme, typed, of_form="hydrochloride")
        found = substances(session, ANYBODY, text=asked).items
        assert [one.name for one in found] == ["Fentanyl"]


def test_a_number_that_another_bears_is_a_question_unless_both_are_said_to(known: Database):
    with known.transaction() as session:
        cas = named(session, "Fentanyl").cas
        with pytest.raises(Conflict, match=r"TS-\d+ \(Fentanyl\) bears .* merge the two"):
            identify(session, "Isotonitazene", Scheme.CAS, cas)
        identify(session, "Isotonitazene", Scheme.CAS, cas, shared=True)
        with pytest.raises(Conflict, match="already"):
            identify(session, "Isotonitazene", Scheme.CAS, cas, shared=True)


def test_identifiers_are_kept_by_the_secretariat_with_a_source(known: Database):
    with known.transaction() as session:
        with pytest.raises(Forbidden):
            identify(session, "Fentanyl", Scheme.CHEBI, "1", by=Actor(Role.LABORATORY, "x"))
        with pytest.raises(Refused, match="source"):
            identify(session, "Fentanyl", Scheme.CHEBI, "1", source=" ")
        with pytest.raises(Refused, match="check digit"):
            identify(session, "Fentanyl", Scheme.CAS, "437-38-8")
        held = identify(session, "Fentanyl", Scheme.CHEBI, "119915")
        session.flush()
        with pytest.raises(NotFound):
            other = named(session, "Isotonitazene")
            forget_identifier(session, other, held.id, reason="x", by=ANALYST, now=NOW)
        one = named(session, "Fentanyl")
        gone = forget_identifier(session, one, held.id, reason="wrong", by=ANALYST, now=NOW)
        assert gone == "CHEBI:119915"
        done = select(AuditEvent.action).where(AuditEvent.action.like("substance.%identify"))
        assert set(session.scalars(done)) == {"substance.identify", "substance.unidentify"}


def test_a_reload_keeps_what_curators_added_and_doubles_nothing(known: Database):
    with known.transaction() as session:
        identify(session, "Fentanyl", Scheme.CHEBI, "119915")
        count = select(func.count()).select_from(ExternalIdentifier)
        before = session.scalar(count)
        session.execute(
            update(AuditEvent).where(AuditEvent.action == LOADED).values(subject="another version")
        )
        load_knowledge(session, now=NOW)
        assert session.scalar(count) == before

"""What may be one substance is proposed, and what a curator says is two is not proposed again."""

from __future__ import annotations

import pytest

from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Forbidden, Refused
from app.intake.merging import merge
from app.registry.identifying import identify_as
from app.registry.models import Scheme, Substance
from app.registry.proposals import fill_tautomer_keys, keep_apart, proposals, uncompared
from tests.intake.care import ANALYST, at, days, fill


def names(session, who=ANALYST):
    return [(p.reason, {one.name for one in p.substances}) for p in proposals(session, who)]


def test_tautomers_are_proposed_once_they_are_compared(database: Database):
    fill(database)
    with database.transaction() as session:
        assert names(session) == [] and uncompared(session) == 4
        assert fill_tautomer_keys(session, limit=3) == 3
        assert fill_tautomer_keys(session, limit=3) == 1
        assert fill_tautomer_keys(session) == uncompared(session) == 0
        assert names(session) == [("tautomers", {"Ketodione", "Enoldione"})]
        merge(
            session, at(session, "Enoldione"), at(session, "Ketodione"), by=ANALYST, reason="one",
            now=days(1),
        )  # fmt: skip
        assert names(session) == []


def test_two_with_one_cas_number_are_proposed(database: Database):
    fill(database)
    with database.transaction() as session:
        for name in ("Ketodione", "Othernitazene"):
            identify_as(
                session, at(session, name), Scheme.CAS, "50-00-0", source="a source", shared=True,
                by=ANALYST, now=days(1),
            )  # fmt: skip
        assert names(session) == [("cas", {"Ketodione", "Othernitazene"})]


def test_variants_that_are_counted_apart_are_not_proposed(known: Database):
    with known.transaction() as session:
        while fill_tautomer_keys(session):
            pass
        for proposal in proposals(session, ANALYST):
            assert len({one.connectivity for one in proposal.substances}) > 1


def test_what_a_curator_says_is_two_is_not_proposed_again(database: Database):
    fill(database)
    with database.transaction() as session:
        fill_tautomer_keys(session)
        (proposal,) = proposals(session, ANALYST)
        pair = proposal.substances
        with pytest.raises(Forbidden):
            keep_apart(session, pair, by=Actor(Role.LABORATORY, "x"), reason="x", now=days(1))
        with pytest.raises(Refused):
            keep_apart(session, pair, by=ANALYST, reason="", now=days(1))
        with pytest.raises(Refused, match="2 to"):
            keep_apart(session, pair[:1], by=ANALYST, reason="x", now=days(1))
        keep_apart(session, pair, by=ANALYST, reason="both were isolated", now=days(1))
        assert names(session) == []


def test_a_structure_that_would_not_be_read_today_is_left_out(database: Database):
    fill(database)
    with database.transaction() as session:
        session.query(Substance).update({"smiles": "CC(("})
        assert fill_tautomer_keys(session) == 4
        assert uncompared(session) == 0 and names(session) == []

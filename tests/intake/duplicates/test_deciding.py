"""What a curator decides, who may, and what the figures make of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake import figures
from app.intake.duplicates import queries
from app.intake.duplicates.models import DuplicateMember, DuplicatePair, PairStatus
from app.intake.duplicates.service import Decision, decide
from app.intake.models import Finding
from app.registry.models import Substance
from tests.intake.duplicates.making import ANALYST, run, seizure, take
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

TODAY = NOW.date()
LATER = NOW + timedelta(days=2)
PEER = Actor(Role.FOCAL_POINT, "focal@se.example", 99)
CATHINONE = "CCCCC(NC(C)C)C(=O)c1ccc(Cl)cc1C"


@pytest.fixture
def de(database: Database) -> Actor:
    return laboratory(database, "DE")


@pytest.fixture
def fr(database: Database) -> Actor:
    return laboratory(database, "FR")


def say(
    database: Database,
    decision: Decision,
    code: str = "DP-0001",
    *,
    by: Actor = ANALYST,
    now: datetime = NOW,
    reason: str = "two parcels",
) -> PairStatus:
    with database.transaction() as session:
        return decide(session, code, decision, by=by, now=now, reason=reason).status


def queue(database: Database, by: Actor = ANALYST, **asked) -> list[str]:
    with database.reading() as session:
        return [pair.code for pair in queries.pairs(session, by, TODAY, **asked).items]


def events(database: Database, by: Actor = ANALYST, smiles: str = PROTONITAZENE) -> dict[str, int]:
    """Events by country, as this reader's figures have them."""
    with database.reading() as session:
        number = session.scalars(
            select(Finding.substance_id).where(Finding.structure == smiles).limit(1)
        ).one()
        return {r.country: r.events for r in figures.where_seen(session, by, TODAY, number)}


def proposed(database: Database, de: Actor, fr: Actor, **changed) -> None:
    """One parcel, reported where it was sent from and where it was stopped."""
    take(database, de, seizure("A", sold_as="tea", destination="FR", **changed))
    take(database, fr, seizure("B", "FR"))
    assert run(database).proposed == 1


def test_one_event_is_counted_once_with_the_fuller_reports_country(database, de, fr) -> None:
    proposed(database, de, fr)
    assert events(database) == {"DE": 1, "FR": 1}
    assert say(database, Decision.SAME) is PairStatus.CONFIRMED
    assert [events(database, by) for by in (ANALYST, PEER, ANYBODY, de, fr)] == [{"DE": 1}] * 5
    assert queue(database) == []


def test_all_figures_of_a_substance_agree_on_it(database, de, fr) -> None:
    proposed(database, de, fr)
    say(database, Decision.SAME)
    with database.reading() as session:
        number = session.scalars(select(Substance.id)).one()
        (month,) = figures.months(session, PEER, TODAY, number)
        one = figures.occurrences(session, PEER, TODAY)[number]
        (form,) = figures.forms(session, PEER, TODAY, number)
        countries = figures.countries_reporting(session, PEER, TODAY)
    assert (month.events, one.events, one.countries, form.reports) == (1, 1, 1, 1)
    assert countries == {"DE": 1}


def test_undoing_counts_both_again_and_rejecting_says_why(database, de, fr) -> None:
    proposed(database, de, fr)
    say(database, Decision.SAME)
    assert say(database, Decision.UNDO) is PairStatus.PROPOSED
    assert (events(database), queue(database)) == ({"DE": 1, "FR": 1}, ["DP-0001"])
    with pytest.raises(Refused, match="say why"):
        say(database, Decision.DIFFERENT, reason=" ")
    assert say(database, Decision.DIFFERENT) is PairStatus.REJECTED
    assert queue(database, status=PairStatus.REJECTED) == ["DP-0001"]


def test_what_was_told_apart_comes_back_only_when_what_was_compared_changes(
    database, de, fr
) -> None:
    proposed(database, de, fr)
    say(database, Decision.DIFFERENT)
    run(database, afresh=True)
    take(database, fr, seizure("B", "FR", version=2, sold_as="coffee"), now=LATER)
    run(database, LATER)
    assert queue(database) == []
    take(database, fr, seizure("B", "FR", version=3, event_date="2026-11-03"), now=LATER)
    run(database, LATER)
    assert queue(database) == ["DP-0001"]


def test_what_was_confirmed_survives_a_correction_and_ends_with_a_withdrawal(
    database, de, fr
) -> None:
    proposed(database, de, fr)
    say(database, Decision.SAME)
    take(database, fr, seizure("B", "FR", version=2, quantity=1.7), now=LATER)
    assert events(database) == {"DE": 1}  # before anything is compared again
    run(database, LATER)
    assert events(database) == {"DE": 1}
    gone = seizure("A", version=2, type="withdrawal", destination="FR")
    take(database, de, gone, now=LATER)
    assert events(database) == {"FR": 1}
    run(database, LATER)
    assert (events(database), queue(database)) == ({"FR": 1}, [])


def test_an_automatic_link_undone_is_not_made_again(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17"))
    run(database)
    assert events(database) == {"DE": 1}
    say(database, Decision.UNDO)
    run(database, afresh=True)
    assert (events(database), queue(database)) == ({"DE": 2}, ["DP-0001"])


def test_a_chain_waits_until_its_ends_are_said_to_be_one_too(database, de, fr) -> None:
    se = laboratory(database, "SE")
    take(database, de, seizure("A", destination="FR"))
    take(database, fr, seizure("B", "FR", destination="SE", event_date="2026-11-03"))
    take(database, se, seizure("C", "SE", event_date="2026-11-19", quantity=None))
    run(database)
    take(database, se, seizure("C", "SE", version=2, event_date="2026-11-04"), now=LATER)
    run(database, LATER)
    before = queue(database)
    for code in before:
        say(database, Decision.SAME, code)
    asked = queue(database)
    assert len(before) == 2 and len(asked) == 1
    assert sum(events(database).values()) == 2
    say(database, Decision.SAME, asked[0])
    assert sum(events(database).values()) == 1
    say(database, Decision.UNDO, asked[0])
    assert sum(events(database).values()) == 2


def test_a_reader_learns_nothing_of_a_member_that_is_not_theirs(database, de, fr) -> None:
    """The counted one is the most open, so the figures of no reader lose the event."""
    proposed(database, de, fr, handling="amber")
    say(database, Decision.SAME)
    assert [events(database, by) for by in (ANALYST, PEER, ANYBODY)] == [{"FR": 1}] * 3
    with database.reading() as session:
        theirs = queries.pair_by_code(session, ANALYST, TODAY, "DP-0001").second
        assert queries.counted_with(session, PEER, TODAY, theirs) is None
        found = queries.counted_with(session, ANALYST, TODAY, theirs)
        assert found is not None and [r.country for r in found.reports] == ["FR", "DE"]
        with pytest.raises(NotFound):
            queries.pair_by_code(session, PEER, TODAY, "DP-0001")


def test_red_reports_of_others_are_not_put_before_a_curator(database, de, fr) -> None:
    take(database, de, seizure("A", handling="red", destination="FR"))
    take(database, fr, seizure("B", "FR"))
    run(database)
    assert queue(database) == []
    with pytest.raises(NotFound):
        say(database, Decision.SAME)
    with database.reading() as session:
        number = session.scalars(select(Substance.id)).one()
        assert queries.waiting(session, ANALYST, TODAY) == 0
        assert queries.undecided(session, ANALYST, TODAY, number) == 1
        assert queries.undecided(session, PEER, TODAY, number) == 0


def test_a_report_closed_by_its_newest_version_is_not_shown_in_the_old(database, de, fr) -> None:
    proposed(database, de, fr)
    closed = seizure("A", version=2, handling="red", sold_as="tea", destination="FR")
    take(database, de, closed, now=LATER)
    assert queue(database) == []
    with pytest.raises(NotFound):
        say(database, Decision.SAME)


def test_what_only_one_of_the_two_found_is_still_counted(database, de, fr) -> None:
    both = [{"structure": PROTONITAZENE}, {"structure": CATHINONE}]
    take(database, de, seizure("A", sold_as="tea", origin="PL", destination="FR"))
    take(database, fr, seizure("B", "FR", findings=both))
    run(database)
    say(database, Decision.SAME)
    assert events(database) == {"DE": 1}
    assert events(database, smiles=CATHINONE) == {"FR": 1}


def test_only_the_secretariat_decides(database, de, fr) -> None:
    proposed(database, de, fr)
    with pytest.raises(Forbidden):
        say(database, Decision.SAME, by=de)


def test_deciding_the_same_twice_or_undoing_nothing_is_a_conflict(database, de, fr) -> None:
    proposed(database, de, fr)
    with pytest.raises(Conflict, match="nothing to undo"):
        say(database, Decision.UNDO)
    say(database, Decision.SAME)
    with pytest.raises(Conflict, match="decided so by analyst"):
        say(database, Decision.SAME)
    take(database, fr, seizure("B", "FR", version=2), now=LATER)
    with pytest.raises(Conflict, match="corrected since"):
        say(database, Decision.DIFFERENT)


def test_every_decision_and_every_group_is_on_the_audit_trail(database, de, fr) -> None:
    proposed(database, de, fr)
    say(database, Decision.SAME)
    say(database, Decision.UNDO)
    with database.reading() as session:
        lines = session.execute(
            select(AuditEvent.action, AuditEvent.actor, AuditEvent.subject)
            .where(AuditEvent.action.like("duplicates.%"))
            .order_by(AuditEvent.id)
        ).all()
    assert [tuple(line) for line in lines] == [
        ("duplicates.join", "analyst@who.example", "DG-0001"),
        ("duplicates.same", "analyst@who.example", "DP-0001"),
        ("duplicates.part", "analyst@who.example", "DG-0001"),
        ("duplicates.undo", "analyst@who.example", "DP-0001"),
    ]


def test_the_queue_is_by_weight_in_pages_and_by_authority_and_substance(database, de, fr) -> None:
    take(database, de, *(seizure(f"A{n}", destination="FR", quantity=20.0 + n) for n in range(4)))
    take(database, fr, seizure("B", "FR", quantity=22.2))
    run(database)
    everything = queue(database)
    with database.reading() as session:
        first = queries.pairs(session, ANALYST, TODAY, limit=2)
        rest = queries.pairs(session, ANALYST, TODAY, after=first.next)
        weights = [pair.weight for pair in (*first.items, *rest.items)]
        number = session.scalars(select(Substance.id)).one()
        assert [p.code for p in (*first.items, *rest.items)] == everything
        assert weights == sorted(weights, reverse=True)
        crossing = queries.pairs(session, ANALYST, TODAY, authority="LAB-FR").items
        assert {pair.second.authority.code for pair in crossing} == {"LAB-FR"}
        assert len(queries.pairs(session, ANALYST, TODAY, substance_id=number).items) == len(
            everything
        )
        assert queries.pairs(session, ANALYST, TODAY, substance_id=number + 1).items == []


def test_members_have_a_time_and_nothing_is_overwritten(database, de, fr) -> None:
    proposed(database, de, fr)
    say(database, Decision.SAME)
    say(database, Decision.UNDO, now=LATER)
    say(database, Decision.SAME, now=LATER + timedelta(days=1))
    with database.reading() as session:
        times = session.execute(
            select(DuplicateMember.reference, DuplicateMember.since, DuplicateMember.until)
            .where(DuplicateMember.reference == "A")
            .order_by(DuplicateMember.id)
        ).all()
        assert len(session.scalars(select(DuplicatePair)).all()) == 1
    assert [(since, until) for _, since, until in times] == [
        (NOW, LATER),
        (LATER + timedelta(days=1), None),
    ]


def test_a_report_of_a_year_is_not_compared_and_so_never_passed_over(database, de) -> None:
    take(database, de, report(reference="2026/17", event_date="2026"))
    take(database, de, report(reference="2026-17", event_date="2026"))
    run(database)
    assert events(database) == {"DE": 2}

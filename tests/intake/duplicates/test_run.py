"""Looking for duplicates: who meets whom, what is linked, proposed and remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.roles import Actor
from app.db import Database
from app.intake.duplicates import candidates
from app.intake.duplicates.models import (
    DuplicateMember,
    DuplicatePair,
    DuplicateRun,
    PairStatus,
)
from app.intake.models import Report
from app.registry.models import Substance
from tests.intake.duplicates.making import ANALYST, run, seizure, take
from tests.naming import resolve_name
from tests.reporting import NOW, laboratory, report

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def de(database: Database) -> Actor:
    return laboratory(database, "DE")


@pytest.fixture
def fr(database: Database) -> Actor:
    return laboratory(database, "FR")


def statuses(database: Database) -> list[PairStatus]:
    with database.reading() as session:
        found = session.scalars(select(DuplicatePair).order_by(DuplicatePair.id))
        return [pair.status for pair in found]


def members(database: Database) -> list[tuple[str, int]]:
    """Who stands in a group, and in which place."""
    with database.reading() as session:
        found = session.scalars(
            select(DuplicateMember)
            .where(DuplicateMember.until.is_(None))
            .order_by(DuplicateMember.group_id, DuplicateMember.place)
        )
        return [(member.reference, member.place) for member in found]


def test_one_reporters_twins_are_linked_and_the_fuller_one_leads(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17", sold_as="pink powder"))
    assert (run(database).linked, statuses(database)) == (1, [PairStatus.AUTO])
    assert members(database) == [("2026-17", 0), ("2026/17", 1)]


def test_across_authorities_nothing_is_linked_only_proposed(database, de, fr) -> None:
    take(database, de, seizure("A", transit="FR"))
    take(database, fr, seizure("B", "FR", subdivision=None))
    found = run(database)
    assert (found.linked, found.proposed, members(database)) == (0, 1, [])


@pytest.mark.parametrize("side", ["origin", "transit", "destination"])
def test_two_countries_meet_where_one_names_the_other(database, de, fr, side) -> None:
    take(database, de, seizure("A", **{side: "FR"}), seizure("C", event_date="2026-11-03"))
    take(database, fr, seizure("B", "FR"))
    run(database)
    with database.reading() as session:
        crossing = [
            pair.cases for pair in session.scalars(select(DuplicatePair))
            if pair.first_authority_id != pair.second_authority_id
        ]  # fmt: skip
    assert [{case.reference for case in cases} for cases in crossing] == [{"A", "B"}]


def test_two_countries_meet_on_a_distinctive_number(database, de, fr) -> None:
    take(database, de, report(reference="BKA 2026-44317"))
    take(database, fr, report("FR", reference="bka/2026/44317"))
    assert run(database).proposed == 1


@pytest.mark.parametrize(
    "differs",
    [
        {"findings": [{"structure": "CCCCC(NC(C)C)C(=O)c1ccc(Cl)cc1C"}]},
        {"event_date": "2026-10-02"},
        {"event_date": "2026"},
        {"type": "aggregate"},
    ],
)
def test_another_substance_time_or_kind_of_report_is_never_compared(database, de, differs) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17", **differs))
    assert run(database).compared == 0


def test_an_unresolved_name_is_something_to_share(database, de) -> None:
    named = [{"substance_name": "Isomer 7"}]
    take(database, de, seizure("2026/17", findings=named), seizure("2026-17", findings=named))
    assert run(database).linked == 1


def test_simulated_reports_meet_no_real_ones(database, de) -> None:
    take(database, de, seizure("2026/17"))
    take(database, de, seizure("2026-17"))
    with database.transaction() as session:
        session.get_one(Report, 1).simulated = True
    assert run(database).compared == 0


def test_only_what_is_new_is_compared(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("x", quantity=61.3))
    assert (run(database).reports, run(database).reports) == (2, 0)
    take(database, de, seizure("2026-17"))
    found = run(database)
    assert (found.reports, found.compared, found.linked) == (1, 2, 1)
    assert run(database, afresh=True).reports == 3
    assert len(statuses(database)) == len(set_of_cases(database))


def set_of_cases(database: Database) -> set[object]:
    with database.reading() as session:
        return {pair.cases for pair in session.scalars(select(DuplicatePair))}


def test_a_new_table_of_weights_means_all_are_compared_again(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17"))
    run(database)
    with database.transaction() as session:
        session.scalars(select(DuplicateRun)).one().method = "older"
    assert run(database).reports == 2


def test_it_comes_to_the_same_in_one_run_or_in_many(database, de, monkeypatch) -> None:
    sent = [seizure(f"2026/{n}", event_date=f"2026-11-{n % 3 + 1:02d}") for n in range(9)]
    sent += [seizure(f"2026-{n}", event_date=f"2026-11-{n % 3 + 1:02d}") for n in range(9)]
    for one in sent:
        take(database, de, one)
        run(database)
    piecemeal = (set_of_cases(database), sorted(members(database)))
    monkeypatch.setattr("app.intake.duplicates.run.CHUNK", 4)
    run(database, afresh=True)
    assert (set_of_cases(database), sorted(members(database))) == piecemeal
    assert len(members(database)) == 18


def test_an_amended_member_stays_and_one_withdrawn_leaves(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17"))
    run(database)
    take(database, de, seizure("2026/17", version=2, sold_as="pink powder"), now=LATER)
    run(database, LATER)
    assert {name for name, _ in members(database)} == {"2026/17", "2026-17"}
    take(database, de, seizure("2026/17", version=3, type="withdrawal"), now=LATER)
    run(database, LATER)
    assert (members(database), statuses(database)) == ([], [PairStatus.LAPSED])


def test_a_correction_that_takes_the_ground_away_ends_an_automatic_link(database, de) -> None:
    take(database, de, seizure("2026/17"), seizure("2026-17"))
    run(database)
    moved = seizure("2026-17", version=2, event_date="2026-03-01", quantity=4.1)
    take(database, de, moved, now=LATER)
    run(database, LATER)
    assert members(database) == []


def test_a_name_resolved_later_is_compared_then(database, de) -> None:
    take(database, de, seizure("2026/17", findings=[{"substance_name": "Blue thing"}]))
    take(database, de, seizure("2026-17"))
    assert run(database).compared == 0
    with database.transaction() as session:
        substance = session.scalars(select(Substance)).one()
        resolve_name(session, "bluething", substance, by=ANALYST, now=LATER)
    assert run(database, LATER).linked == 1


def test_in_a_hot_month_each_is_compared_with_the_nearest_and_that_is_said(
    database, de, monkeypatch
) -> None:
    monkeypatch.setattr(candidates, "MOST_NEAR", 6)
    monkeypatch.setattr(candidates, "MOST_OF_ONE_AMOUNT", 2)
    many = [
        seizure(f"2026/{n}", event_date=f"2026-11-{n % 20 + 1:02d}", quantity=11.3 + 3 * n)
        for n in range(60)
    ]
    take(database, de, *many, seizure("2026-44", event_date="2026-11-18", quantity=143.3))
    found = run(database)
    assert found.bounded > 40
    assert found.compared < 61 * 12
    assert found.linked == 1  # the twin is found by its quantity, though not on the same day
    assert dict(members(database)).keys() == {"2026/44", "2026-44"}

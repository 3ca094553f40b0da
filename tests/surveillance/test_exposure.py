"""Denominators: which one is taken, and who is left out of it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import Database
from app.surveillance.exposure import Basis, Exposure
from app.surveillance.months import month_of
from app.surveillance.nodes import NodeKind
from app.surveillance.tally import Tally
from tests.surveillance.making import a_report, a_substance, an_activity
from tests.surveillance.reference import exposure, known_events, monthly

SINCE, END = date(2026, 1, 1), date(2026, 4, 30)
MONTHS = [date(2026, month, 1) for month in range(1, 5)]
FAMILY = (NodeKind.FAMILY, "nitazene")


def found(session: Session) -> tuple[Exposure, dict]:
    counts = monthly(session, as_of=END, since=SINCE)
    return exposure(session, counts), counts.places


def test_declared_samples_come_first_and_only_those_who_declare_count(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for month in MONTHS:
            an_activity(session, "DE", month, 100)
            for _ in range(4):
                a_report(session, one, "DE", month)
        a_report(session, one, "FR", MONTHS[1])
        counts = monthly(session, as_of=END, since=SINCE)
        told = exposure(session, counts)
        at = counts.places[FAMILY]
        events = known_events(session, END, counts.since)
    assert Basis(told.basis[at]) is Basis.DECLARED
    assert told.total[at].tolist() == [100] * 4
    tally = Tally.of_events(events, counts.nodes, as_of=END, since=counts.since)
    assert told.events(tally, Handling.RED)[at].tolist() == [4] * 4


def test_samples_are_no_basis_where_most_reports_come_from_others(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        other = a_substance(session, "Mephedrone", family="cathinone", group="cathinones")
        for month in MONTHS:
            an_activity(session, "DE", month, 100)
            a_report(session, one, "DE", month)
            a_report(session, one, "FR", month)
            a_report(session, other, "FR", month)
        told, places = found(session)
    nitazene, cathinone = places[FAMILY], places[NodeKind.FAMILY, "cathinone"]
    assert {Basis(told.basis[at]) for at in (nitazene, cathinone)} == {Basis.REPORTS}
    assert told.total[nitazene].tolist() == [1] * 4  # of three reports a month, two are its own
    assert told.total[cathinone].tolist() == [2] * 4


def test_who_cannot_see_a_class_contributes_nothing_for_it(database: Database) -> None:
    """The class came into the scope in March; what was analysed before says nothing of it."""
    with database.transaction() as session:
        one = a_substance(session)
        for month, scope in zip(MONTHS, [("Cathinones",)] * 2 + [("Nitazenes",)] * 2, strict=True):
            an_activity(session, "DE", month, 100, scope=scope)
            an_activity(session, "FR", month, 10)
        a_report(session, one, "DE", MONTHS[3])
        told, places = found(session)
    assert told.total[places[FAMILY]].tolist() == [10, 10, 110, 110]


def test_scope_counts_on_every_basis(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        other = a_substance(session, "Mephedrone", family="cathinone", group="cathinones")
        an_activity(session, "SE", MONTHS[0], 5, scope=("cathinones",))
        for country, month in (("DE", MONTHS[1]), ("SE", MONTHS[2])):
            a_report(session, other, country, month)
        a_report(session, one, "DE", MONTHS[3])
        told, places = found(session)
    assert told.total[places[FAMILY]].tolist() == [0, 1, 0, 0]
    assert Basis(told.basis[places[FAMILY]]) is Basis.REPORTS


def test_where_nothing_else_was_reported_who_was_active_is_counted(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        a_report(session, one, "DE", date(2025, 11, 3))
        a_report(session, one, "FR", MONTHS[3])
        told, places = found(session)
    assert Basis(told.basis[places[FAMILY]]) is Basis.ACTIVE
    # Germany until three months after its report, France from three months before its own
    assert told.total[places[FAMILY]].tolist() == [2, 2, 1, 1]


def test_without_any_report_exposure_is_constant(database: Database) -> None:
    with database.transaction() as session:
        a_substance(session)
        told, places = found(session)
    assert Basis(told.basis[places[FAMILY]]) is Basis.CONSTANT
    assert told.total[places[FAMILY]].tolist() == [1] * 4


def test_months_not_yet_declared_are_taken_as_the_last_ones(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for month, samples in zip(MONTHS, (80, 120), strict=False):
            an_activity(session, "DE", month, samples)
            a_report(session, one, "DE", month)
        a_report(session, one, "DE", MONTHS[3])
        told, places = found(session)
    assert told.total[places[FAMILY]].tolist() == pytest.approx([80, 120, 100, 100])
    assert told.since == month_of(SINCE)

"""Handling: what each reader sees of each level, in the queries that every door uses.

The expectation is the README's table, written out by hand; the code is not asked what it means.
"""

from __future__ import annotations

from itertools import product

import pytest

from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import NotFound
from app.intake import figures, lists, queries
from app.intake.models import Report
from app.registry.queries import clusters, group_sizes, standing_sizes, substances
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

TODAY = NOW.date()
LEVELS = ("clear", "green", "amber", "red")
EMBARGOES = {"none": None, "over": "2026-11-21", "on": "2026-11-22"}
PEERS = (Role.SUBSCRIBER, Role.LABORATORY, Role.FOCAL_POINT)
SECRETARIAT = (Role.ANALYST, Role.REVIEWER, Role.ADMIN)
EVERYBODY = (Role.PUBLIC, *PEERS, *SECRETARIAT)

ROWS = {
    "clear": {*EVERYBODY},
    "green": {*PEERS, *SECRETARIAT},
    "amber": {*SECRETARIAT},
    "red": set(),
}
FIGURES = {
    "clear": {*EVERYBODY},
    "green": {*PEERS, *SECRETARIAT},
    "amber": {*PEERS, *SECRETARIAT},
    "red": {*SECRETARIAT},
}
CASES = list(product(LEVELS, EMBARGOES))


def listed(session, actor: Actor) -> list[Report]:
    """The reports of the list that every door shows."""
    return [row for row, _ in lists.reports(session, actor, NOW, lists.Wanted())]


def structure(number: int) -> str:
    """A substance for each case: amines of growing length."""
    return f"{'C' * (number + 2)}N"


def expected(table: dict[str, set[Role]], role: Role) -> set[int]:
    """The cases a reader of another authority should meet."""
    return {
        number
        for number, (level, embargo) in enumerate(CASES)
        if role in table["red" if embargo == "on" else level]
    }


@pytest.fixture
def reported(database: Database) -> tuple[Database, Actor, dict[int, int]]:
    """One event and one aggregate in each case, from France; and which substance is which case."""
    france = laboratory(database, "FR")
    for number, (level, embargo) in enumerate(CASES):
        common = {
            "handling": level,
            "embargo_until": EMBARGOES[embargo],
            "findings": [{"structure": structure(number)}],
        }
        event = report("FR", reference=f"event {number}", **common)
        total = report(
            "FR", reference=f"total {number}", type="aggregate", count=7, event_date="2025",
            **common,
        )  # fmt: skip
        assert take_reports(database, [event, total], by=france).fates.total() == 2
    with database.reading() as session:
        held = substances(session, france, limit=100).items
    return database, france, {s.smiles.count("C") - 2: s.id for s in held}


def readers(france: Actor, database: Database) -> list[tuple[Actor, Role | None]]:
    """Every role in another authority and in none; None stands for the one who reported."""
    other = laboratory(database, "DE")
    home = (other.label, other.authority_id, other.authority_code, other.countries)
    return [
        (ANYBODY, Role.PUBLIC),
        *((Actor(role, *home), role) for role in (*PEERS, *SECRETARIAT)),
        *((Actor(role, "no authority"), role) for role in (Role.SUBSCRIBER, Role.ADMIN)),
        (france, None),
    ]


def test_every_reader_sees_exactly_the_rows_and_figures_of_the_table(reported) -> None:
    database, france, ids = reported
    case_of = {substance: number for number, substance in ids.items()}
    assert len(ids) == len(CASES)
    for actor, role in readers(france, database):
        all_of_it = set(range(len(CASES)))
        rows = expected(ROWS, role) if role else all_of_it
        figured = expected(FIGURES, role) if role else all_of_it
        with database.reading() as session:
            found = listed(session, actor)
            assert {int(r.reference.split()[1]) for r in found} == rows, role
            assert len(found) == 2 * len(rows)
            seen = figures.occurrences(session, actor, TODAY)
            assert {case_of[i] for i in seen} == figured, role
            assert {(o.events, o.aggregate) for o in seen.values()} == {(1, 7)}
            by_country = figures.countries_reporting(session, actor, TODAY)
            assert by_country == {"FR": len(figured)}, role
            for number, substance in ids.items():
                shown = number in figured
                where = figures.where_seen(session, actor, TODAY, substance)
                assert [(c.country, c.events, c.aggregate) for c in where] == [("FR", 1, 7)] * shown
                months = figures.months(session, actor, TODAY, substance)
                assert [m.events for m in months] == [1] * shown
                years = figures.years(session, actor, TODAY, substance)
                assert [y.reports for y in years] == [7] * shown
                forms = figures.forms(session, actor, TODAY, substance)
                assert [f.reports for f in forms] == [2] * shown


def test_a_substance_is_as_hidden_as_the_reports_that_name_it(reported) -> None:
    database, france, ids = reported
    case_of = {substance: number for number, substance in ids.items()}
    for actor, role in readers(france, database):
        wanted = expected(FIGURES, role) if role else set(range(len(CASES)))
        with database.reading() as session:
            found = substances(session, actor, limit=100).items
            assert {case_of[s.id] for s in found} == wanted, role
            in_clusters = clusters(session, actor, limit=100).items
            assert sum(count for _, count in in_clusters) == len(wanted)
            assert sum(standing_sizes(session, actor).values()) == len(wanted)
            assert sum(group_sizes(session, actor).values()) <= len(wanted)


def test_one_report_by_its_number_is_seen_or_does_not_exist(reported) -> None:
    database, france, _ = reported
    with database.reading() as session:
        codes = {r.code: r for r in listed(session, france)}
        for actor, role in readers(france, database):
            rows = expected(ROWS, role) if role else set(range(len(CASES)))
            for code, held in codes.items():
                if int(held.reference.split()[1]) in rows:
                    assert queries.report_by_code(session, actor, TODAY, code).id == held.id
                else:
                    with pytest.raises(NotFound):
                        queries.report_by_code(session, actor, TODAY, code)


def test_a_report_closed_by_a_later_version_is_closed_in_all_its_versions(
    database: Database,
) -> None:
    france, germany = laboratory(database, "FR"), laboratory(database, "DE")
    take_reports(database, [report("FR", handling="clear")], by=france)
    with database.reading() as session:
        open_one = listed(session, ANYBODY)[0]
    take_reports(database, [report("FR", handling="red", version=2)], by=france)
    with database.reading() as session:
        for outsider in (ANYBODY, germany):
            with pytest.raises(NotFound):
                queries.report_by_code(session, outsider, TODAY, open_one.code)
            assert queries.versions(session, outsider, TODAY, open_one) == []
        own = queries.versions(session, france, TODAY, open_one)
        assert [r.version for r in own] == [1, 2]


def test_a_report_opened_by_a_later_version_does_not_open_its_closed_versions(
    database: Database,
) -> None:
    france = laboratory(database, "FR")
    take_reports(database, [report("FR", handling="red", sold_as="a hint")], by=france)
    take_reports(database, [report("FR", handling="clear", version=2)], by=france)
    with database.reading() as session:
        standing = listed(session, ANYBODY)[0]
        seen = queries.versions(session, ANYBODY, TODAY, standing)
    assert [r.version for r in seen] == [2]


def test_a_submission_is_its_authoritys_own_and_an_admins(database: Database) -> None:
    france, germany = laboratory(database, "FR"), laboratory(database, "DE")
    sent = take_reports(database, [report("FR")], by=france).submission
    with database.reading() as session:
        for reader in (france, Actor(Role.ADMIN, "admin")):
            assert queries.submission_by_code(session, reader, sent.code).id == sent.id
            assert [s.id for s in queries.submissions(session, reader).items] == [sent.id]
        for reader in (germany, ANYBODY, Actor(Role.ANALYST, "analyst")):
            with pytest.raises(NotFound):
                queries.submission_by_code(session, reader, sent.code)
            assert queries.submissions(session, reader).items == []

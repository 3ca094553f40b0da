"""What the database says was known on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import Database
from app.intake.words import EventKind, FindingRole, Grade, ReportType
from app.registry.models import Standing
from app.surveillance import sightings, spans
from app.surveillance.sightings import Cell
from tests.surveillance.making import (
    AMBER,
    AS_OF,
    CLEAR,
    RED,
    a_report,
    a_substance,
    an_activity,
    days_ago,
    morning,
)


def known(session: Session, as_of: date = AS_OF, ceiling: Handling = RED) -> list[Cell]:
    return sightings.cells(session, as_of=as_of, edges=(), ceiling=ceiling)


def test_alike_reports_are_one_cell_and_a_report_counts_once(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(session, substance, day=days_ago(9), grade=(Grade.C, Grade.A), count=3)
        a_report(session, substance, day=days_ago(3), grade=Grade.C)
        (cell,) = known(session)
    assert (cell.reports, cell.events, cell.confirmed, cell.cases) == (2, 2, 1, 4)
    assert (cell.first, cell.last) == (days_ago(9), days_ago(3))
    assert cell.received_at == morning(days_ago(9))
    assert (cell.kind, cell.causal_role, cell.deaths) == (None, None, 0)
    assert (cell.country, cell.region, cell.handling) == ("DE", "Europe", CLEAR)


def test_cells_are_split_at_the_edges_of_windows(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        for days in (1, 5, 9, 20):
            a_report(session, substance, day=days_ago(days))
        found = sightings.cells(session, as_of=AS_OF, edges=(days_ago(5), days_ago(10)))
    assert sorted((c.first, c.last) for c in found) == [
        (days_ago(20), days_ago(20)),
        (days_ago(9), days_ago(9)),
        (days_ago(5), days_ago(1)),
    ]


def test_events_and_aggregates_never_share_a_cell(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(session, substance)
        a_report(session, substance, type=ReportType.AGGREGATE, count=500)
        found = known(session)
    assert sorted((c.events, c.cases) for c in found) == [(0, 500), (1, 1)]


@pytest.mark.parametrize("role", list(FindingRole))
def test_only_what_the_material_was_counts(database: Database, role: FindingRole) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session), role=role)
        counted = bool(known(session))
    assert counted is (role not in (FindingRole.PRECURSOR, FindingRole.METABOLITE))


@pytest.mark.parametrize("standing", list(Standing))
def test_only_watched_substances_count(database: Database, standing: Standing) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session, standing=standing))
        counted = bool(known(session))
    assert counted is (standing in (Standing.NPS, Standing.UNCLASSIFIED))


def test_each_day_sees_what_was_known_on_it(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(
            session,
            substance,
            day=days_ago(30),
            received_at=morning(days_ago(10)),
            superseded_at=morning(days_ago(4)),
        )
        a_report(
            session,
            substance,
            day=days_ago(31),
            received_at=morning(days_ago(4)),
            resolved_at=morning(days_ago(2)),
        )
        a_report(session, substance, type=ReportType.WITHDRAWAL, day=days_ago(1))
        seen = {days: [c.first for c in known(session, days_ago(days))] for days in (11, 10, 3, 2)}
    assert seen == {11: [], 10: [days_ago(30)], 3: [], 2: [days_ago(31)]}


def test_an_embargo_makes_it_red_until_its_day(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session), day=days_ago(9), embargo_until=days_ago(2))
        levels = [known(session, days_ago(days))[0].handling for days in (3, 2)]
        hidden = known(session, days_ago(3), ceiling=AMBER)
    assert levels == [RED, CLEAR]
    assert hidden == []


def test_aggregate_counts_and_exposure(database: Database) -> None:
    year = {"type": ReportType.AGGREGATE, "kind": EventKind.COLLECTED_SAMPLE}
    with database.transaction() as session:
        substance = a_substance(session)
        for count in (40, 2):
            a_report(
                session,
                substance,
                "US",
                date(2025, 1, 1),
                end=date(2025, 12, 31),
                count=count,
                received_at=morning(days_ago(30)),
                **year,
            )
        an_activity(session, "US", date(2026, 10, 1), 900, scope=("nitazenes",))
        an_activity(session, "DE", date(2026, 10, 1), 50, handling=RED)
        (period,) = spans.periods(session, as_of=AS_OF, since=days_ago(1000))
        late = spans.periods(session, as_of=AS_OF, since=date(2026, 1, 1))
        (exposure,) = sightings.exposures(session, as_of=AS_OF, since=days_ago(365), ceiling=AMBER)
    assert (period.count, period.first, period.until) == (42, date(2025, 1, 1), date(2025, 12, 31))
    assert late == []
    assert (exposure.samples, exposure.scope) == (900, frozenset({"nitazenes"}))


def test_the_data_version_is_the_newest_report_of_the_day(database: Database) -> None:
    with database.transaction() as session:
        assert sightings.data_version(session, AS_OF) == 0
        report = a_report(session, a_substance(session), day=days_ago(1))
        assert sightings.data_version(session, AS_OF - timedelta(days=2)) == 0
        assert sightings.data_version(session, AS_OF) == report.id

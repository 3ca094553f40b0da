"""How many events of each node, month by month."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import Database
from app.intake.models import Finding, Report
from app.intake.words import (
    CausalRole,
    EventKind,
    FindingRole,
    Grade,
    Precision,
    ReportType,
    Resolution,
)
from app.registry.models import Substance
from app.surveillance import sightings
from app.surveillance.months import month_of
from app.surveillance.nodes import NodeKind
from app.surveillance.tally import Tally
from tests.surveillance.making import (
    AMBER,
    AS_OF,
    CLEAR,
    RED,
    a_report,
    a_substance,
    days_ago,
    morning,
)
from tests.surveillance.reference import Monthly, known_events, monthly
from tests.surveillance.test_duplicates import a_group

SINCE = date(2026, 1, 1)
FAMILY = (NodeKind.FAMILY, "nitazene")


def also(report: Report, substance: Substance, grade: Grade = Grade.C) -> None:
    """One more finding in a report."""
    report.findings.append(
        Finding(
            position=len(report.findings),
            substance_id=substance.id,
            resolution=Resolution.STRUCTURE,
            resolved_at=report.received_at,
            role=FindingRole.MAIN,
            techniques=[],
            grade=grade,
        )
    )


def counted(session: Session, as_of: date = AS_OF, ceiling: Handling = RED) -> Monthly:
    return monthly(session, as_of=as_of, since=SINCE, ceiling=ceiling)


def total(found: Monthly, node: tuple[NodeKind, str] | Substance, field: str = "events") -> float:
    key = (NodeKind.SUBSTANCE, node.code) if isinstance(node, Substance) else node
    return float(found.series(field)[found.places[key]].sum())


def test_an_event_with_two_nitazenes_is_one_event_of_the_family(database: Database) -> None:
    with database.transaction() as session:
        one, two = a_substance(session, "One"), a_substance(session, "Two")
        a_report(session, one, day=days_ago(40))
        both = a_report(session, one, day=days_ago(70), kind=EventKind.DEATH, count=2)
        also(both, two, Grade.A)
        session.flush()
        found = counted(session)
        kept = known_events(session, AS_OF, found.since)
    assert [total(found, node) for node in (one, two, FAMILY)] == [2, 1, 2]
    assert [total(found, node, "cases") for node in (one, two, FAMILY)] == [3, 2, 3]
    assert total(found, FAMILY, "confirmed") == 2
    tally = Tally.of_events(kept, found.nodes, as_of=AS_OF, since=found.since)
    assert np.array_equal(tally.series(RED), found.series())
    whole, _ = tally.of(np.array([found.places[FAMILY]]), np.array([0]), RED)
    assert [whole[field].sum() for field in ("events", "cases", "confirmed")] == [2, 3, 2]
    row = found.series()[found.places[FAMILY]]
    assert {int(m) + found.since for m in np.flatnonzero(row)} == {
        month_of(days_ago(40)),
        month_of(days_ago(70)),
    }


def test_an_event_of_which_one_report_knows_the_year_alone_is_in_the_month_of_the_other(
    database: Database,
) -> None:
    with database.transaction() as session:
        one, two = a_substance(session, "One"), a_substance(session, "Two")
        vague = a_report(session, one, "FR", days_ago(60))
        vague.precision, vague.event_date, vague.event_end = (
            Precision.YEAR, date(AS_OF.year, 1, 1), date(AS_OF.year, 12, 31)
        )  # fmt: skip
        exact = a_report(session, two, day=days_ago(40))
        a_group(session, vague, exact, since=days_ago(30))
        found = counted(session)
        kept = known_events(session, AS_OF, found.since)
    tally = Tally.of_events(kept, found.nodes, as_of=AS_OF, since=found.since)
    (month,) = np.flatnonzero(tally.series(RED)[found.places[FAMILY]])
    assert month + found.since == month_of(days_ago(40))
    assert np.array_equal(tally.series(RED), found.series())


def test_two_findings_of_one_substance_are_one_event_with_the_better_grade(
    database: Database,
) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        a_report(session, one, grade=(Grade.C, Grade.A, Grade.C))
        found = counted(session)
    assert (total(found, one), total(found, one, "confirmed")) == (1, 1)


def test_one_event_told_by_two_laboratories_is_one_event_of_every_node(
    database: Database,
) -> None:
    """Each found a nitazene that the other did not; the family saw one event."""
    with database.transaction() as session:
        one, two, three = (a_substance(session, name) for name in ("One", "Two", "Three"))
        fuller = a_report(session, one, "DE", days_ago(20), handling=AMBER)
        also(fuller, two)
        other = a_report(session, one, "FR", days_ago(20), handling=CLEAR)
        also(other, three)
        session.flush()
        a_group(session, fuller, other, since=days_ago(8))
        before, after = counted(session, days_ago(9)), counted(session)
        seen = {level: counted(session, ceiling=level) for level in (CLEAR, AMBER)}
    assert [total(before, node) for node in (one, two, three, FAMILY)] == [2, 1, 1, 2]
    assert [total(after, node) for node in (one, two, three, FAMILY)] == [1, 1, 1, 1]
    assert [total(seen[CLEAR], node) for node in (one, two, three, FAMILY)] == [1, 0, 1, 1]
    assert set(after.of(after.places[FAMILY]).country) == {b"FR"}


def test_deaths_are_weighed_by_the_part_the_substance_had(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for role in (*CausalRole, None):
            a_report(session, one, kind=EventKind.DEATH, causal_role=role)
        a_report(session, one, kind=EventKind.ACUTE_TOXICITY, causal_role=CausalRole.SOLE)
        found = counted(session)
        cells = found.of(found.places[NodeKind.SUBSTANCE, one.code])
    assert cells.deaths.sum() == 2
    assert cells.weighted_deaths.sum() == pytest.approx(1 + 0.5 + 0.1 + 0.25 + 0.25)
    assert cells.events[cells.of_kind(EventKind.DEATH)].sum() == 5


def test_a_year_is_no_month_but_counts_in_the_total(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        a_report(session, one, day=date(2026, 3, 1), end=date(2026, 3, 31))
        vague = a_report(session, one, day=date(2026, 1, 1), end=date(2026, 12, 31))
        vague.precision = Precision.YEAR
        session.flush()
        found = counted(session)
    assert total(found, one) == 1
    assert found.totals()[found.places[NodeKind.SUBSTANCE, one.code]] == 2
    assert found.undated.month[0] == -2026


def test_aggregates_are_no_events(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session), type=ReportType.AGGREGATE, count=500)
        assert len(counted(session).cells) == 0


def test_each_substance_is_counted_as_its_cells_are(database: Database) -> None:
    """Against the cells that other rules read, which come from a statement of their own."""
    with database.transaction() as session:
        one, two = a_substance(session, "One"), a_substance(session, "Two")
        for n, country in enumerate(("DE", "FR", "DE", "SE")):
            report = a_report(
                session,
                (one, two)[n % 2],
                country,
                days_ago(50 - n),
                handling=Handling(n % 3),
                embargo_until=days_ago(1) if n == 3 else None,
                received_at=morning(days_ago(40 - 9 * n)),
            )
            also(report, two, Grade.B)
        session.flush()
        for day in (days_ago(35), days_ago(14), AS_OF):
            found = counted(session, day)
            cells = sightings.cells(session, as_of=day, edges=())
            assert {
                (cell.country, int(cell.handling), cell.substance_id, cell.confirmed)
                for cell in cells
            } == {
                (c.decode(), int(level), found.nodes[node].members[0], int(sure))
                for node, c, level, sure in zip(
                    found.cells.node,
                    found.cells.country,
                    found.cells.level,
                    found.cells.confirmed,
                    strict=True,
                )
                if found.nodes[node].kind is NodeKind.SUBSTANCE
            }

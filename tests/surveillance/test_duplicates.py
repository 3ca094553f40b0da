"""An event that was reported twice is one sighting, from the day it was held to be one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.duplicates.models import DuplicateGroup, DuplicateMember
from app.intake.models import FindingMove, Report
from app.intake.words import EventKind
from app.registry.acts import begin
from app.registry.models import ActKind
from app.surveillance import sightings
from app.surveillance.models import Rule
from app.surveillance.service import assess
from tests.surveillance.making import (
    AMBER,
    ANALYST,
    AS_OF,
    CLEAR,
    NOW,
    RED,
    a_report,
    a_substance,
    days_ago,
    morning,
)


def a_group(session: Session, *reports: Report, since: date, until: date | None = None) -> None:
    """The reports as one event, the first the master."""
    begins, ends = morning(since), morning(until) if until else None
    group = DuplicateGroup(since=begins, until=ends)
    session.add(group)
    session.flush()
    session.add_all(
        DuplicateMember(
            group_id=group.id,
            authority_id=report.authority_id,
            reference=report.reference,
            place=place,
            since=begins,
            until=ends,
        )
        for place, report in enumerate(reports)
    )
    session.flush()


def seen(session: Session, as_of: date = AS_OF, ceiling=RED) -> list[tuple[str, int]]:
    cells = sightings.cells(session, as_of=as_of, edges=(), ceiling=ceiling)
    return sorted((cell.country, cell.events) for cell in cells)


def test_a_day_counts_the_groups_as_they_were_held_on_it(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        one = a_report(session, substance, "DE", days_ago(20))
        other = a_report(session, substance, "FR", days_ago(20))
        a_group(session, one, other, since=days_ago(8), until=days_ago(3))
        found = {days: seen(session, days_ago(days)) for days in (9, 8, 4, 3)}
    both = [("DE", 1), ("FR", 1)]
    assert found == {9: both, 8: [("DE", 1)], 4: [("DE", 1)], 3: both}


def test_a_corrected_member_is_still_the_event_and_a_withdrawn_one_gives_way(
    database: Database,
) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        one = a_report(session, substance, "DE", days_ago(20), superseded_at=morning(days_ago(5)))
        other = a_report(session, substance, "FR", days_ago(20))
        amended = a_report(session, substance, "DE", days_ago(19), received_at=morning(days_ago(5)))
        a_group(session, one, other, since=days_ago(8))
        session.flush()
        amended.reference, amended.version = one.reference, 2
        session.flush()
        assert [seen(session, days_ago(days)) for days in (6, 5)] == [[("DE", 1)]] * 2
        amended.superseded_at = morning(days_ago(2))
        session.flush()
        assert [seen(session, days_ago(days)) for days in (3, 2)] == [[("DE", 1)], [("FR", 1)]]


def test_no_circle_of_readers_loses_the_event(database: Database) -> None:
    """The fuller report is red: the other is counted, for those who may know of both as well."""
    with database.transaction() as session:
        substance = a_substance(session)
        fuller = a_report(session, substance, "DE", days_ago(20), handling=RED)
        other = a_report(session, substance, "FR", days_ago(20), handling=AMBER)
        a_group(session, fuller, other, since=days_ago(8))
        found = {level: seen(session, ceiling=level) for level in (RED, AMBER, CLEAR)}
    assert found == {RED: [("FR", 1)], AMBER: [("FR", 1)], CLEAR: []}


def test_an_embargo_decides_who_is_counted_on_the_day(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        fuller = a_report(session, substance, "DE", days_ago(20), embargo_until=days_ago(4))
        other = a_report(session, substance, "FR", days_ago(20))
        a_group(session, fuller, other, since=days_ago(8))
        found = [seen(session, days_ago(days)) for days in (5, 4)]
    assert found == [[("FR", 1)], [("DE", 1)]]


def test_a_substance_that_only_one_report_found_is_still_seen(database: Database) -> None:
    with database.transaction() as session:
        first, second = a_substance(session, "First"), a_substance(session, "Second")
        one = a_report(session, first, "DE", days_ago(20))
        other = a_report(session, second, "FR", days_ago(20))
        a_group(session, one, other, since=days_ago(8))
        assert seen(session) == [("DE", 1), ("FR", 1)]


def test_deaths_reported_twice_are_one_death(database: Database) -> None:
    from app.intake.words import CausalRole

    with database.transaction() as session:
        substance = a_substance(session)
        told = {"kind": EventKind.DEATH, "causal_role": CausalRole.SOLE}
        twins = [a_report(session, substance, "DE", days_ago(20), **told) for _ in range(2)]
        a_group(session, *twins, since=days_ago(8))
        cells = sightings.cells(session, as_of=AS_OF, edges=(), harms_apart=True)
    assert [(cell.events, cell.deaths) for cell in cells] == [(1, 1)]


@pytest.mark.parametrize("joined", [True, False])
def test_a_parcel_reported_on_both_ends_is_first_in_one_country_only(
    database: Database, joined: bool
) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(session, substance, "PL", days_ago(40))
        assess(session, as_of=days_ago(30), now=NOW)
        one = a_report(session, substance, "DE", days_ago(20))
        other = a_report(session, substance, "FR", days_ago(20))
        if joined:
            a_group(session, one, other, since=days_ago(15))
        told = assess(session, as_of=AS_OF, now=NOW).changes
    firsts = sorted({change.scope for change in told if change.rule is Rule.FIRST_COUNTRY})
    spread = {change.rule for change in told} & {Rule.NEW_SPREAD}
    assert firsts == (["DE"] if joined else ["DE", "FR"])
    assert spread == (set() if joined else {Rule.NEW_SPREAD})


def test_a_first_that_proves_to_be_anothers_event_is_closed(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(session, substance, "PL", days_ago(90))
        one = a_report(session, substance, "DE", days_ago(20))
        other = a_report(session, substance, "FR", days_ago(20))
        assess(session, as_of=days_ago(10), now=NOW)
        a_group(session, one, other, since=days_ago(5))
        told = assess(session, as_of=AS_OF, now=NOW).changes
        before = assess_again(session)
    closed = {(change.scope, change.reason) for change in told if change.scope == "FR"}
    assert closed == {("FR", "closed")}
    assert before == ()


def assess_again(session: Session) -> tuple[object, ...]:
    return assess(session, as_of=AS_OF + timedelta(days=1), now=NOW).changes


def test_a_later_merge_does_not_make_the_event_of_two_substances_one_before_it(
    database: Database,
) -> None:
    """What two laboratories found in one event counts for each, as long as it meant two things."""
    with database.transaction() as session:
        first, second = a_substance(session, "One"), a_substance(session, "Two")
        one = a_report(session, first, "DE", days_ago(20))
        other = a_report(session, second, "FR", days_ago(20))
        a_group(session, one, other, since=days_ago(8))
        assert seen(session, days_ago(6)) == [("DE", 1), ("FR", 1)]
        (finding,) = other.findings
        act = begin(session, ActKind.MERGE, by=ANALYST, reason="why", now=morning(days_ago(3)))
        session.add(
            FindingMove(
                finding_id=finding.id, act_id=act.id, at=act.at,
                from_substance_id=second.id, to_substance_id=first.id,
            )
        )  # fmt: skip
        finding.substance_id = first.id
        session.flush()
        assert seen(session, days_ago(6)) == [("DE", 1), ("FR", 1)]
        assert seen(session, days_ago(2)) == [("DE", 1)]

"""Which reports a signal rests on, and who is told of them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.access.roles import ANYBODY, Actor
from app.db import Database
from app.errors import Refused
from app.intake.words import CausalRole, EventKind, ReportType
from app.registry.models import Substance
from app.surveillance import queries
from app.surveillance.grounds import Grounds, grounds_of
from app.surveillance.models import Rule
from app.surveillance.queries import SeenEpisode
from app.surveillance.service import assess
from tests.surveillance.making import (
    AMBER,
    ANALYST,
    CLEAR,
    GREEN,
    PEER,
    RED,
    a_report,
    a_substance,
    an_authority,
    morning,
)  # fmt: skip
from tests.surveillance.test_curved_rules import background, every_month, reported, unnamed
from tests.surveillance.test_duplicates import a_group

AS_OF = date(2026, 10, 31)
PLACES = ("DE", "FR", "SE", "PL")


def assessed(session: Session) -> None:
    session.flush()
    assess(session, as_of=AS_OF, now=morning(AS_OF))


def episodes(session: Session, rule: Rule, actor: Actor = ANALYST) -> list[SeenEpisode]:
    return queries.episodes(session, actor, rule=rule).items


def grounds(session: Session, seen: SeenEpisode, actor: Actor = ANALYST, **more) -> Grounds:
    found = grounds_of(session, actor, seen, AS_OF, **more)
    assert found is not None
    return found


def a_family(session: Session, handling=(CLEAR,) * 4) -> list[Substance]:
    members = [a_substance(session, f"New {n}") for n in range(4)]
    for place, member in enumerate(members):
        for month in (9, 10):
            day = date(2026, month, 3 + place)
            a_report(session, member, PLACES[place], day, handling=handling[place])
    return members


def every_rule(session: Session) -> Iterator[SeenEpisode]:
    for rule in Rule:
        yield from episodes(session, rule)


def test_what_is_listed_is_what_each_rule_counted(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        a_family(session)
        riser = a_substance(session, "Riser", family="cathinone", group="cathinones")
        reported(session, riser, every_month((2023, 1), 12)[::6])
        reported(session, riser, every_month((2026, 7), 4, each=4))
        a_report(session, riser, "DE", date(2026, 1, 1), end=date(2026, 12, 31))
        back = a_substance(session, "Back", family="piperazine", group="piperazines")
        reported(session, back, every_month((2022, 1), 24))
        reported(session, back, [date(2026, 9, 3), date(2026, 10, 3)])
        deadly = a_substance(session, "Deadly", family="orphine", group="other")
        for day in (1, 4, 9):
            a_report(
                session, deadly, "DE", date(2026, 10, day),
                kind=EventKind.DEATH, causal_role=CausalRole.SOLE,
            )  # fmt: skip
        young = a_substance(session, "Young", family="tryptamine", group="tryptamines")
        reported(session, young, [date(2026, 8, 3), date(2026, 9, 3), date(2026, 10, 3)])
        total = {"type": ReportType.AGGREGATE, "end": date(2024, 12, 31), "count": 9}
        a_report(session, riser, "DE", date(2024, 1, 1), **total)
        assessed(session)
        found = {}
        for seen in every_rule(session):
            of = grounds(session, seen)
            assert of.readable == of.counted == len(of.page.items), seen.view.sentence
            found[seen.episode.rule] = of.counted
    assert found.keys() >= {
        Rule.FIRST_WORLD, Rule.FIRST_COUNTRY, Rule.NEW_SPREAD, Rule.GROWTH, Rule.FAMILY,
        Rule.RE_EMERGENCE, Rule.CLUSTER_OF_HARM,
    }  # fmt: skip
    assert found[Rule.FAMILY] == 8 and found[Rule.GROWTH] == 16


def test_growth_in_totals_rests_on_the_totals_of_its_span(database: Database) -> None:
    with database.transaction() as session:
        one, other = a_substance(session, "Riser"), a_substance(session, "everyday")
        for year, many in ((2023, 2), (2024, 2), (2025, 40)):
            span = {"type": ReportType.AGGREGATE, "end": date(year, 12, 31)}
            a_report(session, one, "US", date(year, 1, 1), count=many, **span)
            a_report(session, other, "US", date(year, 1, 1), count=1000, **span)
        assessed(session)
        (seen,) = episodes(session, Rule.GROWTH)
        of = grounds(session, seen)
        assert (of.counted, of.of_events, of.readable) == (40, False, 1)
        assert of.page.items[0].event_date == date(2025, 1, 1)


def test_growth_in_totals_rests_on_those_of_one_source(database: Database) -> None:
    with database.transaction() as session:
        one, other = a_substance(session, "Riser"), a_substance(session, "everyday")
        police = an_authority(session, "DE")
        for year, many in ((2024, 2), (2025, 40)):
            span = {"type": ReportType.AGGREGATE, "end": date(year, 12, 31)}
            for country, least in (("US", 0), ("DE", 5)):
                theirs = [
                    a_report(session, one, country, date(year, 1, 1), count=many + least, **span),
                    a_report(session, other, country, date(year, 1, 1), count=1000, **span),
                ]
                for report in theirs:
                    report.country = "US"
        assessed(session)
        (seen,) = episodes(session, Rule.GROWTH)
        assert seen.view.evidence["details"]["count"] == 45
        (listed,) = grounds(session, seen).page.items
        assert listed.authority_id == police.id and listed.count == 45


def test_a_cluster_rests_on_its_harms_alone(database: Database) -> None:
    with database.transaction() as session:
        deadly = a_substance(session, "Deadly")
        harm = {"kind": EventKind.DEATH, "causal_role": CausalRole.SOLE}
        counted = [
            a_report(session, deadly, "DE", date(2026, 10, 1), **harm),
            a_report(session, deadly, "DE", date(2026, 10, 9), **harm, count=3),
            a_report(session, deadly, "DE", date(2026, 10, 5), kind=EventKind.ACUTE_TOXICITY),
        ]
        only_present = {"kind": EventKind.DEATH, "causal_role": CausalRole.PRESENT}
        a_report(session, deadly, "DE", date(2026, 10, 4), **only_present)
        a_report(session, deadly, "DE", date(2026, 10, 1), end=date(2026, 10, 31), **harm)
        a_report(session, deadly, "FR", date(2026, 10, 2), **harm)
        a_report(session, deadly, "DE", date(2026, 10, 3))
        assessed(session)
        (seen,) = episodes(session, Rule.CLUSTER_OF_HARM)
        of = grounds(session, seen)
        assert {one.code for one in of.page.items} == {one.code for one in counted}
        assert (of.counted, of.of_events, of.readable) == (3, False, 3)
        assert seen.view.evidence["numbers"]["events"] == 5, "harms are persons"


def test_of_an_event_that_came_in_twice_the_report_that_is_counted_is_listed(
    database: Database,
) -> None:
    with database.transaction() as session:
        background(session)
        one, other, *_ = a_family(session)
        day = date(2026, 10, 20)
        twice = [a_report(session, one, "DE", day), a_report(session, other, "FR", day)]
        a_group(session, *twice, since=AS_OF)
        assessed(session)
        (seen,) = episodes(session, Rule.FAMILY)
        of = grounds(session, seen)
        assert of.counted == of.readable == len(of.page.items) == 9, "one event of the family"
        listed = {report.code for report in of.page.items}
        assert [report.code in listed for report in twice] == [True, False]


def test_a_family_lists_by_member_the_rows_that_are_open_to_the_reader(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        members = a_family(session, (CLEAR, GREEN, AMBER, RED))
        assessed(session)
        rows = {}
        for reader in (PEER, ANALYST):
            (seen,) = episodes(session, Rule.FAMILY, reader)
            of = grounds(session, seen, reader)
            rows[reader] = [of.by_member.get(one.code, 0) for one in members]
            assert of.readable == sum(rows[reader]) == len(of.page.items)
            days = [report.event_date for report in of.page.items]
            assert days == sorted(days, reverse=True)
        assert rows == {PEER: [2, 2, 0, 0], ANALYST: [2, 2, 2, 0]}
        assert not episodes(session, Rule.FAMILY, ANYBODY), "two reports suffice to say nothing"


def test_what_was_closed_to_the_reader_since_is_not_listed_any_more(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        a_family(session)
        assessed(session)
        (seen,) = episodes(session, Rule.FAMILY, ANYBODY)
        newest = grounds(session, seen, ANYBODY).page.items[0]
        newest.handling = RED
        session.flush()
        after = grounds(session, seen, ANYBODY)
        assert after.readable == 7 and newest not in after.page.items


def test_the_list_goes_on_where_it_ended_and_takes_no_other_cursor(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        a_family(session)
        assessed(session)
        (seen,) = episodes(session, Rule.FAMILY)
        whole = [one.code for one in grounds(session, seen).page.items]
        walked, after = [], None
        while after or not walked:
            page = grounds(session, seen, after=after, limit=3).page
            walked += [one.code for one in page.items]
            after = page.next
        assert walked == whole and len(set(whole)) == 8
        with pytest.raises(Refused, match="no cursor"):
            grounds(session, seen, after="RP-1")


def test_a_bare_name_has_no_list(database: Database) -> None:
    with database.transaction() as session:
        for country in ("DE", "FR"):
            unnamed(session, "Kestrel-7", country, day=AS_OF)
        assessed(session)
        (seen,) = episodes(session, Rule.NEW_UNKNOWN)
        assert grounds_of(session, ANALYST, seen, AS_OF) is None

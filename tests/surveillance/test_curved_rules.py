"""Rules on curves, through the database: growth, families, silence, harm, unknown names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import Database
from app.intake.models import Finding, FormerResolution
from app.intake.words import CausalRole, EventKind, Grade, Precision, ReportType, Resolution
from app.registry.models import Standing
from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import Evidence
from app.surveillance.models import (
    Episode,
    EpisodeState,
    NodeId,
    NodeKind,
    Rule,
    Tier,
    of_substance,
)
from app.surveillance.ruleset import ruleset
from app.surveillance.service import assess
from app.surveillance.wording import sentence, would_not_fire
from tests.surveillance.making import AMBER, CLEAR, RED, a_report, a_substance, morning

AS_OF = date(2026, 10, 31)


def seen(session: Session, as_of: date = AS_OF) -> Evaluation:
    session.flush()
    return evaluate(session, as_of=as_of, limits=ruleset())


def fired(found: Evaluation, rule: Rule) -> dict[NodeId, dict[Handling, Evidence]]:
    return {signal.node: levels for signal, levels in found.fired.items() if signal.rule is rule}


def reported(session, substance, days: Iterable[date], countries="DE FR SE", **more) -> None:
    among = countries.split()
    with session.no_autoflush:
        for place, day in enumerate(days):
            a_report(session, substance, among[place % len(among)], day, at_once=False, **more)
    session.flush()


def every_month(first: tuple[int, int], months: int, each: int = 1) -> list[date]:
    return [
        date(first[0] + (first[1] - 1 + n) // 12, (first[1] - 1 + n) % 12 + 1, 3 + 5 * k)
        for n in range(months)
        for k in range(each)
    ]


def background(session: Session, months: int = 58) -> None:
    """What else laboratories report: the exposure, three events a month for years."""
    other = a_substance(session, "everyday", family="cathinone", group="cathinones")
    reported(session, other, every_month((2022, 1), months, each=3))


def test_a_rate_that_rises_is_growth_with_its_onset_and_what_was_expected(
    database: Database,
) -> None:
    with database.transaction() as session:
        background(session)
        one = a_substance(session, "Riser")
        reported(session, one, every_month((2023, 1), 12)[::6])
        reported(session, one, every_month((2026, 7), 4, each=4))
        found = seen(session)
        evidence = fired(found, Rule.GROWTH)[of_substance(one.id)][CLEAR]
        assert evidence.tier is Tier.ALERT and evidence.countries == ("DE", "FR", "SE")
        assert evidence.details["onset"] == "2026-07" and evidence.numbers["events"] == 16
        assert evidence.details["exposure"] == "reports" and evidence.details["expected"] < 4
        assert evidence.details["statistic"] > evidence.details["threshold"]
        assert 0 <= evidence.details["p"] < 0.01 and len(evidence.details["events"]) == 60
        assert "since July 2026: 16 events in three countries" in sentence(evidence, "riser")
        assert would_not_fire(evidence)
        assert "everyday" not in str(fired(found, Rule.GROWTH))
        # it goes on counting as firing after it has stopped sufficing to open
        assert found.held.keys() >= found.fired.keys()


def test_growth_that_is_urgent_is_not_left_to_a_spread_that_is_not(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        deadly = a_substance(session)
        for month in (1, 2, 3):
            a_report(
                session, deadly, "DE", date(2026, month, 5),
                kind=EventKind.DEATH, causal_role=CausalRole.SOLE,
            )  # fmt: skip
        reported(session, deadly, every_month((2026, 4), 7, each=3))
        found = seen(session)
        spread = fired(found, Rule.NEW_SPREAD)[of_substance(deadly.id)]
        assert {evidence.tier for evidence in spread.values()} == {Tier.ALERT}
        growth = fired(found, Rule.GROWTH)[of_substance(deadly.id)]
        assert growth[CLEAR].tier is Tier.URGENT and growth[CLEAR].numbers["deaths"] == 3


def test_what_nobody_knows_what_it_is_is_only_watched(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        one = a_substance(session, "Riser", standing=Standing.UNCLASSIFIED, group="", family="")
        reported(session, one, every_month((2023, 1), 12)[::6])
        reported(session, one, every_month((2026, 7), 4, each=4))
        assert fired(seen(session), Rule.GROWTH)[of_substance(one.id)][CLEAR].tier is Tier.WATCH


def test_a_family_emerges_before_any_member_does(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        members = [a_substance(session, f"New {n}") for n in range(4)]
        for place, member in enumerate(members):
            a_report(session, member, ("DE", "FR", "SE", "PL")[place], date(2026, 9, 3 + place))
            a_report(session, member, ("DE", "FR", "SE", "PL")[place], date(2026, 10, 3 + place))
        found = seen(session)
        families = fired(found, Rule.FAMILY)
        (node,) = families
        assert node == NodeId(NodeKind.FAMILY, "nitazene"), "not once more as group and cluster"
        evidence = families[node][CLEAR]
        assert evidence.numbers["events"] == 8 and evidence.details["new_members"] == 4
        assert evidence.details["largest_share"] <= 0.6 and evidence.details["turnover_p"] < 0.05
        assert [m["events"] for m in evidence.details["members"]] == [2, 2, 2, 2]
        said = sentence(evidence, found.names[node])
        assert (
            "four substances, all of them first reported in the last 12 months (New 0, New 1"
            in said
        )


def test_what_was_seen_before_the_months_looked_at_or_in_totals_is_not_new(
    database: Database,
) -> None:
    with database.transaction() as session:
        background(session)
        members = [a_substance(session, f"Old {n}") for n in range(4)]
        for place, member in enumerate(members):
            country = ("DE", "FR", "SE", "PL")[place]
            if place % 2:
                a_report(session, member, country, date(2019, 5, 5))
            else:
                total = {"end": date(2022, 12, 31), "type": ReportType.AGGREGATE, "count": 3}
                a_report(session, member, country, date(2022, 1, 1), **total)
            a_report(session, member, country, date(2026, 9, 3 + place))
            a_report(session, member, country, date(2026, 10, 3 + place))
        evidence = fired(seen(session), Rule.FAMILY)[NodeId(NodeKind.FAMILY, "nitazene")][CLEAR]
        assert evidence.details["new_members"] == 0 and evidence.details["turnover_p"] == 1
        firsts = {m["name"]: m["first"] for m in evidence.details["members"]}
        assert firsts == {"Old 0": "2022-12", "Old 1": None, "Old 2": "2022-12", "Old 3": None}


def test_what_belongs_to_no_class_is_not_taken_together(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        for n in range(4):
            member = a_substance(session, f"New {n}", family=f"f{n}", group="other")
            for month in (9, 10):
                a_report(session, member, ("DE", "FR", "SE", "PL")[n], date(2026, month, 3 + n))
        ill = a_substance(session, "Ill", family="ill", group="other")
        for day in every_month((2026, 1), 6):
            a_report(session, ill, "DE", day, kind=EventKind.ACUTE_TOXICITY)
            a_report(session, ill, "FR", day)
        reported(session, member, every_month((2026, 1), 6, each=4), countries="DE")
        found = seen(session)
        assert not fired(found, Rule.FAMILY) and not fired(found, Rule.HARM)


def test_one_member_alone_is_no_emerging_family(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        big, small = a_substance(session, "Big"), a_substance(session, "Small")
        reported(session, big, every_month((2026, 7), 4, each=4))
        a_report(session, small, "DE", date(2026, 9, 1))
        assert not fired(seen(session), Rule.FAMILY)


def test_back_after_a_silence_that_was_no_chance(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        back, rare = a_substance(session, "Back"), a_substance(session, "Rare", group="x")
        reported(session, back, every_month((2022, 1), 24, each=2))
        reported(session, rare, [date(2023, 3, 1)])
        for substance in (back, rare):
            reported(session, substance, [date(2026, 9, 10), date(2026, 10, 10)])
        found = fired(seen(session), Rule.RE_EMERGENCE)
        assert found.keys() == {of_substance(back.id)}, "one report in years is no silence"
        evidence = found[of_substance(back.id)][CLEAR]
        assert evidence.details["silent_months"] == 32 and evidence.details["chance"] < 0.05
        assert evidence.details["silent_from"] == "2024-01"
        assert "is back after 32 months without a report: two events" in sentence(evidence, "back")


def a_total(session, substance, year: int, country: str = "DE", **more) -> None:
    span = {"end": date(year, 12, 31), "type": ReportType.AGGREGATE, "count": 3}
    a_report(session, substance, country, date(year, 1, 1), **span, **more)


def test_what_totals_or_vague_dates_tell_of_was_not_silent(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        names = "Silent", "Counted", "Vague", "Counted early", "Known to few"
        silent, counted, vague, early, restricted = (
            a_substance(session, name, family=name, group=name) for name in names
        )
        for substance in (silent, counted, vague, early, restricted):
            reported(session, substance, every_month((2022, 1), 24, each=2))
            reported(session, substance, [date(2026, 5, 10), date(2026, 6, 10)])
        a_total(session, counted, 2025)
        a_total(session, restricted, 2025, handling=RED)
        a_total(session, early, 2024)
        of_a_year = a_report(session, vague, "DE", date(2025, 1, 1), end=date(2025, 12, 31))
        of_a_year.precision = Precision.YEAR
        session.flush()
        found = fired(seen(session, date(2026, 6, 30)), Rule.RE_EMERGENCE)
        said = {node: levels[CLEAR].details for node, levels in found.items()}
        assert {node: (one["silent_from"], one["silent_months"]) for node, one in said.items()} == {
            of_substance(silent.id): ("2024-01", 28),
            of_substance(early.id): ("2025-01", 16),
        }


def test_back_after_ten_years_of_which_the_curves_hold_only_half(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        back, once, counted, lately = (
            a_substance(session, name, family=name, group=name)
            for name in ("Back", "Once", "Counted", "Lately")
        )
        for substance in (back, counted):
            reported(session, substance, every_month((2015, 1), 18))
        reported(session, once, [date(2016, 6, 1)])
        reported(session, lately, [date(2021, 6, 1)])
        total = {"end": date(2025, 12, 31), "type": ReportType.AGGREGATE, "count": 3}
        a_report(session, counted, "DE", date(2025, 1, 1), **total)
        for substance in (back, once, counted, lately):
            reported(session, substance, [date(2026, 9, 10), date(2026, 10, 10)])
        a_report(session, back, "DE", date(2021, 1, 1), handling=AMBER)
        found = fired(seen(session), Rule.RE_EMERGENCE)
        assert found.keys() == {of_substance(back.id), of_substance(once.id)}, (
            "a total of last year is no silence, and one report five years ago no rate"
        )
        evidence = found[of_substance(back.id)][CLEAR]
        assert evidence.details["silent_months"] == 122 and evidence.numbers["events"] == 2
        assert evidence.details["silent_from"] == "2016-07"
        assert evidence.details["events_before"] == 18
        assert evidence.details["exposure"] == "constant" and would_not_fire(evidence)
        assert "is back after 122 months without a report: two events" in sentence(evidence, "back")
        assert set(found[of_substance(back.id)]) == {CLEAR}, "to those who know more the same"


def test_more_harm_than_its_class_shows_where_deaths_are_its_doing(database: Database) -> None:
    with database.transaction() as session:
        usual, worse, found_in = (a_substance(session, name) for name in ("A", "B", "C"))
        reported(session, usual, every_month((2025, 1), 20, each=2), countries="DE")
        for substance, role in ((worse, CausalRole.SOLE), (found_in, CausalRole.PRESENT)):
            reported(session, substance, every_month((2025, 1), 5), countries="DE")
            for day in every_month((2025, 8), 6):
                a_report(session, substance, "DE", day, kind=EventKind.DEATH, causal_role=role)
        found = fired(seen(session), Rule.HARM)
        assert found.keys() == {of_substance(worse.id)}
        details = found[of_substance(worse.id)][CLEAR].details
        assert details["harms"] == 6 and details["of"] == 11 and details["ic025"] > 0
        assert details["fraction"] > details["usual"] and details["compared_with"] == 2
        said = sentence(found[of_substance(worse.id)][CLEAR], "B")
        assert "% are deaths or acute poisonings" in said


def unnamed(
    session: Session, name: str, country: str, level: Handling = CLEAR, day=AS_OF
) -> Finding:
    report = a_report(session, a_substance(session, "carrier"), country, day, handling=level)
    (finding,) = report.findings
    finding.substance_id, finding.resolved_at = None, None
    finding.substance_name, finding.name_key = name, name.casefold()
    finding.resolution, finding.grade = Resolution.QUEUED, Grade.C
    session.flush()
    return finding


def test_a_name_from_two_countries_that_nobody_knows(database: Database) -> None:
    with database.transaction() as session:
        unnamed(session, "Kestrel-7", "DE")
        unnamed(session, "kestrel-7", "FR", AMBER)
        unnamed(session, "Alone", "DE")
        unnamed(session, "Old", "DE", day=date(2024, 1, 1))
        unnamed(session, "Old", "FR", day=date(2024, 1, 1))
        found = seen(session)
        unknown = fired(found, Rule.NEW_UNKNOWN)
        node = NodeId(NodeKind.NAME, "kestrel-7")
        assert unknown.keys() == {node} and unknown[node].keys() == {AMBER}
        assert unknown[node][AMBER].countries == ("DE", "FR")
        assert '"Kestrel-7", a name that nobody has resolved' in sentence(
            unknown[node][AMBER], "Kestrel-7"
        )


@pytest.mark.parametrize("known", [Resolution.GROUP_NAME, Resolution.NOT_A_SUBSTANCE])
def test_the_name_of_a_group_or_of_no_substance_is_no_unknown(
    database: Database, known: Resolution
) -> None:
    with database.transaction() as session:
        for country in ("DE", "FR"):
            unnamed(session, "nitazene", country).resolution = known
        assert not fired(seen(session), Rule.NEW_UNKNOWN)


def test_a_name_was_known_on_the_days_between_its_meaning_and_its_taking_back(
    database: Database,
) -> None:
    with database.transaction() as session:
        meant = a_substance(session, "Meant")
        for country in ("DE", "FR"):
            finding = unnamed(session, "Kestrel-7", country, day=date(2026, 10, 1))
            session.add(
                FormerResolution(
                    finding_id=finding.id, substance_id=meant.id, resolution=Resolution.CURATOR,
                    since=morning(date(2026, 10, 10)), until=morning(date(2026, 10, 20)),
                )
            )  # fmt: skip
        days = (date(2026, 10, 9), date(2026, 10, 15), AS_OF)
        assert [bool(fired(seen(session, day), Rule.NEW_UNKNOWN)) for day in days] == [
            True,
            False,
            True,
        ]


def test_an_episode_of_a_name_closes_as_soon_as_the_name_has_a_meaning(
    database: Database,
) -> None:
    with database.transaction() as session:
        findings = [unnamed(session, "Kestrel-7", country) for country in ("DE", "FR")]
        assess(session, as_of=AS_OF, now=morning(AS_OF))
        (episode,) = session.scalars(select(Episode).where(Episode.rule == Rule.NEW_UNKNOWN))
        findings[0].resolution = Resolution.NOT_A_SUBSTANCE
        findings[0].resolved_at = morning(AS_OF + timedelta(days=1))
        assess(session, as_of=AS_OF + timedelta(days=1), now=morning(AS_OF))
        assert episode.state is not EpisodeState.CLOSED, "it still waits in France"
        findings[1].resolution = Resolution.NOT_A_SUBSTANCE
        findings[1].resolved_at = morning(AS_OF + timedelta(days=2))
        changes = assess(session, as_of=AS_OF + timedelta(days=2), now=morning(AS_OF)).changes
        assert episode.state is EpisodeState.CLOSED and episode.outcome == "resolved"
        assert [c.reason for c in changes if c.episode_id == episode.id] == ["closed"]
        for finding in findings:
            finding.resolution, finding.resolved_at = Resolution.QUEUED, None
        session.flush()
        again = assess(session, as_of=AS_OF + timedelta(days=3), now=morning(AS_OF)).changes
        assert [c.reason for c in again if c.rule is Rule.NEW_UNKNOWN] == ["opened"], (
            "its meaning was taken back"
        )


def test_long_names_that_begin_alike_are_two(database: Database) -> None:
    with database.transaction() as session:
        for end in ("a", "b"):
            for country in ("DE", "FR"):
                unnamed(session, "x" * 280 + end, country)
        assert len(fired(seen(session), Rule.NEW_UNKNOWN)) == 2


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_a_tier_and_words(rule: Rule) -> None:
    from app.surveillance.sentences import SENTENCES
    from app.surveillance.titles import RULE_TITLES

    assert ruleset().tiers.base(rule) in set(Tier)
    assert rule in SENTENCES and rule in RULE_TITLES


def test_an_unknown_name_is_called_as_those_write_it_who_may_be_told_of(database: Database) -> None:
    def called(day: date) -> str:
        assess(session, as_of=day, now=morning(day))
        return session.scalars(select(Episode).where(Episode.rule == Rule.NEW_UNKNOWN)).one().name

    with database.transaction() as session:
        for country in ("DE", "FR"):
            unnamed(session, "KESTREL-7", country, AMBER)
        assert called(AS_OF) == "KESTREL-7"
        later = AS_OF + timedelta(days=3)
        for country in ("SE", "PL"):
            unnamed(session, "kestrel-7", country, CLEAR, later)
        assert called(later) == "kestrel-7", "everybody is shown it now"

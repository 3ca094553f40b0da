"""What is worth noticing, and what is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.intake.words import CausalRole, EventKind, ReportType
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.rules import NO_FAMILY, views
from app.surveillance.ruleset import ruleset
from app.surveillance.sightings import Cell
from app.surveillance.windows import months_before
from app.surveillance.wording import sentence, would_not_fire
from tests.surveillance.making import (
    AMBER,
    AS_OF,
    CLEAR,
    GREEN,
    RED,
    cell,
    days_ago,
    death,
    morning,
)

WORLD = (Rule.FIRST_WORLD, "world")
SPREAD = (Rule.NEW_SPREAD, "world")


def seen(*cells: Cell, effect: str = "", as_of: date = AS_OF) -> dict[Any, Any]:
    return views(cells, as_of=as_of, rules=ruleset(), effect=effect)


def only(*cells: Cell, key: Any, effect: str = "") -> Evidence:
    levels = seen(*cells, effect=effect)[key]
    assert len(levels) == 1
    return next(iter(levels.values()))


def spread(*, last: date = AS_OF, **values: Any) -> list[Cell]:
    """Three countries within a few weeks, one of them six months minus a day ago."""
    return [
        cell("DE", months_before(last, 6), **values),
        cell("FR", last - timedelta(days=20), **values),
        cell("SE", last, **values),
    ]


def test_a_first_in_the_world_speaks_for_its_region_and_country() -> None:
    assert set(seen(cell("DE"))) == {WORLD}


def test_a_first_in_another_region_speaks_for_its_country_alone() -> None:
    found = seen(cell("DE", days_ago(30)), cell("US", days_ago(3)), cell("FR", days_ago(2)))
    americas, france = (Rule.FIRST_REGION, "Americas"), (Rule.FIRST_COUNTRY, "FR")
    assert set(found) - {SPREAD} == {WORLD, americas, france}


def test_two_countries_on_the_same_day_are_both_first() -> None:
    found = only(cell("DE", days_ago(9)), cell("FR", days_ago(9)), key=WORLD)
    assert found.countries == ("DE", "FR")


@pytest.mark.parametrize(("months", "fires"), [(12, True), (12.1, False)])
def test_only_a_fresh_first_is_news(months: float, fires: bool) -> None:
    day = months_before(AS_OF, 12) - timedelta(days=0 if months == 12 else 1)
    assert (WORLD in seen(cell(day=day))) is fires


def test_a_dump_of_old_cases_is_no_first_even_when_it_arrives_today() -> None:
    dump = [cell("FR", date(2021, m, 1), received_at=morning(AS_OF)) for m in range(1, 12)]
    assert seen(*dump, cell("FR", days_ago(1))) == {}


def test_an_aggregate_of_2019_is_knowledge_that_it_was_there() -> None:
    old = cell("US", date(2019, 1, 1), end=date(2019, 12, 31), type=ReportType.AGGREGATE)
    found = seen(old, cell("US", days_ago(3)), cell("DE", days_ago(3)))
    assert set(found) == {(Rule.FIRST_REGION, "Europe")}


@pytest.mark.parametrize(
    ("cells", "fires"),
    [
        ([cell(grade="C")], False),
        ([cell(grade="C", reports=2)], False),
        ([cell(grade="C"), cell(grade="C", authority_id=2)], True),
        ([cell(grade="A")], True),
        ([cell("DE", days_ago(5), grade="C"), cell("FR", grade="B")], True),
    ],
)
def test_a_first_is_believed_with_one_good_or_two_independent_poor_identifications(
    cells: list[Cell], fires: bool
) -> None:
    assert (WORLD in seen(*cells)) is fires


def test_a_date_given_as_a_year_is_news_while_its_last_day_is() -> None:
    a_year_ago = months_before(AS_OF, 13)
    assert WORLD in seen(cell("DE", a_year_ago, end=AS_OF))
    assert WORLD not in seen(cell("DE", a_year_ago, end=a_year_ago))


def test_what_no_instrument_confirmed_is_only_to_watch() -> None:
    poor = [cell(grade="C", authority_id=number) for number in (1, 2)]
    assert only(*poor, key=WORLD, effect="opioid").tier is Tier.WATCH


def test_what_no_family_rule_knows_is_only_to_watch() -> None:
    assert only(cell(), key=WORLD, effect=NO_FAMILY).tier is Tier.WATCH
    assert only(*spread(), key=SPREAD, effect=NO_FAMILY).tier is Tier.WATCH


def test_spread_needs_three_countries_within_six_months() -> None:
    assert only(*spread(), key=SPREAD).countries == ("DE", "FR", "SE")
    assert SPREAD not in seen(*spread()[1:])
    assert SPREAD not in seen(*spread()[1:], cell("DE", months_before(AS_OF, 6) - timedelta(1)))


def test_spread_is_about_young_substances_and_an_old_aggregate_makes_it_old() -> None:
    old = cell("US", date(2024, 1, 1), end=date(2024, 12, 31), type=ReportType.AGGREGATE)
    assert SPREAD not in seen(*spread(), old)


def test_an_aggregate_is_not_an_event() -> None:
    as_aggregate = cell("DE", days_ago(9), type=ReportType.AGGREGATE, cases=900)
    assert SPREAD not in seen(*spread()[1:], as_aggregate)


@pytest.mark.parametrize(
    ("cells", "effect", "tier"),
    [
        ([cell()], "stimulant", Tier.ALERT),
        ([cell()], "opioid", Tier.URGENT),
        ([death()], "", Tier.ALERT),
        ([death(reports=2)], "", Tier.URGENT),
        ([death(), death(causal_role=CausalRole.CONTRIBUTORY)], "", Tier.URGENT),
        ([death(reports=9, causal_role=CausalRole.PRESENT)], "", Tier.ALERT),
        ([death(reports=9, causal_role=None)], "", Tier.ALERT),
        ([cell(), death(type=ReportType.AGGREGATE, cases=9)], "", Tier.ALERT),
        ([cell(kind=EventKind.ACUTE_TOXICITY, reports=9)], "", Tier.ALERT),
    ],
)
def test_the_tier_of_a_first_in_the_world(cells: list[Cell], effect: str, tier: Tier) -> None:
    assert only(*cells, key=WORLD, effect=effect).tier is tier


def test_a_first_in_a_country_is_to_watch_and_that_of_an_opioid_to_alert() -> None:
    cells, key = [cell("DE", days_ago(30)), cell("FR")], (Rule.FIRST_COUNTRY, "FR")
    assert only(*cells, key=key).tier is Tier.WATCH
    assert only(*cells, key=key, effect="opioid").tier is Tier.ALERT


def test_deaths_before_the_window_do_not_make_a_spread_urgent() -> None:
    before = days_ago(200)
    assert only(*spread(), death("DE", before, reports=5), key=SPREAD).tier is Tier.ALERT
    assert only(*spread(), death("DE", days_ago(5), reports=2), key=SPREAD).tier is Tier.URGENT


def test_what_only_amber_reports_say_has_no_clear_view() -> None:
    assert set(seen(*spread(handling=AMBER))[SPREAD]) == {AMBER}


def test_where_clear_reports_suffice_the_clear_view_names_clear_countries_only() -> None:
    found = seen(*spread(), cell("NO", handling=AMBER), cell("FI", handling=RED))[SPREAD]
    assert found[CLEAR].countries == ("DE", "FR", "SE")
    assert found[AMBER].countries == ("DE", "FR", "NO", "SE")
    assert found[RED].countries == ("DE", "FI", "FR", "NO", "SE")
    assert GREEN not in found


def test_a_higher_level_that_says_no_more_has_no_view() -> None:
    old_elsewhere = cell("DE", days_ago(3), type=ReportType.AGGREGATE, handling=RED)
    assert set(seen(*spread(), old_elsewhere)[SPREAD]) == {CLEAR}


def test_a_first_that_we_know_not_to_be_one_is_announced_to_nobody() -> None:
    known_before = cell("FR", date(2020, 5, 1), handling=RED)
    assert set(seen(cell("DE"), known_before)) == {(Rule.FIRST_COUNTRY, "DE")}


def test_simulated_reports_mark_what_rests_on_them() -> None:
    assert not only(cell(), key=WORLD).simulated
    assert only(cell(), cell("FR", simulated=True), key=WORLD).simulated


def test_the_sentence_of_a_spread() -> None:
    cells = [
        cell("SE", date(2026, 11, 1), handling=RED),
        cell("DE", date(2026, 11, 9), handling=RED),
        cell("FR", date(2026, 11, 12), handling=RED),
    ]
    evidence = only(*cells, key=SPREAD)
    assert sentence(evidence, "protonitazene") == (
        "Protonitazene was reported by 3 countries (France, Germany and Sweden) in the last 6 "
        "months; it was first reported in this register on 1 November 2026."
    )
    assert would_not_fire(evidence) == (
        "Would not fire if one of the three countries had not reported."
    )


def test_the_sentence_says_what_was_counted_and_never_first_ever() -> None:
    text = sentence(only(death(reports=2), key=WORLD), "Protonitazene")
    assert text == (
        "The first report of Protonitazene in this register came from Germany, of an event on "
        "20 November 2026. Two deaths that it caused or contributed to were reported since "
        "20 November 2025. Counts public reports only."
    )


@pytest.mark.parametrize(
    ("day", "end", "words"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), "in 2026"),
        (date(2026, 2, 1), date(2026, 2, 28), "in February 2026"),
        (date(2026, 2, 1), date(2026, 3, 4), "between 1 February 2026 and 4 March 2026"),
    ],
)
def test_a_date_is_told_no_more_exactly_than_it_was_given(day: date, end: date, words: str) -> None:
    assert f"of an event {words}." in sentence(only(cell(day=day, end=end), key=WORLD), "X")


def test_stored_evidence_comes_back_the_same() -> None:
    evidence = only(*spread(), key=SPREAD)
    assert Evidence.from_dict(evidence.as_dict()) == evidence

"""How episodes open, rise, widen, fall quiet and close."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.handling import Handling
from app.surveillance.episodes import (
    LAPSED,
    WITHDRAWN,
    Closing,
    Decision,
    Present,
    Reason,
    may_open,
    next_of_first,
    next_of_lasting,
    opening,
)
from app.surveillance.evidence import FIRSTS, Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.ruleset import ruleset
from tests.surveillance.making import AMBER, AS_OF, CLEAR, GREEN, RED, days_ago

LIMITS = ruleset().episodes
LATER = AS_OF + timedelta(days=5)


def evidence(
    level: Handling = CLEAR,
    rule: Rule = Rule.NEW_SPREAD,
    tier: Tier = Tier.ALERT,
    countries: tuple[str, ...] = ("DE", "FR", "SE"),
    as_of: date = AS_OF,
    events: int = 3,
) -> Evidence:
    return Evidence(
        rule=rule,
        scope="world",
        tier=tier,
        level=level,
        countries=countries,
        numbers={"reports": events, "confirmed": 3, "events": events, "deaths": 0},
        first=days_ago(30),
        first_end=days_ago(30),
        last=AS_OF,
        since=days_ago(180),
        as_of=as_of,
        ruleset="2026.11.3",
    )


def present(*told: Evidence, quiet_since: date | None = None) -> Present:
    decision = opening({e.level: e for e in told}, as_of=AS_OF)
    return Present(told[0].rule, AS_OF, quiet_since, decision.views)


def spread_on(before: Present, *fired: Evidence, as_of: date = LATER) -> Decision:
    return next_of_lasting(before, {e.level: e for e in fired}, as_of=as_of, limits=LIMITS)


def test_opening_tells_each_audience_that_has_a_view() -> None:
    decision = opening({CLEAR: evidence(), AMBER: evidence(AMBER, tier=Tier.URGENT)}, as_of=AS_OF)
    assert decision.news == ((CLEAR, Reason.OPENED), (AMBER, Reason.OPENED))


def test_the_same_again_is_no_news() -> None:
    decision = spread_on(present(evidence()), evidence(as_of=LATER))
    assert decision.news == ()
    assert decision.views[CLEAR].since == AS_OF
    assert decision.views[CLEAR].evidence.as_of == LATER


@pytest.mark.parametrize("rule", list(Rule))
def test_the_same_a_thousand_times_is_never_news(rule: Rule) -> None:
    fired = {
        level: evidence(level, rule, countries=countries)
        for level, countries in ((CLEAR, ("DE",)), (AMBER, ("DE", "FR", "JP")))
    }
    views = opening(fired, as_of=AS_OF).views
    for day in range(1_000):
        as_of = AS_OF + timedelta(days=day % LIMITS.first_open_days)
        before = Present(rule, AS_OF, None, views)
        if rule in FIRSTS:
            after = next_of_first(before, fired, fired, as_of=as_of, limits=LIMITS)
        else:
            after = next_of_lasting(before, fired, as_of=as_of, limits=LIMITS)
        assert (after.news, after.outcome) == ((), None)
        views = after.views


def test_a_higher_tier_is_news_once() -> None:
    urgent = evidence(tier=Tier.URGENT)
    raised = spread_on(present(evidence()), urgent)
    assert raised.news == ((CLEAR, Reason.RAISED),)
    fallen = spread_on(replace(present(evidence()), views=raised.views), evidence())
    again = spread_on(replace(present(evidence()), views=fallen.views), urgent)
    assert (fallen.news, again.news) == ((), ())


def test_another_country_is_no_news_and_another_region_is() -> None:
    more = evidence(countries=("DE", "FI", "FR", "SE"))
    assert spread_on(present(evidence()), more).news == ()
    wider = spread_on(present(evidence()), evidence(countries=("DE", "FR", "SE", "US")))
    assert wider.news == ((CLEAR, Reason.WIDER),)


def growth(events: int, level: Handling = CLEAR, tier: Tier = Tier.ALERT) -> Evidence:
    return evidence(level, Rule.GROWTH, tier, events=events)


def days_on(before: Present, days: int, *fired: Evidence) -> Decision:
    return spread_on(before, *fired, as_of=AS_OF + timedelta(days=days))


def after(before: Present, decision: Decision) -> Present:
    return replace(before, views=decision.views, quiet_since=decision.quiet_since)


@pytest.mark.parametrize(
    ("days", "events", "tier", "news"),
    [
        (30, 19, Tier.ALERT, ()),
        (30, 20, Tier.ALERT, ((CLEAR, Reason.DOUBLED),)),
        (29, 20, Tier.ALERT, ()),  # people were told less than a month ago
        (29, 20, Tier.URGENT, ((CLEAR, Reason.DOUBLED),)),
        (30, 5, Tier.ALERT, ()),
    ],
)
def test_twice_as_much_as_was_told_is_news_after_a_while(
    days: int, events: int, tier: Tier, news: tuple[object, ...]
) -> None:
    before = present(growth(10, tier=tier))
    assert days_on(before, days, growth(events, tier=tier)).news == news


def test_what_counts_is_what_people_were_told_and_not_what_was_there_meanwhile() -> None:
    """It doubles within the month, is told of at its end, and has to double again from there."""
    before = present(growth(10))
    soon = days_on(before, 9, growth(25))
    told = days_on(after(before, soon), 31, growth(30))
    again = days_on(after(before, told), 90, growth(59))
    twice = days_on(after(before, again), 91, growth(60))
    assert [one.news for one in (soon, told, again, twice)] == [
        (), ((CLEAR, Reason.DOUBLED),), (), ((CLEAR, Reason.DOUBLED),)
    ]  # fmt: skip


def test_other_news_say_how_much_there_is_and_so_start_the_count_anew() -> None:
    before = present(growth(10))
    raised = days_on(before, 40, growth(18, tier=Tier.URGENT))
    later = days_on(after(before, raised), 80, growth(30, tier=Tier.URGENT))
    assert raised.news == ((CLEAR, Reason.RAISED),) and later.news == ()


def test_what_shrank_and_came_back_has_not_doubled() -> None:
    before = present(growth(10))
    less = days_on(before, 40, growth(4))
    assert days_on(after(before, less), 80, growth(11)).news == ()


def test_twice_as_much_for_those_cleared_for_more_is_news_for_them_alone() -> None:
    before = present(growth(10), growth(12, AMBER))
    assert days_on(before, 40, growth(11), growth(24, AMBER)).news == ((AMBER, Reason.DOUBLED),)


@pytest.mark.parametrize("rule", Rule)
def test_a_thousand_assessments_of_the_same_are_no_news(rule: Rule) -> None:
    same = evidence(rule=rule, events=7)
    before = present(same)
    for day in range(1, 1001):
        decision = spread_on(before, same, as_of=AS_OF + timedelta(days=day))
        assert decision.news == ()
        before = after(before, decision)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 500)), max_size=60))
def test_people_are_told_of_doubling_no_more_often_than_it_doubled(
    steps: list[tuple[int, int]],
) -> None:
    """However it goes up and down, and whenever it is assessed."""
    before, day, told_on, most, told = present(growth(3)), 0, 0, 3, 0
    for days, events in steps:
        day, most = day + days, max(most, events)
        decision = days_on(before, day, growth(events))
        before = after(before, decision)
        if decision.news:
            assert decision.news == ((CLEAR, Reason.DOUBLED),) and day - told_on >= 30
            told_on, told = day, told + 1
    assert told <= math.log2(most / 3)


def test_when_an_embargo_passes_it_opens_for_those_who_did_not_know() -> None:
    decision = spread_on(present(evidence(RED)), evidence(CLEAR))
    assert decision.news == ((CLEAR, Reason.OPENED),)
    assert set(decision.views) == {CLEAR}


def test_a_new_amber_view_raises_it_for_authorities_alone() -> None:
    decision = spread_on(present(evidence()), evidence(), evidence(AMBER, tier=Tier.URGENT))
    assert decision.news == ((AMBER, Reason.RAISED),)
    assert decision.views[AMBER].since == AS_OF


def test_a_spread_falls_quiet_and_closes_after_ninety_days() -> None:
    quiet = spread_on(present(evidence()))
    assert (quiet.quiet_since, quiet.outcome, quiet.news) == (LATER, None, ())
    before = present(evidence(), quiet_since=LATER)
    assert spread_on(before, as_of=LATER + timedelta(days=89)).outcome is None
    closed = spread_on(before, as_of=LATER + timedelta(days=90))
    assert (closed.outcome, closed.news) == (LAPSED, ((CLEAR, Reason.CLOSED),))


def test_firing_again_ends_the_quiet() -> None:
    assert spread_on(present(evidence(), quiet_since=AS_OF), evidence()).quiet_since is None


def test_a_view_that_stopped_firing_lingers_as_a_quiet_episode_would() -> None:
    before = present(evidence(), evidence(AMBER, tier=Tier.URGENT))
    amber = evidence(AMBER, tier=Tier.URGENT)
    assert set(spread_on(before, amber).views) == {CLEAR, AMBER}
    gone = spread_on(before, amber, as_of=AS_OF + timedelta(days=90))
    assert set(gone.views) == {AMBER}
    assert gone.news == ((CLEAR, Reason.CLOSED),)


@pytest.mark.parametrize(("days", "outcome"), [(179, None), (180, LAPSED)])
def test_a_first_lapses_after_half_a_year(days: int, outcome: str | None) -> None:
    first = {CLEAR: evidence(rule=Rule.FIRST_WORLD)}
    day = AS_OF + timedelta(days=days)
    before = present(first[CLEAR])
    assert next_of_first(before, {}, first, as_of=day, limits=LIMITS).outcome == outcome


def test_a_first_without_ground_is_withdrawn() -> None:
    before = present(evidence(rule=Rule.FIRST_WORLD))
    decision = next_of_first(before, {}, {}, as_of=LATER, limits=LIMITS)
    assert (decision.outcome, decision.news) == (WITHDRAWN, ((CLEAR, Reason.CLOSED),))


def test_a_first_that_another_speaks_for_is_not_told_to_a_new_audience() -> None:
    before = present(evidence(GREEN, rule=Rule.FIRST_COUNTRY))
    stands = {
        CLEAR: evidence(CLEAR, rule=Rule.FIRST_COUNTRY),
        GREEN: evidence(GREEN, rule=Rule.FIRST_COUNTRY),
    }
    decision = next_of_first(before, {GREEN: stands[GREEN]}, stands, as_of=LATER, limits=LIMITS)
    assert set(decision.views) == {GREEN}


@pytest.mark.parametrize(
    ("rule", "days", "may"),
    [
        (Rule.FIRST_COUNTRY, 9999, False),
        (Rule.NEW_SPREAD, 29, False),
        (Rule.NEW_SPREAD, 30, True),
        (Rule.FIRST_COUNTRY, None, True),
    ],
)
def test_what_was_closed_opens_again_only_as_a_spread_and_after_a_cooldown(
    rule: Rule, days: int | None, may: bool
) -> None:
    closing = None if days is None else Closing(days_ago(days), "confirmed")
    assert may_open(rule, closing, as_of=AS_OF, limits=LIMITS, rests_on=AS_OF) is may


@pytest.mark.parametrize("outcome", ["not_confirmed", "duplicate", "data_error"])
def test_a_first_that_was_none_gives_way_to_the_true_one_that_comes_later(outcome: str) -> None:
    closing = Closing(days_ago(20), outcome)
    for received, may in ((days_ago(30), False), (days_ago(5), True), (None, False)):
        opens = may_open(Rule.FIRST_WORLD, closing, as_of=AS_OF, limits=LIMITS, rests_on=received)
        assert opens is may


@pytest.mark.parametrize(
    ("closing", "tier", "deaths", "may"),
    [
        (Closing(days_ago(3), "confirmed", Tier.URGENT, 2), Tier.URGENT, 2, False),
        (Closing(days_ago(3), "confirmed", Tier.URGENT, 2), Tier.URGENT, 3, True),
        (Closing(days_ago(3), "not_confirmed", Tier.ALERT, 1), Tier.URGENT, 2, True),
        (Closing(days_ago(3), "lapsed", Tier.URGENT, 5), Tier.URGENT, 2, True),
        (Closing(days_ago(3), "lapsed", Tier.WATCH, 0), Tier.ALERT, 1, False),
    ],
)
def test_what_is_urgent_by_something_new_waits_for_no_cooldown(
    closing: Closing, tier: Tier, deaths: int, may: bool
) -> None:
    now = replace(evidence(), rule=Rule.CLUSTER_OF_HARM, tier=tier)
    now = replace(now, numbers={**now.numbers, "deaths": deaths})
    opens = may_open(now.rule, closing, as_of=AS_OF, limits=LIMITS, evidence=now)
    assert opens is may

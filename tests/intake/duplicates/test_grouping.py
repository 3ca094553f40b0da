"""Which linked reports are one event."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.intake.duplicates.grouping import complete_link, in_order
from app.intake.words import EventKind
from tests.intake.duplicates.making import case
from tests.reporting import NOW

names = st.sampled_from("abcdefgh")
pairs = st.tuples(names, names).filter(lambda pair: pair[0] < pair[1])
links = st.dictionaries(pairs, st.integers(12, 15).map(float))


def test_a_chain_is_not_merged() -> None:
    chain = {("a", "b"): 13.0, ("b", "c"): 14.0, ("c", "d"): 13.0}
    assert complete_link(chain) == [frozenset("bc")]


def test_all_pairs_linked_are_one_event() -> None:
    assert complete_link(dict.fromkeys(combinations("abc", 2), 12.0)) == [frozenset("abc")]


@given(links)
def test_every_pair_in_a_group_is_linked(given) -> None:
    linked = {frozenset(pair) for pair in given}
    groups = complete_link(given)
    for group in groups:
        assert all(frozenset(pair) in linked for pair in combinations(group, 2))
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


@given(links)
def test_a_report_is_left_alone_only_if_no_group_would_take_it(given) -> None:
    home = {name: group for group in complete_link(given) for name in group}
    linked = {frozenset(pair) for pair in given}
    for one, other in given:
        mine, theirs = home.get(one, frozenset({one})), home.get(other, frozenset({other}))
        if mine != theirs:
            assert not all(frozenset((a, b)) in linked for a in mine for b in theirs)


@given(links, st.randoms(use_true_random=False))
def test_the_order_in_which_links_come_changes_nothing(given, random: Random) -> None:
    shuffled = list(given.items())
    random.shuffle(shuffled)
    turned = {
        (b, a) if random.random() < 0.5 else (a, b): strength for (a, b), strength in shuffled
    }
    assert complete_link(turned) == complete_link(given)


def test_the_master_is_a_death_then_who_says_most_then_who_came_first() -> None:
    late = case(filled=9, received_at=NOW + timedelta(days=1))
    early = case(filled=9, received_at=NOW)
    poor = case(filled=3)
    death = case(kind=EventKind.DEATH, filled=1)
    assert in_order([poor, late, death, early]) == [death, early, late, poor]

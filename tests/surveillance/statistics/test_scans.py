"""Clusters in time and in the tree: found where they are, and not more often than chance allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.surveillance.statistics import clusters, excess, tree

quick = settings(max_examples=60, deadline=None)


def seeded(seed=1):
    return np.random.default_rng(seed)


def test_two_events_thirty_days_apart_are_a_cluster_and_thirty_one_are_not():
    assert clusters.densest([100, 130]) == (100, 130, 2)
    assert clusters.densest([100, 131]) is None
    assert clusters.densest([]) is None and clusters.densest([5]) is None


def test_the_largest_cluster_is_named_and_of_two_alike_the_latest():
    assert clusters.densest([1, 2, 3, 100, 110, 400, 401, 402]) == (400, 402, 3)


def test_days_out_of_order_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        clusters.densest([3, 1])


@given(days=st.lists(st.integers(0, 400), max_size=30), shift=st.integers(-100, 100))
@quick
def test_a_cluster_does_not_depend_on_when_counting_began(days, shift):
    days = sorted(days)
    here, there = clusters.densest(days), clusters.densest([day + shift for day in days])
    assert (here is None) == (there is None)
    if here:
        assert there == (here.first + shift, here.last + shift, here.events)
        assert here.last - here.first <= clusters.WITHIN
        assert here.events == sum(here.first <= day <= here.last for day in days)


EVERY_THIRD_DAY = np.arange(0, 720, 3)


def test_five_deaths_in_two_weeks_stand_out():
    days = np.array([60, 300, 303, 306, 309, 312, 600])
    found = clusters.scan(days, EVERY_THIRD_DAY, seeded(), replicates=199)
    assert found.cluster == (300, 312, 5)
    assert found.expected == pytest.approx(7 * 5 / 240)
    assert found.p == 1 / 200


def test_a_busy_month_of_the_whole_country_is_no_cluster():
    busy = np.sort(np.concatenate([EVERY_THIRD_DAY, np.repeat(np.arange(300, 330, 3), 40)]))
    days = np.array([60, 300, 303, 306, 309, 312, 600])
    assert clusters.scan(days, busy, seeded(), replicates=199).p > 0.05


def test_a_cluster_is_of_two_events_within_the_longest_window():
    others = np.arange(0, 720, 9)
    assert clusters.scan([0, 360, 711], others, seeded(), replicates=9) is None
    wide = np.arange(180, 270, 9)
    found = clusters.scan(wide, np.arange(0, 720, 9), seeded(), replicates=9)
    assert found.cluster.last - found.cluster.first < clusters.LONGEST
    assert found.cluster.events == 7


def test_deaths_spread_over_two_years_do_not_stand_out():
    found = clusters.scan(np.arange(0, 720, 90), EVERY_THIRD_DAY, seeded(), replicates=99)
    assert found is None or found.p > 0.1


def test_without_others_nothing_can_be_compared():
    assert clusters.scan([1, 2, 3], [1, 2, 3], seeded()) is None
    assert clusters.scan([3], EVERY_THIRD_DAY, seeded()) is None
    with pytest.raises(ValueError, match="among all events"):
        clusters.scan([3, 3], EVERY_THIRD_DAY, seeded())


def test_the_same_seed_gives_the_same_answer():
    days = [60, 300, 303, 306, 309, 600]
    first, second = (clusters.scan(days, EVERY_THIRD_DAY, seeded(4), replicates=99) for _ in "ab")
    assert first == second


def test_p_of_a_scan_is_uniform_where_nothing_is_going_on():
    chance = seeded(11)
    found = [
        clusters.scan(
            np.sort(chance.choice(EVERY_THIRD_DAY, 8, replace=False)),
            EVERY_THIRD_DAY,
            chance,
            replicates=39,
        )
        for _ in range(150)
    ]
    small = sum(scan is not None and scan.p <= 0.1 for scan in found)
    assert 5 <= small <= 28  # 15 are due; a p that is too small by half would give 30


def test_excess_of_four_where_one_was_due_of_ten():
    due = 4 * np.log(4) + 6 * np.log(6 / 9)
    assert excess.evidence(4, 1, 10) == pytest.approx(due)
    assert excess.evidence([1, 0, 10], [1, 2, 0], 10).tolist() == [0, 0, 0]
    assert excess.evidence(10, 4, 10) == pytest.approx(10 * np.log(10 / 4))


# Two families: leaves 0-3, each with a long past, and 4-7, new but for one.
PAST = np.array([40, 40, 40, 40, 10, 0, 0, 0])
FAMILY = np.array(["a"] * 4 + ["b"] * 4)
NODES = [[leaf] for leaf in range(8)] + [[0, 1, 2, 3], [4, 5, 6, 7], list(range(8))]


def quiet(months=12):
    return np.tile(np.array([[4], [4], [4], [4], [1], [0], [0], [0]]), (1, months))


def test_unseen_leaves_share_half_an_event_of_their_class():
    shares = tree.leaf_shares(PAST, FAMILY)
    assert shares.sum() == pytest.approx(1)
    assert shares[5:].sum() / shares[4] == pytest.approx(0.5 / 10)


def test_nothing_stands_out_when_all_is_as_before():
    found = tree.scan(quiet(), tree.leaf_shares(PAST, FAMILY), NODES, seeded(), replicates=199)
    assert (found.p > 0.1).all()


def test_a_family_stands_out_though_no_member_does_more_than_twice():
    counts = quiet()
    counts[5:, -3:] += np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]])
    counts[4, -3:] += 1
    found = tree.scan(counts, tree.leaf_shares(PAST, FAMILY), NODES, seeded(), replicates=199)
    assert np.argmax(found.evidence) == 9 and found.months[9] == 3
    assert found.p[9] == 1 / 200
    assert found.seen[9] == 12
    assert (found.p[[0, 1, 2, 3, 8, 10]] > 0.1).all()


def test_the_whole_tree_never_stands_out_but_by_season():
    counts = quiet()
    counts[:, -1] *= 3
    shares = tree.leaf_shares(PAST, FAMILY)
    alike = tree.scan(counts, shares, NODES, seeded(), replicates=99)
    by_samples = tree.scan(
        counts, shares, NODES, seeded(), exposure=[1.0] * 11 + [3.0], replicates=99
    )
    assert alike.p[10] == 0.01 and by_samples.p[10] == 1


def test_one_event_does_not_stand_out_however_unexpected():
    counts = np.zeros((8, 12))
    counts[7, -1] = counts[0, 0] = 1
    found = tree.scan(counts, tree.leaf_shares(PAST, FAMILY), NODES, seeded(), replicates=9)
    assert found.evidence[7] == 0 and found.p[7] == 1


def test_an_empty_table_is_not_testable_and_a_crooked_one_is_refused():
    shares = tree.leaf_shares(PAST, FAMILY)
    assert tree.scan(np.zeros((8, 12)), shares, NODES, seeded()) is None
    with pytest.raises(ValueError, match="in the table"):
        tree.scan(quiet(), shares, [[8]], seeded())
    with pytest.raises(ValueError, match="each leaf needs its weight"):
        tree.scan(quiet(), shares[:7], NODES, seeded())


def test_batches_do_not_change_what_is_counted(monkeypatch):
    monkeypatch.setattr(tree, "CELLS_AT_ONCE", 96 * 7)
    counts = quiet()
    counts[6, -2:] = 4
    found = tree.scan(counts, tree.leaf_shares(PAST, FAMILY), NODES, seeded(), replicates=50)
    assert found.p[6] == 1 / 51 and found.seen[6] == 8

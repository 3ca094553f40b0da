"""Emerging: few words, several reporters, and a threshold that depends on the node's age."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.surveillance.statistics.emergence import EMERGENCE_LIMITS, emerging, without_bursts
from app.surveillance.statistics.growth import discounted

MONTHS = 40
NOW = MONTHS - 1


def judged(events, *, exposure=1000.0, first_seen=None, dispersion=None):
    """What is made of a node with `events`, pairs of month and reporter."""
    counts, sightings, since = (np.zeros(MONTHS, dtype=int) for _ in range(3))
    for month in range(MONTHS):
        counts[month] = sum(m == month for m, _ in events)
        sightings[month] = len({r for m, r in events if m == month})
        since[month] = len({r for m, r in events if m >= month})
    first = min((m for m, _ in events), default=MONTHS) if first_seen is None else first_seen
    return emerging(
        counts,
        np.broadcast_to(exposure, MONTHS),
        sightings=sightings,
        reporters_since=since,
        first_seen=first,
        dispersion=dispersion,
    )


def test_a_new_substance_seen_three_times_by_two_laboratories_emerges():
    found = judged([(NOW - 3, "A"), (NOW - 1, "B"), (NOW, "A")])
    assert found.emerging
    assert (found.ratio.onset, found.sightings, found.reporters) == (NOW - 3, 3, 2)
    assert found.ratio.rate_ratio > 10


@pytest.mark.parametrize(
    "events",
    [
        [],
        [(NOW, "A")],
        [(NOW - 1, "A"), (NOW, "B")],
        [(NOW - 2, "A"), (NOW - 1, "A"), (NOW, "A")],  # one laboratory alone
        [(NOW, "A")] * 10 + [(NOW - 1, "B")],  # ten exhibits are one sighting
    ],
)
def test_a_first_event_and_a_burst_do_not(events):
    assert not judged(events).emerging


def test_an_established_node_needs_more_than_a_young_one():
    steady = [(month, "AB"[month % 2]) for month in range(0, 28, 4)]
    risen = [*steady, *((month, r) for month in range(NOW - 3, MONTHS) for r in "AB")]
    found = judged(risen)
    assert found.threshold == EMERGENCE_LIMITS.established_statistic
    young = judged(risen, first_seen=NOW - EMERGENCE_LIMITS.young_months)
    assert young.threshold == EMERGENCE_LIMITS.young_statistic
    assert young.ratio.statistic == found.ratio.statistic


def test_a_laboratory_that_brings_its_past_along_makes_no_growth():
    one = [(month, r) for month in range(MONTHS) for r in "AB"]
    dump = [(month, "C") for month in range(MONTHS - 24, MONTHS)]
    exposure = np.full(MONTHS, 1000.0)
    exposure[-24:] += 500
    found = judged([*one, *dump], exposure=exposure)
    assert not found.emerging and found.ratio.statistic < 1
    assert judged([*one, *dump], exposure=1000.0).ratio.statistic > found.ratio.statistic


def test_nothing_analysed_is_nothing_emerging():
    assert not judged([(NOW - 1, "A"), (NOW, "B"), (NOW, "C")], exposure=0.0).emerging


@given(
    st.lists(st.tuples(st.integers(0, NOW), st.sampled_from("ABCD"), st.integers(0, 3))),
    st.lists(st.integers(0, 12), min_size=3, max_size=13),
)
def test_an_event_that_arrives_later_is_not_known_earlier(events, held_back):
    """Holding back a recent event can only weaken what is known today."""
    exposure = discounted(np.full(MONTHS, 800.0), [0.3, 0.6, 0.8, 1.0])
    recent = {id(e) for e in events if e[0] > NOW - 3 and e[2] in held_back}
    known = [(m, r) for m, r, d in events if id((m, r, d)) not in recent]
    late = [(m, r) for m, r, d in events if not (m > NOW - 3 and d in held_back)]
    first = min((m for m, _ in known), default=0)
    before = judged(late, exposure=exposure, first_seen=first)
    after = judged(known, exposure=exposure, first_seen=first)
    assert before.ratio.statistic <= after.ratio.statistic + 1e-9


def test_bursts_of_one_or_two_laboratories_vanish_and_what_all_have_much_of_stays():
    quiet = without_bursts([1, 1, 1], [], expected=0.2)
    assert without_bursts([1, 9, 7], [], expected=0.2) == quiet
    assert without_bursts([1, 9, 7], [1, 1], expected=0.2) == quiet
    # twice as much as before from the same two reporters, three months long
    assert without_bursts([20] * 6, [10] * 24, expected=60.0) > 5
    assert without_bursts([20] * 6, [], expected=60.0) < 5
    assert without_bursts([1, 1, 1], [], expected=3.0) == without_bursts([], [], expected=0.1) == 0


@given(
    sightings=st.lists(st.integers(1, 50), max_size=12),
    earlier=st.lists(st.integers(1, 50), max_size=12),
    place=st.integers(0, 12),
    expected=st.floats(0.01, 50),
)
def test_one_more_event_never_makes_less_of_it(sightings, earlier, place, expected):
    """Whether a reporter had one in that month already or not."""
    before = without_bursts(sightings, earlier, expected)
    more = list(sightings)
    if place < len(more):
        more[place] += 1
    else:
        more.append(1)
    assert without_bursts(more, earlier, expected) >= before - 1e-9

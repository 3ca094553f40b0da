"""Completeness of reporting: what holds for every history of delays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.surveillance.statistics.delay import (
    at_age,
    completeness,
    nowcast,
    reporting_triangle,
    shrunk,
)

quick = settings(max_examples=60, deadline=None)
reports = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 30)), max_size=60)


def triangle_of(pairs, now=23):
    event = np.array([event for event, _ in pairs], dtype=int)
    return reporting_triangle(event, event + [late for _, late in pairs], now=now, periods=24)


def test_half_at_once_and_half_a_month_later():
    """Ten months of it; the last has shown only its first half, and that is known."""
    event = np.repeat(np.arange(10), 4)
    late = np.tile([0, 0, 1, 1], 10)
    triangle = reporting_triangle(event, event + late, now=9, periods=10, longest=3)
    assert triangle[-1].tolist() == [2, 0, 0, 0]
    assert completeness(triangle).tolist() == [0.5, 1, 1, 1]


def test_growth_is_not_taken_for_speed():
    """Counts double each month, so that most reports are young; half still come a month late."""
    event = np.repeat(np.arange(8), 2 ** np.arange(1, 9))
    late = np.concatenate([np.tile([0, 1], n) for n in 2 ** np.arange(8)])
    triangle = reporting_triangle(event, event + late, now=7, periods=8, longest=2)
    assert completeness(triangle)[0] == pytest.approx(0.5)


def test_what_was_received_after_today_is_not_known_today():
    assert triangle_of([(20, 4)], now=23).sum() == 0
    assert triangle_of([(20, 3)], now=23).sum() == 1


def test_nothing_is_known_of_no_reports():
    assert (completeness(triangle_of([])) == 1).all()


def test_a_report_before_its_event_is_refused():
    with pytest.raises(ValueError, match="before its event"):
        reporting_triangle([5], [4], now=9, periods=10)


@given(pairs=reports)
@quick
def test_completeness_rises_with_age_to_one(pairs):
    complete = completeness(triangle_of(pairs))
    assert (np.diff(complete) >= -1e-12).all() and (complete >= 0).all() and complete[-1] == 1


@given(pairs=reports, order=st.randoms(use_true_random=False))
@quick
def test_the_order_of_reports_says_nothing(pairs, order):
    mixed = list(pairs)
    order.shuffle(mixed)
    assert (triangle_of(pairs) == triangle_of(mixed)).all()


@given(pairs=reports, times=st.integers(2, 5))
@quick
def test_as_many_reports_again_of_each_kind_change_nothing(pairs, times):
    once, more = completeness(triangle_of(pairs)), completeness(triangle_of(pairs * times))
    assert np.allclose(once, more)


def test_a_stratum_of_fifty_reports_is_believed_by_half():
    assert shrunk([0.2, 1.0], 50, [0.6, 1.0]) == pytest.approx([0.4, 1.0])
    assert shrunk([0.2, 1.0], 0, [0.6, 1.0]) == pytest.approx([0.6, 1.0])


def test_a_chart_shows_what_is_still_to_come_but_not_of_nothing():
    complete = np.array([0.0, 0.5, 1.0])
    shown = nowcast([3, 0, 4, 5], complete, [7, 1, 1, 0])
    assert shown.tolist() == [3, 0, 8, None]
    assert at_age(complete, [0, 1, 9]).tolist() == [0, 0.5, 1]

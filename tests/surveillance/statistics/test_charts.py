"""The charts on numbers that can be checked here, and what holds for every series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from app.surveillance.statistics import cusum as cusums
from app.surveillance.statistics import ears, historical
from app.surveillance.statistics.likelihood_ratio import glr, lr_cusum
from app.surveillance.statistics.outbreak_p import outbreak_p

QUIET = [0] * 20
NEW = [0] * 24 + [1, 0, 0, 1, 2, 1, 3, 2, 5, 4, 7, 9]  # a new substance takes off
LATER = slice(24, None)

some_counts = st.lists(st.integers(0, 12), min_size=13, max_size=30)
few_counts = st.lists(st.integers(0, 12), min_size=1, max_size=10)
quick = settings(max_examples=30, deadline=None)


@pytest.mark.parametrize(("floor", "bound"), [(0.0, 0.0), (0.5, 1.5451161531), (1.0, 3.0902323062)])
def test_ears_after_silence_needs_as_many_events_as_the_floor_says(floor, bound):
    answer = ears.c1([*QUIET, 1], min_sigma=floor)
    assert answer.upper[-1] == pytest.approx(bound)
    assert answer.alarm[-1] == (floor == 0)


def test_ears_c3_carries_over_the_two_months_before():
    alone = ears.c3([*QUIET, 0, 0, 1], min_sigma=1.0)
    carried = ears.c3([*QUIET, 2, 2, 1], min_sigma=1.0)
    assert alone.upper[-1] == pytest.approx(1.959963985)
    assert carried.upper[-1] == 0 and carried.alarm[-1]


def test_ears_c3_without_scatter_and_without_floor_cannot_say():
    assert not ears.c3([*QUIET, 1], min_sigma=0.0).testable.any()


def test_rki_needs_four_events_after_silence():
    assert historical.rki([*QUIET, 4]).alarm[-1] and not historical.rki([*QUIET, 3]).alarm[-1]
    assert historical.rki([*QUIET, 4]).upper[-1] == 3.285


def likely(mean):
    """The fewest adjacent counts that hold 95 %, the highest such: Crow and Gardner's choice."""
    below = poisson.cdf(np.arange(-1, 80), mean)
    for width in range(1, 60):
        lowest = np.flatnonzero(below[width:] - below[:-width] >= 0.95)
        if len(lowest):
            return range(lowest[-1], lowest[-1] + width)
    raise AssertionError(mean)


@pytest.mark.parametrize("events", range(21))
def test_rkis_bound_is_the_largest_mean_under_which_so_few_events_are_likely(events):
    bound = historical.CROW_GARDNER[events]
    assert events in likely(bound - 0.002)
    assert min(likely(bound + 0.002)) > events


def test_bayes_after_twelve_empty_months():
    """P(Y ≥ 1) = .0392 and P(Y ≥ 2) = .0023: one event at 5 %, two at 1 %."""
    year = historical.Baseline(0, 12, True)
    assert historical.bayes([*QUIET, 1], year, alpha=0.05).alarm[-1]
    assert not historical.bayes([*QUIET, 1], year, alpha=0.01).alarm[-1]
    assert historical.bayes([*QUIET, 2], year, alpha=0.01).alarm[-1]
    assert not historical.bayes([*QUIET, 2], year, alpha=0.001).alarm[-1]


def test_earlier_years_are_the_same_season():
    y = np.zeros(40)
    y[[35 - 24, 35 - 12]] = 9
    assert historical.rki(y, historical.THIRD).upper[35] == 5.323  # 18 events in 18 months: mean 1
    assert historical.rki(y, historical.THIRD).upper[29] == 3.285
    assert historical.rki(y, historical.THIRD).testable.argmax() == 28


def test_glr_of_a_new_substance_alarms_in_its_fifth_month():
    chart = glr(NEW, 0.1)
    assert chart.statistic[LATER][:5] == pytest.approx(
        [1.402585093, 0.809437912, 0.503972804, 1.618875825, 5.324150603]
    )
    assert list(np.flatnonzero(chart.alarm)) == [28, 30, 32, 33, 34, 35]


def test_negative_binomial_glr_goes_on_where_rs_gives_up():
    chart = glr(NEW, 0.1, alpha=0.2)
    assert chart.statistic[LATER][:6] == pytest.approx(
        [1.327471516, 0.778854835, 0.488198503, 1.557709670, 4.970849320, 6.245931797]
    )
    assert chart.alarm[-1]


def test_a_rise_of_three_times_is_found_by_the_chart_that_looks_for_it():
    chart = lr_cusum(NEW, 0.1, ratio=3.0)
    assert chart.statistic[28] == pytest.approx(3.394449155)
    assert list(np.flatnonzero(chart.alarm)) == [30, 32, 34, 35]


def test_outbreak_p_is_blown_up_by_leading_zeros():
    chart = outbreak_p([*QUIET, 1])
    assert np.exp(chart.statistic[-1]) == pytest.approx(21)
    assert not chart.alarm.any()


def test_binomial_cusum_begins_anew_after_an_alarm():
    chart = cusums.binomial_cusum([5, 0, 5], [90, 50, 100], p0=0.02, p1=0.04, h=1.5)
    assert list(chart.alarm) == [True, False, True]
    assert chart.statistic[1] == 0


def test_cusum_with_nothing_behind_it_stays_a_number():
    chart = cusums.cusum([0, 1, 0, 3], 0.0)
    assert np.isfinite(chart.statistic).all()


@pytest.mark.parametrize(
    ("y", "why"),
    [([1, -1], "nought or more"), ([1, np.nan], "finite"), ([[1, 2]], "one row")],
)
def test_what_is_no_series_of_counts_is_refused(y, why):
    with pytest.raises(ValueError, match=why):
        ears.c1(y)


def test_no_expectation_no_chart():
    with pytest.raises(ValueError, match="above nought"):
        glr([1, 2], [0.1, 0.0])


TRANSFORMS = [
    cusums.standard,
    cusums.rossi,
    cusums.anscombe,
    cusums.anscombe_second_order,
    cusums.negative_binomial(0.1),
]


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(y=some_counts, mean=st.floats(0, 20))
@quick
def test_as_many_events_as_needed_alarm_and_one_fewer_do_not(transform, y, mean):
    chart = cusums.cusum(y, mean, transform=transform)
    reached = np.asarray(y) >= chart.needed
    assert (chart.alarm == reached).all()


BOUNDS = {
    "C1": ears.c1,
    "C2": ears.c2,
    "C3": ears.c3,
    "RKI": historical.rki,
    "Bayes": historical.bayes,
}


@pytest.mark.parametrize("chart", BOUNDS.values(), ids=BOUNDS)
@given(y=some_counts, more=st.integers(1, 9))
@quick
def test_more_events_this_month_never_take_an_alarm_away(chart, y, more):
    before, after = chart(y), chart([*y[:-1], y[-1] + more])
    assert np.isfinite(before.upper).all()
    assert not before.alarm[~before.testable].any()
    assert after.alarm[-1] >= before.alarm[-1]
    assert (after.alarm[:-1] == before.alarm[:-1]).all()


@given(y=some_counts, at=st.integers(1, 6), more=st.integers(1, 9))
@quick
def test_more_events_in_the_baseline_never_lower_bayes_bound(y, at, more):
    fuller = list(y)
    fuller[-1 - at] += more
    assert historical.bayes(fuller).upper[-1] >= historical.bayes(y).upper[-1]


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@given(y=few_counts, mu=st.floats(0.05, 8), more=st.integers(1, 9))
@quick
def test_more_events_this_month_never_lower_the_evidence(alpha, y, mu, more):
    mus = mu * np.linspace(0.5, 2, len(y))
    before, after = glr(y, mus, alpha=alpha), glr([*y[:-1], y[-1] + more], mus, alpha=alpha)
    assert np.isfinite(before.statistic).all()
    assert after.statistic[-1] >= before.statistic[-1] - 1e-9


@given(y=few_counts, mu=st.floats(0.05, 8))
@quick
def test_without_overdispersion_the_two_glr_are_one(y, mu):
    exact, nearly = glr(y, mu, threshold=1e9), glr(y, mu, alpha=1e-7, threshold=1e9)
    assert np.allclose(exact.statistic, nearly.statistic, rtol=1e-3, atol=1e-3)

"""Farrington's bounds are R's; where R's standard errors are not the textbook's, it is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.surveillance.statistics.farrington import Options, classic, farrington
from tests.surveillance.statistics.reference import (
    REPRODUCED,
    ZERO_BASELINE,
    months,
    numbers,
    results,
    series,
    signals,
)

METHODS = {"delta": "delta", "nbPlugin": "nb_plugin", "muan": "muan"}
CLOSE = 1e-3  # both iterate to a tolerance of 1e-8 in the deviance


def close(ours, theirs):
    there = ~np.isnan(theirs)
    return np.allclose(ours[there], theirs[there], rtol=CLOSE, atol=CLOSE)


def options_of(result):
    asked = result["params"]
    return Options(
        years=asked["b"],
        half_width=asked["w"],
        seasons=asked["noPeriods"],
        recent=asked["pastWeeksNotIncluded"],
        trend=asked["trend"],
        trend_below=asked["pThresholdTrend"],
        reweight_above=asked["weightsThreshold"],
        alpha=asked["alpha"],
        method=METHODS[asked["thresholdMethod"]],
        least=asked["limit54"][0],
        within=asked["limit54"][1],
        periods_per_year=52 if result["series"] == "weekly7y" else 12,
    )


def ours(result, compat=None):
    exposure = None
    if result["params"]["populationOffset"]:
        exposure = signals()["series"][result["series"]]["population"]
    return farrington(
        series(result["series"]),
        options_of(result),
        exposure=exposure,
        start=months(result)[0],
        compat=compat,
    )


def rs_score(result, answer, at):
    """(y - e) / (bound - e); beside negative binomial bounds R takes e on the log scale."""
    y, expected = series(result["series"])[at], answer.expected[at]
    if result["params"]["thresholdMethod"] != "delta":
        expected = np.log(expected)
    return (y - expected) / (answer.upper[at] - expected)


def test_flexible_with_rs_own_standard_errors():
    reproduced = 0
    for result in results("farringtonFlexible"):
        answer, at = ours(result, compat="R"), months(result)
        assert (answer.alarm[at] == numbers(result["alarm"])).all()
        assert (answer.trend[at] == numbers(result["trend"])).all()
        assert close(answer.expected[at], numbers(result["expected"]))
        assert close(answer.dispersion[at], numbers(result["phi"]))
        assert close(answer.p[at], numbers(result["pvalue"]))
        assert close(rs_score(result, answer, at), numbers(result["score"]))
        reproduced += close(answer.upper[at], numbers(result["upperbound"]))
    assert reproduced == REPRODUCED["farringtonFlexible"]


def test_with_textbook_standard_errors_19_of_29_alarm_alike_and_empty_baselines_are_not_tested():
    alike = 0
    for result in results("farringtonFlexible"):
        answer, at = ours(result), months(result)
        if result["series"] == ZERO_BASELINE:
            # R expects 1e-11 events after six empty years, and alarms at any.
            assert not answer.testable[at][:9].any() and numbers(result["alarm"])[2:9].all()
            continue
        alike += bool((answer.alarm[at] == numbers(result["alarm"])).all())
    assert alike == 19


def test_classic():
    reproduced = 0
    for result in results("farrington_classic"):
        at, asked = months(result), result["params"]
        options = classic(asked["alpha"], half_width=asked["w"], periods_per_year=12)
        answer = farrington(series(result["series"]), options, start=at[0])
        assert (answer.alarm[at] == numbers(result["alarm"])).all()
        reproduced += close(answer.upper[at], numbers(result["upperbound"]))
    assert reproduced == REPRODUCED["farrington_classic"]


def test_after_empty_years_nothing_is_tested():
    new = np.concatenate([np.zeros(72), [1, 2, 1, 3, 4, 5, 6, 3, 5, 7, 9, 8]])
    answer = farrington(new, MONTHLY)
    # Only the last month has an event in its season of an earlier year.
    assert not answer.testable[:-1].any() and not answer.alarm[:-1].any()
    assert (answer.p[:-1] == 1).all()


YEARS = np.tile([4.0, 6, 5, 3, 4, 7, 5, 4, 6, 5, 3, 4], 7)
MONTHLY = Options(half_width=1, recent=3, periods_per_year=12, trend_below=0.05)


def test_a_steady_series_does_not_alarm_and_a_fivefold_month_does():
    rise = YEARS.copy()
    rise[-1] *= 5
    assert not farrington(YEARS, MONTHLY).alarm.any()
    assert farrington(rise, MONTHLY).alarm[-1]


def test_a_trend_is_followed_down_but_not_beyond_what_was_ever_seen():
    rise = np.round(5 * 1.5 ** (np.arange(84) / 12))
    assert farrington(rise[::-1], MONTHLY, start=83).trend[-1]
    assert not farrington(rise, MONTHLY, start=83).trend[-1]


def test_a_past_outbreak_counts_less_than_it_would_unweighted():
    past = YEARS.copy()
    past[-25:-23] = 60
    weighted = farrington(past, MONTHLY, start=83)
    plain = farrington(past, Options(**(vars_of(MONTHLY) | {"reweight_above": None})), start=83)
    assert weighted.upper[-1] < plain.upper[-1]


def vars_of(options):
    return {name: getattr(options, name) for name in options.__dataclass_fields__}


@pytest.mark.parametrize("method", ["delta", "nb_plugin", "muan"])
def test_ten_times_the_exposure_everywhere_changes_no_bound(method):
    options = Options(**(vars_of(MONTHLY) | {"method": method}))
    seen = np.linspace(100, 400, len(YEARS))
    once, tenfold = (farrington(YEARS, options, exposure=k * seen, start=70) for k in (1, 10))
    assert np.allclose(once.upper, tenfold.upper, rtol=1e-6)


def test_a_month_in_which_nobody_looked_is_not_testable_and_in_no_baseline():
    looked = np.ones(len(YEARS))
    looked[-1] = looked[-13] = 0
    silent = YEARS.copy()
    silent[-13] = 500
    answer = farrington(silent, MONTHLY, exposure=looked, start=70)
    assert not answer.testable[-1] and answer.upper[-1] == 0
    assert answer.upper[-2] < 30


@pytest.mark.parametrize("method", ["delta", "nb_plugin", "muan"])
@pytest.mark.parametrize("cut", [1, 4])
@given(y=st.lists(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 9]), min_size=52, max_size=56))
@settings(max_examples=10, deadline=None)
def test_however_sparse_a_series_is_no_number_is_none(method, cut, y):
    options = Options(
        years=4, half_width=1, recent=2, seasons=cut, method=method, periods_per_year=12
    )
    answer = farrington(y, options)
    assert np.isfinite([answer.upper, answer.expected, answer.p, answer.dispersion]).all()
    assert not answer.alarm[~answer.testable].any()

"""Every chart gives R's numbers, at the tolerances of the specification, result by result.

Counted are whole results: all bounds or statistics, and all alarms, of one call in R. What R does
and Tocsin does not is asserted as a difference.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from app.surveillance.statistics import cusum as cusums
from app.surveillance.statistics import ears, historical, likelihood_ratio
from app.surveillance.statistics.outbreak_p import outbreak_p
from tests.surveillance.statistics.reference import (
    REPRODUCED,
    months,
    numbers,
    results,
    series,
)

CLOSE = 1e-6
EARS = {"EARS_C1": ears.c1, "EARS_C2": ears.c2}
TRANSFORMS = {
    "standard": cusums.standard,
    "rossi": cusums.rossi,
    "anscombe": cusums.anscombe,
    "anscombe2nd": cusums.anscombe_second_order,
    "pearsonNegBin": cusums.negative_binomial(0.1),
}


def same(ours, theirs, tolerance=CLOSE):
    return np.allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def as_r(bounds, result):
    """Where R has a bound ours is the same and so is the alarm; where it has NaN, ours has none."""
    at, upper = months(result), numbers(result["upperbound"])
    there = ~np.isnan(upper)
    assert (bounds.testable[at] == there).all()
    assert (bounds.alarm[at][there] == numbers(result["alarm"])[there]).all()
    return same(bounds.upper[at][there], upper[there])


def asked_of_ears(result):
    asked = result["params"]
    return {"baseline": asked["baseline"], "min_sigma": asked["minSigma"]}


@pytest.mark.parametrize("algorithm", EARS)
def test_ears(algorithm):
    def ours(result):
        alpha = result["params"]["alpha"]
        return EARS[algorithm](series(result["series"]), alpha=alpha, **asked_of_ears(result))

    assert sum(as_r(ours(result), result) for result in results(algorithm)) == REPRODUCED[algorithm]


def test_ears_c3_once_r_is_given_back_the_count_that_it_puts_for_the_mean():
    """R's C3 bound is x + sd·(z - …), not mean + sd·(z - …): it never looks at the month itself."""
    reproduced = textbook = 0
    for result in results("EARS_C3"):
        y, asked, alpha = series(result["series"]), asked_of_ears(result), result["params"]["alpha"]
        ours, at = ears.c3(y, alpha=alpha, **asked), months(result)
        upper, alarm = numbers(result["upperbound"]), numbers(result["alarm"])
        there = ~np.isnan(upper)
        assert (ours.testable[at] == there).all()
        mean = ears.c2(y, alpha=0.5, **asked).upper
        sigma = ears.c2(y, alpha=norm.sf(1), **asked).upper - mean
        high = ears.c3(y, alpha=1e-300, **asked).upper  # so high that none is raised to nought
        unraised = high - sigma * (norm.isf(1e-300) - norm.isf(alpha))
        r_form = np.maximum(unraised + y - mean, 0.0)[at][there]
        assert ((y[at][there] > r_form) == alarm[there]).all()
        reproduced += same(r_form, upper[there])
        textbook += same(ours.upper[at][there], upper[there])
    assert (reproduced, textbook) == (REPRODUCED["EARS_C3"], 0)


def baseline_of(result):
    asked = result["params"]
    return historical.Baseline(asked["b"], asked["w"], asked["actY"])


@pytest.mark.parametrize("algorithm", ["rki1", "rki2", "rki3"])
def test_rki(algorithm):
    def ours(result):
        return historical.rki(series(result["series"]), baseline_of(result))

    assert sum(as_r(ours(result), result) for result in results(algorithm)) == REPRODUCED[algorithm]


def test_bayes():
    def ours(result):
        return historical.bayes(
            series(result["series"]), baseline_of(result), alpha=result["params"]["alpha"]
        )

    assert sum(as_r(ours(result), result) for result in results("bayes")) == REPRODUCED["bayes"]


def test_cusum_and_no_infinity_where_r_has_one():
    reproduced = different = 0
    for result in results("cusum"):
        at, y = months(result), series(result["series"])
        asked = result["params"]
        ours = cusums.cusum(
            y[at], result["m"], k=asked["k"], h=asked["h"], transform=TRANSFORMS[asked["trans"]]
        )
        if result["m"] == 0:  # R: infinite, then NaN for ever
            assert not np.isfinite(numbers(result["cusum"])).all()
            assert np.isfinite(ours.statistic).all() and ours.alarm.any()
            different += 1
            continue
        assert (ours.alarm == numbers(result["alarm"])).all()
        # R answers fractions of events, and inverts two transformations only approximately.
        apart = ours.needed - np.ceil(numbers(result["upperbound"]) - CLOSE)
        assert np.abs(apart).max() <= (asked["trans"] in ("rossi", "anscombe2nd"))
        reproduced += same(ours.statistic, numbers(result["cusum"]))
    assert (reproduced, different) == (REPRODUCED["cusum"], 5)


def test_binomial_cusum():
    reproduced = 0
    for result in results("binomialCUSUM"):
        asked = result["params"]
        ours = cusums.binomial_cusum(
            result["y"], result["n"], p0=asked["p0"], p1=asked["p1"], h=asked["h"]
        )
        assert (ours.alarm == numbers(result["alarm"])).all()
        reproduced += same(ours.statistic, result["value"])
    assert reproduced == REPRODUCED["binomialCUSUM"]


@pytest.mark.parametrize("algorithm", ["lrpois", "lrnb"])
def test_lr_cusum(algorithm):
    reproduced = 0
    for result in results(algorithm):
        asked = result["params"]
        ours = likelihood_ratio.lr_cusum(
            series(result["series"])[months(result)],
            asked["mu0"],
            ratio=np.exp(asked["theta"]),
            alpha=asked["alpha"],
            threshold=asked["c.ARL"],
        )
        assert (ours.alarm == numbers(result["alarm"])).all()
        reproduced += same(ours.statistic, result["value"])
    assert reproduced == REPRODUCED[algorithm]


@pytest.mark.parametrize("algorithm", ["glrpois", "glrnb"])
def test_glr_up_to_where_rs_iteration_fails(algorithm):
    reproduced = 0
    for result in results(algorithm):
        asked = result["params"]
        ours = likelihood_ratio.glr(
            series(result["series"])[months(result)],
            asked["mu0"],
            alpha=asked["alpha"],
            threshold=asked["c.ARL"],
        )
        value, upto = numbers(result["value"]), None
        if algorithm == "glrnb" and result["series"] == "new_monthly":
            # 7, 9 events a month where 0.1 is expected, and R answers nought: it did not converge.
            upto = 30
            assert (value[upto:] == 0).all() and (ours.statistic[upto:] > 1).all()
        assert (ours.alarm == numbers(result["alarm"]))[:upto].all()
        assert same(ours.statistic[:upto], value[:upto], 1e-4)
        reproduced += upto is None
    assert reproduced == REPRODUCED[algorithm]


def test_outbreak_p():
    reproduced = 0
    for result in results("outbreakP"):
        ours = outbreak_p(series(result["series"]), threshold=result["params"]["k"])
        assert (ours.alarm[months(result)] == numbers(result["alarm"])).all()
        reproduced += same(np.exp(ours.statistic[months(result)]), numbers(result["value"]))
    assert reproduced == REPRODUCED["outbreakP"]

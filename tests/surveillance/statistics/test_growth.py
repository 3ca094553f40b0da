"""Growth: what R answers, and what must hold for every history (signals 1.4, 2.1, 7)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import nbinom

from app.surveillance.statistics.doubling import doubling_time, log_slope
from app.surveillance.statistics.growth import (
    LIMITS,
    NO_ONSET,
    baseline_rate,
    discounted,
    glr,
    likelihood_ratio,
    pooled_dispersion,
    predictive,
    rate_ratio,
    windows,
)

MONTHS = 40
histories = arrays(np.int64, (3, MONTHS), elements=st.integers(0, 12))
exposures = arrays(np.float64, (3, MONTHS), elements=st.sampled_from([0.0, 30.0, 100.0, 2500.0]))

TAKE_OFF = [1, 0, 0, 1, 2, 1, 3, 2, 5, 4, 7, 9]
SAMPLES = [40, 42, 41, 45, 50, 52, 55, 60, 58, 63, 70, 72]


def predicted(counts, exposure):
    w = windows(counts, exposure)
    return predictive(w.current, w.current_exposure, w.baseline, w.baseline_exposure)


@pytest.mark.parametrize(
    ("baseline", "exposed", "exposure", "events", "p"),
    [
        (3, 120, 30, 4, 0.0243445092222358),
        (0, 500, 60, 2, 0.00446857555605328),
        (12, 900, 110, 6, 0.00834151165255212),
        (0, 12, 1, 1, 0.0392310771694772),
        (3, 24, 1, 2, 0.0117787987755616 + 3.96e-10),
        (10, 24, 1, 6, 1.87235546805642e-05),
    ],
)
def test_the_predictive_p_is_that_of_r(baseline, exposed, exposure, events, p):
    found = predictive(events, exposure, baseline, exposed)
    assert found.p == pytest.approx(p, rel=1e-6)
    atom = nbinom.pmf(events, baseline + 0.5, exposed / (exposed + exposure))
    assert found.mid_p == pytest.approx(p - atom / 2, rel=1e-6)


def test_nothing_seen_is_no_surprise_and_nothing_analysed_is_no_answer():
    found = predictive([0, 2, 2, 2], [50, 0, 50, 0], [1, 1, 0, 0], [100, 100, 0, 0])
    assert found.testable.tolist() == [True, False, False, False]
    assert found.p[0] == 1
    assert np.isnan(found.p[1:]).all() and np.isnan(found.mid_p[1:]).all()


def test_the_windows_touch_and_never_overlap():
    w = windows(np.arange(20), np.ones(20))
    assert (w.current, w.baseline) == (17 + 18 + 19, sum(range(5, 17)))
    assert (w.current_exposure, w.baseline_exposure) == (3, 12)


@pytest.mark.parametrize(
    ("dispersion", "counts", "expected", "values"),
    [
        (None, [7, 9], 3, [1.931085, 5.693268]),
        (None, [6, 8, 11], 3, [1.158883, 3.86217, 9.541281]),
        (None, [1, 0, 0, 1, 2], 0.1, [1.402585, 0.809438, 0.503973, 1.618876, 5.324151]),
        (0.2, [7, 9, 6, 8], 3, [1.065504, 3.070065, 3.648022, 5.174367]),
        (0.2, [1, 0, 0, 1, 2, 1], 0.1, [1.327472, 0.778855, 0.488199, 1.55771, 4.970849, 6.245932]),
    ],
)
def test_the_likelihood_ratio_is_that_of_r(dispersion, counts, expected, values):
    mu = np.full(len(counts), float(expected))
    found = [
        float(likelihood_ratio(counts[:n], mu[:n], dispersion).statistic)
        for n in range(1, len(counts) + 1)
    ]
    # R starts anew after an alarm (5 and more); the excerpts begin at such starts
    assert found == pytest.approx(values, abs=1e-4)


def test_the_negative_binomial_answers_where_newton_gives_up():
    """R's glrnb is 0 here: the first count is far above what was expected."""
    found = likelihood_ratio([2, 5, 4, 7, 9], np.full(5, 0.1), 0.2)
    poisson = likelihood_ratio([2, 5, 4, 7, 9], np.full(5, 0.1))
    assert 5 < found.statistic < poisson.statistic


def test_without_dispersion_the_negative_binomial_is_poisson():
    counts, mu = [0, 1, 4, 2, 6], [0.5, 1.0, 0.7, 1.1, 0.9]
    assert likelihood_ratio(counts, mu, 0.0).statistic == pytest.approx(
        float(likelihood_ratio(counts, mu).statistic), rel=1e-6
    )


def test_the_onset_is_where_the_rate_rose_and_the_ratio_by_how_much():
    counts = np.array([2] * 30 + [6] * 6)
    found = glr(counts, np.full(36, 1000.0))
    assert found.onset == 30
    assert found.events == 36
    assert found.rate_ratio == pytest.approx(36 / found.expected) == pytest.approx(3, rel=0.05)


def test_a_long_history_gives_a_baseline_that_holds_none_of_the_growth():
    counts = np.array([1] * 24 + [5] * 12)
    rate, known = baseline_rate(counts, np.full(36, 100.0))
    assert known and rate == pytest.approx((24 + 0.5) / (2400 + 500))
    short, _ = baseline_rate(counts[-20:], np.full(20, 100.0))
    assert short == pytest.approx((9 * 5 + 3 + 0.5) / (1200 + 500))  # months -14..-3


def test_the_youngest_months_expect_only_what_can_have_arrived():
    assert discounted([100, 100, 100, 100], [0.3, 0.7, 1.0]).tolist() == [100, 100, 70, 30]
    counts = [2] * 33 + [2, 1, 0]  # the last three months have not all arrived yet
    whole = np.full(36, 1000.0)
    blind, seeing = (
        predicted(counts, e).p for e in (whole, discounted(whole, [0.1, 0.5, 0.9, 1.0]))
    )
    assert seeing < blind


def test_a_rate_ratio_has_an_interval_that_holds_it():
    found = rate_ratio([6, 0, 5], [110, 50, 0], [12, 0, 5], [900, 100, 10])
    assert found.low[0] < (6 / 110) / (12 / 900) < found.high[0]
    assert found.low[0] == pytest.approx(1.47, abs=0.2) and found.high[0] < 12
    assert found.estimable.tolist() == [True, True, False]
    assert np.isnan(found.value[2])


def test_the_doubling_time_is_that_of_r_and_needs_the_exposure():
    slope, error, estimable = log_slope(TAKE_OFF, SAMPLES)
    assert estimable
    assert slope == pytest.approx(0.228477850556469, rel=1e-6)
    assert error == pytest.approx(0.0629216975761429, rel=1e-5)
    found = doubling_time(TAKE_OFF, SAMPLES)
    assert found.value == pytest.approx(3.03376094825714, rel=1e-6)
    assert found.low < found.value < found.high
    assert doubling_time(TAKE_OFF, np.ones(12)).value == pytest.approx(2.43435791389821, rel=1e-6)


@pytest.mark.parametrize(
    ("counts", "exposure"),
    [
        ([0, 0, 1, 0, 1, 2], [10] * 6),  # four events
        ([3, 4, 5], [10] * 3),  # three months
        ([3, 4, 5, 0, 0], [10, 10, 10, 0, 0]),  # three months that were looked at
        ([0, 0, 0, 0, 0, 9], [10] * 6),  # all in one month
    ],
)
def test_a_doubling_time_of_too_little_is_not_estimable(counts, exposure):
    found = doubling_time(counts, exposure)
    assert not found.estimable
    assert np.isnan([found.value, found.low, found.high]).all()


def test_a_doubling_that_may_be_none_is_open_upwards():
    found = doubling_time([2, 1, 2, 2, 3, 1, 2, 3], np.full(8, 50.0))
    assert found.estimable and found.high == np.inf


def test_clustered_counts_are_told_from_poisson_ones():
    rng = np.random.default_rng(5)
    exposure = np.full((200, 24), 1000.0)
    assert pooled_dispersion(rng.poisson(3, (200, 24)), exposure) == 0
    clustered = rng.negative_binomial(2, 2 / (2 + 3), (200, 24))  # alpha 1/2
    assert pooled_dispersion(clustered, exposure) == pytest.approx(0.5, abs=0.12)
    assert pooled_dispersion(np.zeros((4, 24)), exposure[:4]) == 0


def test_every_node_is_judged_by_itself():
    rng = np.random.default_rng(2)
    counts, exposure = rng.poisson(0.4, (2, 5, 40)), rng.uniform(50, 900, (2, 5, 40))
    together, alone = glr(counts, exposure), glr(counts[1, 3], exposure[1, 3])
    assert together.statistic.shape == (2, 5)
    assert together.statistic[1, 3] == alone.statistic and together.onset[1, 3] == alone.onset


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_what_is_no_exposure_is_refused(bad):
    with pytest.raises(ValueError, match="finite and not negative"):
        glr([1, 2], [10.0, bad])


@given(histories, exposures)
def test_the_unit_of_exposure_does_not_matter(counts, exposure):
    assert np.allclose(
        predicted(counts, exposure).p, predicted(counts, 2 * exposure).p, equal_nan=True
    )
    doubled = replace(LIMITS, prior_samples=2 * LIMITS.prior_samples)
    assert np.allclose(
        glr(counts, exposure).statistic,
        glr(counts, 2 * exposure, limits=doubled).statistic,
        equal_nan=True,
    )


@given(histories, exposures, st.integers(1, 3), st.integers(1, 5))
def test_one_event_more_lately_never_makes_it_less_surprising(counts, exposure, ago, more):
    raised = counts.copy()
    raised[:, -ago] += more
    before, after = predicted(counts, exposure), predicted(raised, exposure)
    assert (after.p <= before.p + 1e-12)[before.testable].all()
    was, is_ = glr(counts, exposure), glr(raised, exposure)
    assert (is_.statistic >= was.statistic - 1e-9)[was.testable].all()


@given(histories, exposures, st.integers(4, 15), st.integers(1, 5))
def test_one_event_more_before_never_makes_it_more_surprising(counts, exposure, ago, more):
    raised = counts.copy()
    raised[:, -ago] += more
    before, after = predicted(counts, exposure), predicted(raised, exposure)
    assert (after.p >= before.p - 1e-12)[before.testable].all()


@given(histories, exposures)
def test_without_exposure_there_is_no_answer_and_with_it_a_finite_one(counts, exposure):
    exposure[0] = 0
    for dispersion in (None, 0.3):
        found = glr(counts, exposure, dispersion=dispersion)
        assert not found.testable[0] and found.onset[0] == NO_ONSET
        assert np.isnan(found.statistic[~found.testable]).all()
        assert (np.isfinite(found.statistic) & (found.statistic >= 0))[found.testable].all()


@given(histories, exposures)
def test_overdispersion_is_never_stronger_evidence(counts, exposure):
    """At the Poisson's best start the wider model explains the same excess at less cost."""
    mu = np.where(exposure > 0, exposure / 500, 0.0)[:, -1:]
    poisson = likelihood_ratio(counts[:, -1:], mu).statistic
    clustered = likelihood_ratio(counts[:, -1:], mu, 0.4).statistic
    assert (clustered <= poisson + 1e-9).all()

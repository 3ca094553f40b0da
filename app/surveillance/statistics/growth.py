"""Growth: is a node seen more often than its own past, per sample analysed, lets expect?

    predictive       the evidence number people are shown: Gamma-Poisson p of the current window
    glr              the likelihood ratio over every start in the last year: statistic, onset, ratio
    rate_ratio       current against baseline rate, with an interval
    pooled_dispersion  how much more than Poisson a level's counts vary
    doubling_time    a log-linear fit; "not estimable" where there is too little

Arrays end in an axis of calendar months, the oldest first and the current month last; the axes
before it (nodes, handling levels) are free. `counts` are distinct events by month of event. The
`exposure` beside them is in samples analysed, already multiplied with the part of each month's
events that can have arrived by now (`discounted`): an observed 0 is 0 whatever the delay, so the
delay must lower the expectation, not raise the count (signals, 1.6).

A month without exposure says nothing: what was counted in it stays out of every rate, and where
nothing is left the answer is "not testable", never p = 1.

Formulas: research/signals.md 1.4 and 2.1; Höhle & Paul 2008 for the likelihood ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NO_ONSET = -1  # in the place of a month index: no start makes the rate look raised
BISECTIONS = 26  # halvings of an interval of log rate ratios; the statistic is flat at its top
SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class GrowthLimits:
    """Windows, priors and least amounts. Each says its unit and where it comes from."""

    current_months: int = 3  # months; signals 1.4
    baseline_months: int = 12  # months before the current window, never overlapping; signals 1.4
    onset_months: int = 12  # months back that a start is looked for; signals 1.4
    guard_months: int = 3  # the youngest months, kept out of the short baseline; signals 1.4
    long_history_months: int = 30  # months of exposure from which the long baseline is used; 1.4
    long_baseline_months: int = 24  # months -36..-13, which end where the starts begin; 1.4
    prior_events: float = 0.5  # events; Jeffreys' prior, signals 1.4
    prior_samples: float = 500.0  # samples; with prior_events 1 per 1000 samples, signals 1.4
    dispersion_events: int = 12  # baseline events that make a node endemic; judgement: 1 a month
    dispersion_least: float = 1.3  # Pearson's phi above which it is more than Poisson; signals 1.4
    interval: float = 0.95  # probability inside the intervals that are shown; signals 1.4
    doubling_events: int = 5  # events below which no doubling time is estimable; signals 2.1
    doubling_months: int = 4  # months with exposure, likewise; signals 2.1


LIMITS = GrowthLimits()


@dataclass(frozen=True, slots=True)
class Windows:
    """Events and exposure of the current window and of the baseline before it."""

    current: Floats
    current_exposure: Floats
    baseline: Floats
    baseline_exposure: Floats


@dataclass(frozen=True, slots=True)
class Predictive:
    """How surprising the current window is. NaN where not testable."""

    p: Floats  # P(X >= x)
    mid_p: Floats  # p - P(X = x) / 2; for ranking, since p has atoms
    testable: Flags


@dataclass(frozen=True, slots=True)
class Ratio:
    """Likelihood ratio of a raised rate since the best start, per series."""

    statistic: Floats  # log likelihood ratio; 0 when no start looks raised, NaN if not testable
    onset: Ints  # index of the month since which the rate is raised, or NO_ONSET
    events: Floats  # X, events since the onset
    expected: Floats  # M, events expected since the onset at the baseline rate
    testable: Flags

    @property
    def rate_ratio(self) -> Floats:
        """X / M, how many times the baseline rate; NaN without an onset."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.onset == NO_ONSET, np.nan, self.events / self.expected)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval. NaN where it cannot be estimated."""

    value: Floats
    low: Floats
    high: Floats
    estimable: Flags


def discounted(exposure: ArrayLike, completeness: ArrayLike) -> Floats:
    """Exposure x the part of a month's events that has arrived by now.

    `completeness[a]` is F(a) = P(delay <= a months); the current month has age 0, and months older
    than the array are complete as its last entry. Shapes (..., months) and (ages,).
    """
    months = np.asarray(exposure, dtype=np.float64)
    arrived = np.asarray(completeness, dtype=np.float64)
    if arrived.ndim != 1 or not arrived.size:
        raise ValueError("completeness is one row of F(age), at least one age")
    ages = np.arange(months.shape[-1])[::-1]
    discounted: Floats = months * arrived[np.minimum(ages, arrived.size - 1)]
    return discounted


def windows(counts: ArrayLike, exposure: ArrayLike, limits: GrowthLimits = LIMITS) -> Windows:
    """The current window and the baseline before it, from (..., months); short history is less."""
    y, e = observed(counts, exposure)
    now = y.shape[-1]
    split = max(0, now - limits.current_months)
    start = max(0, split - limits.baseline_months)
    return Windows(
        current=y[..., split:].sum(-1),
        current_exposure=e[..., split:].sum(-1),
        baseline=y[..., start:split].sum(-1),
        baseline_exposure=e[..., start:split].sum(-1),
    )


def predictive(
    events: ArrayLike,
    exposure: ArrayLike,
    baseline_events: ArrayLike,
    baseline_exposure: ArrayLike,
    limits: GrowthLimits = LIMITS,
) -> Predictive:
    """Gamma-Poisson predictive p and mid-p of `events` given the baseline; arrays of one shape.

    The rate has the prior Gamma(prior_events, 0); X is then negative binomial with size
    S + prior_events and probability E_B / (E_B + e). Not testable without exposure on both sides.
    """
    x, e, s, base = np.broadcast_arrays(
        *(
            np.asarray(a, dtype=np.float64)
            for a in (events, exposure, baseline_events, baseline_exposure)
        )
    )
    testable = (e > 0) & (base > 0)
    share = np.where(testable, e, 1.0) / np.where(testable, e + base, 2.0)
    size = s + limits.prior_events
    at_least = _nb_at_least(x, size, share)
    more = _nb_at_least(x + 1, size, share)
    return Predictive(
        p=np.where(testable, at_least, np.nan),
        mid_p=np.where(testable, (at_least + more) / 2, np.nan),
        testable=testable,
    )


def rate_ratio(
    events: ArrayLike,
    exposure: ArrayLike,
    baseline_events: ArrayLike,
    baseline_exposure: ArrayLike,
    limits: GrowthLimits = LIMITS,
) -> Estimate:
    """Current over baseline rate, posterior median and interval: (e0/e1) B/(1-B), B Beta."""
    x, e, s, base = np.broadcast_arrays(
        *(
            np.asarray(a, dtype=np.float64)
            for a in (events, exposure, baseline_events, baseline_exposure)
        )
    )
    estimable = (e > 0) & (base > 0)
    scale = np.where(estimable, base, 1.0) / np.where(estimable, e, 1.0)
    tail = (1 - limits.interval) / 2
    value, low, high = (
        np.where(
            estimable,
            scale * _odds(betaincinv(x + limits.prior_events, s + limits.prior_events, level)),
            np.nan,
        )
        for level in (0.5, tail, 1 - tail)
    )
    return Estimate(value, low, high, estimable)


def baseline_rate(
    counts: ArrayLike, exposure: ArrayLike, limits: GrowthLimits = LIMITS
) -> tuple[Floats, Flags]:
    """Events per sample before the growth that is looked for, shrunken; and where it is known.

    (S + prior_events) / (E + prior_samples) over months -14..-3 (now = 0), or -36..-13 for a series
    with `long_history_months` of exposure: that one holds none of the growth itself.
    """
    y, e = observed(counts, exposure)
    now = y.shape[-1]
    long_end = max(0, now - limits.onset_months)
    long_start = max(0, long_end - limits.long_baseline_months)
    short_end = max(0, now - limits.guard_months)
    short_start = max(0, short_end - limits.baseline_months)
    history = (e > 0).sum(-1) >= limits.long_history_months
    events, samples = (
        np.where(
            history, a[..., long_start:long_end].sum(-1), a[..., short_start:short_end].sum(-1)
        )
        for a in (y, e)
    )
    return (events + limits.prior_events) / (samples + limits.prior_samples), samples > 0


def glr(
    counts: ArrayLike,
    exposure: ArrayLike,
    *,
    dispersion: ArrayLike | None = None,
    limits: GrowthLimits = LIMITS,
) -> Ratio:
    """Likelihood ratio of a raised rate since some month of the last `onset_months`.

    Shapes (..., months). `dispersion` is the negative binomial alpha (variance mu + alpha mu^2) of
    a month's count, one number or one per series; None is Poisson.
    """
    y, e = observed(counts, exposure)
    rate, testable = baseline_rate(y, e, limits)
    first = max(0, y.shape[-1] - limits.onset_months)
    found = likelihood_ratio(y[..., first:], rate[..., None] * e[..., first:], dispersion)
    testable = testable & (e[..., first:].sum(-1) > 0)
    return Ratio(
        statistic=np.where(testable, found.statistic, np.nan),
        onset=np.where(testable & (found.onset != NO_ONSET), found.onset + first, NO_ONSET),
        events=found.events,
        expected=found.expected,
        testable=testable,
    )


def likelihood_ratio(
    counts: ArrayLike, expected: ArrayLike, dispersion: ArrayLike | None = None
) -> Ratio:
    """The largest log likelihood ratio of a raised mean since some month, against `expected`.

    Poisson: max over starts k of X ln(X/M) + M - X, X and M summed from k on, where X > M. Negative
    binomial: the ratio is found by bisection of its score, which falls in it, so that it cannot
    fail to converge. Ties go to the earliest start.
    """
    y, mu = np.broadcast_arrays(
        np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    )
    y = np.where(mu > 0, y, 0.0)
    events, sums = (np.flip(np.flip(a, -1).cumsum(-1), -1) for a in (y, mu))
    raised = (events > sums) & (sums > 0)
    if dispersion is None:
        ratio = np.where(raised, events, 1.0) / np.where(raised, sums, 1.0)
        values = np.where(raised, events * np.log(ratio) + sums - events, 0.0)
    else:
        alpha = np.broadcast_to(np.asarray(dispersion, dtype=np.float64), y.shape[:-1])
        values = _negative_binomial(y, mu, alpha, raised)
    best = values.argmax(-1)
    at = best[..., None]
    statistic = np.take_along_axis(values, at, -1)[..., 0]
    return Ratio(
        statistic=statistic,
        onset=np.where(statistic > 0, best, NO_ONSET),
        events=np.take_along_axis(events, at, -1)[..., 0],
        expected=np.take_along_axis(sums, at, -1)[..., 0],
        testable=sums[..., 0] > 0,
    )


def pooled_dispersion(
    counts: ArrayLike, exposure: ArrayLike, limits: GrowthLimits = LIMITS
) -> float:
    """The negative binomial alpha of a level, from all its endemic nodes; 0 when Poisson will do.

    Moments over the short baseline of nodes with `dispersion_events` in it: a node's own history is
    too short for an alpha of its own (signals, 1.4). Shapes (..., months).
    """
    y, e = observed(counts, exposure)
    end = max(0, y.shape[-1] - limits.guard_months)
    window = slice(max(0, end - limits.baseline_months), end)
    y, e = y[..., window], e[..., window]
    endemic = y.sum(-1) >= limits.dispersion_events
    y, e = y[endemic], e[endemic]
    active = e > 0
    months = active.sum(-1, keepdims=True)
    mu = e * (y.sum(-1, keepdims=True) / e.sum(-1, keepdims=True))
    freedom = (months / np.maximum(months - 1, 1)) * active  # the mean is estimated from the same
    squared = (y - mu) ** 2 * freedom
    if not active.any():
        return 0.0
    phi = (squared[active] / mu[active]).mean()
    if phi <= limits.dispersion_least:
        return 0.0
    return max(0.0, float((squared - mu).sum() / (mu**2).sum()))


def observed(counts: ArrayLike, exposure: ArrayLike) -> tuple[Floats, Floats]:
    """Both as floats of one shape, with the counts of months without exposure left out."""
    y, e = np.broadcast_arrays(
        np.asarray(counts, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    )
    if y.ndim == 0:
        raise ValueError("counts and exposure need an axis of months")
    if (y < 0).any() or (e < 0).any() or not np.isfinite(y).all() or not np.isfinite(e).all():
        raise ValueError("counts and exposure must be finite and not negative")
    return np.where(e > 0, y, 0.0), e


def _nb_at_least(x: Floats, size: Floats, share: Floats) -> Floats:
    """P(X >= x), X negative binomial with probability 1 - share; 1 for x = 0."""
    return np.where(x > 0, betainc(np.where(x > 0, x, 1.0), size, share), 1.0)


def _odds(probability: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        odds: Floats = probability / (1 - probability)
    return odds


def _negative_binomial(y: Floats, mu: Floats, dispersion: Floats, raised: Flags) -> Floats:
    """Per start, the ratio maximised over rate ratios above 1; alpha 0 is the Poisson limit.

    Shapes (..., months) and (...) of the dispersion. 0 where nothing is raised since the start:
    most series have nothing to maximise.
    """
    if (dispersion < 0).any():
        raise ValueError("a dispersion is not negative")
    values = np.zeros(y.shape)
    for start in range(y.shape[-1]):
        some = raised[..., start]
        seen, mean, alpha = y[some][:, start:], mu[some][:, start:], dispersion[some][:, None]
        safe = np.maximum(alpha, SMALL)
        # every month's score is negative above its own y / mu, so the root lies below the largest
        top = np.where(mean > 0, seen / np.where(mean > 0, mean, 1.0), 0.0).max(-1)
        low, high = np.zeros(top.shape), np.log(np.maximum(top, 1.0))
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            fitted = mean * np.exp(middle)[..., None]
            rising = ((seen - fitted) / (1 + alpha * fitted)).sum(-1) > 0
            low, high = np.where(rising, middle, low), np.where(rising, high, middle)
        kappa = ((low + high) / 2)[..., None]
        odds = np.log1p(safe * mean) - np.log1p(safe * mean * np.exp(kappa))
        values[some, start] = (seen * kappa + (seen + 1 / safe) * odds).sum(-1)
    return np.maximum(values, 0.0)

"""The charts that the service's rule is compared with, each a function of a view.

Only what signals 1.3 compares, written for the comparison: arrays of substances x months, and the
alarm of the current month alone.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc
from scipy.stats import norm

from app.surveillance.statistics.emergence import (
    EMERGENCE_LIMITS,
    EmergenceLimits,
    emerging,
    without_bursts,
)
from app.surveillance.statistics.growth import (
    GrowthLimits,
    discounted,
    glr,
    pooled_dispersion,
    predictive,
    windows,
)
from tests.simulator.scoring import Detector
from tests.simulator.view import View
from tests.simulator.world import Flags, Floats

YEAR = 12
SHORT_BASELINE = GrowthLimits(long_history_months=10_000)  # as in the table of signals 1.3


def ears_c1(least_sigma: float, alpha: float = 0.001) -> Detector:
    """EARS C1 on arrivals: above mean + z sd of the seven months before."""
    z = float(norm.ppf(1 - alpha))

    def detector(view: View) -> Flags:
        past = view.receipts[:, -8:-1]
        sigma = np.maximum(past.std(1, ddof=1), least_sigma)
        return view.receipts[:, -1] > past.mean(1) + z * sigma

    return detector


def cusum(k: float = 1.04, h: float = 2.26, least_mean: float = 0.1) -> Detector:
    """CUSUM of (x - m) / sqrt(m) on arrivals, m the mean of the months before the last year."""

    def detector(view: View) -> Flags:
        split = max(YEAR, view.now + 1 - YEAR) if view.now >= 2 * YEAR else view.now // 2
        mean = np.maximum(view.receipts[:, :split].mean(1), least_mean)
        total = np.zeros(len(mean))
        for month in range(split, view.now + 1):
            z = (view.receipts[:, month] - mean) / np.sqrt(mean)
            total = np.maximum(0.0, total + z - k)
        return total >= h

    return detector


def outbreak_p(k: float, months: int = 24) -> Detector:
    """outbreakP on arrivals: the likelihood ratio of a rising mean against a constant one."""

    def detector(view: View) -> Flags:
        return log_outbreak_p(view.receipts[:, -months:].astype(float)) > np.log(k)

    return detector


def log_outbreak_p(y: Floats) -> Floats:
    """Log of prod (fit_t / mean)^y_t, fit the non-decreasing regression (max-min of means)."""
    n = y.shape[1]
    total = np.concatenate([np.zeros((len(y), 1)), y.cumsum(1)], axis=1)
    fit = np.zeros_like(y)
    for start in range(n):
        means = (total[:, start + 1 :] - total[:, [start]]) / np.arange(1, n - start + 1)
        upper = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fit[:, start:] = np.maximum(fit[:, start:], upper)
    mean = np.maximum(y.mean(1, keepdims=True), 1e-12)
    return (y * np.log(np.maximum(fit, 1e-12) / mean)).sum(1)


def bayes(alpha: float = 0.01, months: int = YEAR) -> Detector:
    """RKI's Bayes on arrivals: one month against the twelve before it, no exposure."""

    def detector(view: View) -> Flags:
        past, x = view.receipts[:, -months - 1 : -1], view.receipts[:, -1]
        n = past.shape[1]
        p = betainc(np.maximum(x, 1), past.sum(1) + 0.5, 1 / (n + 1))
        return (x > 0) & (p < alpha)

    return detector


def three_against_twelve(alpha: float = 0.01, *, exposed: bool = True) -> Detector:
    """Gamma-Poisson predictive p of three months against twelve, by month of the event."""

    def detector(view: View) -> Flags:
        with np.errstate(invalid="ignore"):
            return _predicted(view, exposed=exposed)[0] < alpha

    return detector


def false_discovery(q: float = 0.10) -> Detector:
    """The same, by Benjamini and Hochberg's q on the mid-p of those seen in the window."""

    def detector(view: View) -> Flags:
        _, mid_p, seen = _predicted(view, exposed=True)
        order = np.argsort(np.where(seen, mid_p, np.inf))
        ranked = mid_p[order][: seen.sum()]
        below = np.flatnonzero(ranked <= q * np.arange(1, ranked.size + 1) / max(1, ranked.size))
        flagged = np.zeros(seen.size, dtype=bool)
        if below.size:
            flagged[order[: below[-1] + 1]] = True
        return flagged

    return detector


def _predicted(view: View, *, exposed: bool) -> tuple[Floats, Floats, Flags]:
    exposure = discounted(view.exposure, view.completeness) if exposed else np.ones(view.now + 1)
    w = windows(view.counts, exposure)
    found = predictive(w.current, w.current_exposure, w.baseline, w.baseline_exposure)
    return found.p, found.mid_p, found.testable & (w.current > 0)


def likelihood_ratio(h: float) -> Detector:
    """Exposure- and delay-adjusted Poisson GLR."""

    def detector(view: View) -> Flags:
        found = glr(
            view.counts, discounted(view.exposure, view.completeness), limits=SHORT_BASELINE
        )
        return np.nan_to_num(found.statistic) > h

    return detector


def supported(h: float, events: int = 3, reporters: int = 2) -> Detector:
    """The same, with at least so many events and reporters since the onset."""

    def detector(view: View) -> Flags:
        found = glr(
            view.counts, discounted(view.exposure, view.completeness), limits=SHORT_BASELINE
        )
        since = np.maximum(found.onset, 0)[:, None]
        seen_by = np.take_along_axis(view.reporters_since(), since, axis=1)[:, 0]
        raised = np.nan_to_num(found.statistic) > h
        return raised & (found.events >= events) & (seen_by >= reporters)

    return detector


def service(limits: EmergenceLimits = EMERGENCE_LIMITS) -> Detector:
    """The rule of the service."""

    def detector(view: View) -> Flags:
        exposure = discounted(view.exposure, view.completeness)
        found = emerging(
            view.counts,
            exposure,
            sightings=view.sightings,
            reporters_since=view.reporters_since(),
            first_seen=view.first,
            dispersion=pooled_dispersion(view.counts, exposure) or None,
            limits=limits,
        )
        flagged = found.emerging.copy()
        for one in np.flatnonzero(flagged):
            since, before = view.sightings_of(int(one), int(found.ratio.onset[one]))
            unburst = without_bursts(since, before, float(found.ratio.expected[one]))
            flagged[one] = unburst > limits.unburst_statistic
        return flagged

    return detector


def new_spread(laboratories: int = 3, events: int = 3, window: int = 6, age: int = 12) -> Detector:
    """First seen at most `age` months ago, and lately in several laboratories."""

    def detector(view: View) -> Flags:
        recent = view.counts[:, -window:].sum(1)
        seen_by = view.reporters(view.now + 1 - window)
        young = (view.now - view.first <= age) & (recent > 0)
        return young & (recent >= events) & (seen_by >= laboratories)

    return detector


def union(*detectors: Detector) -> Detector:
    """Flagged by any."""

    def detector(view: View) -> Flags:
        return np.logical_or.reduce([one(view) for one in detectors])

    return detector


def compared() -> dict[str, Detector]:
    """The rows of the table of signals 1.3, in its order."""
    return {
        "EARS C1, least sigma 0": ears_c1(0.0),
        "EARS C1, least sigma 0.5": ears_c1(0.5),
        "EARS C1, least sigma 1": ears_c1(1.0),
        "CUSUM k 1.04, h 2.26": cusum(),
        "outbreakP k 100": outbreak_p(100),
        "outbreakP k 1000": outbreak_p(1000),
        "outbreakP k 10000": outbreak_p(10_000),
        "Bayes, 12 months, .01": bayes(),
        "NB 3 v 12, calendar time": three_against_twelve(exposed=False),
        "NB 3 v 12, exposure and delay": three_against_twelve(),
        "NB 3 v 12, BH q .10 on mid-p": false_discovery(),
        "GLR h 3.5": likelihood_ratio(3.5),
        "GLR h 4": likelihood_ratio(4),
        "GLR h 5": likelihood_ratio(5),
        "NEW_SPREAD": new_spread(),
        "NEW_SPREAD or GLR h 4, 3 events, 2 laboratories": union(new_spread(), supported(4)),
        "NEW_SPREAD or GLR h 5": union(new_spread(), likelihood_ratio(5)),
        "NEW_SPREAD or GLR h 4": union(new_spread(), likelihood_ratio(4)),
    }


def tuned() -> dict[str, Detector]:
    """Single detectors with the threshold that gave about .9 false episodes on seeds 1 to 10."""
    return {
        "EARS C1, least sigma 0.95": ears_c1(0.95),
        "CUSUM k 1.04, h 8": cusum(h=8),
        "outbreakP k 1600": outbreak_p(1600),
        "NB 3 v 12, exposure and delay, .008": three_against_twelve(0.008),
        "NB 3 v 12, BH q .07 on mid-p": false_discovery(0.07),
        "GLR h 4.6": likelihood_ratio(4.6),
        "NEW_SPREAD of 2 laboratories in 7 months": new_spread(2, 3, 7),
    }

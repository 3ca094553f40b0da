"""Likelihood ratio charts against a given expectation: a known rise (LR-CUSUM), or any (GLR).

Höhle and Paul 2008. All begin anew after an alarm. The default threshold of 5 is R's; what it means
in false alarms is for simulation to say. Expectations must be above nought: shrink them first.
The detector that Tocsin runs is growth.py; these are the textbook charts that it is compared with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from app.surveillance.statistics.cusum import restarting
from app.surveillance.statistics.series import Chart, Floats, counts, expectations

THRESHOLD = 5.0


def lr_cusum(
    y: ArrayLike, mu: ArrayLike, *, ratio: float, alpha: float = 0.0, threshold: float = THRESHOLD
) -> Chart:
    """Evidence that the rate is `ratio` times what is expected, against that it is as expected.

    Poisson counts, or negative binomial ones with variance mu + `alpha` mu².
    """
    if ratio <= 1:
        raise ValueError("the rise to look for is a rate ratio above 1")
    row = counts(y)
    return restarting(_evidence(row, expectations(mu, len(row)), np.log(ratio), alpha), threshold)


def glr(y: ArrayLike, mu: ArrayLike, *, alpha: float = 0.0, threshold: float = THRESHOLD) -> Chart:
    """The best evidence for any rise that began in any period since the last alarm.

    For Poisson counts X ln(X/M) + M - X over each start, where X > M; for negative binomial counts
    (variance mu + `alpha` mu²) the likelihood is maximised over the rise, between bounds.
    """
    row = counts(y)
    expected = expectations(mu, len(row))
    statistic, start = np.zeros_like(row), 0
    for t in range(len(row)):
        seen, due = row[start : t + 1], expected[start : t + 1]
        statistic[t] = _best_poisson(seen, due) if alpha == 0 else _best_nb(seen, due, alpha)
        if statistic[t] >= threshold:
            start = t + 1
    return Chart(statistic, statistic >= threshold)


def _best_poisson(y: Floats, mu: Floats) -> float:
    x, m = np.cumsum(y[::-1]), np.cumsum(mu[::-1])
    risen = x > m
    x, m = x[risen], m[risen]
    return float(np.max(x * np.log(x / m) + m - x, initial=0.0))


def _best_nb(y: Floats, mu: Floats, alpha: float) -> float:
    starts = range(len(y))
    return max(_evidence_of_rise(y[start:], mu[start:], alpha) for start in starts)


def _evidence_of_rise(y: Floats, mu: Floats, alpha: float) -> float:
    """The log-likelihood ratio at its maximum over rises κ > 0; it is concave in κ."""

    def slope(kappa: float) -> float:
        m = mu * np.exp(kappa)
        return float(np.sum((y - m) / (1 + alpha * m)))

    if slope(0.0) <= 0:
        return 0.0
    # At the largest y/mu no count exceeds its mean any more, so the slope is not above nought.
    steepest = float(np.log(np.max(y / mu)))
    kappa = steepest if slope(steepest) >= 0 else brentq(slope, 0.0, steepest, xtol=1e-12)
    return float(np.sum(_evidence(y, mu, kappa, alpha)))


def _evidence(y: Floats, mu: Floats, kappa: float, alpha: float) -> Floats:
    """What each count says for a mean of mu·e^κ against mu, in log-likelihood."""
    risen = mu * np.exp(kappa)
    if alpha == 0:
        return np.asarray(y * kappa - (risen - mu))
    ratio = (1 + alpha * mu) / (1 + alpha * risen)
    return np.asarray(y * kappa + (y + 1 / alpha) * np.log(ratio))

"""Cumulative sums: counts made roughly normal (Rossi et al. 1999), and positives among samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from app.surveillance.statistics.series import Bools, Chart, Floats, counts

MEAN_FLOOR = 0.1  # events per period: below it no transformation is defined or believable

Transform = Callable[[Floats, float], Floats]


def standard(x: Floats, m: float) -> Floats:
    """(x - m) / √m."""
    return np.asarray((x - m) / np.sqrt(m))


def rossi(x: Floats, m: float) -> Floats:
    """(x - 3m + 2√(xm)) / (2√m)."""
    return np.asarray((x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m)))


def anscombe(x: Floats, m: float) -> Floats:
    """1.5 (x^⅔ - m^⅔) / m^⅙."""
    return np.asarray(1.5 * (np.cbrt(x) ** 2 - np.cbrt(m) ** 2) / m ** (1 / 6))


def anscombe_second_order(x: Floats, m: float) -> Floats:
    """As `anscombe`, with the mean of x^⅔ to the second order: m^⅔ - m^(-⅓)/9."""
    centre = np.cbrt(m) ** 2 - m ** (-1 / 3) / 9
    return np.asarray(1.5 * (np.cbrt(x) ** 2 - centre) / m ** (1 / 6))


def negative_binomial(alpha: float) -> Transform:
    """(x - m) / √(m + α m²), for counts with dispersion `alpha`."""
    return lambda x, m: np.asarray((x - m) / np.sqrt(m + alpha * m**2))


@dataclass(frozen=True, slots=True)
class Cusum:
    """A cumulative sum, and for each period how many events would have made it alarm."""

    statistic: Floats
    alarm: Bools
    needed: Floats


def cusum(
    y: ArrayLike, mean: float, *, k: float = 1.04, h: float = 2.26, transform: Transform = rossi
) -> Cusum:
    """C_t = max(0, C_{t-1} + z_t - k), an alarm while C_t ≥ h; it is not set back after an alarm.

    `mean` is the count expected of a period, from its history. Where that is below MEAN_FLOOR the
    floor is used: with a mean of nought R's sum is infinite, then NaN for ever.
    """
    row = counts(y)
    m = max(float(mean), MEAN_FLOOR)
    scores = transform(row, m)
    total, statistic, before = 0.0, np.zeros_like(row), np.zeros_like(row)
    for t, z in enumerate(scores):
        before[t] = total
        total = max(0.0, total + float(z) - k)
        statistic[t] = total
    needed = np.array([_fewest(h + k - c, m, transform) for c in before])
    return Cusum(statistic, statistic >= h, needed)


def _fewest(z: float, m: float, transform: Transform) -> float:
    """The smallest count whose score is `z` or more; every transformation rises with the count."""
    high = 1
    while transform(np.array([float(high)]), m)[0] < z:
        high *= 2
    candidates = np.arange(high + 1, dtype=np.float64)
    return float(np.searchsorted(transform(candidates, m), z))


def binomial_cusum(
    positives: ArrayLike, samples: ArrayLike, *, p0: float, p1: float, h: float = 3.0
) -> Chart:
    """The log-likelihood ratio of share `p1` against `p0`, summed, and begun anew after an alarm.

    `positives` of `samples` were found in each period. Periods without samples change nothing.
    Raises ValueError where there are more positives than samples, or p0 < p1 does not hold.
    """
    y, n = counts(positives), counts(samples)
    if y.shape != n.shape or (y > n).any():
        raise ValueError("each period needs its number of samples, and no more positives than that")
    if not 0 < p0 < p1 < 1:
        raise ValueError("a rise is from p0 to a higher p1, both between 0 and 1")
    steps = y * np.log(p1 / p0) + (n - y) * np.log((1 - p1) / (1 - p0))
    return restarting(steps, h)


def restarting(steps: Floats, threshold: float) -> Chart:
    """max(0, sum of `steps`), begun anew after each period in which it reached `threshold`."""
    total, statistic = 0.0, np.zeros_like(steps)
    for t, step in enumerate(steps):
        total = max(0.0, total + float(step))
        statistic[t] = total
        if total >= threshold:
            total = 0.0
    return Chart(statistic, statistic >= threshold)

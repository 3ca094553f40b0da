"""Bounds from the same season of earlier years: RKI 1-3 and Bayes 1-3.

A baseline is written (years, half_width, current_year): the periods within `half_width` of the same
period in each of `years` earlier years, and, with `current_year`, the last `half_width` periods.
1 is (0, 6, True), 2 is (1, 6, True), 3 is (2, 4, False). Riebler 2004, as in R `surveillance`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import nbinom

from app.surveillance.statistics.series import Bounds, Floats, against, counts


class Baseline(NamedTuple):
    """Which past periods a count is held against."""

    years: int
    half_width: int
    current_year: bool


FIRST = Baseline(0, 6, True)
SECOND = Baseline(1, 6, True)
THIRD = Baseline(2, 4, False)

# Upper ends of Crow and Gardner's 95 % intervals for a Poisson mean, for 0 to 20 events
# (Biometrika 46:441, 1959, table 1).
CROW_GARDNER = np.array(
    [
        *(3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633),
        *(19.050, 20.335, 21.364, 22.945, 23.762, 25.400, 26.306, 27.735, 28.966, 30.017),
    ]
)


def rki(y: ArrayLike, baseline: Baseline = FIRST, *, periods_per_year: int = 12) -> Bounds:
    """The Robert Koch Institute's bound: a tabulated Poisson bound, or mean + 2 sd above 20.

    With nothing but zeros behind it the bound is 3.285, so that four events alarm.
    """

    def bound(past: Floats) -> float:
        mean = past.mean()
        if mean <= 20:
            return float(CROW_GARDNER[int(mean)])
        return float(mean + 2 * past.std(ddof=1))

    return _bounds(counts(y), baseline, periods_per_year, bound)


def bayes(
    y: ArrayLike,
    baseline: Baseline = FIRST,
    *,
    alpha: float = 0.05,
    periods_per_year: int = 12,
) -> Bounds:
    """The quantile of what a Gamma-Poisson model with Jeffreys' prior predicts.

    With S events in n periods the next count is NB(size = S + 1/2, prob = n / (n + 1)); it is
    proper with an empty baseline too. The bound is its (1 - `alpha`) quantile.
    """

    def bound(past: Floats) -> float:
        n = len(past)
        return float(nbinom.ppf(1 - alpha, past.sum() + 0.5, n / (n + 1)))

    return _bounds(counts(y), baseline, periods_per_year, bound)


def _bounds(
    row: Floats, baseline: Baseline, periods_per_year: int, bound: Callable[[Floats], float]
) -> Bounds:
    upper, testable = np.zeros_like(row), np.zeros(len(row), dtype=bool)
    back = _periods_back(baseline, periods_per_year)
    for now in range(int(back.max()), len(row)):
        upper[now], testable[now] = bound(row[now - back]), True
    return against(row, upper, testable)


def _periods_back(baseline: Baseline, periods_per_year: int) -> np.ndarray[tuple[int], np.dtype]:
    """How many periods before the one under test each period of the baseline lies."""
    width = baseline.half_width
    seasons = [
        np.arange(year * periods_per_year - width, year * periods_per_year + width + 1)
        for year in range(1, baseline.years + 1)
    ]
    recent = [np.arange(1, width + 1)] if baseline.current_year else []
    if not seasons and not recent:
        raise ValueError("a baseline needs earlier years, or the current one")
    return np.concatenate(seasons + recent)

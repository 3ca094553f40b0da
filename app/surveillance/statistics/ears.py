"""EARS C1, C2 and C3: short baselines for when there is no history.

Hutwagner et al. 2003, with normal quantiles as in R `surveillance::earsC` (JHU's own programme
counts otherwise: docs/statistics.md). With means below one the standard deviation of seven months
is often nought, and a single event alarms: `min_sigma` is the floor that Burkom advises for that.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from scipy.stats import norm

from app.surveillance.statistics.series import Bools, Bounds, Floats, against, counts

GUARD = 2  # periods between baseline and the period under test in C2 and C3
MEMORY = 2  # earlier periods that C3 adds up


def c1(y: ArrayLike, *, baseline: int = 7, alpha: float = 0.001, min_sigma: float = 0.5) -> Bounds:
    """Mean + z·sd of the `baseline` periods just before. A bound needs that many periods."""
    row = counts(y)
    mean, sigma, known = _recent(row, baseline, 0, min_sigma)
    return against(row, mean + norm.isf(alpha) * sigma, known)


def c2(y: ArrayLike, *, baseline: int = 7, alpha: float = 0.001, min_sigma: float = 0.5) -> Bounds:
    """As `c1`, with two periods left out before the one under test, lest a rise hide itself."""
    row = counts(y)
    mean, sigma, known = _recent(row, baseline, GUARD, min_sigma)
    return against(row, mean + norm.isf(alpha) * sigma, known)


def c3(y: ArrayLike, *, baseline: int = 7, alpha: float = 0.025, min_sigma: float = 0.5) -> Bounds:
    """As `c2`, lowered by what the two periods before exceeded their means by (beyond one sd).

    The bound is mean + sd·(z - Σ max(0, C2 - 1)) over those two. Where one of the three standard
    deviations is nought there is no such bound, and the period is not testable (R answers NaN).
    The bound is not below nought: a month without events never alarms. R has the count itself where
    the mean belongs, so that its C3 looks at the two months before alone.
    """
    row = counts(y)
    mean, sigma, known = _recent(row, baseline, GUARD, min_sigma)
    known = known & (sigma > 0)
    excess = np.where(known, (row - mean) / np.where(known, sigma, 1.0), 0.0)
    carried = np.maximum(excess - 1.0, 0.0)
    credit = np.zeros_like(row)
    testable = known.copy()
    for back in range(1, MEMORY + 1):
        credit[back:] += carried[:-back]
        testable[back:] &= known[:-back]
        testable[:back] = False
    upper = np.maximum(mean + sigma * (norm.isf(alpha) - credit), 0.0)
    return against(row, upper, testable)


def _recent(
    row: Floats, baseline: int, guard: int, min_sigma: float
) -> tuple[Floats, Floats, Bools]:
    """Mean and sd of the baseline of every period, and which periods have one."""
    if baseline < 2:
        raise ValueError("a standard deviation needs a baseline of two periods or more")
    mean, sigma = np.zeros_like(row), np.zeros_like(row)
    first = baseline + guard
    if len(row) > first:
        windows = sliding_window_view(row, baseline)[: len(row) - first]
        mean[first:] = windows.mean(axis=1)
        sigma[first:] = np.maximum(windows.std(axis=1, ddof=1), min_sigma)
    return mean, sigma, np.arange(len(row)) >= first

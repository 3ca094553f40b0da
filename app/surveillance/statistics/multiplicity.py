"""Many tests at once: adjusted p-values, by which to rank and label, not to gate.

Only what could have been surprising belongs in `p`: nodes with an event in the current window, and
their mid-p. Substances, families and classes are each a set of tests of their own; they are not
pooled. A p of 1 for every silent node would drown the rest (signals of sparse data have atoms).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from app.surveillance.statistics.series import Floats


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p for the false discovery rate: running minimum, from the largest, of p·m/rank.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    row = _probabilities(p)
    return _step_up(row, np.ones_like(row))


def benjamini_yekutieli(p: ArrayLike) -> Floats:
    """As `benjamini_hochberg`, for tests that depend on each other in any way."""
    row = _probabilities(p)
    harmonic = np.sum(1 / np.arange(1, len(row) + 1))
    return _step_up(row, np.full_like(row, harmonic))


def holm(p: ArrayLike) -> Floats:
    """Adjusted p for the chance of one false alarm or more; never above Bonferroni's."""
    row = _probabilities(p)
    order = np.argsort(row, kind="stable")
    steps = row[order] * np.arange(len(row), 0, -1)
    adjusted = np.empty_like(row)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def bonferroni(p: ArrayLike) -> Floats:
    """p times the number of tests."""
    row = _probabilities(p)
    return np.minimum(row * len(row), 1.0)


def _step_up(row: Floats, factor: Floats) -> Floats:
    order = np.argsort(row, kind="stable")[::-1]
    ranks = np.arange(len(row), 0, -1)
    steps = row[order] * factor * len(row) / ranks
    adjusted = np.empty_like(row)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return adjusted


def _probabilities(p: ArrayLike) -> Floats:
    row = np.asarray(p, dtype=np.float64)
    if row.ndim != 1 or not ((row >= 0) & (row <= 1)).all():
        raise ValueError("p-values are one row of numbers from 0 to 1; leave untestable ones out")
    return row

"""Series of counts, as the charts read them, and what a chart answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bounds:
    """For each period, the bound that its count must exceed; as long as the series that was read.

    Where there is too little history, or none that says anything, `testable` is False, `upper` is 0
    and `alarm` is False: a reader asks `testable` first. No number here is ever NaN or infinite.
    """

    upper: Floats
    alarm: Bools
    testable: Bools


@dataclass(frozen=True, slots=True)
class Chart:
    """For each period, the statistic that is held against a threshold, and whether it alarms."""

    statistic: Floats
    alarm: Bools


def counts(y: ArrayLike) -> Floats:
    """`y` as one row of counts.

    Raises ValueError for another shape, for a count below nought, for NaN and for infinity.
    """
    row = np.asarray(y, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError(f"a series is one row of counts, not an array of shape {row.shape}")
    if not np.isfinite(row).all() or (row < 0).any():
        raise ValueError("a series holds counts: finite, and nought or more")
    return row


def expectations(mu: ArrayLike, length: int) -> Floats:
    """Expected counts, one for each of `length` periods; a single number stands for all.

    Raises ValueError where one is not above nought: nothing can be tested against no expectation.
    """
    row = np.broadcast_to(np.asarray(mu, dtype=np.float64), (length,))
    if not np.isfinite(row).all() or (row <= 0).any():
        raise ValueError("expected counts are finite and above nought; leave other periods out")
    return row


def against(y: Floats, upper: Floats, testable: Bools) -> Bounds:
    """The bounds of a chart that alarms when a count exceeds its bound."""
    upper = np.where(testable, upper, 0.0)
    return Bounds(upper, testable & (y > upper), testable)

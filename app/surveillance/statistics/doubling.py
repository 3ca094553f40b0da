"""Doubling time: how fast a rate grows, by a log-linear fit; "not estimable" of too little."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from app.surveillance.statistics.growth import (
    LIMITS,
    SMALL,
    Estimate,
    Flags,
    Floats,
    GrowthLimits,
    observed,
)

FISHER_STEPS = 30  # of the log-linear fit; a handful suffice, the rest are for odd data


def doubling_time(
    counts: ArrayLike, exposure: ArrayLike, limits: GrowthLimits = LIMITS
) -> Estimate:
    """Months in which the rate doubles: ln 2 / b of log mu = a + b t + log exposure, Poisson.

    Shapes (..., months). Negative is halving. The interval is that of b +- z se turned over; when
    b may be zero it is open and runs through infinity: low is then the shortest doubling, high inf.
    """
    slope, error, estimable = log_slope(counts, exposure, limits)
    z = float(ndtri((1 + limits.interval) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(2) / slope
        steep, flat = np.log(2) / (slope + z * error), np.log(2) / (slope - z * error)
    certain = np.sign(slope + z * error) == np.sign(slope - z * error)
    return Estimate(
        value, steep, np.where(certain, flat, np.where(estimable, np.inf, np.nan)), estimable
    )


def log_slope(
    counts: ArrayLike, exposure: ArrayLike, limits: GrowthLimits = LIMITS
) -> tuple[Floats, Floats, Flags]:
    """Slope per month of the log rate, its standard error, and where both are estimable.

    Given the total, the months are multinomial with weights exposure x exp(b t), so that one
    number is sought for each series: Newton's steps on a concave likelihood, bounded.
    """
    y, e = observed(counts, exposure)
    t = np.arange(y.shape[-1], dtype=np.float64)
    total = y.sum(-1)
    estimable = (total >= limits.doubling_events) & ((e > 0).sum(-1) >= limits.doubling_months)
    estimable &= (y > 0).sum(-1) > 1  # all in one month: the slope has no bound
    weight = np.where(estimable[..., None], e, 1.0)
    log_weight = np.log(np.where(weight > 0, weight, 1.0))
    share = np.where(total > 0, total, 1.0)
    target = (y * t).sum(-1) / share
    slope = np.zeros(total.shape)
    spread = np.ones(total.shape)
    for _ in range(FISHER_STEPS):
        exponent = log_weight + slope[..., None] * t
        p = np.exp(exponent - exponent.max(-1, keepdims=True)) * (weight > 0)
        p /= p.sum(-1, keepdims=True)
        mean = (p * t).sum(-1)
        spread = (p * (t - mean[..., None]) ** 2).sum(-1)
        step = (target - mean) / np.maximum(spread, SMALL)
        slope += np.clip(step, -1.0, 1.0)
        if np.all(np.abs(step[estimable]) < SMALL):
            break
    error = 1 / np.sqrt(np.maximum(share * spread, SMALL))
    return np.where(estimable, slope, np.nan), np.where(estimable, error, np.nan), estimable

"""What a criterion may be, given what was counted: Gamma and Beta posteriors, and what they earn.

Priors are Jeffreys' unless a criterion says otherwise: k events of an unknown rate leave
Gamma(k + 1/2), k of n leave Beta(k + 1/2, n - k + 1/2). A scale values an amount from 0 to 100
between fixed anchors; every scale rises, so that a quantile of the amount is one of the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

Floats = NDArray[np.float64]

LIMITS = 0.95  # the share of a posterior between the limits that are shown


class Shape(StrEnum):
    """The form of a posterior."""

    GAMMA = "gamma"  # of a rate or a mean: shape a, rate b
    BETA = "beta"  # of a share: a for, b against


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Gamma(a, rate b) or a Beta(a, b)."""

    shape: Shape
    a: float
    b: float

    def limits(self) -> tuple[float, float]:
        """The quantiles that leave (1 - LIMITS)/2 on either side."""
        return _limits(self.shape, self.a, self.b)


class Scale(Protocol):
    """What amounts are worth, 0 to 100; never falls."""

    def __call__(self, amounts: Floats, /) -> Floats: ...


@dataclass(frozen=True, slots=True)
class LogScale:
    """0 at `low` and below, 100 at `high` and above, straight on a log scale between.

    >>> round(worth(1.0, LogScale(0.05, 20.0)))
    50
    """

    low: float
    high: float

    def __call__(self, amounts: Floats, /) -> Floats:
        within = np.minimum(np.maximum(amounts, self.low), self.high)
        return np.asarray(100 * np.log(within / self.low) / log(self.high / self.low))


@dataclass(frozen=True, slots=True)
class LinearScale:
    """0 at nought, 100 at `top` and above."""

    top: float

    def __call__(self, amounts: Floats, /) -> Floats:
        return np.asarray(np.minimum(np.maximum(100 * amounts / self.top, 0.0), 100.0))


@dataclass(frozen=True, slots=True)
class SaturatingScale:
    """100 (1 - exp(-amount / constant)): each further one earns less than the one before."""

    constant: float

    def __call__(self, amounts: Floats, /) -> Floats:
        return np.asarray(-100 * np.expm1(-amounts / self.constant))


def worth(amount: float, scale: Scale) -> float:
    """What one amount is worth."""
    return float(scale(np.asarray(amount, dtype=np.float64)))


def gamma_posterior(events: float, exposure: float = 1.0) -> Posterior:
    """Of a rate, after `events` in `exposure` (Jeffreys)."""
    return Posterior(Shape.GAMMA, events + 0.5, exposure)


def weighted_posterior(cases: list[tuple[float, int]]) -> Posterior:
    """Of a weighted count, from the weight of a case and how many bear it.

    The Gamma with the mean and the variance of a compound Poisson: the cases as if there were
    (sum w)^2 / sum w^2 of the weight sum w^2 / sum w each. Without a case one of full weight is
    what may have been missed.
    """
    total = sum(w * n for w, n in cases)
    if total <= 0:
        return gamma_posterior(0.0)
    each = sum(w * w * n for w, n in cases) / total
    return gamma_posterior(total / each, 1 / each)


def beta_posterior(found: float, among: float) -> Posterior:
    """Of a share, after `found` of `among` (Jeffreys)."""
    return Posterior(Shape.BETA, found + 0.5, among - found + 0.5)


def information_component(observed: float, expected: float) -> tuple[float, float, float]:
    """IC of UMC and its 95 % limits: log2 of (a + 1/2)/(E + 1/2), and of Gamma quantiles.

    The shrinkage form of the Uppsala Monitoring Centre: Gamma(a + 1/2, rate E + 1/2). The same as
    `statistics.disproportionality.information_component`, for one pair at a time out of the limits
    that are kept, since a list asks for many that are alike.

    >>> [round(x, 3) for x in information_component(3, 0.4)[:2]]
    [1.959, -0.091]
    """
    a, rate = observed + 0.5, expected + 0.5
    low, high = _limits(Shape.GAMMA, a, rate)
    return log(a / rate, 2), log(low, 2), log(high, 2)


def quantiles(posteriors: list[Posterior], levels: Floats) -> Floats:
    """The amounts at these levels: one row for each posterior.

    Few differ, so each is found once; a Gamma's rate only divides.
    """
    found = np.empty((len(posteriors), len(levels)))
    if not posteriors:
        return found
    a = np.array([p.a for p in posteriors])
    b = np.array([p.b for p in posteriors])
    gamma = np.array([p.shape is Shape.GAMMA for p in posteriors])
    if gamma.any():
        shapes, row = np.unique(a[gamma], return_inverse=True)
        found[gamma] = gammaincinv(shapes[:, None], levels)[row] / b[gamma][:, None]
    if not gamma.all():
        pairs, row = np.unique(np.stack([a, b], 1)[~gamma], axis=0, return_inverse=True)
        found[~gamma] = betaincinv(pairs[:, :1], pairs[:, 1:], levels)[row]
    return found


@lru_cache(maxsize=65536)
def _limits(shape: Shape, a: float, b: float) -> tuple[float, float]:
    tail = (1 - LIMITS) / 2
    if shape is Shape.GAMMA:
        return float(gammaincinv(a, tail)) / b, float(gammaincinv(a, 1 - tail)) / b
    return float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail))

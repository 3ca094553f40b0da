"""EBGM: the Gamma-Poisson shrinker of DuMouchel (1999), for tables with hundreds of cells.

λ is drawn from w·Gamma(a1, b1) + (1-w)·Gamma(a2, b2), fitted to all cells of a table. On a table
of a few dozen cells the mixture collapses to one component and shrinks all to its mean: until
there are hundreds, the information component is the number to show.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize
from scipy.special import digamma, expit, logit
from scipy.stats import gamma, nbinom

from app.surveillance.statistics.series import Floats


class Prior(NamedTuple):
    """Two gamma distributions (shape a, rate b), and the weight of the first."""

    a1: float
    b1: float
    a2: float
    b2: float
    w: float


DUMOUCHEL = Prior(0.2041, 0.05816, 1.415, 1.838, 0.0969)  # a place to start the fit from


def fit_prior(observed: ArrayLike, expected: ArrayLike, start: Prior = DUMOUCHEL) -> Prior:
    """The prior that makes the cells of a table most likely (Nelder and Mead's search)."""
    n, e = _cells(observed, expected)

    def missed(free: Floats) -> float:
        return -log_likelihood(n, e, _prior(free))

    free = np.array([*np.log(start[:4]), logit(start.w)])
    options = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-6, "fatol": 1e-9}
    return _prior(minimize(missed, free, method="Nelder-Mead", options=options).x)


def log_likelihood(observed: ArrayLike, expected: ArrayLike, prior: Prior) -> float:
    """Of the cells of a table, each drawn from the mixture of two negative binomials."""
    n, e = _cells(observed, expected)
    first, second = _components(n, e, prior)
    return float(np.sum(np.logaddexp(first, second)))


def ebgm(observed: ArrayLike, expected: ArrayLike, prior: Prior) -> Floats:
    """exp(E[ln λ | cell]), the shrunken ratio of observed to expected of every cell."""
    n, e = _cells(observed, expected)
    q = _weight(n, e, prior)
    first = digamma(prior.a1 + n) - np.log(prior.b1 + e)
    second = digamma(prior.a2 + n) - np.log(prior.b2 + e)
    return np.asarray(np.exp(q * first + (1 - q) * second))


def quantile(observed: ArrayLike, expected: ArrayLike, prior: Prior, share: float) -> Floats:
    """The `share` quantile of λ for every cell: EB05 at .05; a signal where that is 2 or more."""
    n, e = _cells(observed, expected)
    q = _weight(n, e, prior)

    def one(n: float, e: float, q: float) -> float:
        first = gamma(prior.a1 + n, scale=1 / (prior.b1 + e))
        second = gamma(prior.a2 + n, scale=1 / (prior.b2 + e))

        def beyond(x: float) -> float:
            return float(q * first.cdf(x) + (1 - q) * second.cdf(x) - share)

        low, high = sorted((float(first.ppf(share)), float(second.ppf(share))))
        if beyond(low) >= 0:  # rounding, where one component has all the weight
            return low
        return high if beyond(high) <= 0 else float(brentq(beyond, low, high))

    return np.array([one(*cell) for cell in zip(n, e, q, strict=True)])


def _components(n: Floats, e: Floats, prior: Prior) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):  # a weight of 0 or 1 leaves one component out
        logs = np.log([prior.w, 1 - prior.w])
    first = logs[0] + nbinom.logpmf(n, prior.a1, prior.b1 / (prior.b1 + e))
    second = logs[1] + nbinom.logpmf(n, prior.a2, prior.b2 / (prior.b2 + e))
    return first, second


def _weight(n: Floats, e: Floats, prior: Prior) -> Floats:
    first, second = _components(n, e, prior)
    return np.asarray(np.exp(first - np.logaddexp(first, second)))


def _prior(free: Floats) -> Prior:
    a1, b1, a2, b2 = np.exp(np.clip(free[:4], -20, 20))
    return Prior(float(a1), float(b1), float(a2), float(b2), float(expit(free[4])))


def _cells(observed: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    n, e = (np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (observed, expected))
    if n.shape != e.shape or n.ndim != 1 or (n < 0).any() or not (e > 0).all():
        raise ValueError("each cell needs a count, and an expected count above nought")
    return n, e

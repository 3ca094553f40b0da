"""A share of few: k of n, with an interval that admits how few they are."""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import betainccinv, betaincinv


class Share(NamedTuple):
    """A share between 0 and 1, and an interval around it."""

    mean: float
    lower: float
    upper: float


def share(k: float, n: float, *, coverage: float = 0.9) -> Share | None:
    """k of n by Jeffreys' prior, Beta(k + ½, n - k + ½); None of none.

    >>> share(3, 3).mean
    0.875
    """
    if n == 0:
        return None
    return posterior(k, n, 0.5, 0.5, coverage)


def posterior(k: float, n: float, a: float, b: float, coverage: float) -> Share:
    """k of n with a Beta(a, b) prior; k may be a sum of weights. Raises ValueError unless 0≤k≤n."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share")
    a, b, tail = a + k, b + n - k, (1 - coverage) / 2
    return Share(a / (a + b), float(betaincinv(a, b, tail)), float(betainccinv(a, b, tail)))

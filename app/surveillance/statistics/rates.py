"""Two rates, or two shares, compared exactly."""

from __future__ import annotations

from scipy.stats import binom, hypergeom


def higher_rate_p(x1: int, t1: float, x0: int, t0: float) -> float | None:
    """How probable are `x1` or more of the `x1 + x0` events, were the two rates one?

    `t1` and `t0` are exposures (samples, months). Given their sum the events are binomial with
    probability t1/(t1+t0), so that sparse data are tested exactly. None where one exposure is
    nought: nobody looked, and nothing can be said.
    """
    _refuse(x1, x0, t1, t0)
    if t1 == 0 or t0 == 0:
        return None
    return float(binom.sf(x1 - 1, x1 + x0, t1 / (t1 + t0)))


def rate_ratio(x1: int, t1: float, x0: int, t0: float) -> float | None:
    """(x1/t1) / (x0/t0); None where the second rate is nought or either has no exposure."""
    _refuse(x1, x0, t1, t0)
    if t1 == 0 or t0 == 0 or x0 == 0:
        return None
    return (x1 / t1) / (x0 / t0)


def larger_share_p(a: int, b: int, c: int, d: int) -> float | None:
    """Fisher's exact test, one-sided: is a/(a+b) above c/(c+d)? None where a row is empty."""
    _refuse(a, b, c, d)
    if a + b == 0 or c + d == 0:
        return None
    return float(hypergeom.sf(a - 1, a + b + c + d, a + c, a + b))


def _refuse(*numbers: float) -> None:
    if any(number < 0 for number in numbers):
        raise ValueError("counts and exposures are nought or more")

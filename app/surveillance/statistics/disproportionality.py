"""Is a kind of event a larger share of one substance's reports than of its peers'?

Of four counts: a = the substance with the event, b = the substance without, c = others with,
d = others without. Peers are substances of the same class, else opioids always stand out. The
answer is about reports, not about risk: seizures and autopsies are sampled differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaincinv, ndtri, polygamma

from app.surveillance.statistics.series import Bools, Floats

Z = float(-ndtri(0.025))


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates with 95 % limits, one for each table; where not `testable` all three are nought."""

    value: Floats
    lower: Floats
    upper: Floats
    testable: Bools


def expected(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Floats:
    """(a+b)(a+c)/N, the events that independence lets expect; nought for an empty table."""
    w, x, y, z = _cells(a, b, c, d)
    total = w + x + y + z
    product = (w + x) * (w + y)
    return np.divide(product, total, out=np.zeros_like(total), where=total > 0)


def stratified_expected(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Floats:
    """`expected` within each stratum (country, year), summed over the last axis: Mantel-Haenszel.

    Countries that do autopsies see deaths of every substance; strata keep that from being a signal.
    """
    return np.asarray(expected(a, b, c, d).sum(axis=-1))


def prr(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Estimates:
    """Proportional reporting ratio, (a/(a+b)) / (c/(c+d)).

    The classic rule is PRR ≥ 2, chi-squared ≥ 4 and a ≥ 3. Without a or c it cannot be estimated.
    """
    w, x, y, z = _cells(a, b, c, d)
    testable = (w > 0) & (y > 0)
    w, x, y, z = (np.where(testable, cell, 1.0) for cell in (w, x, y, z))
    ratio = (w / (w + x)) / (y / (y + z))
    error = np.sqrt(np.maximum(1 / w - 1 / (w + x) + 1 / y - 1 / (y + z), 0.0))
    return _log_normal(ratio, error, testable)


def ror(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Estimates:
    """Reporting odds ratio, ad/(bc); a signal where the lower limit exceeds 1 and a ≥ 3.

    With an empty cell it cannot be estimated.
    """
    w, x, y, z = _cells(a, b, c, d)
    testable = (w > 0) & (x > 0) & (y > 0) & (z > 0)
    w, x, y, z = (np.where(testable, cell, 1.0) for cell in (w, x, y, z))
    return _log_normal(w * z / (x * y), np.sqrt(1 / w + 1 / x + 1 / y + 1 / z), testable)


def information_component(observed: ArrayLike, expecting: ArrayLike) -> Estimates:
    """log2 of (observed + ½)/(expected + ½), with limits of Gamma(observed + ½, expected + ½).

    The shrinkage form of Uppsala (Norén et al. 2013); a signal where the lower limit (IC025)
    exceeds nought. Bate's original is another number: `bcpnn`. Not testable where nothing is
    expected.
    """
    seen, due = np.broadcast_arrays(
        np.asarray(observed, dtype=np.float64), np.asarray(expecting, dtype=np.float64)
    )
    if not (np.isfinite(seen) & np.isfinite(due) & (seen >= 0) & (due >= 0)).all():
        raise ValueError("observed and expected counts are finite, and nought or more")
    testable = due > 0
    shape, scale = seen + 0.5, 1 / (due + 0.5)
    value = np.log2(shape * scale)
    lower, upper = (np.log2(scale * gammaincinv(shape, q)) for q in (0.025, 0.975))
    return _masked(value, lower, upper, testable)


def bcpnn(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Estimates:
    """The information component of Bate et al. 1998, with normal limits, as vigipy has it.

    Beta priors: one and one for each margin, and for the cell what independence lets expect. To
    compare with published figures; `information_component` is what Tocsin shows.
    """
    w, x, y, z = _cells(a, b, c, d)
    total, row, column = w + x + y + z, w + x, w + y
    testable = (row > 0) & (column > 0)
    cell = 1 + w
    rest = total - w - 1 + (2 + total) ** 2 / ((1 + column) * (1 + row))
    mean = digamma(cell) - digamma(cell + rest)
    variance = polygamma(1, cell) - polygamma(1, cell + rest)
    for margin in (row, column):
        mean = mean - (digamma(1 + margin) - digamma(2 + total))
        variance = variance + polygamma(1, 1 + margin) - polygamma(1, 2 + total)
    value, error = mean / np.log(2), np.sqrt(variance) / np.log(2)
    return _masked(value, value - Z * error, value + Z * error, testable)


def _log_normal(ratio: Floats, error: Floats, testable: Bools) -> Estimates:
    return _masked(ratio, ratio * np.exp(-Z * error), ratio * np.exp(Z * error), testable)


def _masked(value: Floats, lower: Floats, upper: Floats, testable: Bools) -> Estimates:
    value, lower, upper = (np.where(testable, x, 0.0) for x in (value, lower, upper))
    return Estimates(value, lower, upper, np.asarray(testable))


def _cells(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> tuple[Floats, ...]:
    cells = np.broadcast_arrays(*(np.asarray(cell, dtype=np.float64) for cell in (a, b, c, d)))
    if not all((np.isfinite(cell) & (cell >= 0)).all() for cell in cells):
        raise ValueError("the four cells of a table are counts: finite, and nought or more")
    return tuple(cells)

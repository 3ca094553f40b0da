"""Farrington's bounds: the same season of earlier years, reweighted (1996; Noufaily et al. 2013).

For series with five years of history and a mean of about one a month or more; on sparser ones the
regression has nothing to hold on to. As R `surveillance::farrington` and `farringtonFlexible`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import nbinom, norm, poisson
from scipy.stats import t as student

from app.surveillance.statistics import quasi_poisson
from app.surveillance.statistics.series import Bools, Floats, counts

LOOSEST = 10.0  # standard error of the log mean, from which on an expectation says nothing

Method = Literal["delta", "nb_plugin", "muan"]
Compat = Literal["R"] | None


@dataclass(frozen=True, slots=True)
class Options:
    """What the baseline is, and where the bound lies. The defaults are Noufaily's, for weeks.

    `method` is the ⅔-power interval (delta), the negative binomial quantile at the expected mean
    (nb_plugin), or at the upper limit of that mean (muan). Of `recent` periods just before the
    tested one none is in the baseline. A year is cut into `seasons`: the window of ±`half_width`
    around the tested period, and the rest in equal parts; with 1, only the windows are used.
    A trend stays when its p is below `trend_below`, three years are looked back and the expected
    count is not beyond what was seen. Nothing alarms with under `least` events in `within` periods.
    """

    years: int = 5
    half_width: int = 3
    seasons: int = 10
    recent: int = 26
    trend: bool = True
    trend_below: float = 1.0
    reweight_above: float | None = 2.58
    alpha: float = 0.05  # one-sided
    method: Method = "muan"
    least: int = 5
    within: int = 4
    periods_per_year: int = 52


def classic(alpha: float = 0.05, *, half_width: int = 3, periods_per_year: int = 52) -> Options:
    """The options of 1996: windows only, weights above 1, half of `alpha` on each side."""
    return Options(
        half_width=half_width,
        seasons=1,
        recent=half_width,
        trend_below=0.05,
        reweight_above=1.0,
        alpha=alpha / 2,
        method="delta",
        periods_per_year=periods_per_year,
    )


@dataclass(frozen=True, slots=True)
class Farrington:
    """For each period its bound and what led to it; nought where the period is not `testable`."""

    upper: Floats
    alarm: Bools
    testable: Bools
    expected: Floats
    p: Floats  # of as many events or more; 1 where not testable
    dispersion: Floats  # at least 1
    trend: Bools


@dataclass(frozen=True, slots=True)
class _Expected:
    mean: float
    link_se: float
    dispersion: float
    trend: bool


def farrington(
    y: ArrayLike,
    options: Options,
    *,
    exposure: ArrayLike | None = None,
    start: int = 0,
    compat: Compat = None,
) -> Farrington:
    """The bounds of every period from `start` on.

    `exposure` (samples analysed) is in proportion to the expected count; a period without any is
    left out of baselines and is not testable, and neither is one with only zeros behind it in its
    season, or where the regression finds no hold.
    `compat="R"` repeats, for comparison, R's standard errors (docs/statistics.md) and its bounds on
    empty baselines.
    """
    row = counts(y)
    seen = np.ones_like(row) if exposure is None else counts(exposure)
    if seen.shape != row.shape:
        raise ValueError("each period needs its exposure")
    size = len(row)
    upper, expected, p = np.zeros(size), np.zeros(size), np.ones(size)
    dispersion, trend, testable = np.ones(size), np.zeros(size, bool), np.zeros(size, bool)
    history = options.years * options.periods_per_year + options.half_width
    for now in range(max(start, history), size):
        model = _expect(row, seen, now, options, compat)
        if model is None or (model.link_se > LOOSEST and compat is None):
            continue
        testable[now], expected[now] = True, model.mean
        dispersion[now], trend[now] = model.dispersion, model.trend
        upper[now], p[now] = _bound(model, float(row[now]), options)
    enough = _recent_sum(row, options.within) >= options.least
    alarm = testable & enough & (row > upper)
    return Farrington(upper, alarm, testable, expected, p, dispersion, trend)


def _recent_sum(row: Floats, within: int) -> Floats:
    total = np.cumsum(row)
    return np.asarray(total - np.concatenate([np.zeros(within), total[:-within]])[: len(row)])


def seasons(now: int, options: Options) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """The periods of the baseline of `now` and the season of each; season 0 is that of `now`."""
    year, width = options.periods_per_year, options.half_width
    labels = np.full(now + 1, -1)
    labels[now - width : now + 1] = 0
    others = options.seasons - 1
    for back in range(1, options.years + 1):
        centre = now - back * year
        labels[centre - width : centre + width + 1] = 0
        if others:
            parts = np.array_split(np.arange(centre + width + 1, centre + year - width), others)
            for season, part in enumerate(parts, start=1):
                labels[part] = season
    labels[now - options.recent :] = -1
    periods = np.flatnonzero(labels >= 0)
    return periods, labels[periods]


def _expect(
    row: Floats, exposure: Floats, now: int, options: Options, compat: Compat
) -> _Expected | None:
    """What the baseline expects of `now`, or None where it cannot say."""
    periods, season = seasons(now, options)
    active = exposure[periods] > 0
    periods, season = periods[active], season[active]
    y = row[periods]
    if exposure[now] == 0 or (y[season == 0].sum() == 0 and compat is None):
        return None
    others = np.unique(season[season > 0])
    flags = (season[:, None] == others).astype(float)
    plain = np.column_stack([np.ones_like(y), flags])
    plain_now = np.concatenate([[1.0], np.zeros(len(others))])
    logs = np.log(exposure[periods])
    if options.trend and options.years >= 3:
        design = np.column_stack([plain, periods - now])
        model = _reweighted(design, y, logs, options, compat)
        at = np.append(plain_now, 0.0)
        if model is not None and _keeps_trend(model, at, y, exposure[now], options):
            return model.expected(at, exposure[now], trend=True)
    model = _reweighted(plain, y, logs, options, compat)
    return None if model is None else model.expected(plain_now, exposure[now], trend=False)


@dataclass(frozen=True, slots=True)
class _Model:
    fit: quasi_poisson.Fit
    dispersion: float  # at least 1
    slope_scale: float  # the dispersion in the standard error of the trend
    mean_scale: float  # and in that of the expected count

    def expected(self, at: Floats, exposure: float, *, trend: bool) -> _Expected:
        mean = float(np.exp(at @ self.fit.coefficients) * exposure)
        link_se = float(np.sqrt(self.fit.link_variance(at) * self.mean_scale))
        return _Expected(mean, link_se, self.dispersion, trend)


def _reweighted(
    design: Floats, y: Floats, logs: Floats, options: Options, compat: Compat
) -> _Model | None:
    if len(y) <= np.linalg.matrix_rank(design):
        return None
    model = quasi_poisson.fit(design, y, offset=logs)
    if not model.converged:
        return None
    phi = max(model.dispersion, 1.0)
    if options.reweight_above is None:
        return _Model(model, phi, model.dispersion, phi)
    residuals = quasi_poisson.anscombe_residuals(y, model, phi)
    weights = quasi_poisson.downweighted(residuals, options.reweight_above)
    model = quasi_poisson.fit(design, y, offset=logs, weights=weights)
    phi = max(model.dispersion, 1.0)
    if compat == "R":
        working = (y - model.mean) / model.mean
        rs_own = float(np.sum(weights * working**2) / model.freedom)
        return _Model(model, phi, rs_own, rs_own)
    return _Model(model, phi, model.dispersion, phi)


def _keeps_trend(model: _Model, at: Floats, y: Floats, exposure: float, options: Options) -> bool:
    slope = model.fit.coefficients[-1]
    se = np.sqrt(model.fit.covariance[-1, -1] * model.slope_scale)
    p = 2 * student.sf(abs(slope) / se, model.fit.freedom) if se > 0 else 0.0
    believable = model.expected(at, exposure, trend=True).mean <= y.max()
    return bool(p < options.trend_below and believable)


def _bound(model: _Expected, y: float, options: Options) -> tuple[float, float]:
    """The bound, and how probable a count of `y` or more is."""
    z = norm.isf(options.alpha)
    if options.method == "delta":
        tau = model.dispersion + model.mean * model.link_se**2
        centre, spread = np.cbrt(model.mean) ** 2, np.sqrt(4 / 9 * np.cbrt(model.mean) * tau)
        return float((centre + z * spread) ** 1.5), float(norm.sf(np.cbrt(y) ** 2, centre, spread))
    mean = model.mean * np.exp(z * model.link_se) if options.method == "muan" else model.mean
    if model.dispersion == 1:
        return float(poisson.isf(options.alpha, mean)), float(poisson.sf(y - 1, mean))
    size, prob = mean / (model.dispersion - 1), 1 / model.dispersion
    upper, p = nbinom.ppf(1 - options.alpha, size, prob), nbinom.sf(y - 1, size, prob)
    return float(upper), float(p)

"""Overdispersion: how much more counts scatter than Poisson counts would, and a model of it.

Reports cluster. Where Pearson's dispersion of endemic substances exceeds 1.3 the negative binomial
forms are due, with one alpha for a whole level (substances, families), not one for each series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.stats import nbinom

from app.surveillance.statistics.series import Floats, counts, expectations

ROUNDS = 50
LEAST_ALPHA, LARGEST_ALPHA = 1e-6, 1e3  # between them the likelihood of alpha is searched


@dataclass(frozen=True, slots=True)
class Fit:
    """A log-linear model of counts with variance mean + alpha·mean²."""

    coefficients: Floats
    standard_errors: Floats
    alpha: float
    log_likelihood: float


def pearson_dispersion(y: ArrayLike, mu: ArrayLike, estimated: int = 0) -> float | None:
    """Mean of (y - mu)²/mu, with `estimated` parameters counted off; 1 for Poisson counts.

    None where no more counts are there than were estimated.
    """
    row = counts(y)
    expected = expectations(mu, len(row))
    if len(row) <= estimated:
        return None
    return float(np.sum((row - expected) ** 2 / expected) / (len(row) - estimated))


def fit(design: Floats, y: ArrayLike, *, offset: Floats | None = None) -> Fit:
    """Maximum likelihood for coefficients and alpha together, as R `MASS::glm.nb`.

    Raises ValueError unless there are more counts than columns, and some event among them.
    """
    row = counts(y)
    if len(row) <= design.shape[1] or row.sum() == 0:
        raise ValueError("a model needs more counts than it has effects, and an event among them")
    shift = np.zeros_like(row) if offset is None else offset

    def missed(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        return -_log_likelihood(row, _means(design, row, shift, alpha)[0], alpha)

    bounds = (np.log(LEAST_ALPHA), np.log(LARGEST_ALPHA))
    best = minimize_scalar(missed, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    alpha = float(np.exp(best.x))
    mean, coefficients = _means(design, row, shift, alpha)
    weights = mean / (1 + alpha * mean)
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
    errors = np.sqrt(np.diag(covariance))
    return Fit(coefficients, errors, alpha, _log_likelihood(row, mean, alpha))


def _means(design: Floats, y: Floats, shift: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Fitted means and coefficients at a given alpha."""
    mean: Floats = y + 0.1
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        weights = mean / (1 + alpha * mean)
        target = np.log(mean) - shift + (y - mean) / mean
        weighted = design.T * weights
        latest = np.asarray(np.linalg.solve(weighted @ design, weighted @ target), np.float64)
        mean = np.asarray(np.exp(design @ latest + shift))
        done = np.allclose(latest, coefficients, rtol=1e-12, atol=1e-12)
        coefficients = latest
        if done:
            break
    return mean, coefficients


def _log_likelihood(y: Floats, mean: Floats, alpha: float) -> float:
    return float(np.sum(nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mean))))

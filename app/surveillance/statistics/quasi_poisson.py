"""Log-linear regression of overdispersed counts, by iteratively reweighted least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.surveillance.statistics.series import Floats

TOLERANCE = 1e-8  # relative change of the deviance at which the iteration has converged, as in R
ROUNDS = 25
SMALLEST = np.finfo(float).eps  # a fitted mean is not below it, lest zeros alone drive it to nought


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model, ln E[y] = design·coefficients + offset."""

    coefficients: Floats
    mean: Floats  # fitted, one for each count
    covariance: Floats  # of the coefficients, for a dispersion of 1
    leverage: Floats  # the diagonal of the hat matrix
    dispersion: float  # Pearson's chi-squared over the degrees of freedom
    freedom: int
    deviance: float
    converged: bool

    def link_variance(self, at: Floats) -> float:
        """The variance of the linear predictor at one row of a design, for a dispersion of 1."""
        return float(at @ self.covariance @ at)


def fit(
    design: Floats, y: Floats, *, offset: Floats | None = None, weights: Floats | None = None
) -> Fit:
    """Fit counts `y` to `design`, one row for each count, with ln exposure as `offset`.

    `weights` say how much each count is believed (1 each). Columns that say the same share their
    effect. Raises ValueError unless there are more counts than independent columns.
    """
    shift = np.zeros_like(y) if offset is None else offset
    prior = np.ones_like(y) if weights is None else weights
    rank = int(np.linalg.matrix_rank(design))
    if len(y) <= rank:
        raise ValueError("a regression needs more counts than it has effects")
    mean, last = y + 0.1, np.inf
    converged = False
    for _ in range(ROUNDS):
        working = prior * mean
        target = np.log(mean) - shift + (y - mean) / mean
        root = np.sqrt(working)[:, None]
        inverse = np.linalg.pinv(root * design)
        coefficients = inverse @ (root[:, 0] * target)
        mean = np.maximum(np.exp(design @ coefficients + shift), SMALLEST)
        deviance = _deviance(y, mean, prior)
        converged = abs(deviance - last) < TOLERANCE * (abs(deviance) + 0.1)
        if converged:
            break
        last = deviance
    pearson = float(np.sum(working * ((y - mean) / mean) ** 2))
    return Fit(
        coefficients=coefficients,
        mean=mean,
        covariance=inverse @ inverse.T,
        leverage=np.sum((root * design) * inverse.T, axis=1),
        dispersion=pearson / (len(y) - rank),
        freedom=len(y) - rank,
        deviance=deviance,
        converged=converged,
    )


def anscombe_residuals(y: Floats, model: Fit, dispersion: float) -> Floats:
    """How far each count lies from its fitted mean, in standard deviations (Farrington 1996)."""
    mean = model.mean
    raw = 1.5 * (np.cbrt(y) ** 2 * mean ** (-1 / 6) - np.sqrt(mean))
    # A count that a factor fits alone has leverage 1 and says nothing of the scatter.
    spread = np.sqrt(dispersion * np.maximum(1 - model.leverage, np.finfo(float).tiny))
    return np.asarray(raw / spread)


def downweighted(residuals: Floats, above: float) -> Floats:
    """Weights that sum to the number of counts, and are as 1/s² where a residual s is over `above`.

    So that past outbreaks do not raise the bound (Farrington 1996 above 1, Noufaily 2013 2.58).
    """
    large = residuals > above
    shares = np.where(large, 1 / np.where(large, residuals, 1.0) ** 2, 1.0)
    return np.asarray(shares * len(shares) / shares.sum())


def _deviance(y: Floats, mean: Floats, weights: Floats) -> float:
    logs = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mean), 0.0)
    return float(2 * np.sum(weights * (logs - (y - mean))))

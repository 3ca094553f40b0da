"""Unusual quantities: a seizure far above a substance's own history.

Grams are compared with grams of the same form; powder, tablets and plants are never summed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEAST_PRIOR = 5  # earlier seizures without which there is no history
TO_SIGMA = 1.4826  # a median absolute deviation, as the standard deviation of a normal
LEAST_SPREAD = 0.1  # log10; amounts are written round, and five times "1 g" would flag 1.1 g


def unusual_above(grams: ArrayLike, *, deviations: float = 3.0) -> float | None:
    """The amount above which a seizure stands out, in grams: median + 3·1.4826·MAD of log10.

    None with fewer than five earlier seizures. Raises ValueError for amounts that are not above
    nought. Where more than half are the same the spread is taken as LEAST_SPREAD.
    """
    amounts = np.asarray(grams, dtype=np.float64)
    if amounts.ndim != 1 or not (np.isfinite(amounts) & (amounts > 0)).all():
        raise ValueError("amounts are one row of grams above nought; traces have none")
    if len(amounts) < LEAST_PRIOR:
        return None
    logs = np.log10(amounts)
    middle = np.median(logs)
    spread = max(float(np.median(np.abs(logs - middle))), LEAST_SPREAD)
    return float(10 ** (middle + deviations * TO_SIGMA * spread))

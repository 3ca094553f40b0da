"""Evidence that a part holds more than its share of the whole, as scan statistics weigh it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from app.surveillance.statistics.series import Floats


def evidence(seen: ArrayLike, expected: ArrayLike, total: float) -> Floats:
    """c ln(c/n) + (C - c) ln((C - c)/(C - n)), Kulldorff's log-likelihood ratio given the total C.

    `seen` c and `expected` n are of any one shape, and sum to C over the whole. Nought where no
    more was seen than expected, and where nothing was expected: there is no rate to exceed.
    """
    c, n = np.broadcast_arrays(
        np.asarray(seen, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    )
    raised = (c > n) & (n > 0)
    answer = np.zeros(c.shape)
    c, n = c[raised], n[raised]
    answer[raised] = xlogy(c, c / n) + xlogy(total - c, (total - c) / (total - n))
    return answer

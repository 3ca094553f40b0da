"""outbreakP: has the mean risen at all, with nothing assumed of how? (Frisén et al. 2009.)"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from app.surveillance.statistics.series import Chart, Floats, counts


def outbreak_p(y: ArrayLike, *, threshold: float = 100.0) -> Chart:
    """ln of the likelihood of the best rising mean over that of a constant one, up to each period.

    The statistic is on the log scale, where R's own overflows; it alarms above ln `threshold`.
    Leading zeros inflate it (one event after twenty of them gives ln 21): read it on a window of
    24 months, with a threshold about 1000.
    """
    row = counts(y)
    statistic = np.array([_log_ratio(row[: t + 1]) for t in range(len(row))])
    return Chart(statistic, statistic > np.log(threshold))


def _log_ratio(y: Floats) -> float:
    seen = y > 0
    if not seen.any():
        return 0.0
    rising = isotonic_regression(y).x
    return float(np.sum(y[seen] * np.log(rising[seen] / y.mean())))

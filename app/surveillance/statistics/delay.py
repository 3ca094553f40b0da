"""How complete the reports of an event month are, so many months later.

Reverse-time hazard of the delay (Lagakos 1988, Kalbfleisch and Lawless 1989), as in R
`surveillance::nowcast(method="lawless")`. Detectors multiply the exposure of a month by its
completeness; dividing counts by it is for charts only, since nought stays nought whatever is due.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.surveillance.statistics.series import Floats

LONGEST = 12  # periods; longer delays are counted with it, and a month that old is complete
SHRINKAGE = 50.0  # reports at which a stratum is believed as much as the pool

Triangle = NDArray[np.int64]


def reporting_triangle(
    event: ArrayLike, received: ArrayLike, *, now: int, periods: int, longest: int = LONGEST
) -> Triangle:
    """Counts of reports by event period (rows, the last is `now`) and delay (columns 0 … longest).

    `event` and `received` are period numbers, one for each report; what was not received by `now`,
    and events before the last `periods`, do not count. Delays beyond `longest` are pooled into it.
    Raises ValueError for a report received before its event.
    """
    events, arrivals = np.asarray(event, dtype=np.int64), np.asarray(received, dtype=np.int64)
    if events.shape != arrivals.shape or events.ndim != 1:
        raise ValueError("each report has one event period and one period of receipt")
    if (arrivals < events).any():
        raise ValueError("a report cannot be received before its event")
    first = now - periods + 1
    known = (arrivals <= now) & (events >= first)
    triangle = np.zeros((periods, longest + 1), dtype=np.int64)
    delays = np.minimum(arrivals - events, longest)[known]
    np.add.at(triangle, (events[known] - first, delays), 1)
    return triangle


def completeness(triangle: ArrayLike) -> Floats:
    """F(d), the share of reports that arrive within d periods, for d = 0 … longest; F(longest) = 1.

    g(d), the share with delay d among those with a delay up to d, is read from the rows that are
    old enough to show it; F(d-1) = F(d)·(1 - g(d)). Where no row says anything g is taken as
    nought, so that an empty triangle answers 1 throughout: shrink it (`shrunk`) before use.
    """
    table = np.asarray(triangle, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any():
        raise ValueError("a triangle is a table of counts: event periods by delays")
    periods, delays = table.shape
    complete = np.ones(delays)
    for d in range(delays - 1, 0, -1):
        old_enough = table[: max(periods - d, 0)]
        within = old_enough[:, : d + 1].sum()
        hazard = old_enough[:, d].sum() / within if within else 0.0
        complete[d - 1] = complete[d] * (1 - hazard)
    return complete


def shrunk(
    stratum: ArrayLike, reports: float, pool: ArrayLike, *, weight: float = SHRINKAGE
) -> Floats:
    """The completeness of a stratum (country, kind of event) drawn towards that of all.

    (reports·F_stratum + weight·F_pool) / (reports + weight).
    """
    own, common = np.asarray(stratum, dtype=np.float64), np.asarray(pool, dtype=np.float64)
    if own.shape != common.shape:
        raise ValueError("stratum and pool need the same delays")
    return np.asarray((reports * own + weight * common) / (reports + weight))


def at_age(complete: Floats, ages: ArrayLike) -> Floats:
    """Completeness of event periods that lie `ages` periods back; 1 from the longest delay on."""
    return np.asarray(complete[np.minimum(np.asarray(ages, dtype=np.int64), len(complete) - 1)])


def nowcast(
    seen: ArrayLike, complete: Floats, ages: ArrayLike
) -> np.ma.MaskedArray[tuple[int, ...], np.dtype[np.float64]]:
    """Counts as they will be when all is in, for charts; masked where none can be in yet."""
    due = at_age(complete, ages)
    observed = np.asarray(seen, dtype=np.float64)
    estimate = np.divide(observed, due, out=np.zeros_like(due), where=due > 0)
    return np.ma.MaskedArray(estimate, mask=due == 0)

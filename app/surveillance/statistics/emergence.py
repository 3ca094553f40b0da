"""Emerging: the rate is raised against the node's own past, and more than one reporter says so.

    likelihood ratio over every start in the last year   growth.glr
    of at least so many sightings by so many reporters   a sighting is one reporter in one month
    above a threshold: low for a young node, high for an established one
    and no burst of one or two laboratories makes it    without_bursts

A sighting counts ten exhibits of one seizure, or a burst in one laboratory, once. A young node has
no past that could be misjudged, so that its threshold need only exclude the slow trickle of a
transient substance; an established one is tried every month of its life, and needs more.

Measured, with all its alternatives, in docs/simulator.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from app.surveillance.statistics.growth import (
    LIMITS,
    NO_ONSET,
    Flags,
    Floats,
    GrowthLimits,
    Ints,
    Ratio,
    glr,
)

BURSTS = 2  # sightings that may be bursts; docs/simulator.md


@dataclass(frozen=True, slots=True)
class EmergenceLimits:
    """Thresholds, chosen on the simulator's worlds 1-10 and reported on 11-20."""

    young_months: int = 12  # months since first seen; as NEW_SPREAD, signals 1.3
    young_statistic: float = 5.0  # log likelihood ratio; docs/simulator.md
    established_statistic: float = 6.0  # log likelihood ratio; docs/simulator.md
    sightings: int = 3  # reporter-months since the onset; docs/simulator.md
    reporters: int = 2  # distinct, since the onset; signals 0, item 5
    unburst_statistic: float = 5.0  # the same without bursts; docs/simulator.md


EMERGENCE_LIMITS = EmergenceLimits()


@dataclass(frozen=True, slots=True)
class Emergence:
    """What was found for each node, and everything that decided it."""

    emerging: Flags
    ratio: Ratio  # statistic, onset, events, expected, rate ratio
    threshold: Floats  # that the statistic had to exceed
    sightings: Ints  # reporter-months since the onset; 0 without one
    reporters: Ints  # distinct reporters since the onset; 0 without one


def emerging(
    counts: ArrayLike,
    exposure: ArrayLike,
    *,
    sightings: ArrayLike,
    reporters_since: ArrayLike,
    first_seen: ArrayLike,
    dispersion: ArrayLike | None = None,
    limits: EmergenceLimits = EMERGENCE_LIMITS,
    growth: GrowthLimits = LIMITS,
) -> Emergence:
    """Which nodes emerge, as of the last month of the arrays.

    Shapes (..., months), `first_seen` (...): `counts` and discounted `exposure` as in `growth`;
    `sightings[m]` reporters with an event in month m; `reporters_since[m]` distinct reporters with
    an event in month m or later; `first_seen` the index of the first month ever seen, negative when
    that is before the arrays begin. `dispersion` as in `growth.glr`.
    """
    ratio = glr(counts, exposure, dispersion=dispersion, limits=growth)
    months = np.asarray(counts).shape[-1]
    shape = (*ratio.onset.shape, months)
    seen = np.broadcast_to(np.asarray(sightings, dtype=np.int64), shape)
    seen_since = np.flip(np.flip(seen, -1).cumsum(-1), -1)
    found_sightings = _at(seen_since, ratio.onset)
    found_reporters = _at(
        np.broadcast_to(np.asarray(reporters_since, dtype=np.int64), shape), ratio.onset
    )
    return judged(
        ratio,
        sightings=found_sightings,
        reporters=found_reporters,
        age=months - 1 - np.asarray(first_seen, dtype=np.int64),
        limits=limits,
    )


def judged(
    ratio: Ratio,
    *,
    sightings: Ints,
    reporters: Ints,
    age: Ints,
    limits: EmergenceLimits = EMERGENCE_LIMITS,
) -> Emergence:
    """The same for who has the ratio already: `sightings` and `reporters` since its onset, `age`
    in months since the node was first seen. They matter only where the statistic is high."""
    threshold = np.where(
        age <= limits.young_months, limits.young_statistic, limits.established_statistic
    )
    with np.errstate(invalid="ignore"):
        raised = ratio.statistic > threshold
    return Emergence(
        emerging=raised & (sightings >= limits.sightings) & (reporters >= limits.reporters),
        ratio=ratio,
        threshold=np.broadcast_to(threshold, ratio.onset.shape).astype(np.float64),
        sightings=sightings,
        reporters=reporters,
    )


def without_bursts(sightings: ArrayLike, earlier: ArrayLike, expected: float) -> float:
    """The log likelihood ratio since an onset if its two largest sightings were usual ones.

    `sightings` are the events of each reporter in each month since the onset, `earlier` those
    before it, `expected` the events expected since then. The two largest are cut to the mean of the
    earlier, and to one where there are none: ten exhibits of one seizure, or two bursts, vanish,
    while what every reporter always has much of stays as it is. One more event never makes it less.
    Nought where there are no more than expected.
    """
    counts, before = (np.asarray(each, dtype=np.float64) for each in (sightings, earlier))
    usual = max(1.0, before.mean()) if before.size else 1.0
    counts = np.sort(counts)
    events = counts[:-BURSTS].sum() + np.minimum(counts[-BURSTS:], usual).sum()
    if events <= expected or expected <= 0:
        return 0.0
    return float(events * np.log(events / expected) + expected - events)


def _at(since: Ints, onset: Ints) -> Ints:
    """The value at the onset; 0 without one."""
    value = np.take_along_axis(since, np.maximum(onset, 0)[..., None], -1)[..., 0]
    return np.where(onset == NO_ONSET, 0, value)

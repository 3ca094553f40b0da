"""Clusters in time: events of one country that lie close together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.surveillance.statistics import excess
from app.surveillance.statistics.series import Floats

WITHIN = 30  # days, for two or more deaths or intoxications
LONGEST = 60  # days, the longest window of a scan
REPLICATES = 999

Days = NDArray[np.int64]


class Cluster(NamedTuple):
    """A run of days and the events in it."""

    first: int
    last: int
    events: int


class Scan(NamedTuple):
    """The window that stands out most, and how often chance makes one that does."""

    cluster: Cluster
    expected: float
    evidence: float  # log-likelihood ratio
    p: float


def densest(days: ArrayLike, *, within: int = WITHIN, least: int = 2) -> Cluster | None:
    """The most events that lie `within` days of each other, the latest such run; or None.

    `days` are sorted day numbers, one for each event. The first and the last event may be exactly
    `within` days apart.

    >>> densest([1, 40, 60, 65, 200])
    Cluster(first=40, last=65, events=3)
    """
    row = _sorted_days(days)
    if len(row) == 0:
        return None
    starts = np.searchsorted(row, row - within)
    sizes = np.arange(1, len(row) + 1) - starts
    end = len(row) - 1 - int(np.argmax(sizes[::-1]))
    if sizes[end] < least:
        return None
    return Cluster(int(row[starts[end]]), int(row[end]), int(sizes[end]))


def scan(
    days: ArrayLike,
    all_days: ArrayLike,
    generator: np.random.Generator,
    *,
    longest: int = LONGEST,
    replicates: int = REPLICATES,
) -> Scan | None:
    """The window, of `longest` days or fewer and two events or more, that stands out most.

    `all_days` are the sorted days of everything the country reported, these events among them; a
    window's share of them is its expected share of `days`, so that busy months are no cluster.
    p = (1 + replicates as extreme) / (replicates + 1), where a replicate deals the events out over
    `all_days` anew (Kulldorff's permutation scan, one country). None where no window holds two
    events and more than its share, or where there are no others to compare with.
    """
    row, others = _sorted_days(days), _sorted_days(all_days)
    if (_on_days(row, row, row) > _on_days(others, row, row)).any():
        raise ValueError("the events of a scan are among all events of the country")
    if len(row) < 2 or len(others) == len(row):
        return None
    evidence, first, last = _best(row[None, :], others, longest)
    if evidence[0] == 0:
        return None
    dealt = np.empty((replicates, len(row)), dtype=np.int64)
    for replicate in dealt:
        replicate[:] = np.sort(generator.choice(others, size=len(row), replace=False))
    chance, _, _ = _best(dealt, others, longest)
    as_extreme = int(np.sum(chance >= evidence[0] - 1e-12))
    return Scan(
        Cluster(int(first[0]), int(last[0]), int(_on_days(row, first, last)[0])),
        float(len(row) * _on_days(others, first, last)[0] / len(others)),
        float(evidence[0]),
        (1 + as_extreme) / (replicates + 1),
    )


def _best(rows: Days, others: Days, longest: int) -> tuple[Floats, Days, Days]:
    """For each row of sorted days, the best evidence over its windows, and that window."""
    number = rows.shape[1]
    best = np.zeros(len(rows))
    first, last = rows[:, 0].copy(), rows[:, 0].copy()
    for more in range(1, number):
        starts, ends = rows[:, : number - more], rows[:, more:]
        fits = ends - starts < longest
        if not fits.any():
            break
        expected = number * _on_days(others, starts, ends) / len(others)
        evidence = np.where(fits, excess.evidence(more + 1.0, expected, number), 0.0)
        at = np.argmax(evidence, axis=1)[:, None]
        found = np.take_along_axis(evidence, at, axis=1)[:, 0]
        better = found > best
        best = np.where(better, found, best)
        first = np.where(better, np.take_along_axis(starts, at, axis=1)[:, 0], first)
        last = np.where(better, np.take_along_axis(ends, at, axis=1)[:, 0], last)
    return best, first, last


def _on_days(row: Days, first: Days, last: Days) -> Days:
    """How many of the sorted days `row` lie from each of `first` to each of `last`."""
    return np.asarray(np.searchsorted(row, last, "right") - np.searchsorted(row, first, "left"))


def _sorted_days(days: ArrayLike) -> Days:
    row = np.asarray(days, dtype=np.int64)
    if row.ndim != 1 or (np.diff(row) < 0).any():
        raise ValueError("days are one row of day numbers, sorted")
    return row

"""How sure the order of a priority list is: ranks over uncertain figures and weights.

Everything measured without a posterior is taken as it is. What is unknown about harm is drawn as if
the substance were one of those in the list whose harm is known, and once in so many times anything
from nothing to the worst: those with reports are, if anything, the more harmful ones.

The answer is kept by what it was made from - the figures themselves, the weights, the seed - so it
is never stale, and readers of different levels share one only where their figures are the same.
Nothing is stored: another list a minute later costs a second, and no table could show one reader
what was made for another.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from threading import Lock

import numpy as np

from app.surveillance.harmful import CLASS_PRIOR
from app.surveillance.posteriors import Floats, Posterior, Scale, quantiles
from app.surveillance.priority import PILLARS, Entry
from app.surveillance.ruleset import StandingLimits, Weights
from app.surveillance.smaa import (
    LEVELS,
    Alternatives,
    Drawing,
    acceptabilities,
    level_points,
    pairwise,
)

KEPT = 24  # lists: a few levels of readers, three presets, this month and the one before
# the parts that are drawn; without reports on harm the first of that pillar is all of it
DRAWN = (("P1", 0), ("P2", 0), ("S1", 1), ("H1", 2), ("H2", 2), ("H3", 2))
UNKNOWN = "H1"
# one more harm among those that are known, as ten tenths of one from nothing to the worst
IMAGINED = tuple(float(value) for value in range(5, 100, 10))

# Quantiles are found at every sixth level and at all the outermost, with straight lines between:
# finding them is most of the work, and no value is off by more than a third of a point.
_NODES = np.array([*range(12), *range(12, LEVELS - 20, 6), *range(LEVELS - 20, LEVELS)])
_BETWEEN = np.stack(
    [np.interp(level_points(), level_points()[_NODES], one) for one in np.eye(len(_NODES))]
)


class Firmness(StrEnum):
    """How sure it is that a substance is among the first."""

    ROBUST = "robust"
    CONTESTED = "contested"
    UNLIKELY = "unlikely"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a substance stands when the figures and weights vary."""

    expected: float  # the mean rank
    low: int  # the rank interval
    high: int
    within: tuple[float, ...]  # probability of being among the first 10, the first 20
    firmness: Firmness


_Key = tuple[bytes, Drawing, StandingLimits]
_kept: OrderedDict[_Key, dict[int, Standing]] = OrderedDict()
_one_at_a_time = Lock()  # who asks for the same list meanwhile waits for its answer


def standings(
    entries: Sequence[Entry], weights: Weights, limits: StandingLimits, *, as_of: date
) -> dict[int, Standing]:
    """The standing of each substance of a list, by its id."""
    of, how = alternatives(entries), _drawing(weights, limits, as_of)
    key = (_digest(of), how, limits)
    with _one_at_a_time:
        if key not in _kept:
            _kept[key] = _simulated(of, how, limits)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def before_others(
    entries: Sequence[Entry],
    wanted: Sequence[int],
    weights: Weights,
    limits: StandingLimits,
    *,
    as_of: date,
) -> list[list[float]]:
    """P(row comes before column) among a few substances of the list, by id."""
    of = alternatives(entries)
    rows = {int(number): row for row, number in enumerate(of.ids)}
    chosen = of.only([rows[number] for number in wanted])
    drawn = pairwise(chosen, _drawing(weights, limits, as_of))
    return [[float(share) for share in row] for row in drawn]


def alternatives(entries: Iterable[Entry]) -> Alternatives:
    """The entries as points of each pillar: what is certain, and tables of what is not."""
    chosen = sorted(entries, key=lambda e: e.substance_id)
    certain = np.zeros((len(chosen), len(PILLARS)))
    tables = np.zeros((len(chosen), len(DRAWN), LEVELS), dtype=np.float32)
    possible = _possible_harm(chosen)
    drawn: dict[tuple[int, Scale], list[tuple[int, float, Posterior]]] = {}
    column = {id: n for n, (id, _) in enumerate(DRAWN)}
    for row, item in enumerate(chosen):
        for at, pillar in enumerate(item.pillars):
            for c in pillar.criteria:
                if c.posterior is not None and c.scale is not None and c.share:
                    part = (row, c.share, c.posterior)
                    drawn.setdefault((column[c.id], c.scale), []).append(part)
                elif c.value is not None:
                    certain[row, at] += c.share * c.value
            if pillar.unknown:
                of_class = sum(c.share for c in pillar.criteria if c.id == CLASS_PRIOR)
                tables[row, column[UNKNOWN]] = (1 - of_class) * possible
    for (at, scale), parts in drawn.items():
        rows, shares, posteriors = zip(*parts, strict=True)
        amounts = quantiles(list(posteriors), level_points()[_NODES]) @ _BETWEEN
        tables[list(rows), at] = scale(amounts) * np.array(shares)[:, None]
    ids = np.array([item.substance_id for item in chosen], dtype=np.int64)
    return Alternatives(ids, certain, tables, tuple(pillar for _, pillar in DRAWN))


def _possible_harm(entries: Iterable[Entry]) -> Floats:
    """What a harm that nobody reported on may be worth, as a table."""
    known = list(IMAGINED)
    for item in entries:
        harm = item.pillars[-1]
        own = [c for c in harm.criteria if c.id != CLASS_PRIOR and c.value is not None]
        if own and not harm.unknown:
            known += [sum(c.value or 0.0 for c in own) / len(own)] * len(IMAGINED)
    return np.quantile(known, level_points())


def _simulated(of: Alternatives, how: Drawing, limits: StandingLimits) -> dict[int, Standing]:
    answer = acceptabilities(of, how)
    intervals, expected = answer.intervals(limits.interval), answer.expected_ranks()
    within = np.stack([answer.within(top) for top in limits.tops], axis=1)
    return {
        int(number): Standing(
            expected=float(expected[row]),
            low=int(intervals[row, 0]),
            high=int(intervals[row, 1]),
            within=tuple(float(share) for share in within[row]),
            firmness=_firmness(float(within[row, -1]), limits),
        )
        for row, number in enumerate(of.ids)
    }


def _drawing(weights: Weights, limits: StandingLimits, as_of: date) -> Drawing:
    return Drawing(weights, limits.concentration, limits.draws, as_of.toordinal())


def _digest(of: Alternatives) -> bytes:
    digest = hashlib.blake2b(of.ids.tobytes())
    digest.update(of.certain.tobytes())
    digest.update(of.uncertain.tobytes())
    return digest.digest()


def _firmness(within: float, limits: StandingLimits) -> Firmness:
    if within >= limits.robust:
        return Firmness.ROBUST
    return Firmness.CONTESTED if within >= limits.contested else Firmness.UNLIKELY

"""Which seizures may be unusual: found in columns, so that few are looked at one by one.

`spots` says what stands out; here is left out what cannot, by bounds that hold whatever the order
in which things came in. Ten million reports hold a quarter of a million recent seizures, of which
some hundred stand out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import FORMS, SINGLE, WEIGHED, Floats, Integers, Records
from app.surveillance.evidence import Signal
from app.surveillance.occurrences import Occurrence, occurrences
from app.surveillance.rolled import Part
from app.surveillance.rollup import CHANGES
from app.surveillance.ruleset import Ruleset
from app.surveillance.said import Said
from app.surveillance.spots import Levels, Weights, seized_since, unusual_quantities
from app.surveillance.statistics.quantity import LEAST_PRIOR, LEAST_SPREAD, TO_SIGMA

FINE = 17  # bits of a weight that are left out where weights are put in order
CHANGED = 500  # of so many weights of a form one may change, and what was worked out holds
SLACK = 1e-6  # of a logarithm to ten: more than what those bits are worth
WIDTH = len(FORMS) + 1  # forms of a substance, and none


@dataclass(frozen=True)
class Stockpile:
    """Every weight that was kept, those of one substance together, and what no bound lies below."""

    rows: Records
    begins: Integers  # of each substance, and the end of the last one
    least: Floats  # logarithms, by the full knowledge [substances, forms]
    earliest: int  # the first day of the seizures that `least` is of
    spare: Integers  # so many weights may change before it holds no longer [substances, forms]
    deviations: float
    said: Said = field(default_factory=Said)  # of substances
    _at_levels: dict[tuple[int, Handling], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Records, *, as_of: date, rules: Ruleset) -> Stockpile:
        """Of records of weights."""
        since, deviations = seized_since(as_of, rules).toordinal(), rules.quantity.deviations
        rows = rows.take(arrays.grouped([rows["substance"]])[0])
        size = _size(rows)
        begins = np.searchsorted(rows["substance"], np.arange(size + 1))
        group = rows["substance"].astype(np.int64) * WIDTH + rows["form"]
        spare = 1 + np.bincount(group, minlength=size * WIDTH) // CHANGED
        least = _least(group, rows, spare, earliest=since, deviations=deviations)
        shape = size, WIDTH
        return cls(rows, begins, least.reshape(shape), since, spare.reshape(shape), deviations)

    def of_substance(self, number: int) -> Records:
        """The weights of one substance."""
        if number >= len(self.spare):
            return self.rows[:0]
        return self.rows[self.begins[number] : self.begins[number + 1]]

    def after(self, changed: Records, fresh: Records) -> Floats:
        """What no bound of a fresh seizure lies below, by the full knowledge, where some weights
        have changed [substances, forms]."""
        size = max(len(self.spare), *(_size(rows) for rows in (changed, fresh)))
        least = np.full((size, WIDTH), -np.inf)
        least[: len(self.spare)] = self.least
        many, spare = (np.zeros((size, WIDTH), np.int64) for _ in range(2))
        np.add.at(many, (changed["substance"], changed["form"]), 1)
        spare[: len(self.spare)] = self.spare
        # a handful of weights is too few, until some come in
        least[(many > spare) | ((many > 0) & np.isposinf(least))] = -np.inf
        vague = fresh[fresh["first"] < self.earliest]
        least[vague["substance"], vague["form"]] = -np.inf
        return least

    def at_levels(self, number: int, changed: Records, fresh: Records, lowest: Handling) -> Floats:
        """The same of one substance by what is known at each level [levels, forms]; at those below
        the lowest, which are not asked for, everything."""
        least = np.full((len(Handling), WIDTH), np.inf)
        if number >= len(self.spare):
            least[lowest:] = -np.inf
            return least
        for level in list(Handling)[lowest:]:
            known = self._at_level(number, level)
            many = np.bincount(changed["form"], minlength=WIDTH)
            void = (many > self.spare[number]) | ((many > 0) & np.isposinf(known))
            void[fresh["form"][fresh["first"] < self.earliest]] = True
            least[level] = np.where(void, -np.inf, known)
        return least

    def _at_level(self, number: int, level: Handling) -> Floats:
        rows = self.of_substance(number)
        if level >= rows["level"].max(initial=0):
            found: Floats = self.least[number]
            return found
        if (number, level) not in self._at_levels:
            known = rows[rows["level"] <= level]
            self._at_levels[number, level] = _least(
                known["form"].astype(np.int64), known, self.spare[number],
                earliest=self.earliest, deviations=self.deviations,
            )  # fmt: skip
        return self._at_levels[number, level]


def _size(rows: Records) -> int:
    return int(rows["substance"].max(initial=0)) + 1


def quantities(
    pile: Stockpile, less: Records, more: Records, seized: Records, *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Signal, Levels]]:
    """Unusual quantities among the fresh seizures, where the weights are those of the pile without
    the `less`, with the `more`.

    Of a substance of which nothing is new since the pile was asked for it, the same is said.
    """
    for number, asked in maybe_unusual(pile, less, more, seized, as_of=as_of, rules=rules):
        yield from pile.said.again(
            number, asked, partial(_said_of, pile, number, asked, as_of, rules)
        )


class Asked(NamedTuple):
    """What is known of one substance beside the pile, as bytes of records, so that it compares."""

    fresh: bytes
    less: bytes
    more: bytes


def maybe_unusual(
    pile: Stockpile, less: Records, more: Records, seized: Records, *, as_of: date, rules: Ruleset
) -> Iterator[tuple[int, Asked]]:
    """The substances of which a fresh seizure may be unusual by the full knowledge, which decides
    whether there is any; with all their fresh seizures, and the weights that changed."""
    since = seized_since(as_of, rules)
    fresh = seized[seized["end"] >= since.toordinal()]
    if not len(fresh):
        return
    least = pile.after(arrays.joined(less, more), fresh)
    above = np.log10(fresh["grams"]) > least[fresh["substance"], fresh["form"]]
    chosen = np.unique(fresh["substance"][above])
    runs = []
    for rows in (fresh, less, more):
        mine = rows[np.argsort(rows["substance"], kind="stable")]
        ends = (np.searchsorted(mine["substance"], chosen, side) for side in ("left", "right"))
        runs.append([mine[begin:end].tobytes() for begin, end in zip(*ends, strict=True)])
    yield from zip(chosen.tolist(), map(Asked, *runs), strict=True)


def _said_of(
    pile: Stockpile, number: int, asked: Asked, as_of: date, rules: Ruleset
) -> list[tuple[Signal, Levels]]:
    """What is unusual of one substance: most have nothing by all that is known, which decides, and
    are not looked at level by level."""
    fresh = np.frombuffer(asked.fresh, SINGLE)
    less, more = (np.frombuffer(rows, WEIGHED) for rows in (asked.less, asked.more))
    changed = arrays.joined(less, more)
    weights = CHANGES[Part.WEIGHTS](pile.of_substance(number), less, more)
    highest = Handling(int(weights["level"].max(initial=0)))
    told: list[tuple[Signal, Levels]] = []
    for lowest in (highest, min(Handling)):
        least = pile.at_levels(number, changed, fresh, lowest)
        seen = standing_out(fresh, least), Weights.of(weights, least)
        told = list(unusual_quantities([seen], as_of=as_of, rules=rules))
        if not told:
            break
    return told


def standing_out(fresh: Records, least: Floats) -> list[Occurrence]:
    """The seizures of a substance that may be unusual at some level."""
    levels = np.arange(len(Handling))[:, None]
    above = np.log10(fresh["grams"]) > least[levels, fresh["form"]]
    return list(occurrences(fresh[(above & (fresh["level"] <= levels)).any(axis=0)]))


def _least(
    group: Integers, weights: Records, spare: Integers, *, earliest: int, deviations: float
) -> Floats:
    """A logarithm that the bound of no seizure since a day lies below, of each group of weights.

    What counts for a seizure are the weights of its group before its day: all of them but at most
    the `late`, those since the earliest day of a fresh one. Whatever is left out, and whichever
    `spare` weights change, the order statistics move by no more places than that.
    """
    spare = spare.ravel()
    groups, day, grams = len(spare), weights["day"], weights["grams"]
    many = weights["seizures"]
    if many.max(initial=1) > 1:
        group, day, grams = (np.repeat(each, many) for each in (group, day, grams))
    there = np.bincount(group, minlength=groups)
    if not len(group):
        return np.full(groups, np.inf)
    late = np.bincount(group[day >= earliest], minlength=groups)
    begins, last = np.cumsum(there) - there, len(group) - 1
    low_rank = (there - late - 1) // 2 - spare
    high_rank = there // 2 + late + spare
    logs = np.log10(_in_order(group, grams))
    low_at = np.minimum(begins + np.maximum(low_rank, 0), last)
    low = logs[low_at]
    high = np.where(high_rank < there, logs[np.minimum(begins + high_rank, last)], np.inf)
    of = np.repeat(np.arange(groups), there)
    away = np.maximum(np.maximum(low[of] - logs, logs - high[of]), 0.0)
    spread = _in_order(of, away)[low_at]
    bound = low + deviations * TO_SIGMA * np.maximum(spread, LEAST_SPREAD) - SLACK
    # where little is known before, whatever is fresh may be unusual; where nothing, it cannot be
    known = np.where(low_rank >= 0, bound, -np.inf)
    return np.where(there >= LEAST_PRIOR, known, np.inf)


def _in_order(group: Integers, values: NDArray[np.float64]) -> Floats:
    """Values not below nought, in order inside their groups, rounded down a little.

    The bits of such numbers are in their order, so that both fit into one whole number.
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.int64) >> FINE
    room = 63 - FINE
    keys = np.sort((group << room) | bits)
    return ((keys & ((1 << room) - 1)) << FINE).view(np.float64)

"""Which single events may stand out: found in columns, so that few are looked at one by one.

`spots` says what stands out; here is left out what cannot, by bounds that hold whatever the order
in which things came in. Ten million reports hold a quarter of a million recent harms and seizures,
of which some hundred stand out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.intake.words import CausalRole
from app.surveillance import arrays
from app.surveillance.arrays import FORMS, ROLES, Floats, Integers, Records, codes
from app.surveillance.rolled import Part
from app.surveillance.rollup import CHANGES
from app.surveillance.ruleset import Ruleset
from app.surveillance.spots import LONGEST_DATE, Weights, harms_since, seized_since
from app.surveillance.statistics.growth import predictive
from app.surveillance.statistics.quantity import LEAST_PRIOR, LEAST_SPREAD, TO_SIGMA

FINE = 17  # bits of a weight that are left out where weights are put in order
CHANGED = 500  # of so many weights of a form one may change, and what was worked out holds
SLACK = 1e-6  # of a logarithm to ten: more than what those bits are worth
WIDTH = len(FORMS) + 1  # forms of a substance, and none


def maybe_clustered(harms: Records, *, as_of: date, rules: Ruleset) -> Records:
    """The harms of those substances and countries in which a run of fresh ones is unusual.

    By the full knowledge, which decides whether there is a cluster at all.
    """
    limits = rules.cluster
    since = harms_since(as_of, rules).toordinal()
    told = (harms["end"] >= since) & (harms["role"] != ROLES.index(CausalRole.PRESENT))
    told &= harms["end"] - harms["first"] <= LONGEST_DATE.days
    rows: Records = harms[told]
    if not len(rows):
        return rows
    place = codes([rows["substance"], rows["country"]])
    _, place = np.unique(place, return_inverse=True)
    day = rows["first"].astype(np.int64)
    order = np.lexsort([day, place])
    place, day = place[order], day[order]
    at = place * 2**32 + day
    persons = np.concatenate(([0], np.cumsum(np.maximum(rows["cases"][order], 1))))

    def before(places: Integers, days: Integers) -> Integers:
        """The place of the first harm there on that day or later."""
        return np.searchsorted(at, places * 2**32 + days)

    fresh = np.flatnonzero(day >= as_of.toordinal() - limits.fresh_days)
    there, last = place[fresh], day[fresh]
    begins, ends = before(there, last - limits.days), before(there, last + 1)
    harmed = persons[ends] - persons[begins]
    enough = harmed >= limits.harms
    there, begins, harmed = there[enough], begins[enough], harmed[enough]
    usual = persons[begins] - persons[before(there, day[begins] - limits.history_days)]
    p = predictive(harmed, limits.days, usual, limits.history_days).p
    unusual = np.zeros(int(place[-1]) + 1, bool)
    unusual[there[p <= limits.p]] = True
    found: Records = rows[order][unusual[place]]
    return found


@dataclass(frozen=True)
class Stockpile:
    """Every weight that was kept, those of one substance together, and what no bound lies below."""

    rows: Records
    begins: Integers  # of each substance, and the end of the last one
    least: Floats  # logarithms [levels, substances, forms]
    earliest: int  # the first day of the seizures that `least` is of
    spare: Integers  # so many weights may change before it holds no longer [substances, forms]

    @classmethod
    def of(cls, rows: Records, *, as_of: date, rules: Ruleset) -> Stockpile:
        """Of records of weights."""
        since, deviations = seized_since(as_of, rules), rules.quantity.deviations
        rows = rows[np.argsort(rows["substance"], kind="stable")]
        size = int(rows["substance"].max(initial=0)) + 1
        many = np.bincount(rows["substance"], minlength=size)
        there = np.bincount(_group(rows), minlength=size * WIDTH)
        spare = 1 + there // CHANGED
        day = since.toordinal()
        least = [
            _least(rows[rows["level"] <= level], size, spare, earliest=day, deviations=deviations)
            for level in Handling
        ]
        begins = np.concatenate(([0], np.cumsum(many)))
        return cls(rows, begins, np.array(least), day, spare.reshape(size, WIDTH))

    def after(self, changed: Records, fresh: Records) -> Floats:
        """What no bound of a fresh seizure lies below, where some weights have changed."""
        size = max(len(self.spare), *(_size(rows) for rows in (changed, fresh)))
        least = np.full((len(Handling), size, WIDTH), -np.inf)
        least[:, : len(self.spare)] = self.least
        many = np.bincount(_group(changed), minlength=size * WIDTH).reshape(size, WIDTH)
        spare = np.zeros((size, WIDTH), np.int64)
        spare[: len(self.spare)] = self.spare
        least[:, many > spare] = -np.inf
        # a handful of weights is too few, until some come in
        least[:, (many > 0) & np.isposinf(least).any(axis=0)] = -np.inf
        vague = fresh[fresh["first"] < self.earliest]
        least[:, vague["substance"], vague["form"]] = -np.inf
        return least

    def of_substance(self, number: int) -> Records:
        """The weights of one substance."""
        if number >= len(self.spare):
            return self.rows[:0]
        return self.rows[self.begins[number] : self.begins[number + 1]]


def _size(rows: Records) -> int:
    return int(rows["substance"].max(initial=0)) + 1


def maybe_unusual(
    pile: Stockpile, less: Records, more: Records, seized: Records, *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Records, Weights]]:
    """The fresh seizures of each substance that may be unusual, and all its weights: those of the
    pile, without the `less`, with the `more`.

    Of substances where one may be so by the full knowledge, which decides whether there is any.
    """
    since = seized_since(as_of, rules)
    fresh = seized[seized["end"] >= since.toordinal()]
    if not len(fresh):
        return
    changed = arrays.joined(less, more)
    least = pile.after(changed, fresh)
    logs, at = np.log10(fresh["grams"]), (fresh["substance"], fresh["form"])
    above = np.array([logs > least[level][at] for level in Handling])
    visible = fresh["level"] <= np.arange(len(Handling))[:, None]
    chosen = np.unique(fresh["substance"][above[max(Handling)]])
    fresh = fresh[(above & visible).any(axis=0)]
    fresh = fresh[np.argsort(fresh["substance"], kind="stable")]
    number = np.ascontiguousarray(fresh["substance"])
    begins, ends = np.searchsorted(number, chosen), np.searchsorted(number, chosen, "right")
    for one, begin, end in zip(chosen.tolist(), begins.tolist(), ends.tolist(), strict=True):
        weights = CHANGES[Part.WEIGHTS](
            pile.of_substance(one), *(rows[rows["substance"] == one] for rows in (less, more))
        )
        yield fresh[begin:end], Weights.of(weights, least[:, one])


def _group(rows: Records) -> Integers:
    found: Integers = rows["substance"].astype(np.int64) * WIDTH + rows["form"]
    return found


def _least(
    weights: Records, size: int, spare: Integers, *, earliest: int, deviations: float
) -> Floats:
    """A logarithm that the bound of no seizure since a day lies below [substances, forms].

    What counts for a seizure are the weights of its group before its day: all of them but at most
    the `late`, those since the earliest day of a fresh one. Whatever is left out, and whichever
    `spare` weights change, the order statistics move by no more places than that.
    """
    groups = size * WIDTH
    group, day, grams = _group(weights), weights["day"], weights["grams"]
    many = weights["seizures"]
    if many.max(initial=1) > 1:
        group, day, grams = (np.repeat(each, many) for each in (group, day, grams))
    there = np.bincount(group, minlength=groups)
    if not len(group):
        return np.full((size, WIDTH), np.inf)
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
    return np.where(there >= LEAST_PRIOR, known, np.inf).reshape(size, WIDTH)


def _in_order(group: Integers, values: NDArray[np.float64]) -> Floats:
    """Values not below nought, in order inside their groups, rounded down a little.

    The bits of such numbers are in their order, so that both fit into one whole number.
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.int64) >> FINE
    room = 63 - FINE
    keys = np.sort((group << room) | bits)
    return ((keys & ((1 << room) - 1)) << FINE).view(np.float64)

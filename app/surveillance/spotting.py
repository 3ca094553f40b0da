"""Which single events may stand out: found in columns, so that few are looked at one by one.

`spots` says what stands out; here is left out what cannot, by bounds that hold whatever the order
in which things came in. Ten million reports hold a quarter of a million recent harms and seizures,
of which some hundred stand out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from app.intake.words import CausalRole
from app.surveillance.arrays import FORMS, ROLES, Floats, Integers, Records, codes
from app.surveillance.ruleset import Ruleset
from app.surveillance.spots import LONGEST_DATE, Weights
from app.surveillance.statistics.growth import predictive
from app.surveillance.statistics.quantity import LEAST_PRIOR, LEAST_SPREAD, TO_SIGMA

FINE = 17  # bits of a weight that are left out where weights are put in order
SLACK = 1e-6  # of a logarithm to ten: more than what those bits are worth


def harms_since(as_of: date, rules: Ruleset) -> date:
    """The first day of the harms that are looked at."""
    limits = rules.cluster
    return as_of - timedelta(days=limits.days + limits.fresh_days + limits.history_days)


def seized_since(as_of: date, rules: Ruleset) -> date:
    """The first day of the seizures that are news."""
    return as_of - timedelta(days=rules.quantity.fresh_days)


def maybe_clustered(harms: Records, *, as_of: date, rules: Ruleset) -> Records:
    """The harms of those substances and countries in which a run of fresh ones is unusual.

    By the full knowledge, which decides whether there is a cluster at all.
    """
    limits = rules.cluster
    since = harms_since(as_of, rules).toordinal()
    told = (harms["end"] >= since) & (harms["role"] != ROLES.index(CausalRole.PRESENT))
    told &= harms["end"] - harms["first"] <= LONGEST_DATE.days
    rows = harms[told]
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


def maybe_unusual(
    seized: Records, weights: Records, *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Records, Weights]]:
    """The fresh seizures of each substance of which one may be unusual, and all its weights.

    By the full knowledge, which decides whether there is any.
    """
    fresh = seized[seized["end"] >= seized_since(as_of, rules).toordinal()]
    if not len(fresh):
        return
    width = len(FORMS) + 1
    group = _group(fresh, width)
    groups = int(max(group.max(), _group(weights, width).max(initial=0))) + 1
    bound = _bounds(fresh, weights, width, groups, rules.quantity.deviations)
    above = np.log10(fresh["grams"]) > bound[group] - SLACK
    chosen = np.unique(fresh["substance"][above])
    fresh = fresh[np.isin(fresh["substance"], chosen)]
    weights = weights[_among(weights["substance"], chosen)]
    of_fresh, of_weights = (
        np.argsort(rows["substance"], kind="stable") for rows in (fresh, weights)
    )
    fresh, weights = fresh[of_fresh], weights[of_weights]
    ends = [np.searchsorted(rows["substance"], chosen, "right") for rows in (fresh, weights)]
    begins = [np.searchsorted(rows["substance"], chosen) for rows in (fresh, weights)]
    for place in range(len(chosen)):
        mine, held = (
            rows[begin[place] : end[place]]
            for rows, begin, end in zip((fresh, weights), begins, ends, strict=True)
        )
        yield mine, Weights.of(held)


def _group(rows: Records, width: int) -> Integers:
    return rows["substance"].astype(np.int64) * width + rows["form"]


def _bounds(fresh: Records, weights: Records, width: int, groups: int, deviations: float) -> Floats:
    """A logarithm that the bound of no fresh seizure in a group lies below.

    What counts for a seizure are the weights of its group before its day: all of them but at most
    the `late`, those since the earliest day of a fresh one. Whatever is left out, the order
    statistics move by no more places than that.
    """
    new = _group(fresh, width)
    earliest = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(earliest, new, fresh["first"])
    group, day, grams = _group(weights, width), weights["day"], weights["grams"]
    some = earliest[group] < np.iinfo(np.int64).max  # only where something is fresh
    group, day, grams = group[some], day[some], grams[some]
    many = weights["seizures"][some]
    if many.max(initial=1) > 1:
        group, day, grams = (np.repeat(each, many) for each in (group, day, grams))
    late = np.bincount(group[day >= earliest[group]], minlength=groups)
    size = np.bincount(group, minlength=groups)
    begins = np.cumsum(size) - size
    held = size - late
    testable = (size >= LEAST_PRIOR) & (held > 0)
    safe = np.minimum(begins + np.maximum(held - 1, 0) // 2, max(len(group) - 1, 0))
    logs = np.log10(_in_order(group, grams))
    low = logs[safe]
    high = logs[np.minimum(begins + np.minimum(size // 2 + late, np.maximum(size - 1, 0)),
                           max(len(group) - 1, 0))]  # fmt: skip
    of = np.repeat(np.arange(groups), size)
    away = np.maximum(np.maximum(low[of] - logs, logs - high[of]), 0.0)
    spread = _in_order(of, away)[safe]
    bound = low + deviations * TO_SIGMA * np.maximum(spread, LEAST_SPREAD) - SLACK
    # where little is known before, whatever is fresh may be unusual; where nothing, it cannot be
    return np.where(testable, bound, np.where(size >= LEAST_PRIOR, -np.inf, np.inf))


def _in_order(group: Integers, values: NDArray[np.float64]) -> Floats:
    """Values not below nought, in order inside their groups, rounded down a little.

    The bits of such numbers are in their order, so that both fit into one whole number.
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.int64) >> FINE
    room = 63 - FINE
    keys = np.sort((group << room) | bits)
    return ((keys & ((1 << room) - 1)) << FINE).view(np.float64)


def _among(numbers: NDArray[np.integer], chosen: NDArray[np.integer]) -> NDArray[np.bool_]:
    there = np.zeros(int(numbers.max(initial=0)) + 1, bool)
    there[chosen[chosen < len(there)]] = True
    return there[numbers]

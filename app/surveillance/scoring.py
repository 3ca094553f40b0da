"""How early and how truly the rules would have spoken, against official dates.

A substance that an official table names is a positive; the rules found it when they first said at
least "alert" before the year of the official act. One never found is a miss and not left out, and
lead times stand beside the recall they belong to: among the found alone they flatter. What was
flagged and never reviewed is unlabelled, not wrong; the precision at the top of the list is a lower
bound. Members of a family are not independent, so intervals come from resampling families.

Method: research/signals.md 4.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.surveillance.evidence import Signal
from app.surveillance.models import Tier
from app.surveillance.replay import Step
from app.surveillance.windows import DAYS_PER_MONTH

DRAWS = 2_000  # resamples of families
SEED = 20_261_129
YEARS_AHEAD = 2  # a list is judged by the reviews of the two years after it


@dataclass(frozen=True, slots=True)
class Official:
    """A substance and the year in which it was officially acted upon."""

    substance_id: int
    name: str
    family: str
    year: int

    @property
    def deadline(self) -> date:
        """The last day on which a flag came early enough: the end of the year before."""
        return date(self.year - 1, 12, 31)


@dataclass(frozen=True, slots=True)
class Clocks:
    """When each substance would have been flagged by something trivial; a clock may lack some."""

    first_report: Mapping[int, date]
    third_country: Mapping[int, date]
    tenth_report: Mapping[int, date]


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with the 95 % interval of the bootstrap by family; NaN where nothing was counted."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Timeliness:
    """What one clock achieved: the share found in time, and its lead in months among the found."""

    name: str
    found: int
    of: int
    recall: Interval
    median: float
    quartiles: tuple[float, float]
    flagged: int  # substances it flagged at all
    never: int  # of them, never acted upon by anybody


def first_flags(steps: Iterable[Step], least: Tier) -> dict[int, date]:
    """The first month-end at which each substance was told of at that tier or higher."""
    found: dict[int, date] = {}
    for step in steps:
        number = step.signal.node.substance_id
        if number is not None and step.what != "closed" and step.tier >= least:
            found.setdefault(number, step.month)
    return found


def timeliness(
    name: str,
    flags: Mapping[int, date],
    official: Sequence[Official],
    acted_upon: Collection[int] = (),
) -> Timeliness:
    """How a clock did against the official dates that are judged.

    `acted_upon` are the substances of all official acts, whenever they were.
    """
    hits = [
        one.substance_id in flags and flags[one.substance_id] <= one.deadline for one in official
    ]
    leads = [
        (date(one.year, 1, 1) - flags[one.substance_id]).days / DAYS_PER_MONTH
        for one, hit in zip(official, hits, strict=True)
        if hit
    ]
    named = {one.substance_id for one in official}.union(acted_upon)
    quartiles = np.percentile(leads, [25, 50, 75]) if leads else np.full(3, np.nan)
    return Timeliness(
        name=name,
        found=sum(hits),
        of=len(official),
        recall=by_family(hits, [one.family for one in official]),
        median=float(quartiles[1]),
        quartiles=(float(quartiles[0]), float(quartiles[2])),
        flagged=len(flags),
        never=len(flags.keys() - named),
    )


def precision_at(
    ranked: Sequence[tuple[int, str]], year: int, official: Iterable[Official], k: int
) -> Interval:
    """The share of the first `k` of a list (substances with their families) acted upon soon after.

    `year` is that of the list's last day; what had been acted upon by then is no part of the list.
    """
    soon = {one.substance_id for one in official if year < one.year <= year + YEARS_AHEAD}
    top = ranked[:k]
    return by_family([number in soon for number, _ in top], [family for _, family in top])


def share_within(ranked: Sequence[int], year: int, official: Iterable[Official], k: int) -> str:
    """How many of the substances acted upon in the next two years stand within the first `k`."""
    soon = {one.substance_id for one in official if year < one.year <= year + YEARS_AHEAD}
    known = soon & set(ranked)
    return f"{len(known & set(ranked[:k]))} of {len(known)}" if known else "none to find"


def by_family(hits: Sequence[bool], families: Sequence[str]) -> Interval:
    """A mean with a 95 % bootstrap interval in which whole families are drawn.

    >>> by_family([True, True], ["a", "b"])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    if not hits:
        return Interval(float("nan"), float("nan"), float("nan"))
    values = np.asarray(hits, dtype=np.float64)
    names = sorted(set(families))
    sums = np.array([values[[f == name for f in families]].sum() for name in names])
    sizes = np.array([Counter(families)[name] for name in names], dtype=np.float64)
    drawn = np.random.default_rng(SEED).integers(len(names), size=(DRAWS, len(names)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def false_per_month(
    steps: Iterable[Step], acted_upon: Collection[int], months: int, least: Tier
) -> float:
    """Signals a month that reached that tier and whose substance was never acted upon.

    Signals of families, blocks and names are about no one substance, and are not among them. An
    upper bound of false alarms: not acted upon yet is not false.
    """
    told: set[Signal] = set()
    reached = 0
    for step in steps:
        if step.what == "closed":
            told.discard(step.signal)
        elif step.tier >= least and step.signal not in told:
            told.add(step.signal)
            number = step.signal.node.substance_id
            reached += (
                step.what != "open before" and number is not None and (number not in acted_upon)
            )
    return reached / months

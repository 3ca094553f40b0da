"""CLUSTER_OF_HARM and QUANTITY: single events that stand out by themselves.

Both are run on the reports up to each handling level, as every rule is, and name those behind them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.intake.words import CausalRole, EventKind
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.models import Rule, Tier, of_substance
from app.surveillance.occurrences import Occurrence
from app.surveillance.ruleset import ClusterRule, Ruleset
from app.surveillance.sightings import CAUSAL
from app.surveillance.statistics.growth import predictive
from app.surveillance.statistics.quantity import unusual_above

MOST_REPORTS = 50  # named in the evidence
LONGEST_DATE = timedelta(days=3)  # of a harm whose day is told well enough to lie in a cluster

Levels = dict[Handling, Evidence]


def may_cluster(role: CausalRole | None, day: date, until: date) -> bool:
    """Whether a harm counts for a cluster: the substance had a part in it, on a day that is known
    well enough."""
    return role is not CausalRole.PRESENT and until - day <= LONGEST_DATE


def clusters_of_harm(
    occurrences: Iterable[Occurrence], *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Signal, Levels]]:
    """Substances with several harms in one country within a month, more than are usual there.

    A substance that was found and had no part in it (`present`) is none of them, and neither is an
    event of which only the month is known.
    """
    by_place: defaultdict[tuple[int, str], list[Occurrence]] = defaultdict(list)
    for one in occurrences:
        if may_cluster(one.causal_role, one.day, one.until):
            by_place[one.substance_id, one.country].append(one)
    for (number, country), mine in by_place.items():
        levels = {
            level: evidence
            for level, visible in _by_level(mine)
            if (evidence := _cluster(visible, country, level, as_of, rules))
        }
        if levels and max(levels) == max(one.level for one in mine):
            yield Signal(of_substance(number), Rule.CLUSTER_OF_HARM, country), levels


def unusual_quantities(
    seizures: Iterable[tuple[int, Sequence[Occurrence]]], *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Signal, Levels]]:
    """Substances of which far more was seized at once than ever in the same form."""
    for number, mine in seizures:
        levels = {
            level: evidence
            for level, visible in _by_level(mine)
            if (evidence := _quantity(visible, level, as_of, rules))
        }
        if levels and max(levels) == max(one.level for one in mine):
            yield Signal(of_substance(number), Rule.QUANTITY, WORLD), levels


def _by_level(mine: Sequence[Occurrence]) -> Iterator[tuple[Handling, list[Occurrence]]]:
    for level in sorted({one.level for one in mine}):
        yield level, [one for one in mine if one.level <= level]


def _cluster(
    mine: Sequence[Occurrence], country: str, level: Handling, as_of: date, rules: Ruleset
) -> Evidence | None:
    limits: ClusterRule = rules.cluster
    found = _most_telling(mine, as_of, rules)
    if found is None:
        return None
    first, last = date.fromordinal(found.first), date.fromordinal(found.last)
    inside = [one for one in mine if first <= one.day <= last]
    urgent = found.deaths >= rules.tiers.urgent_deaths
    return Evidence(
        rule=Rule.CLUSTER_OF_HARM,
        scope=country,
        # urgent for deaths that it caused; of other harms people are told at once, once
        tier=rules.tiers.base(Rule.CLUSTER_OF_HARM) if urgent else Tier.ALERT,
        level=level,
        countries=(country,),
        numbers={
            "reports": len(inside),
            "confirmed": sum(one.confirmed for one in inside),
            "events": found.harms,
            "deaths": found.deaths,
        },
        first=first,
        first_end=first,
        last=last,
        since=first,
        as_of=as_of,
        ruleset=rules.version,
        simulated=any(one.simulated for one in inside),
        thresholds={**asdict(limits), "urgent_deaths": rules.tiers.urgent_deaths},
        details={
            "days": (last - first).days + 1,
            "harms_before": found.before,
            "p": round(found.p, 6),
            "deaths_of_any_cause": sum(one.cases for one in inside if one.kind is EventKind.DEATH),
            "reports": [one.report for one in inside[:MOST_REPORTS]],
        },
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """Harms in one country within the days of the rule; days are ordinals, counts are of cases."""

    first: int
    last: int
    harms: int
    deaths: int  # that it caused or contributed to
    before: int  # harms in the days that tell what is usual
    p: float


def _most_telling(mine: Sequence[Occurrence], as_of: date, rules: Ruleset) -> _Run | None:
    """Of the runs that end on a fresh day and are unusual, an urgent one first, then the largest,
    then the latest: so that one more case never makes less of what was there."""
    limits, fresh = rules.cluster, as_of.toordinal() - rules.cluster.fresh_days
    cases = [(one.day.toordinal(), max(one.cases, 1), _is_death_by_it(one)) for one in mine]
    days = np.sort([day for day, persons, _ in cases for _ in range(persons)])
    died = np.sort([day for day, persons, by_it in cases if by_it for _ in range(persons)])
    last = np.unique(days[days >= fresh])
    first = days[np.searchsorted(days, last - limits.days)]
    enough = _between(days, first, last + 1) >= limits.harms
    first, last = first[enough], last[enough]
    if not len(last):
        return None
    harms, deaths = _between(days, first, last + 1), _between(died, first, last + 1)
    before = _between(days, first - limits.history_days, first)
    p = predictive(harms, limits.days, before, limits.history_days).p
    columns = (column.tolist() for column in (first, last, harms, deaths, before, p))
    runs = [_Run(*values) for values in zip(*columns, strict=True)]
    unusual = (run for run in runs if run.p <= limits.p)
    urgent = rules.tiers.urgent_deaths
    return max(unusual, key=lambda run: (run.deaths >= urgent, run.harms, run.last), default=None)


def _is_death_by_it(one: Occurrence) -> bool:
    return one.kind is EventKind.DEATH and one.causal_role in CAUSAL


def _between(
    days: NDArray[np.int64], first: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many of the sorted days lie from each of `first` to the day before each of `end`."""
    return np.asarray(np.searchsorted(days, end) - np.searchsorted(days, first))


def _quantity(
    mine: Sequence[Occurrence], level: Handling, as_of: date, rules: Ruleset
) -> Evidence | None:
    """The largest of the fresh seizures that lie above what was usual before them."""
    limits = rules.quantity
    fresh = as_of - timedelta(days=limits.fresh_days)
    found: Evidence | None = None
    for one in mine:
        if one.until < fresh:
            continue
        before = [o.grams for o in mine if o.form is one.form and o.day < one.day and o.grams]
        bound = unusual_above(before, deviations=limits.deviations)
        if bound is None or not one.grams or one.grams <= bound:
            continue
        if found is None or one.grams > found.details["grams"]:
            found = _of_seizure(one, before, bound, level=level, as_of=as_of, rules=rules)
    return found


def _of_seizure(
    one: Occurrence,
    before: Sequence[float],
    bound: float,
    *,
    level: Handling,
    as_of: date,
    rules: Ruleset,
) -> Evidence:
    return Evidence(
        rule=Rule.QUANTITY,
        scope=WORLD,
        tier=rules.tiers.base(Rule.QUANTITY),
        level=level,
        countries=(one.country,),
        numbers={"reports": 1, "confirmed": int(one.confirmed), "events": 1, "deaths": 0},
        first=one.day,
        first_end=one.until,
        last=one.day,
        since=as_of - timedelta(days=rules.quantity.fresh_days),
        as_of=as_of,
        ruleset=rules.version,
        simulated=one.simulated,
        thresholds=asdict(rules.quantity),
        details={
            "grams": one.grams,
            "median_grams": sorted(before)[len(before) // 2],
            "bound_grams": round(bound, 3),
            "seizures_before": len(before),
            "form": one.form.value if one.form else None,
            "reports": [one.report],
        },
    )

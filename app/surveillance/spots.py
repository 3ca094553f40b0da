"""CLUSTER_OF_HARM and QUANTITY: single events that stand out by themselves.

Both are run on the reports up to each handling level, as every rule is, and name those behind them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.intake.words import CausalRole, EventKind
from app.surveillance.arrays import FORMS, Records
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.models import Rule, Tier, of_substance
from app.surveillance.occurrences import Occurrence
from app.surveillance.ruleset import ClusterRule, Ruleset, plain
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


def harms_since(as_of: date, rules: Ruleset) -> date:
    """The first day of the harms that are looked at."""
    limits = rules.cluster
    return as_of - timedelta(days=limits.days + limits.fresh_days + limits.history_days)


def seized_since(as_of: date, rules: Ruleset) -> date:
    """The first day of the seizures that are news."""
    return as_of - timedelta(days=rules.quantity.fresh_days)


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


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that was ever seized of one substance, in grams: one value for each seizure."""

    form: NDArray[np.uint8]  # places in `arrays.FORMS`
    level: NDArray[np.uint8]
    day: NDArray[np.int64]
    grams: NDArray[np.float64]
    # logarithms that no bound lies below [levels, forms]; where nothing is known of them, none
    least: NDArray[np.float64] = field(
        default_factory=lambda: np.full((len(Handling), len(FORMS) + 1), -np.inf)
    )

    @classmethod
    def of(cls, rows: Records, least: NDArray[np.float64]) -> Weights:
        """Of records of one substance (`arrays.WEIGHED`)."""
        many = rows["seizures"]
        form, level, day, grams = (
            np.repeat(rows[name], many) for name in ("form", "level", "day", "grams")
        )
        return cls(form, level, day, grams, least)

    def may_be_above(self, one: Occurrence, level: Handling) -> bool:
        """Whether a seizure may be unusual: not where it lies below all that the bound may be."""
        return bool(np.log10(one.grams or 0.0) > self.least[level, _form(one)])

    def before(self, one: Occurrence, level: Handling) -> NDArray[np.float64]:
        """Those of the same form on earlier days, as known at a level."""
        which = (self.form == _form(one)) & (self.level <= level) & (self.day < one.day.toordinal())
        found: NDArray[np.float64] = self.grams[which]
        return found


def _form(one: Occurrence) -> int:
    return FORMS.index(one.form) if one.form else len(FORMS)


def unusual_quantities(
    seizures: Iterable[tuple[Sequence[Occurrence], Weights]], *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Signal, Levels]]:
    """Substances of which far more was seized at once than ever in the same form.

    `seizures` are the fresh ones of each, by day, and the weights of all.
    """
    for mine, weights in seizures:
        held = [Handling(level) for level in np.unique(weights.level).tolist()]
        levels = {
            level: evidence
            for level in held
            if (evidence := _quantity(mine, weights, level, as_of, rules))
        }
        if levels and max(levels) == max(held):
            yield Signal(of_substance(mine[0].substance_id), Rule.QUANTITY, WORLD), levels


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
        thresholds={**plain(limits), "urgent_deaths": rules.tiers.urgent_deaths},
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
    mine: Sequence[Occurrence], weights: Weights, level: Handling, as_of: date, rules: Ruleset
) -> Evidence | None:
    """The largest of the fresh seizures that lie above what was usual before them."""
    fresh = as_of - timedelta(days=rules.quantity.fresh_days)
    visible = [one for one in mine if one.level <= level and one.until >= fresh and one.grams]
    for one in sorted(visible, key=lambda one: -(one.grams or 0)):
        if not weights.may_be_above(one, level):
            continue
        before = weights.before(one, level)
        bound = unusual_above(before, deviations=rules.quantity.deviations)
        if bound is not None and one.grams and one.grams > bound:
            return _of_seizure(one, before, bound, level=level, as_of=as_of, rules=rules)
    return None


def _of_seizure(
    one: Occurrence,
    before: NDArray[np.float64],
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
        thresholds=plain(rules.quantity),
        details={
            "grams": one.grams,
            "median_grams": float(np.partition(before, len(before) // 2)[len(before) // 2]),
            "bound_grams": round(bound, 3),
            "seizures_before": len(before),
            "form": one.form.value if one.form else None,
            "reports": [one.report],
        },
    )

"""Priority for review: how prevalent, persistent and harmful, from fixed anchors, fully decomposed.

The three pillars are the words of GA resolution 72/198, a third each; criteria count equally inside
a pillar, and the share of one without data goes to the others. Without any report on harm it is
"harm unknown": the pillar contributes nothing, and the entry says so and what it could reach.
Aggregates have a criterion for volume and speak for the quarters they cover; they never enter a
count of events. The order is advisory: for consideration, and no more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp, fsum, log

from app.intake.words import CausalRole, EventKind, ReportType
from app.surveillance.ruleset import Anchors
from app.surveillance.sightings import HARMS, Cell, Exposure, Period
from app.surveillance.windows import months_before, months_between, quarter_edges

HARM_UNKNOWN = "harm unknown"
HARM_IN_AGGREGATES = "harm known from aggregates only"
AGGREGATES_ONLY = "known from aggregates only"
NO_EXPOSURE = "no exposure declared: counts, not rates"
UNCONFIRMED = "no identification of grade A or B"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One measured quantity, what it is worth, and what it adds to the score."""

    id: str
    label: str
    raw: float | None  # in `unit`; None when there is nothing to measure
    unit: str
    value: float | None  # 0 to 100
    weight: float = 0.0  # share of the score
    contribution: float = 0.0  # points of the score


@dataclass(frozen=True, slots=True)
class Pillar:
    """Prevalent, persistent or harmful: the mean of its criteria, and its points of the score."""

    name: str
    value: float | None
    weight: float
    contribution: float
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A substance in the list; the contributions of its pillars, added in order, are its score."""

    substance_id: int
    rank: int
    score: float  # 0 to 100
    ceiling: float  # the score if what is unknown about harm were the worst
    pillars: tuple[Pillar, ...]
    flags: tuple[str, ...]
    controlled: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A substance, with the classes that a laboratory's scope may name it by."""

    substance_id: int
    classes: frozenset[str]
    controlled: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What all substances are measured against on one day, for one reader."""

    as_of: date
    active_countries: int  # with an event of any watched substance in the recent months
    active_quarters: frozenset[int]  # with a sighting of any; 1 the oldest
    exposures: Sequence[Exposure]


def setting(
    cells: Iterable[Cell], exposures: Sequence[Exposure], *, as_of: date, anchors: Anchors
) -> Setting:
    """Measure who was active, over the sightings of all substances."""
    since = months_before(as_of, anchors.recent_months)
    countries: set[str] = set()
    quarters: set[int] = set()
    for cell in cells:
        quarters |= _quarters(cell, as_of, anchors)
        if cell.events and cell.first >= since:
            countries.add(cell.country)
    return Setting(as_of, len(countries), frozenset(quarters), exposures)


def entry(
    subject: Subject,
    cells: Sequence[Cell],
    periods: Sequence[Period],
    among: Setting,
    anchors: Anchors,
) -> Entry:
    """The score of one substance, not yet ranked."""
    informative = [c for c in cells if c.kind in HARMS]
    prevalent = _prevalent(subject, cells, periods, among, anchors)
    persistent = _persistent(cells, among, anchors)
    harmful = _harmful(cells, bool(informative), among.as_of, anchors)
    measured = {"prevalent": prevalent, "persistent": persistent, "harmful": harmful}
    pillars = tuple(_pillar(name, criteria, anchors) for name, criteria in measured.items())
    score = sum(pillar.contribution for pillar in pillars)
    unknown = sum(pillar.weight * 100 for pillar in pillars if pillar.value is None)
    return Entry(
        substance_id=subject.substance_id,
        rank=0,
        score=score,
        ceiling=min(100.0, score + unknown),
        pillars=pillars,
        flags=tuple(_flags(cells, informative, prevalent)),
        controlled=subject.controlled,
    )


def ranked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The highest score first; equal scores share a rank."""
    ordered = sorted(entries, key=lambda e: (-round(e.score, 9), e.substance_id))
    placed: list[Entry] = []
    for position, item in enumerate(ordered, start=1):
        tied = placed and round(placed[-1].score, 9) == round(item.score, 9)
        placed.append(replace(item, rank=placed[-1].rank if tied else position))
    return tuple(placed)


def log_value(amount: float, anchors: tuple[float, float]) -> float:
    """0 at the lower anchor, 100 at the upper, straight on a log scale between.

    >>> round(log_value(1.0, (0.05, 20.0)))
    50
    """
    low, high = anchors
    return 0.0 if amount <= low else min(100.0, 100 * log(amount / low) / log(high / low))


def latest_volume(
    periods: Iterable[Period], *, as_of: date, anchors: Anchors
) -> tuple[int, date] | None:
    """Reports in the latest aggregated year of each country, added up, and the last day covered.

    Where spans of one authority and kind overlap (a year and its quarters) the longest counts.
    """
    since = months_before(as_of, anchors.volume_months)
    recent = [p for p in periods if p.until >= since]
    if not recent:
        return None
    latest: dict[str, date] = {}
    for period in recent:
        latest[period.country] = max(period.until, latest.get(period.country, period.until))
    total = 0
    covered: defaultdict[tuple[int, str, EventKind], list[Period]] = defaultdict(list)
    longest_first = sorted(recent, key=lambda p: (p.first - p.until, -p.until.toordinal()))
    for period in longest_first:
        taken = covered[period.authority_id, period.country, period.kind]
        in_year = period.until > months_before(latest[period.country], 12)
        if in_year and all(period.until < t.first or t.until < period.first for t in taken):
            taken.append(period)
            total += period.count
    return total, max(latest.values())


def _prevalent(
    subject: Subject,
    cells: Sequence[Cell],
    periods: Sequence[Period],
    among: Setting,
    anchors: Anchors,
) -> list[Criterion]:
    since = months_before(among.as_of, anchors.recent_months)
    recent = [c for c in cells if c.events and c.first >= since]
    countries = {c.country for c in recent}
    regions = {c.region for c in recent if c.region}
    share = len(countries) / max(among.active_countries, anchors.least_active_countries)
    volume = latest_volume(periods, as_of=among.as_of, anchors=anchors)
    return [
        _frequency(subject, recent, among, anchors),
        Criterion(
            "P2", "Share of active countries", share, "share",
            min(100.0, 100 * share / anchors.share_anchor),
        ),
        Criterion(
            "P3", "Regions", float(len(regions)), "regions", anchors.region_values[len(regions)]
        ),
        Criterion(
            "P4", "Aggregate volume", float(volume[0]) if volume else None,
            f"reports in the year to {volume[1]}" if volume else "reports a year",
            log_value(volume[0], anchors.volume_anchors) if volume else None,
        ),
    ]  # fmt: skip


def _frequency(
    subject: Subject, recent: Sequence[Cell], among: Setting, anchors: Anchors
) -> Criterion:
    """Events per 1000 samples where exposure is declared well enough, else events."""
    events = sum(c.events for c in recent)
    samples = _declared(among.exposures, subject.classes, anchors)
    counted = sum(c.events for c in recent if c.authority_id in samples)
    total = sum(samples.values())
    if total >= anchors.least_samples and counted >= anchors.declared_share * events:
        rate = 1000 * counted / total
        unit = f"events per 1000 samples ({total} samples)"
        return Criterion("P1", "Rate", rate, unit, log_value(rate, anchors.rate_anchors))
    unit = f"events in {anchors.recent_months} months"
    return Criterion("P1", "Events", float(events), unit, log_value(events, anchors.event_anchors))


def _declared(
    exposures: Iterable[Exposure], classes: frozenset[str], anchors: Anchors
) -> dict[int, int]:
    """Samples by authority, of those that declared nearly every month with the class in scope."""
    months: defaultdict[int, set[date]] = defaultdict(set)
    samples: defaultdict[int, int] = defaultdict(int)
    for exposure in exposures:
        if not exposure.scope or exposure.scope & classes:
            months[exposure.authority_id].add(exposure.month)
            samples[exposure.authority_id] += exposure.samples
    return {who: n for who, n in samples.items() if len(months[who]) >= anchors.declared_months}


def _persistent(cells: Sequence[Cell], among: Setting, anchors: Anchors) -> list[Criterion]:
    as_of = among.as_of
    present: set[int] = set()
    for cell in cells:
        present |= _quarters(cell, as_of, anchors)
    k, n = len(present & among.active_quarters), len(among.active_quarters)
    last = max(min(_last(c), as_of) for c in cells)
    silent = months_between(last, as_of)
    lasting = months_between(min(c.first for c in cells), as_of)
    return [
        Criterion(
            "S1", "Quarters seen", float(k), f"of {n} active quarters",
            100 * (k + 0.5) / (n + 1) if n else None,
        ),
        Criterion(
            "S2", "Recency", silent, "months since last seen",
            100 * exp(-silent / anchors.recency_months),
        ),
        Criterion(
            "S3", "Duration", lasting, "months since first seen",
            100 * (1 - exp(-lasting / anchors.duration_months)),
        ),
    ]  # fmt: skip


def _harmful(
    cells: Sequence[Cell], informed: bool, as_of: date, anchors: Anchors
) -> list[Criterion]:
    """From single events only; without any harm-informative report, nothing can be said."""
    events = [c for c in cells if c.events]
    total = sum(c.events for c in events)
    harms = sum(c.events for c in events if c.kind in HARMS)
    deaths = _weighted(events, EventKind.DEATH, as_of, anchors)
    toxic = _weighted(events, EventKind.ACUTE_TOXICITY, as_of, anchors)
    prior = anchors.harm_prior_events
    fraction = (harms + anchors.harm_prior * prior) / (total + prior)
    measured = [
        Criterion(
            "H1", "Deaths", deaths, "deaths, weighted by cause and age",
            100 * (1 - exp(-deaths / anchors.death_constant)),
        ),
        Criterion(
            "H2", "Harm fraction", fraction, f"of {total} events, shrunken",
            min(100.0, 100 * fraction / anchors.harm_anchor),
        ),
        Criterion(
            "H3", "Acute toxicity", toxic, "cases, weighted by cause and age",
            100 * (1 - exp(-toxic / anchors.toxicity_constant)),
        ),
    ]  # fmt: skip
    if informed:
        return measured
    return [replace(criterion, raw=None, value=None) for criterion in measured]


def _weighted(cells: Iterable[Cell], kind: EventKind, as_of: date, anchors: Anchors) -> float:
    """Cases of a kind, each by the substance's part in it, halved with every half-life of age."""
    weights = (
        cell.cases
        * _part(cell.causal_role, anchors)
        * exp(-log(2) * months_between(cell.last, as_of) / anchors.half_life_months)
        for cell in cells
        if cell.kind is kind
    )
    return fsum(weights)  # exact, so that the order of the cells changes nothing


def _part(role: CausalRole | None, anchors: Anchors) -> float:
    return {
        CausalRole.SOLE: anchors.role_sole,
        CausalRole.CONTRIBUTORY: anchors.role_contributory,
        CausalRole.PRESENT: anchors.role_present,
    }.get(role or CausalRole.UNKNOWN, anchors.role_unknown)


def _pillar(name: str, criteria: Sequence[Criterion], anchors: Anchors) -> Pillar:
    measured = [c.value for c in criteria if c.value is not None]
    share = anchors.pillar_weight / len(measured) if measured else 0.0
    weighed = tuple(
        c if c.value is None else replace(c, weight=share, contribution=share * c.value)
        for c in criteria
    )
    return Pillar(
        name=name,
        value=sum(measured) / len(measured) if measured else None,
        weight=anchors.pillar_weight,
        contribution=sum(c.contribution for c in weighed),
        criteria=weighed,
    )


def _flags(
    cells: Sequence[Cell], informative: Sequence[Cell], prevalent: Sequence[Criterion]
) -> Iterable[str]:
    if not informative:
        yield HARM_UNKNOWN
    elif not any(c.events for c in informative):
        yield HARM_IN_AGGREGATES
    if not any(c.events for c in cells):
        yield AGGREGATES_ONLY
    elif prevalent[0].label == "Events":
        yield NO_EXPOSURE
    if not any(c.confirmed for c in cells):
        yield UNCONFIRMED
    if any(c.simulated for c in cells):
        yield SIMULATED


def _last(cell: Cell) -> date:
    return cell.until if cell.type is ReportType.AGGREGATE else cell.last


def _quarters(cell: Cell, as_of: date, anchors: Anchors) -> set[int]:
    """The quarters looked back on in which it was seen; an aggregate speaks for all it covers."""
    edges = quarter_edges(as_of, anchors.quarters)
    begins, ends = bisect_right(edges, cell.first), bisect_right(edges, min(_last(cell), as_of))
    return set(range(max(begins, 1), ends + 1))

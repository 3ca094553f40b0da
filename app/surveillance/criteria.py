"""Prevalent and persistent: what is measured of a substance, and what it is worth from 0 to 100.

Anchors are fixed, so that no score moves because another substance was added. Aggregates have a
criterion for volume and speak for the quarters they cover; they never enter a count of events.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp

from app.intake.words import EventKind, ReportType
from app.surveillance.posteriors import (
    LinearScale,
    LogScale,
    Posterior,
    Scale,
    beta_posterior,
    gamma_posterior,
    worth,
)
from app.surveillance.ruleset import Anchors
from app.surveillance.severity import Severity
from app.surveillance.sightings import CAUSAL, Cell, Exposure
from app.surveillance.spans import Period
from app.surveillance.windows import months_before, months_between, quarter_edges

EVENTS, RATE = "Events", "Rate"
Stratum = tuple[str, str, int]  # group, country, years back


@dataclass(frozen=True, slots=True)
class Criterion:
    """One measured quantity, what it is worth, and what it adds to the score.

    `low` and `high` are the 95 % limits of the quantity, in `unit`, where it has a posterior; they
    hold `raw`, too. `posterior` is of what `scale` values.
    """

    id: str
    label: str
    raw: float | None  # in `unit`; None when there is nothing to measure
    unit: str
    value: float | None  # 0 to 100
    low: float | None = None
    high: float | None = None
    share: float = 0.0  # of its pillar
    weight: float = 0.0  # share of the score
    contribution: float = 0.0  # points of the score
    posterior: Posterior | None = None
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A substance, with the classes that a laboratory's scope may name it by."""

    substance_id: int
    classes: frozenset[str]
    controlled: bool
    group: str = ""
    severity: Severity | None = None
    controls: Mapping[str, date] = field(default_factory=dict)  # country: its control surely began


@dataclass(frozen=True, slots=True)
class Setting:
    """What all substances are measured against on one day, for one reader."""

    as_of: date
    active_countries: int  # with an event of any watched substance in the recent months
    # With a sighting of any; 1 the oldest. Not of those who reported the substance (signals 2.1): a
    # laboratory that sent one thing once would make it persistent.
    active_quarters: frozenset[int]
    exposures: Sequence[Exposure]
    harms: Mapping[Stratum, tuple[int, int]]  # events and fatal ones of a group
    class_events: Mapping[str, int]  # events of a group


def setting(
    cells: Iterable[Cell],
    exposures: Sequence[Exposure],
    *,
    as_of: date,
    anchors: Anchors,
    groups: Mapping[int, str] | None = None,
) -> Setting:
    """Measure who was active, and what came of it, over the sightings of all substances.

    `groups`: the group of each substance; without one it is compared with none.
    """
    since = months_before(as_of, anchors.recent_months)
    countries: set[str] = set()
    quarters: set[int] = set()
    harms: defaultdict[Stratum, tuple[int, int]] = defaultdict(lambda: (0, 0))
    class_events: defaultdict[str, int] = defaultdict(int)
    of = groups or {}
    for cell in cells:
        quarters |= _quarters(cell, as_of, anchors)
        if cell.events and cell.first >= since:
            countries.add(cell.country)
        if cell.events and (group := of.get(cell.substance_id)):
            at = stratum(group, cell, as_of)
            events, fatal = harms[at]
            harms[at] = events + cell.events, fatal + fatal_events(cell)
            class_events[group] += cell.events
    return Setting(
        as_of, len(countries), frozenset(quarters), exposures, dict(harms), dict(class_events)
    )


def stratum(group: str, cell: Cell, as_of: date) -> Stratum:
    """Where and when a death could have been reported: autopsies differ by country and year."""
    return group, cell.country, int(months_between(cell.last, as_of) // 12)


def fatal_events(cell: Cell) -> int:
    """Events that the substance caused or contributed to, and that killed."""
    return cell.events if cell.kind is EventKind.DEATH and cell.causal_role in CAUSAL else 0


def prevalent(
    subject: Subject,
    cells: Sequence[Cell],
    periods: Sequence[Period],
    among: Setting,
    anchors: Anchors,
) -> list[Criterion]:
    """Rate or events, share of countries, regions, and the volume of totals."""
    since = months_before(among.as_of, anchors.recent_months)
    recent = [c for c in cells if c.events and c.first >= since]
    countries = len({c.country for c in recent})
    regions = {c.region for c in recent if c.region}
    active = max(among.active_countries, anchors.least_active_countries)
    volume = latest_volume(periods, as_of=among.as_of, anchors=anchors)
    steps, span = anchors.region_values, LogScale(*anchors.volume_anchors)
    return [
        _frequency(subject, recent, among, anchors),
        estimated(
            "P2", "Share of active countries", countries / active, f"of {active} countries",
            of=beta_posterior(countries, active), by=LinearScale(anchors.share_anchor),
        ),
        Criterion("P3", "Regions", float(len(regions)), "regions", steps[len(regions)]),
        Criterion(
            "P4", "Aggregate volume", float(volume[0]) if volume else None,
            f"reports in the year to {volume[1]}" if volume else "reports a year",
            worth(volume[0], span) if volume else None,
        ),
    ]  # fmt: skip


def persistent(
    subject: Subject, cells: Sequence[Cell], among: Setting, anchors: Anchors
) -> list[Criterion]:
    """Quarters seen, recency, duration, and whether it outlasts national control."""
    as_of = among.as_of
    present: set[int] = set()
    for cell in cells:
        present |= _quarters(cell, as_of, anchors)
    k, n = len(present & among.active_quarters), len(among.active_quarters)
    last = max(min(_last(cell), as_of) for cell in cells)
    silent = months_between(last, as_of)
    lasting = months_between(min(c.first for c in cells), as_of)
    return [
        _quarters_seen(k, n),
        Criterion(
            "S2", "Recency", silent, "months since last seen",
            100 * exp(-silent / anchors.recency_months),
        ),
        Criterion(
            "S3", "Duration", lasting, "months since first seen",
            100 * (1 - exp(-lasting / anchors.duration_months)),
        ),
        _after_control(subject, cells, anchors),
    ]  # fmt: skip


def estimated(id: str, label: str, raw: float, unit: str, *, of: Posterior, by: Scale) -> Criterion:
    """A quantity that its posterior is of, valued as it was measured."""
    low, high = of.limits()
    return Criterion(
        id, label, raw, unit, worth(raw, by), min(low, raw), max(high, raw), posterior=of, scale=by
    )  # fmt: skip


def control_began(since: date, anchors: Anchors) -> date:
    """The day after which a sighting says that a substance outlasts a control."""
    return months_before(since, -anchors.control_grace_months)


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


def _frequency(
    subject: Subject, recent: Sequence[Cell], among: Setting, anchors: Anchors
) -> Criterion:
    """Events per 1000 samples where exposure is declared well enough, else events."""
    events = sum(c.events for c in recent)
    samples = declared(among.exposures, subject.classes, anchors)
    counted = sum(c.events for c in recent if c.authority_id in samples)
    total = sum(samples.values())
    if total >= anchors.least_samples and counted >= anchors.declared_share * events:
        thousands = total / 1000
        return estimated(
            "P1", RATE, counted / thousands, f"events per 1000 samples ({total} samples)",
            of=gamma_posterior(counted, thousands), by=LogScale(*anchors.rate_anchors),
        )  # fmt: skip
    return estimated(
        "P1", EVENTS, float(events), f"events in {anchors.recent_months} months",
        of=gamma_posterior(events), by=LogScale(*anchors.event_anchors),
    )  # fmt: skip


def declared(
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


def _quarters_seen(k: int, n: int) -> Criterion:
    """The mean of the posterior share, in place of k of n: two quarters of two are not all."""
    unit, scale = f"of {n} active quarters", LinearScale(1.0)
    if not n:
        return Criterion("S1", "Quarters seen", float(k), unit, None)
    posterior = beta_posterior(k, n)
    low, high = posterior.limits()
    return Criterion(
        "S1", "Quarters seen", float(k), unit, 100 * (k + 0.5) / (n + 1),
        min(float(k), n * low), max(float(k), n * high), posterior=posterior, scale=scale,
    )  # fmt: skip


def _after_control(subject: Subject, cells: Sequence[Cell], anchors: Anchors) -> Criterion:
    """Countries that controlled it and still see it; nothing to say where none that reports has.

    A cell's `last` is the latest first day in it, so what is counted began after the control.
    """
    reporting = {c.country for c in cells}
    controlling = {c: day for c, day in subject.controls.items() if c in reporting}
    unit = f"of {len(controlling)} reporting countries that control it"
    if not controlling:
        return Criterion("S4", "Seen after national control", None, "countries", None)
    still = {
        c.country
        for c in cells
        if c.country in controlling and c.last > control_began(controlling[c.country], anchors)
    }
    values = anchors.control_values
    value = values[min(len(still), len(values) - 1)]
    return Criterion("S4", "Seen after national control", float(len(still)), unit, value)


def _last(cell: Cell) -> date:
    return cell.until if cell.type is ReportType.AGGREGATE else cell.last


def _quarters(cell: Cell, as_of: date, anchors: Anchors) -> set[int]:
    """The quarters looked back on in which it was seen; an aggregate speaks for all it covers."""
    edges = quarter_edges(as_of, anchors.quarters)
    begins, ends = bisect_right(edges, cell.first), bisect_right(edges, min(_last(cell), as_of))
    return set(range(max(begins, 1), ends + 1))

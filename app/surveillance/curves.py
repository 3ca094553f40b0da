"""The curve of every node as one audience knows it: events by month beside what was looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.surveillance.counts import Monthly, counted
from app.surveillance.delays import Delays, estimated
from app.surveillance.evidence import WORLD, Evidence
from app.surveillance.exposure import Basis, Exposure, exposed, looked
from app.surveillance.models import Rule, Tier
from app.surveillance.months import first_day, month_of
from app.surveillance.nodes import Node, kin, nodes
from app.surveillance.rollup import known_events, known_volumes
from app.surveillance.ruleset import Ruleset
from app.surveillance.sightings import Cell, exposures
from app.surveillance.windows import months_before

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Curves:
    """Events and discounted exposure by node and month, from reports up to `level`."""

    level: Handling
    monthly: Monthly
    exposure: Exposure
    delays: Delays
    # substance id: the month by which it had been seen, totals and vague dates included
    earliest: Mapping[int, int] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What the rows are, in their order."""
        return self.monthly.nodes

    @cached_property
    def events(self) -> Floats:
        """Events that the exposure counts for [nodes, months]."""
        return self.exposure.events(self.monthly)

    @cached_property
    def discounted(self) -> Floats:
        """Exposure behind what can be known by now [nodes, months]."""
        return self.exposure.discounted(self.delays)

    @cached_property
    def first_seen(self) -> Integers:
        """The first month in which each node was seen, from the first of the arrays: -1 where that
        is before they begin, their length for a node never seen. A total of a year in which it
        stood counts as a sighting at the end of that year."""
        seen = self.monthly.series("events") > 0
        first: Integers = np.where(seen.any(axis=1), seen.argmax(axis=1), seen.shape[1])
        since = self.monthly.since
        by_then = [
            min((self.earliest[n] - since for n in node.members if n in self.earliest), default=end)
            for node, end in zip(self.nodes, first, strict=True)
        ]
        return np.maximum(np.minimum(first, np.array(by_then, np.int64)), -1)

    @cached_property
    def _reporter_months(self) -> tuple[Integers, Integers, Integers]:
        """Each node, authority and month in which that authority reported it, once."""
        cells = self.monthly.cells
        month = cells.month - self.monthly.since
        rows = np.unique(np.stack([cells.node, cells.authority, month]), axis=1)
        return rows[0], rows[1], rows[2]

    @cached_property
    def sightings(self) -> Integers:
        """Reporters with an event in each month [nodes, months]."""
        node, _, month = self._reporter_months
        return self._counted(node, month)

    @cached_property
    def reporters_since(self) -> Integers:
        """Distinct reporters with an event in each month or later [nodes, months]."""
        node, authority, month = self._reporter_months
        order = np.lexsort([month, authority, node])
        node, authority, month = node[order], authority[order], month[order]
        last = np.ones(len(node), bool)
        last[:-1] = (node[1:] != node[:-1]) | (authority[1:] != authority[:-1])
        ending = self._counted(node[last], month[last])
        return np.flip(np.flip(ending, 1).cumsum(1), 1)

    def _counted(self, node: Integers, month: Integers) -> Integers:
        shape = len(self.nodes), self.monthly.months
        found = np.zeros(shape, np.int64)
        np.add.at(found, (node, month), 1)
        return found

    def since(self, place: int, month: int) -> Span:
        """What happened to a node from a month (counted from the first of the arrays) on."""
        cells = self.monthly.of(place)
        cells = cells.where(cells.month - self.monthly.since >= month)
        months = np.unique(cells.month)
        first, last = (int(months[0]), int(months[-1])) if len(months) else (0, 0)
        return Span(
            countries=tuple(sorted({code.decode() for code in cells.country})),
            events=int(cells.events.sum()),
            confirmed=int(cells.confirmed.sum()),
            deaths=int(cells.deaths.sum()),
            first=first_day(first or month_of(self.monthly.as_of)),
            last=first_day(last or month_of(self.monthly.as_of)),
            simulated=bool(cells.simulated.any()),
        )

    def label(self, month: int) -> str:
        """A month (counted from the first of the arrays) as text: 2026-03."""
        return f"{first_day(self.monthly.since + month):%Y-%m}"

    @cached_property
    def months(self) -> list[str]:
        """The months of the arrays as text."""
        return [self.label(month) for month in range(self.monthly.months)]

    @cached_property
    def complete(self) -> list[float]:
        """What share of the events of each month can be known by now."""
        shares = self.delays.complete(self.monthly.since, self.monthly.months)
        return [round(float(share), 4) for share in shares]

    def basis(self, place: int) -> str:
        """What the exposure of a node was taken from."""
        return Basis(int(self.exposure.basis[place])).word


@dataclass(frozen=True, slots=True)
class Span:
    """Events of a node over some months."""

    countries: tuple[str, ...]
    events: int
    confirmed: int
    deaths: int
    first: date  # first day of the month of the first
    last: date  # first day of the month of the last
    simulated: bool


def evidence_of(
    seen: Curves,
    rule: Rule,
    span: Span,
    *,
    since: date,
    rules: Ruleset,
    thresholds: Mapping[str, Any],
    details: Mapping[str, Any],
    may_be_urgent: bool = True,
) -> Evidence:
    """What a rule found in the curve of a node, as evidence: the events of `span`."""
    urgent = may_be_urgent and span.deaths >= rules.tiers.urgent_deaths
    return Evidence(
        rule=rule,
        scope=WORLD,
        tier=Tier.URGENT if urgent else rules.tiers.base(rule),
        level=seen.level,
        countries=span.countries,
        numbers={
            "reports": span.events,
            "confirmed": span.confirmed,
            "events": span.events,
            "deaths": span.deaths,
        },
        first=span.first,
        first_end=first_day(month_of(span.first) + 1) - timedelta(days=1),
        last=span.last,
        since=since,
        as_of=seen.monthly.as_of,
        ruleset=rules.version,
        simulated=span.simulated,
        thresholds={**thresholds, "urgent_deaths": rules.tiers.urgent_deaths},
        details=details,
    )


def curves(
    session: Session, *, as_of: date, months: int, sighted: Iterable[Cell] = ()
) -> Iterator[Curves]:
    """The curves known as of a day over so many months, for each level at which there is more.

    `sighted` is all that was ever seen, as known on the day: it says what is new.
    """
    since = month_of(months_before(as_of, months - 1))
    events = known_events(session, as_of=as_of, since=since)
    volume = known_volumes(session, as_of=as_of)
    every = nodes(kin(session))
    earliest = _earliest(sighted)
    for level in Handling:
        if level not in events.cells["level"]:
            continue
        declared = exposures(session, as_of=as_of, since=date.min, ceiling=level)
        monthly = counted(events, every, as_of=as_of, since=since, ceiling=level)
        yield Curves(
            level,
            monthly,
            exposed(monthly, looked(monthly, volume, declared, ceiling=level)),
            estimated(volume, as_of=as_of, ceiling=level),
            earliest[level],
        )


def _earliest(sighted: Iterable[Cell]) -> dict[Handling, dict[int, int]]:
    """The month by which each substance had been seen, as each level knows it."""
    found: dict[Handling, dict[int, date]] = {level: {} for level in Handling}
    for cell in sighted:
        known = found[cell.handling]
        if cell.first_end < known.get(cell.substance_id, date.max):
            known[cell.substance_id] = cell.first_end
    months: dict[int, int] = {}
    by_level: dict[Handling, dict[int, int]] = {}
    for level in Handling:
        for number, day in found[level].items():
            months[number] = min(month_of(day), months.get(number, month_of(day)))
        by_level[level] = dict(months)
    return by_level

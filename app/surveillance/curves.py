"""The curve of every node as one audience knows it: events by month beside what was looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import VOLUME_KEY, Floats, Integers, Records
from app.surveillance.counted import Counted
from app.surveillance.delays import Delays, estimated
from app.surveillance.evidence import WORLD, Evidence
from app.surveillance.exposure import Basis, Exposure, exposed, looked, own_events
from app.surveillance.membership import Membership
from app.surveillance.models import Rule, Tier
from app.surveillance.months import first_day, month_of
from app.surveillance.nodes import Node, kin, nodes
from app.surveillance.rolled import Part
from app.surveillance.rows import Events
from app.surveillance.ruleset import Ruleset
from app.surveillance.sightings import exposures
from app.surveillance.stock import Stock
from app.surveillance.strata import Strata, strata_of
from app.surveillance.stretches import Span, spans
from app.surveillance.tally import Tally
from app.surveillance.windows import months_before


@dataclass(frozen=True)
class Curves:
    """Events and discounted exposure by node and month, from reports up to `level`."""

    level: Handling
    tally: Tally
    exposure: Exposure
    delays: Delays
    strata: Strata
    # substance id: the month by which it had been seen, totals and vague dates included
    earliest: Mapping[int, int] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What the rows are, in their order."""
        return self.tally.nodes

    @cached_property
    def events(self) -> Floats:
        """Events that the exposure counts for [nodes, months]."""
        return self.exposure.events(self.tally, self.level)

    @cached_property
    def discounted(self) -> Floats:
        """Exposure behind what can be known by now [nodes, months]."""
        return self.exposure.discounted(self.delays)

    @cached_property
    def first_seen(self) -> Integers:
        """The first month in which each node was seen, from the first of the arrays: -1 where that
        is before they begin, their length for a node never seen. A total of a year in which it
        stood counts as a sighting at the end of that year."""
        seen = self.tally.series(self.level) > 0
        first: Integers = np.where(seen.any(axis=1), seen.argmax(axis=1), seen.shape[1])
        since = self.tally.since
        by_then = [
            min((self.earliest[n] - since for n in node.members if n in self.earliest), default=end)
            for node, end in zip(self.nodes, first, strict=True)
        ]
        return np.maximum(np.minimum(first, np.array(by_then, np.int64)), -1)

    def since(self, months: Mapping[int, int]) -> dict[int, Span]:
        """What happened to nodes, each by its place, from a month (counted from the first) on."""
        places = np.array(list(months), np.int64)
        begins = np.array(list(months.values()), np.int64)
        return dict(zip(months, spans(self.tally, places, begins, self.level), strict=True))

    def label(self, month: int) -> str:
        """A month (counted from the first of the arrays) as text: 2026-03."""
        return f"{first_day(self.tally.since + month):%Y-%m}"

    @cached_property
    def months(self) -> list[str]:
        """The months of the arrays as text."""
        return [self.label(month) for month in range(self.tally.months)]

    @cached_property
    def complete(self) -> list[float]:
        """What share of the events of each month can be known by now."""
        shares = self.delays.complete(self.tally.since, self.tally.months)
        return [round(float(share), 4) for share in shares]

    def basis(self, place: int) -> str:
        """What the exposure of a node was taken from."""
        return Basis(int(self.exposure.basis[place])).word


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
        as_of=seen.tally.as_of,
        ruleset=rules.version,
        simulated=span.simulated,
        thresholds={**thresholds, "urgent_deaths": rules.tiers.urgent_deaths},
        details=details,
    )


def curves(
    session: Session,
    counted: Counted,
    *,
    as_of: date,
    months: int,
    window: int,
    earliest: Mapping[Handling, Mapping[int, int]],
) -> Iterator[Curves]:
    """The curves known as of a day over so many months, for each level at which there is more;
    harms by stratum are those of the last months, the `window`.

    `earliest` is the month by which each substance was ever seen, as each level knows it.
    """
    since = month_of(months_before(as_of, months - 1))
    every = nodes(kin(session))
    tally = tallied(counted, every, as_of=as_of, since=since)
    key = since, tally.months, every, window
    strata = strata_of(
        tally,
        window,
        counted.once(
            "strata",
            key,
            lambda: strata_of(Tally(tally.stocks[:1], every, as_of=as_of, since=since), window),
        ),
    )
    volume = volumes(counted)
    of_all_levels = exposures(session, as_of=as_of, since=date.min)
    for level in tally.levels:
        declared = [one for one in of_all_levels if one.level <= level]
        found = looked(volume, declared, since=since, months=tally.months, ceiling=level)
        yield Curves(
            level,
            tally,
            exposed(tally.nodes, found, own_events(tally, found, level)),
            estimated(volume, as_of=as_of, ceiling=level),
            strata,
            earliest[level],
        )


def tallied(counted: Counted, every: tuple[Node, ...], *, as_of: date, since: int) -> Tally:
    """Events of all nodes: what is kept is counted once for each rollup, what changed is added."""
    members = Membership.of(every)
    asked = {"since": since, "months": month_of(as_of) - since + 1}

    def kept() -> Stock:
        events = (counted.kept(part, since) for part in (Part.CELLS, Part.SHARED))
        return Stock.made(Events(*events), members, **asked)

    less, more = (
        Events(*(which(part, since) for part in (Part.CELLS, Part.SHARED)))
        for which in (counted.less, counted.more)
    )
    stocks = [
        counted.once("events", (since, asked["months"], every), kept),
        Stock.changed(less, more, members, **asked),
    ]
    return Tally(stocks, every, as_of=as_of, since=since)


def volumes(counted: Counted) -> Records:
    """All that authorities reported, by month and receipt; some of it below nought, to be added up.

    Where it happened and what it was are left out: nobody asks for them here.
    """
    key = ("authority", "month", "received", "level")

    def narrowed(rows: Records) -> Records:
        rows = rows.copy()
        for name in set(VOLUME_KEY) - set(key):
            rows[name] = np.zeros(1, rows[name].dtype)
        return arrays.summed(rows, key, ("reports",))

    kept = counted.once("volumes", None, lambda: narrowed(counted.kept(Part.VOLUME)))
    return arrays.joined(kept, narrowed(counted.change(Part.VOLUME)))

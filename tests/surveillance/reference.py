"""What is counted of nodes, told the long way: cells of each node, and what follows from them.

The rules go another way (`tally`, `curves`), at the cost of what is stored of the substances; that
both say the same is what the tests hold it to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.intake.words import EventKind
from app.surveillance import arrays, sightings
from app.surveillance.arrays import CELL, COUNTED, KEY, KINDS, Floats, Integers, Records
from app.surveillance.counted import Counted
from app.surveillance.delays import Delays, estimated
from app.surveillance.exposure import ACTIVE_WITHIN, Exposure, Looked, exposed, looked, places_of
from app.surveillance.membership import Membership, counted_too_often
from app.surveillance.models import NodeKind
from app.surveillance.months import month_of
from app.surveillance.nodes import Node, kin, nodes
from app.surveillance.rolled import Part
from app.surveillance.rows import WEIGHT, Events, Since

NOTHING = Since(days=10**6, harms=10**6, seized=10**6)  # months that do not come


def known_events(session: Session, as_of: date, since: int) -> Events:
    """The events known as of a day from the month `since` on."""
    return Counted(session, as_of, since=NOTHING).events(since)


def known_volumes(session: Session, as_of: date, since: int | None = None) -> Records:
    """The volumes known as of a day from the month `since` on."""
    return Counted(session, as_of, since=NOTHING).all(Part.VOLUME, since)


def delays(
    session: Session, *, as_of: date, by: str = "kind", ceiling: Handling = Handling.RED
) -> Delays:
    """The reporting delays known as of a day, by event kind (`kind`) or by `country`."""
    return estimated(known_volumes(session, as_of), as_of=as_of, by=by, ceiling=ceiling)


ALL_KINDS = tuple(NodeKind)


@dataclass(frozen=True, slots=True)
class Cells:
    """Events of nodes that are alike; each field is an array with one value for each cell."""

    node: Integers  # the place of the node in `Monthly.nodes`
    month: Integers  # year * 12 + month - 1; where only the year is known, the year below nought
    country: NDArray[np.bytes_]  # ISO 3166-1 alpha-2, as ASCII
    authority: Integers
    kind: Integers  # the place of the event kind in `arrays.KINDS`
    level: Integers  # effective handling on the day
    simulated: NDArray[np.bool_]
    events: Integers
    confirmed: Integers  # events of grade A or B
    cases: Integers  # persons or items in them
    deaths: Integers  # persons who died with it as sole or contributory cause
    weighted_deaths: NDArray[np.float64]  # deaths, each by its causal role (signals 2.2)

    def __len__(self) -> int:
        return len(self.node)

    def where(self, which: NDArray[np.bool_] | slice) -> Cells:
        """The cells of which that is true, or those of a run of places."""
        return Cells(*(getattr(self, name)[which] for name in self.__slots__))

    def of_kind(self, *kinds: EventKind) -> NDArray[np.bool_]:
        """Which cells are of these kinds of events."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


@dataclass(frozen=True)
class Monthly:
    """Counts by node and month, as known at the end of `as_of`."""

    as_of: date
    since: int  # the first month
    nodes: tuple[Node, ...]
    cells: Cells  # of events whose month is known, in the order of nodes and months
    undated: Cells  # of events of which only the year is known: no part of any monthly series

    @property
    def months(self) -> int:
        """How many months there are, the one of `as_of` among them."""
        return month_of(self.as_of) - self.since + 1

    @cached_property
    def places(self) -> dict[tuple[NodeKind, str], int]:
        """Where a node is, by its kind and key."""
        return {(node.kind, node.key): place for place, node in enumerate(self.nodes)}

    def of(self, place: int) -> Cells:
        """The cells of one node, by month."""
        low, high = np.searchsorted(self.cells.node, [place, place + 1])
        return self.cells.where(slice(low, high))

    def series(
        self, field: str = "events", which: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """A field of the cells (or of some of them) summed up: one row a node, one column a month.

        >>> # monthly.series("events", monthly.cells.of_kind(EventKind.DEATH))
        """
        cells = self.cells if which is None else self.cells.where(which)
        size = len(self.nodes) * self.months
        at = cells.node * self.months + (cells.month - self.since)
        found = np.zeros(size)
        found += np.bincount(at, weights=getattr(cells, field), minlength=size)
        return found.reshape(len(self.nodes), self.months)

    def totals(self, field: str = "events") -> NDArray[np.float64]:
        """A field of each node since `since`, with what is known to the year only."""
        found = np.zeros(len(self.nodes))
        for some in (self.cells, self.undated):
            found += np.bincount(some.node, weights=getattr(some, field), minlength=len(found))
        return found


def monthly(
    session: Session,
    *,
    as_of: date,
    since: date,
    ceiling: Handling = Handling.RED,
    kinds: Sequence[NodeKind] = ALL_KINDS,
) -> Monthly:
    """The events of each node by month, country, authority, kind and handling.

    From the month of `since` to that of `as_of`, handled at most as `ceiling`. Nodes are those of
    the registry of today: a family that was recognised later is counted in the past as well.
    """
    first = month_of(since)
    found = known_events(session, as_of, first)
    every = tuple(node for node in nodes(kin(session)) if node.kind in kinds)
    return counted(found, every, as_of=as_of, since=first, ceiling=ceiling)


def counted(
    found: Events,
    every: Sequence[Node],
    *,
    as_of: date,
    since: int,
    ceiling: Handling = Handling.RED,
) -> Monthly:
    """Events by substance, counted for each of these nodes."""
    cells = found.cells[found.cells["level"] <= ceiling]
    shared = found.shared[found.shared["level"] <= ceiling]
    members = Membership.of(every)
    row, of = members.spread_places(cells["substance"])
    rows = cells[row]
    # an event of which one report tells the month is in the months, whatever others know of it
    dated = shared["month"] >= 0
    apart = [counted_too_often(shared[which], members) for which in (dated, ~dated)]
    extra, extra_of = (np.concatenate(parts) for parts in zip(*apart, strict=True))
    together = np.zeros(len(rows) + len(extra), _NODE_CELL)
    together["node"] = np.concatenate([of, extra_of])
    for name in NODE_FIELDS:
        together[name] = np.concatenate([rows[name], extra[name]])
    together = arrays.summed(together, ("node", *KEY), COUNTED)
    together = together[together["events"] > 0]
    dated = together["month"] >= 0
    return Monthly(as_of, since, tuple(every), _cells(together[dated]), _cells(together[~dated]))


NODE_FIELDS = [name for name in CELL.names or () if name != "substance"]
_NODE_CELL = np.dtype([("node", "<i4"), *CELL.descr[1:]])


def _cells(rows: Records) -> Cells:
    def whole(name: str) -> Integers:
        return rows[name].astype(np.int64)

    return Cells(
        node=whole("node"),
        month=whole("month"),
        country=rows["country"].copy(),
        authority=whole("authority"),
        kind=whole("kind"),
        level=whole("level"),
        simulated=rows["simulated"].astype(bool),
        events=whole("events"),
        confirmed=whole("confirmed"),
        cases=whole("cases"),
        deaths=whole("deaths"),
        weighted_deaths=rows["weighted"] / WEIGHT,
    )


def exposure(session: Session, monthly: Monthly, *, ceiling: Handling = Handling.RED) -> Exposure:
    """The exposure of each node of `monthly` in each of its months, as known as of its day."""
    volume = known_volumes(session, monthly.as_of, monthly.since - ACTIVE_WITHIN)
    declared = sightings.exposures(session, as_of=monthly.as_of, since=date.min, ceiling=ceiling)
    found = looked(volume, declared, since=monthly.since, months=monthly.months, ceiling=ceiling)
    return exposed(monthly.nodes, found, _own_events(monthly, found))


def _own_events(monthly: Monthly, found: Looked) -> Floats:
    cells = monthly.cells
    weight = cells.events.astype(float)
    if len(weight):
        sees = found.seen_by(monthly.nodes)
        place = places_of(found.authorities, cells.authority)
        weight = weight * sees(cells.node, place, cells.month - monthly.since)
    at = cells.node * monthly.months + cells.month - monthly.since
    summed = np.bincount(at, weights=weight, minlength=len(monthly.nodes) * monthly.months)
    return summed.astype(float).reshape(len(monthly.nodes), monthly.months)

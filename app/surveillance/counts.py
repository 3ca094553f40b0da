"""Monthly counts of events by node, as known on a day.

A node's count is the number of distinct events in which at least one of its members was found: an
event with two nitazenes is one event of the family. The members are added up, and what that counts
too often is taken away again, found from the few events with several substances.

Events only: aggregates are never added to them (`spans.periods` has those).
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
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, KEY, KINDS, Integers, Records
from app.surveillance.models import NodeKind
from app.surveillance.months import month_of
from app.surveillance.nodes import Node, kin, nodes
from app.surveillance.rollup import known_events
from app.surveillance.rows import WEIGHT, Events

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
    found = known_events(session, as_of=as_of, since=first)
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
    rows, of = members.spread(cells)
    extra, extra_of = counted_too_often(shared, members)
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


@dataclass(frozen=True, slots=True)
class Membership:
    """Which nodes each substance belongs to: nodes[begins[s] : begins[s + 1]] those of s."""

    begins: Integers
    nodes: Integers

    @classmethod
    def of(cls, every: Sequence[Node]) -> Membership:
        substances = np.array([s for node in every for s in node.members], np.int64)
        places = np.array([p for p, node in enumerate(every) for _ in node.members], np.int64)
        order = np.lexsort([places, substances])
        size = int(substances.max(initial=0)) + 2
        begins = np.searchsorted(substances[order], np.arange(size))
        return cls(begins, places[order])

    def spread(self, rows: Records) -> tuple[Records, Integers]:
        """Each row once for every node of its substance, and the nodes."""
        row, node = self.spread_places(rows["substance"])
        return rows[row], node

    def holds(self, nodes: Integers, substances: Integers) -> NDArray[np.bool_]:
        """Whether each of these nodes holds the substance beside it."""
        width = int(self.nodes.max(initial=0)) + 1
        many = np.diff(np.append(self.begins, len(self.nodes)))
        pairs = np.repeat(np.arange(len(many)), many) * width + self.nodes
        found: NDArray[np.bool_] = np.isin(substances.astype(np.int64) * width + nodes, pairs)
        return found

    def spread_places(self, substances: NDArray[np.integer]) -> tuple[Integers, Integers]:
        """The place of each substance once for every node of it, and the nodes."""
        substances = np.minimum(substances, len(self.begins) - 1).astype(np.int64)
        ends = np.append(self.begins, self.begins[-1:])
        begins, many = self.begins[substances], ends[substances + 1] - self.begins[substances]
        row = np.repeat(np.arange(len(substances)), many)
        step = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
        return row, self.nodes[np.repeat(begins, many) + step]


def counted_too_often(shared: Records, members: Membership) -> tuple[Records, Integers]:
    """What is to be taken away: of each event and node, every record but the first; by node.

    The first is the most open one, and of those the most complete report with the best grade. So
    what is taken away at a level is so at every level above.
    """
    order = np.lexsort([-shared["confirmed"], shared["place"], shared["level"], shared["event"]])
    rows = shared[order]
    if not len(rows):
        return rows, np.empty(0, np.int64)
    begins = np.flatnonzero(np.concatenate(([True], rows["event"][1:] != rows["event"][:-1])))
    position = np.arange(len(rows)) - np.repeat(begins, np.diff([*begins, len(rows)]))
    again = [np.empty(0, np.int64)]
    for back in range(1, int(position.max()) + 1):
        later = np.flatnonzero(position >= back)
        place, node = members.spread_places(rows["substance"][later])
        both = members.holds(node, rows["substance"][later[place] - back])
        again.append(node[both] * len(rows) + later[place[both]])
    node, place = np.divmod(np.unique(np.concatenate(again)), len(rows))
    return arrays.negative(rows[place], COUNTED), node


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

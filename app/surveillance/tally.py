"""Events of all nodes at once, month by month and level by level, without making cells of each.

What was worked out of the kept records is one stock, what changed since another one, some of it
below nought: their sums are what is known. The cells of a node are looked at when somebody asks for
that node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, Floats, Integers, Records
from app.surveillance.membership import Membership, counted_too_often
from app.surveillance.models import NodeId
from app.surveillance.months import month_of
from app.surveillance.nodes import Node
from app.surveillance.rows import Events

PLACE = 2**20  # months of one substance


@dataclass(frozen=True)
class Stock:
    """Events from a month on: those of one substance lie together, by month."""

    cells: Records
    begins: Integers  # of each substance and month, among the cells; the end of the last one
    again: Records  # what members of a node that are added up count too often, below nought
    of: Integers  # the node of each of these, in order
    own: Floats  # events of the cells [levels, substances, months], of each level alone

    @classmethod
    def made(cls, found: Events, members: Membership, *, since: int, months: int) -> Stock:
        """Of everything that was found."""
        return cls.put(_dated(found.cells, since), *_again(found.shared, members, since),
                       size=len(members.begins), since=since, months=months)  # fmt: skip

    @classmethod
    def changed(
        cls, less: Events, more: Events, members: Membership, *, since: int, months: int
    ) -> Stock:
        """What is to be added where some of it is no longer so, and other events are."""
        cells = [_dated(found.cells, since) for found in (less, more)]
        again, of = zip(*(_again(found.shared, members, since) for found in (less, more)),
                        strict=True)  # fmt: skip
        nodes = np.concatenate(of)
        order = np.argsort(nodes, kind="stable")
        both = arrays.joined(arrays.negative(again[0], COUNTED), again[1])
        return cls.put(
            arrays.joined(arrays.negative(cells[0], COUNTED), cells[1]),
            both[order],
            nodes[order],
            size=len(members.begins),
            since=since,
            months=months,
        )

    @classmethod
    def put(
        cls, cells: Records, again: Records, of: Integers, *, size: int, since: int, months: int
    ) -> Stock:
        """The cells in order and added up."""
        cells = cells[cells["substance"] < size]
        place = cells["substance"].astype(np.int64) * PLACE + cells["month"]
        cells = cells[np.argsort(place, kind="stable")]
        place = cells["substance"].astype(np.int64) * months + (cells["month"] - since)
        many = np.bincount(place, minlength=size * months)
        begins = np.concatenate(([0], np.cumsum(many)))
        at = (cells["level"].astype(np.int64) * size + cells["substance"]) * months
        at += cells["month"] - since
        shape = len(Handling), size, months
        own = np.bincount(at, weights=cells["events"], minlength=int(np.prod(shape)))
        return cls(cells, begins, again, of, own.astype(float).reshape(shape))

    def of_members(self, numbers: Integers, month: int) -> Records:
        """The cells of some substances from a month (counted from the first) on."""
        months = self.own.shape[2]
        begin, end = self.begins[numbers * months + month], self.begins[(numbers + 1) * months]
        if len(numbers) == 1:
            return self.cells[begin[0] : end[0]]
        many = end - begin
        where = np.repeat(begin - (np.cumsum(many) - many), many) + np.arange(many.sum())
        found: Records = self.cells[where]
        return found

    def at(self, number: int, month: int) -> Records:
        """The cells of one substance in a month (counted from the first)."""
        place = number * self.own.shape[2] + month
        return self.cells[self.begins[place] : self.begins[place + 1]]


class Tally:
    """Events from the month `since` to that of `as_of`, counted for nodes when asked."""

    def __init__(
        self, stocks: Sequence[Stock], every: Sequence[Node], *, as_of: date, since: int
    ) -> None:
        self.as_of = as_of
        self.since = since
        self.nodes = tuple(every)
        self.members = Membership.of(every)
        self.stocks = tuple(stocks)

    @classmethod
    def of_events(cls, found: Events, every: Sequence[Node], *, as_of: date, since: int) -> Tally:
        """Of all events at once."""
        members, months = Membership.of(every), month_of(as_of) - since + 1
        stock = Stock.made(found, members, since=since, months=months)
        return cls([stock], every, as_of=as_of, since=since)

    @property
    def months(self) -> int:
        """How many months there are, the one of `as_of` among them."""
        return month_of(self.as_of) - self.since + 1

    @cached_property
    def places(self) -> dict[NodeId, int]:
        """Where a node is, by its kind and key."""
        return {node.id: place for place, node in enumerate(self.nodes)}

    @cached_property
    def levels(self) -> list[Handling]:
        """The levels at which there is more to see than below."""
        there = sum(stock.own.sum(axis=(1, 2)) for stock in self.stocks)
        return [level for level in Handling if np.asarray(there)[level] > 0]

    @cached_property
    def _series(self) -> Floats:
        own = np.sum([stock.own for stock in self.stocks], axis=0)
        return self._of_nodes(own, [stock.again["events"] for stock in self.stocks])

    def series(self, level: Handling) -> Floats:
        """Events by node and month, as known at a level."""
        found: Floats = self._series[level]
        return found

    def weighted(self, weigh: Callable[[Integers], Floats], level: Handling) -> Floats:
        """The same with a weight for what each authority reported."""
        size, months = len(self.members.begins), self.months
        own, again = np.zeros((len(Handling), size, months)), []
        for stock in self.stocks:
            cells = stock.cells
            at = (cells["level"].astype(np.int64) * size + cells["substance"]) * months
            at += cells["month"] - self.since
            weights = cells["events"] * weigh(cells["authority"])
            own += np.bincount(at, weights=weights, minlength=own.size).reshape(own.shape)
            again.append(stock.again["events"] * weigh(stock.again["authority"]))
        found: Floats = self._of_nodes(own, again)[level]
        return found

    def _of_nodes(self, own: Floats, of_again: Sequence[NDArray[np.number]]) -> Floats:
        """[levels, nodes, months] of [levels, substances, months], each level with those below."""
        own = own.cumsum(axis=0)
        months = self.months
        found = np.zeros((len(Handling), len(self.nodes), months))
        if self.nodes:
            members = [number for node in self.nodes for number in node.members]
            many = [len(node.members) for node in self.nodes]
            begins = np.concatenate(([0], np.cumsum(many)[:-1]))
            found += np.add.reduceat(own[:, members], begins, axis=1)
        for stock, weights in zip(self.stocks, of_again, strict=True):
            at = (stock.again["level"].astype(np.int64) * len(self.nodes) + stock.of) * months
            at += stock.again["month"] - self.since
            less = np.bincount(at, weights=weights, minlength=found.size)
            found += less.reshape(found.shape).cumsum(axis=0)
        return found

    def of(self, place: int, month: int, level: Handling) -> Records:
        """The cells of one node from a month (counted from the first) on, known at a level.

        They are to be added up: some are below nought, and cells may be there more than once.
        """
        since, numbers = self.since + month, np.array(self.nodes[place].members)
        parts: list[Records] = []
        for stock in self.stocks:
            parts.append(stock.of_members(numbers, month))
            low, high = np.searchsorted(stock.of, [place, place + 1])
            if high > low:
                again = stock.again[low:high]
                parts.append(again[again["month"] >= since])
        parts = [part for part in parts if len(part)] or parts[:1]
        rows = np.concatenate(parts, dtype=CELL) if len(parts) > 1 else parts[0]
        found: Records = rows[rows["level"] <= level]
        return found

    def spread(self, authorities: Integers, level: Handling) -> Iterator[tuple[Records, Integers]]:
        """What some authorities reported, each cell once for every node of it; to be added up."""
        for stock in self.stocks:
            for rows, of in ((stock.cells, None), (stock.again, stock.of)):
                which = (rows["level"] <= level) & np.isin(rows["authority"], authorities)
                if of is None:
                    yield self.members.spread(rows[which])
                else:
                    yield rows[which], of[which]

    def kept(self, month: int) -> Records:
        """The cells of all substances from a month (counted from the first) on, as of the stock
        that is kept; each of them once."""
        cells = self.stocks[0].cells
        return cells[cells["month"] >= self.since + month]

    def changed(self, month: int) -> tuple[Records, Records]:
        """Of the substances and months in which something changed since, the cells that were kept
        and those that are known; each of them once."""
        first, *rest = self.stocks
        changed = arrays.joined(*(s.cells for s in rest)) if rest else first.cells[:0]
        changed = changed[changed["month"] >= self.since + month]
        if not len(changed):
            return changed, changed
        touched = np.unique(changed["substance"].astype(np.int64) * PLACE + changed["month"])
        kept = [first.at(place // PLACE, place % PLACE - self.since) for place in touched.tolist()]
        before = np.concatenate(kept)
        key = ("substance", *arrays.KEY)
        return before, arrays.summed(arrays.joined(before, changed), key, COUNTED)


def _dated(cells: Records, since: int) -> Records:
    found: Records = cells[cells["month"] >= since]
    return found


def _again(shared: Records, members: Membership, since: int) -> tuple[Records, Integers]:
    again, of = counted_too_often(shared[shared["month"] >= since], members)
    return again[list(CELL.names or ())].astype(CELL), of

"""Events of all nodes at once, month by month and level by level, without making cells of each.

What was worked out of the kept records is one stock, what changed since another one, some of it
below nought: their sums are what is known. The cells of a node are looked at when somebody asks for
that node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, Floats, Integers, Records
from app.surveillance.columns import Columns
from app.surveillance.membership import Membership
from app.surveillance.models import NodeKind
from app.surveillance.months import month_of
from app.surveillance.nodes import Node
from app.surveillance.rows import Events
from app.surveillance.stock import FIELDS, Stock, records, taken, together


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
    def place_of(self) -> Integers:
        """Where each substance is among the nodes; -1 for a number that is none."""
        found = np.full(len(self.members.begins), -1)
        for place, node in enumerate(self.nodes):
            if node.kind is NodeKind.SUBSTANCE:
                found[node.members[0]] = place
        return found

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

    def of_authorities(self, authorities: Integers, level: Handling) -> Floats:
        """The same of what some authorities reported."""
        own, again = np.zeros_like(self.stocks[0].own), []
        for stock in self.stocks:
            cells, shared = (
                rows["events"] * _by(authorities, rows) for rows in (stock.cells, stock.again)
            )
            own += np.bincount(stock.at, cells, own.size).reshape(own.shape)
            again.append(shared)
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

    def of(
        self, places: Integers, months: Integers, level: Handling, names: Sequence[str] = FIELDS
    ) -> tuple[Columns, Integers]:
        """The cells of some nodes, of each from a month (counted from the first) on, known at a
        level; and of which of them each is.

        They are to be added up: some are below nought, and cells may be there more than once.
        """
        members = [self.nodes[place].members for place in places.tolist()]
        node = np.repeat(np.arange(len(members)), [len(one) for one in members])
        numbers = np.fromiter(chain.from_iterable(members), np.int64, len(node))
        found, nodes = [], []
        for stock in self.stocks:
            where, of = stock.of_each(numbers, months[node])
            again, again_of = stock.again_of_each(places, self.since + months)
            for rows, at, whose in (
                (stock.cells, where, node[of]),
                (stock.again, again, again_of),
            ):
                known = rows["level"][at] <= level
                found.append(taken(rows, at[known], names))
                nodes.append(whose[known])
        return together(found), np.concatenate(nodes)

    def by_node(
        self, authorities: Integers, level: Handling
    ) -> Iterator[tuple[Columns, Iterator[tuple[Integers | slice, Integers]]]]:
        """What some authorities reported, to be added up; and, for one node of each substance after
        the other, which of the cells those are, and the nodes."""
        names = ("substance", "authority", "month", "events")
        for stock in self.stocks:
            mine, again = (
                np.flatnonzero((rows["level"] <= level) & _by(authorities, rows))
                for rows in (stock.cells, stock.again)
            )
            cells = taken(stock.cells, mine, names)
            yield cells, self.members.in_turn(cells["substance"])
            yield taken(stock.again, again, names), iter([(slice(None), stock.of[again])])

    def kept(self, month: int) -> Columns:
        """The cells of all substances from a month (counted from the first) on, as of the stock
        that is kept; each of them once."""
        cells = self.stocks[0].cells
        return taken(cells, np.flatnonzero(cells["month"] >= self.since + month))

    def changed(self, month: int) -> tuple[Records, Records]:
        """Of the substances and months in which something changed since, the cells that were kept
        and those that are known; each of them once."""
        first, *rest = self.stocks
        changed = np.concatenate([np.empty(0, CELL), *(records(each.cells, CELL) for each in rest)])
        changed = changed[changed["month"] >= self.since + month]
        numbers, months = changed["substance"].astype(np.int64), changed["month"] - self.since
        where = first.in_months(np.unique(numbers * self.months + months))
        before = records(taken(first.cells, where), CELL)
        key = ("substance", *arrays.KEY)
        return before, arrays.summed(arrays.joined(before, changed), key, COUNTED)


def _by(authorities: Integers, rows: Columns) -> NDArray[np.bool_]:
    """Which rows some authorities reported."""
    whose = rows["authority"]
    wanted = np.zeros(int(max(whose.max(initial=0), authorities.max(initial=0))) + 1, bool)
    wanted[authorities] = True
    return wanted[whose]

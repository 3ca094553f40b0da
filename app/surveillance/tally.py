"""Events of all nodes at once, month by month and level by level, without making cells of each.

What `counts.counted(...).series()` says of every node, at the cost of what is stored of the
substances; the cells of a node are made when somebody asks for that node.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, KEY, Floats, Integers, Records
from app.surveillance.counts import Membership, counted_too_often
from app.surveillance.models import NodeId
from app.surveillance.months import month_of
from app.surveillance.nodes import Node
from app.surveillance.rows import Events


class Tally:
    """Events from the month `since` to that of `as_of`, counted for nodes when asked."""

    def __init__(self, found: Events, every: Sequence[Node], *, as_of: date, since: int) -> None:
        self.as_of = as_of
        self.since = since
        self.nodes = tuple(every)
        self.members = Membership.of(every)
        dated = found.cells[found.cells["month"] >= since]
        dated = dated[dated["substance"] < len(self.members.begins)]
        # those of one substance lie together, so that a node finds its own
        self.cells = dated[np.argsort(_narrow(dated["substance"]), kind="stable")]
        many = np.bincount(self.cells["substance"], minlength=len(self.members.begins))
        self._begins = np.concatenate(([0], np.cumsum(many)))
        shared = found.shared[found.shared["month"] >= since]
        again, self._of = counted_too_often(shared, self.members)
        self._again = again[list(CELL.names or ())].astype(CELL)

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
        there = np.bincount(self.cells["level"], minlength=len(Handling))
        return [level for level in Handling if there[level]]

    @cached_property
    def _series(self) -> Floats:
        return self._summed(self.cells["events"], self._again["events"])

    def series(self, level: Handling) -> Floats:
        """Events by node and month, as known at a level."""
        found: Floats = self._series[level]
        return found

    def weighted(self, of_cells: Floats, of_again: Floats, level: Handling) -> Floats:
        """The same with a weight for each of `cells`, and of what was counted too often."""
        cells, again = self.cells["events"] * of_cells, self._again["events"] * of_again
        found: Floats = self._summed(cells, again)[level]
        return found

    @property
    def again(self) -> tuple[Records, Integers]:
        """What is counted too often when members are added up, below nought, and of which node."""
        return self._again, self._of

    def _summed(self, of_cells: NDArray[np.number], of_again: NDArray[np.number]) -> Floats:
        """[levels, nodes, months], each level with those below it."""
        size, months, levels = len(self.members.begins), self.months, len(Handling)
        at = (self.cells["level"].astype(np.int64) * size + self.cells["substance"]) * months
        at += self.cells["month"] - self.since
        own = np.bincount(at, weights=of_cells, minlength=levels * size * months)
        own = own.reshape(levels, size, months).cumsum(axis=0)
        found = np.zeros((levels, len(self.nodes), months))
        for place, node in enumerate(self.nodes):
            found[:, place] = own[:, list(node.members)].sum(axis=1)
        at = (self._again["level"].astype(np.int64) * len(self.nodes) + self._of) * months
        at += self._again["month"] - self.since
        less = np.bincount(at, weights=of_again, minlength=found.size)
        found += less.reshape(found.shape).cumsum(axis=0)
        return found

    def of(self, place: int, month: int, level: Handling) -> Records:
        """The cells of one node from a month (counted from the first) on, known at a level."""
        low, high = np.searchsorted(self._of, [place, place + 1])
        parts = [self._again[low:high]]
        parts += [
            self.cells[self._begins[number] : self._begins[number + 1]]
            for number in self.nodes[place].members
        ]
        rows = np.concatenate(parts)
        rows = rows[(rows["month"] >= self.since + month) & (rows["level"] <= level)]
        summed = arrays.summed(rows, KEY, COUNTED)
        found: Records = summed[summed["events"] > 0]
        return found


def _narrow(substances: NDArray[np.integer]) -> NDArray[np.integer]:
    """As 16 bits where they suffice: numpy sorts those in one pass."""
    if len(substances) and int(substances.max()) < 2**16:
        return substances.astype(np.uint16)
    return substances

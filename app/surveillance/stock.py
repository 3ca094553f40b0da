"""Events from a month on, column by column, so that a rule reads no more than it looks at.

Those of one substance lie together, by month and reporter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, Floats, Integers, Records
from app.surveillance.columns import Columns
from app.surveillance.membership import Membership, counted_too_often
from app.surveillance.rows import Events

FIELDS = CELL.names or ()


@dataclass(frozen=True)
class Stock:
    """Cells in order, and what must be taken away where several members of a node share events."""

    cells: Columns
    begins: Integers  # of each substance and month, among the cells; the end of the last one
    again: Columns  # what members of a node that are added up count too often, below nought
    of: Integers  # the node of each of these, in order
    own: Floats  # events of the cells [levels, substances, months], of each level alone

    @classmethod
    def made(cls, found: Events, members: Membership, *, since: int, months: int) -> Stock:
        """Of everything that was found."""
        again, of = _again(found.shared, members, since)
        return cls.put(found.cells, again, of,
                       size=len(members.begins), since=since, months=months)  # fmt: skip

    @classmethod
    def changed(
        cls, less: Events, more: Events, members: Membership, *, since: int, months: int
    ) -> Stock:
        """What is to be added where some of it is no longer so, and other events are."""
        again, of = zip(*(_again(found.shared, members, since) for found in (less, more)),
                        strict=True)  # fmt: skip
        return cls.put(
            arrays.joined(arrays.negative(less.cells, COUNTED), more.cells),
            arrays.joined(arrays.negative(again[0], COUNTED), again[1]),
            np.concatenate(of),
            size=len(members.begins),
            since=since,
            months=months,
        )

    @classmethod
    def put(
        cls, cells: Records, again: Records, of: Integers, *, size: int, since: int, months: int
    ) -> Stock:
        """The cells and the nodes of what is counted again in order."""
        substance, month = cells["substance"].astype(np.int64), cells["month"] - since
        there = np.flatnonzero((substance < size) & (month >= 0))
        place = (substance * months + month)[there]
        many = np.bincount(place, minlength=size * months)
        wide = int(cells["authority"].max(initial=0)) + 1
        # they come in order but for reporters who speak for several countries
        order = np.argsort(place * wide + cells["authority"][there], kind="stable")
        at = cells["level"][there].astype(np.int64) * size * months + place
        shape = len(Handling), size, months
        own = np.bincount(at, weights=cells["events"][there], minlength=int(np.prod(shape)))
        by_node = np.argsort(of, kind="stable")
        return cls(
            taken(cells, there[order]),
            np.concatenate(([0], np.cumsum(many))),
            taken(again, by_node),
            of[by_node],
            own.astype(float).reshape(shape),
        )

    @cached_property
    def at(self) -> Integers:
        """Where each cell is counted in `own`."""
        size, months = self.own.shape[1:]
        place = np.repeat(np.arange(size * months), np.diff(self.begins))
        found: Integers = self.cells["level"].astype(np.int64) * (size * months) + place
        return found

    def of_each(self, numbers: Integers, months: Integers) -> tuple[Integers, Integers]:
        """Where the cells of some substances are, of each from a month (counted from the first)
        on; and of which of them each is."""
        long = self.own.shape[2]
        return _runs(self.begins[numbers * long + months], self.begins[(numbers + 1) * long])

    def again_of_each(self, places: Integers, since: Integers) -> tuple[Integers, Integers]:
        """The same of what is counted too often, for some nodes, from calendar months on."""
        where, of = _runs(*(np.searchsorted(self.of, places, side) for side in ("left", "right")))
        late = self.again["month"][where] >= since[of]
        return where[late], of[late]

    def in_months(self, places: Integers) -> Integers:
        """Where the cells of substances in a month are; each pair as `begins` numbers them."""
        return _runs(self.begins[places], self.begins[places + 1])[0]


def taken(
    rows: Records | Columns, where: NDArray[np.integer], names: Iterable[str] = FIELDS
) -> Columns:
    """Some rows, column by column."""
    return {name: rows[name][where] for name in names}


def together(parts: Sequence[Columns]) -> Columns:
    """Columns of the same names, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def records(columns: Columns, dtype: np.dtype[np.void]) -> Records:
    """Columns as records, where they are few."""
    found = np.empty(len(columns["events"]), dtype)
    for name in dtype.names or ():
        found[name] = columns[name]
    return found


def _runs(begins: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Every place from each beginning to the one before its end; and of which run each is."""
    many = ends - begins
    of = np.repeat(np.arange(len(many)), many)
    return np.arange(len(of)) + (begins - (np.cumsum(many) - many))[of], of


def _again(shared: Records, members: Membership, since: int) -> tuple[Records, Integers]:
    return counted_too_often(shared.take(np.flatnonzero(shared["month"] >= since)), members)

"""Which nodes a substance belongs to, and what adding up the members of a node counts too often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.surveillance import arrays
from app.surveillance.arrays import COUNTED, Integers, Records
from app.surveillance.nodes import Node


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

    def in_turn(
        self, substances: NDArray[np.integer]
    ) -> Iterator[tuple[Integers | slice, Integers]]:
        """The first node of each substance, then the second of those that have one, and so on: at
        which places they are, and the nodes."""
        begins = self.begins[substances]
        many = np.append(self.begins, self.begins[-1:])[substances + 1] - begins
        for turn in range(int(many.max(initial=0))):
            left = many > turn
            if left.all():
                yield slice(None), self.nodes[begins + turn]
            else:
                yield np.flatnonzero(left), self.nodes[begins[left] + turn]


def counted_too_often(shared: Records, members: Membership) -> tuple[Records, Integers]:
    """What is to be taken away: of each event and node, every record but the first; by node.

    The first is the most open one, and of those the most complete report with the best grade. So
    what is taken away at a level is so at every level above.
    """
    code = arrays.codes([shared["event"], shared["level"], shared["place"], -shared["confirmed"]])
    rows = shared.take(np.argsort(code, kind="stable"))
    if not len(rows):
        return rows, np.empty(0, np.int64)
    event, substance = rows["event"], rows["substance"].astype(np.int64)
    begins = np.flatnonzero(np.concatenate(([True], event[1:] != event[:-1])))
    position = np.arange(len(rows)) - np.repeat(begins, np.diff([*begins, len(rows)]))
    again = [np.empty(0, np.int64)]
    for back in range(1, int(position.max()) + 1):
        later = np.flatnonzero(position >= back)
        place, node = members.spread_places(substance[later])
        both = members.holds(node, substance[later[place] - back])
        again.append(node[both] * len(rows) + later[place[both]])
    found = np.sort(np.concatenate(again))
    node, place = np.divmod(found[np.diff(found, prepend=-1) > 0], len(rows))
    return arrays.negative(rows.take(place), COUNTED), node

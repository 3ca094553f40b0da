"""Counted reports as numpy records, and how they are added up.

Of events: cells (those of one substance that are alike), shared events (each substance of an event
in which there are several, so that a family can count it once), volumes (all that an authority
reported, whatever it found), and weights (what was seized of each form). Of all sightings, totals
and vague dates among them: how many ended in each month, and the days of the recent ones. And
recent events one by one, where a rule looks at them so: harms, and seizures with their weight.

Of many records some are had by `take`, which copies each as a whole; an index copies field by field
and takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.intake.words import CausalRole, EventKind, PhysicalForm

Records = NDArray[np.void]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

KINDS: tuple[EventKind, ...] = tuple(EventKind)  # a record holds the place of its kind in these
# likewise; their number where none is told
FORMS: tuple[PhysicalForm, ...] = tuple(PhysicalForm)
ROLES: tuple[CausalRole, ...] = tuple(CausalRole)

# little-endian, so that what is stored is read alike on every machine
_WHERE = [("month", "<i4"), ("country", "S2"), ("authority", "<i4"), ("kind", "u1")]
_KEPT = [("level", "u1"), ("simulated", "u1")]
_COUNTED = [
    ("events", "<i4"),
    ("confirmed", "<i4"),  # of grade A or B
    ("cases", "<i8"),
    ("deaths", "<i8"),  # in deaths that the substance caused, alone or with others
    # events of death by causal role, in twentieths: whole numbers, so they add exactly
    ("weighted", "<f8"),
]
KEY = tuple(name for name, _ in (*_WHERE, *_KEPT))
COUNTED = tuple(name for name, _ in _COUNTED)
CELL = np.dtype([("substance", "<i4"), *_WHERE, *_KEPT, *_COUNTED])
SHARED = np.dtype([("event", "<i8"), ("place", "<i4"), *CELL.descr])
VOLUME = np.dtype([*_WHERE, ("received", "<i4"), *_KEPT, ("reports", "<i8")])
VOLUME_KEY = ("month", "country", "authority", "kind", "received", "level", "simulated")
# the month of a sighting is the one in which it ended at the latest
SEEN = np.dtype(
    [
        ("substance", "<i4"),
        ("month", "<i4"),
        ("began", "<i4"),  # the month of its first day
        ("country", "S2"),
        ("level", "u1"),
        ("aggregate", "u1"),
        ("reports", "<i4"),
    ]
)
SEEN_KEY = ("substance", "month", "began", "country", "level", "aggregate")
DAY = np.dtype(
    [
        ("substance", "<i4"),
        *_WHERE[:3],
        ("aggregate", "u1"),
        *_KEPT,
        ("first", "<i4"),  # days are numbered as `date.toordinal` does
        ("end", "<i4"),
        ("received", "<i4"),
        ("reports", "<i4"),
        *_COUNTED[1:4],
    ]
)
DAY_KEY = (
    "substance", "month", "country", "authority", "aggregate", "level", "simulated", "first", "end",
    "received",
)  # fmt: skip
DAY_COUNTED = ("reports", "confirmed", "cases", "deaths")
WEIGHED = np.dtype(
    [
        ("substance", "<i4"),
        ("month", "<i4"),
        ("day", "<i4"),  # the first of the event
        ("form", "u1"),
        ("level", "u1"),
        ("grams", "<f8"),
        ("seizures", "<i4"),
    ]
)
WEIGHED_KEY = ("substance", "month", "day", "form", "level", "grams")
# the month of a single event is the one in which it ended at the latest
SINGLE = np.dtype(
    [
        ("substance", "<i4"),
        ("month", "<i4"),
        ("country", "S2"),
        ("kind", "u1"),
        ("role", "u1"),
        ("form", "u1"),
        *_KEPT,
        ("confirmed", "u1"),
        ("first", "<i4"),
        ("end", "<i4"),
        ("cases", "<i4"),
        ("grams", "<f8"),
        ("report", "<i8"),
    ]
)


def known_at(level: int, rows: Records) -> Records:
    """Those that are handled at most so."""
    known = rows["level"] <= level
    return rows if known.all() else rows.take(np.flatnonzero(known))


def joined(*parts: Records) -> Records:
    """Records of one kind, one after the other."""
    return np.concatenate(parts)


def codes(columns: Sequence[NDArray[Any]]) -> Integers:
    """One whole number for each row, the same where all columns are; in the order of the columns.

    Where the columns span more than 63 bits, what is had so far is numbered through.
    """
    size = len(columns[0])
    found: Integers = np.zeros(size, np.int64)
    if not size:
        return found
    room = 1
    for column in columns:
        values = _whole(column)
        least = int(values.min())
        span = int(values.max()) - least + 1
        if room * span >= 2**63:
            some, found = np.unique(found, return_inverse=True)
            room = len(some)
        room *= span
        found *= span  # in place: of ten million rows a copy costs more than the sum
        found += values
        found -= least
    return found


def _whole(column: NDArray[Any]) -> Integers:
    if column.dtype.kind == "S":
        column = np.ascontiguousarray(column).view(">u2")
    if column.dtype.kind == "f":
        return np.unique(column, return_inverse=True)[1].astype(np.int64)
    return column.astype(np.int64)


def summed(rows: Records, key: Sequence[str], counted: Sequence[str]) -> Records:
    """One record for each key, with the sums; ordered by key, those that come to nothing left out.

    Fields that are neither key nor counted keep the value of one of the rows.
    """
    if not len(rows):
        return rows
    order, begins = grouped([rows[name] for name in key])
    rows = rows.take(order)
    found = rows.take(begins)
    left = np.zeros(len(found), bool)
    for name in counted:
        found[name] = np.add.reduceat(rows[name], begins)
        left |= found[name] != 0
    return found if left.all() else found.take(np.flatnonzero(left))


def grouped(columns: Sequence[NDArray[Any]]) -> tuple[Integers, Integers]:
    """An order in which rows that are alike in these columns lie together, and where each such
    run begins in it."""
    code = codes(columns)
    order = _order(code)
    return order, _begins(code[order])


def _begins(code: Integers) -> Integers:
    """Where each run of the same numbers begins."""
    return np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1]))[: len(code)])


def _order(code: Integers) -> Integers:
    """An order by whole numbers not below nought."""
    if code.max(initial=0) < 2**16:
        return np.argsort(code.astype(np.uint16), kind="stable")  # in two passes
    runs = np.count_nonzero(code[1:] < code[:-1])
    # portions that are in order already are merged; else what counts is the processor
    return np.argsort(code, kind="stable" if runs < len(code) // 64 else None)


def added_up(
    columns: Mapping[str, NDArray[Any]],
    dtype: np.dtype[np.void],
    key: Sequence[str],
    counted: Sequence[str],
) -> Records:
    """As `summed`, of columns: no row is made a record before it is added up."""
    if not len(columns[key[0]]):
        return np.empty(0, dtype)
    order, begins = grouped([columns[name] for name in key])
    found = np.empty(len(begins), dtype)
    first = order[begins]
    for name in key:
        found[name] = columns[name][first]
    for name in counted:
        found[name] = np.add.reduceat(columns[name][order], begins)
    return found


def negative(rows: Records, counted: Sequence[str]) -> Records:
    """The same records to be taken away."""
    found = rows.copy()
    for name in counted:
        found[name] = -found[name]
    return found


def netted(codes: Integers, counted: NDArray[np.integer]) -> tuple[Integers, Integers]:
    """The codes of which something is left when what is counted of them is added up, in order, and
    how much."""
    if np.any(codes[1:] < codes[:-1]):
        order = _order(codes)
        codes, counted = codes[order], counted[order]
    begins = _begins(codes)
    if not len(begins):
        return codes, codes
    left = np.add.reduceat(counted.astype(np.int64), begins)
    return codes[begins][left > 0], left[left > 0]

"""Counted reports as numpy records, and how they are added up.

Five kinds of records. Of events: cells (those of one substance that are alike), shared events (each
substance of an event in which there are several, so that a family can count it once), and volumes
(all that an authority reported, whatever it found). Of all sightings, totals and vague dates among
them: how many ended in each month, and the days of the recent ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.intake.words import EventKind

Records = NDArray[np.void]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

KINDS: tuple[EventKind, ...] = tuple(EventKind)  # a record holds the place of its kind in these

# little-endian, so that what is stored is read alike on every machine
_WHERE = [("month", "<i4"), ("country", "S2"), ("authority", "<i4"), ("kind", "u1")]
_KEPT = [("level", "u1"), ("simulated", "u1")]
_COUNTED = [
    ("events", "<i4"),
    ("confirmed", "<i4"),  # of grade A or B
    ("cases", "<i8"),
    ("deaths", "<i8"),  # in deaths that the substance caused, alone or with others
    ("weighted", "<f8"),  # deaths by causal role, in twentieths: whole numbers, so they add exactly
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


def records(rows: Iterable[Sequence[Any]], dtype: np.dtype[np.void]) -> Records:
    """Rows of a query as records, in the order of the dtype's fields."""
    return np.fromiter(map(tuple, rows), dtype=dtype)


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
        found = found * span + (values - least)
    return found


def _whole(column: NDArray[Any]) -> Integers:
    if column.dtype.kind == "S":
        column = np.ascontiguousarray(column).view(">u2")
    return column.astype(np.int64)


def summed(rows: Records, key: Sequence[str], counted: Sequence[str]) -> Records:
    """One record for each key, with the sums; ordered by key, those that come to nothing left out.

    Fields that are neither key nor counted keep the value of one of the rows.
    """
    if not len(rows):
        return rows
    code = codes([rows[name] for name in key])
    order = np.argsort(code, kind="stable")
    code = code[order]
    begins = np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1])))
    found = rows[order[begins]]
    left = np.zeros(len(found), bool)
    for name in counted:
        found[name] = np.add.reduceat(rows[name][order], begins)
        left |= found[name] != 0
    return found[left]


def negative(rows: Records, counted: Sequence[str]) -> Records:
    """The same records to be taken away."""
    found = rows.copy()
    for name in counted:
        found[name] = -found[name]
    return found


def first_of_each(rows: Records, key: Sequence[str], order: Sequence[str]) -> Records:
    """Of the rows with the same key the one that comes first in `order`."""
    if not len(rows):
        return rows
    by = [*reversed(order), *reversed(key)]  # numpy wants the last one first
    sorted_rows = rows[np.lexsort([rows[name] for name in by])]
    is_first = np.zeros(len(rows), bool)
    is_first[0] = True
    for name in key:
        is_first[1:] |= sorted_rows[name][1:] != sorted_rows[name][:-1]
    return sorted_rows[is_first]

"""Where a substance is new: the sightings that firsts and spreads rest on, without all the others.

In a country in which a substance was seen long ago nothing can be first, however often it was seen
since. That needs the month of a sighting alone. Only of the others are the days looked at, which
makes a few thousand cells of ten million reports (app.surveillance.sightings has them all).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.intake.words import ReportType
from app.surveillance import arrays
from app.surveillance.arrays import Integers, Records
from app.surveillance.evidence import WORLD
from app.surveillance.sightings import Cell, region_or_none
from app.surveillance.windows import months_before

CODES = 2**16  # two letters


NEVER = np.int64(2**31 - 1)


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """Sightings of one substance, totals and vague dates among them."""

    events: int  # totals left out
    first: int  # the month in which the first began
    last: int  # the month in which the last ended at the latest


@dataclass(frozen=True, slots=True)
class Earlier:
    """Sightings of each substance as each level knows them [levels, substances]."""

    events: Integers
    first: Integers
    last: Integers

    def of(self, number: int, level: Handling) -> SeenBefore | None:
        """Those of one substance; None where there are none."""
        if number >= self.events.shape[1] or self.first[level, number] == NEVER:
            return None
        return SeenBefore(
            *(int(each[level, number]) for each in (self.events, self.first, self.last))
        )


@dataclass(frozen=True, slots=True)
class Sighted:
    """What is known of the sightings of watched substances, as of a day."""

    # of each substance, the cells of those countries in which it had not been seen before
    cells: Mapping[int, list[Cell]]
    # of each of these, the regions in which it had been seen before; `WORLD` where anywhere
    before: Mapping[int, frozenset[str]]
    # the levels at which each of these was seen, wherever
    levels: Mapping[int, frozenset[Handling]]
    # substance id: the month by which it had been seen, totals and vague dates included
    earliest: Mapping[Handling, Mapping[int, int]]
    earlier: Earlier  # what was seen before a month in which it would be news again
    recent: Mapping[int, int]  # reports of the last twelve months, those in totals among them
    days: Records  # what the cells are made of

    def confirmed_on(self, number: int, scope: str) -> date | None:
        """When the newest sighting of grade A or B in a place came in, of what has cells."""
        rows = self.days[(self.days["substance"] == number) & (self.days["confirmed"] > 0)]
        received = (
            _day(day)
            for code, day in zip(rows["country"].tolist(), rows["received"].tolist(), strict=True)
            if scope in {WORLD, code.decode(), region_or_none(code.decode())}
        )
        return max(received, default=None)


def sighted(
    seen: Records, days: Records, *, as_of: date, since: int, edges: Sequence[date], turn: int
) -> Sighted:
    """The sightings known as of a day; "before" is what ended before the month `since`, "earlier"
    what ended before the month `turn`.

    `seen` and `days` are those of `rollup.Counted`; cells are split at `edges`.
    """
    size = int(seen["substance"].max(initial=0)) + 1
    rank, codes = _ranked(_code(seen["country"]))
    before = np.zeros((size, len(codes)), bool)
    old = seen[seen["month"] < since]
    before[old["substance"], rank[_code(old["country"])]] = True
    new = days[~before[days["substance"], rank[_code(days["country"])]]]
    cells: dict[int, list[Cell]] = {}
    for cell in _cells(new, sorted(edges)):
        cells.setdefault(cell.substance_id, []).append(cell)
    regions = [region_or_none(code.decode()) for code in codes]
    return Sighted(
        cells=cells,
        before={number: _scopes(before[number], regions) for number in cells},
        levels=_levels(seen, cells),
        earliest=_earliest(seen),
        earlier=_earlier(seen[seen["month"] < turn]),
        recent=_recent(days, months_before(as_of, 12)),
        days=new,
    )


def _scopes(before: NDArray[np.bool_], regions: Sequence[str | None]) -> frozenset[str]:
    found = {regions[place] for place in np.flatnonzero(before).tolist()}
    return frozenset({*(region for region in found if region), *((WORLD,) if found else ())})


def _levels(seen: Records, numbers: Iterable[int]) -> dict[int, frozenset[Handling]]:
    size = int(seen["substance"].max(initial=0)) + 1
    there = np.zeros((size, len(Handling)), bool)
    there[seen["substance"], seen["level"]] = True
    return {n: frozenset(level for level in Handling if there[n, level]) for n in numbers}


def _cells(days: Records, edges: Sequence[date]) -> list[Cell]:
    """Cells as `sightings.cells` makes them; `received_at` to the day."""
    if not len(days):
        return []
    key = [days[n] for n in ("substance", "country", "authority", "aggregate", "level")]
    code = arrays.codes([*key, days["simulated"], _window(days, edges)])
    order = np.argsort(code, kind="stable")
    begins = np.flatnonzero(np.concatenate(([True], np.diff(code[order]) != 0)))
    first = days[order[begins]]

    def taken(take: np.ufunc, name: str) -> list[int]:
        column = days[name].astype(np.int64)[order]
        found: list[int] = take.reduceat(column, begins).tolist()
        return found

    totals = (taken(np.add, name) for name in ("reports", "confirmed", "cases", "deaths"))
    dates = (
        map(_day, taken(take, name))
        for take, name in (
            (np.minimum, "first"),
            (np.minimum, "end"),
            (np.maximum, "first"),
            (np.maximum, "end"),
        )
    )
    same = (first[name].tolist() for name in ("substance", "country", "authority"))
    types = (TYPES[one] for one in first["aggregate"].tolist())
    levels = (Handling(one) for one in first["level"].tolist())
    simulated = map(bool, first["simulated"].tolist())
    came_in = map(_morning, taken(np.minimum, "received"))
    return [
        Cell(number, country.decode(), authority, type_, None, None, level, made_up, *rest)
        for number, country, authority, type_, level, made_up, *rest in zip(
            *same, types, levels, simulated, *totals, *dates, came_in, strict=True
        )
    ]


TYPES = (ReportType.EVENT, ReportType.AGGREGATE)


def _window(days: Records, edges: Sequence[date]) -> Integers:
    """How many edges lie on or before the event; for an aggregate, with those it stretches over."""
    numbers = [edge.toordinal() for edge in edges]
    begins, ends = (np.searchsorted(numbers, days[n], side="right") for n in ("first", "end"))
    return np.asarray(begins + days["aggregate"] * (len(edges) + 1) * (ends + 1))


def _earliest(seen: Records) -> dict[Handling, dict[int, int]]:
    """The month by which each substance had been seen, as each level knows it."""
    size = int(seen["substance"].max(initial=0)) + 1
    never = np.iinfo(np.int32).max
    first = np.full((len(Handling), size), never, np.int32)
    np.minimum.at(first, (seen["level"], seen["substance"]), seen["month"])
    first = np.minimum.accumulate(first, axis=0)
    return {
        level: {int(n): int(first[level, n]) for n in np.flatnonzero(first[level] < never)}
        for level in Handling
    }


def _earlier(seen: Records) -> Earlier:
    shape = len(Handling), int(seen["substance"].max(initial=0)) + 1
    at = seen["level"], seen["substance"]
    events = np.zeros(shape, np.int64)
    first, last = np.full(shape, NEVER), np.full(shape, -NEVER)
    np.add.at(events, at, np.where(seen["aggregate"] == 1, 0, seen["reports"]))
    np.minimum.at(first, at, seen["began"])
    np.maximum.at(last, at, seen["month"])
    return Earlier(
        events.cumsum(axis=0),
        np.minimum.accumulate(first, axis=0),
        np.maximum.accumulate(last, axis=0),
    )


def _recent(days: Records, since: date) -> dict[int, int]:
    late = days[days["end"] >= since.toordinal()]
    counted = np.where(late["aggregate"] == 1, late["cases"], late["reports"])
    sums = np.bincount(late["substance"], weights=counted)
    return {int(number): int(sums[number]) for number in np.flatnonzero(sums)}


def _code(countries: NDArray[np.bytes_]) -> Integers:
    return np.ascontiguousarray(countries).view(">u2").astype(np.int64)


def _ranked(codes: Integers) -> tuple[Integers, list[bytes]]:
    """The place of each code among those that occur, and these."""
    there = np.bincount(codes, minlength=CODES) > 0
    found = np.flatnonzero(there).astype(">u2").view("S2").tolist()
    return np.cumsum(there) - 1, found


@lru_cache(maxsize=10_000)
def _day(number: int) -> date:
    return date.fromordinal(number)


@lru_cache(maxsize=10_000)
def _morning(number: int) -> datetime:
    return datetime.combine(_day(number), time.min, UTC)

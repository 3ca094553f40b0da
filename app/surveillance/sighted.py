"""Where a substance is new: the sightings that firsts and spreads rest on, without all the others.

In a country in which a substance was seen long ago nothing can be first, however often it was seen
since. That needs the month of a sighting alone. Only of the others are the days looked at, which
makes a few thousand cells of ten million reports (app.surveillance.sightings has them all).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.intake.words import ReportType
from app.surveillance import arrays
from app.surveillance.arrays import Integers, Records
from app.surveillance.counted import Counted
from app.surveillance.evidence import WORLD
from app.surveillance.rolled import Part
from app.surveillance.rollup import CHANGES
from app.surveillance.sightings import Cell, region_or_none
from app.surveillance.windows import months_before

LETTERS = 26  # in each of the two places of a country's code
COUNTRIES = LETTERS**2
Bools = NDArray[np.bool_]
Counts = NDArray[np.int32]
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


def sighted(counted: Counted, *, as_of: date, edges: Sequence[date], turn: int) -> Sighted:
    """The sightings known as of a day; "before" is what ended before the first month of which
    `counted` tells the days, "earlier" what ended before the month `turn`.

    Cells are split at `edges`.
    """
    since = counted.since.days
    asked = {"since": since, "turn": turn}
    kept = counted.once("seen", (since, turn), lambda: Seen.of(counted.kept(Part.SEEN), **asked))
    seen = kept.plus(Seen.of(counted.change(Part.SEEN), **asked))
    before = seen.before > 0
    new = _new_days(counted, kept.before > 0, before)
    cells: dict[int, list[Cell]] = {}
    for cell in _cells(new, sorted(edges)):
        cells.setdefault(cell.substance_id, []).append(cell)
    there = np.asarray(seen.ended.any(axis=2))
    return Sighted(
        cells=cells,
        before={number: _scopes(before[number]) for number in cells},
        levels={
            number: frozenset(level for level in Handling if there[level, number])
            for number in cells
        },
        earliest=_earliest(seen),
        earlier=_earlier(seen, turn),
        recent=_recent(counted, months_before(as_of, 12)),
        days=new,
    )


@dataclass(frozen=True)
class Seen:
    """How many sightings there are of each substance: numbers, so that what changed is added."""

    low: int  # the first of the months
    before: Counts  # [substances, countries] that ended before the days are told of
    ended: Counts  # [levels, substances, months]
    began: Counts  # [levels, substances, months] of those that ended before the turn
    events: Counts  # [levels, substances] of these, totals left out

    @classmethod
    def of(cls, rows: Records, *, since: int, turn: int) -> Seen:
        """Of records (`arrays.SEEN`), which may be below nought."""
        size = int(rows["substance"].max(initial=0)) + 1
        low = int(rows["began"].min(initial=since))
        months = int(rows["month"].max(initial=since)) - low + 1
        substance = rows["substance"].astype(np.int64)
        at = rows["level"].astype(np.int64) * size + substance
        many, shape = rows["reports"], (len(Handling), size)
        old, early = rows["month"] < since, rows["month"] < turn
        of_events = early & (rows["aggregate"] == 0)

        def added(at: Integers, which: NDArray[np.bool_] | slice, *shape: int) -> Counts:
            wide = int(np.prod(shape))
            sums = np.bincount(at[which], weights=many[which], minlength=wide)
            found: Counts = sums.astype(np.int32).reshape(shape)
            return found

        return cls(
            low=low,
            before=added(substance * COUNTRIES + _place(rows["country"]), old, size, COUNTRIES),
            ended=added(at * months + (rows["month"] - low), slice(None), *shape, months),
            began=added(at * months + (rows["began"] - low), early, *shape, months),
            events=added(at, of_events, *shape),
        )

    def plus(self, other: Seen) -> Seen:
        """Both added up."""
        low = min(self.low, other.low)
        high = max(one.low + one.ended.shape[2] for one in (self, other))
        size = max(len(self.before), len(other.before))
        wide = (len(Handling), size, high - low)
        found = Seen(
            low,
            np.zeros((size, COUNTRIES), np.int32),
            np.zeros(wide, np.int32),
            np.zeros(wide, np.int32),
            np.zeros(wide[:2], np.int32),
        )
        for one in (self, other):
            mine, at = len(one.before), one.low - low
            months = slice(at, at + one.ended.shape[2])
            found.before[:mine] += one.before
            found.ended[:, :mine, months] += one.ended
            found.began[:, :mine, months] += one.began
            found.events[:, :mine] += one.events
        return found


def _new_days(counted: Counted, kept: Bools, before: Bools) -> Records:
    """The recent sightings in countries in which the substance had not been seen before."""

    def new(rows: Records, before: Bools) -> Records:
        number = np.minimum(rows["substance"], len(before) - 1)
        seen = before[number, _place(rows["country"])] & (number == rows["substance"])
        return rows.take(np.flatnonzero(~seen))

    size = len(kept)
    since = counted.since.days
    if (kept & ~before[:size]).any():  # a sighting of long ago was taken back
        held = counted.kept(Part.DAYS, since)
    else:
        held = counted.once("days", since, lambda: new(counted.kept(Part.DAYS, since), kept))
    less, more = counted.less(Part.DAYS, since), counted.more(Part.DAYS, since)
    return CHANGES[Part.DAYS](*(new(rows, before) for rows in (held, less, more)))


def _scopes(before: Bools) -> frozenset[str]:
    regions = _regions()
    found = {regions[place] for place in np.flatnonzero(before).tolist()}
    return frozenset({*(region for region in found if region), *((WORLD,) if found else ())})


@cache
def _regions() -> list[str | None]:
    letters = [chr(ord("A") + place) for place in range(LETTERS)]
    return [region_or_none(one + other) for one in letters for other in letters]


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
    levels = (LEVELS[one] for one in first["level"].tolist())
    simulated = map(bool, first["simulated"].tolist())
    came_in = map(_morning, taken(np.minimum, "received"))
    return [
        Cell(number, country.decode(), authority, type_, None, None, level, made_up, *rest)
        for number, country, authority, type_, level, made_up, *rest in zip(
            *same, types, levels, simulated, *totals, *dates, came_in, strict=True
        )
    ]


LEVELS = tuple(Handling)
TYPES = (ReportType.EVENT, ReportType.AGGREGATE)


def _window(days: Records, edges: Sequence[date]) -> Integers:
    """How many edges lie on or before the event; for an aggregate, with those it stretches over."""
    numbers = [edge.toordinal() for edge in edges]
    begins, ends = (np.searchsorted(numbers, days[n], side="right") for n in ("first", "end"))
    return np.asarray(begins + days["aggregate"] * (len(edges) + 1) * (ends + 1))


def _earliest(seen: Seen) -> dict[Handling, dict[int, int]]:
    """The month by which each substance had been seen, as each level knows it."""
    there = seen.ended.cumsum(axis=0) > 0
    first, ever = there.argmax(axis=2) + seen.low, np.asarray(there.any(axis=2))
    return {
        level: {n: int(first[level, n]) for n in np.flatnonzero(ever[level]).tolist()}
        for level in Handling
    }


def _earlier(seen: Seen, turn: int) -> Earlier:
    ended = seen.ended[:, :, : max(0, turn - seen.low)].cumsum(axis=0) > 0
    began = seen.began.cumsum(axis=0) > 0
    ever = began.any(axis=2)
    last = ended.shape[2] - 1 - ended[:, :, ::-1].argmax(axis=2) if ended.shape[2] else ever * 0
    return Earlier(
        seen.events.cumsum(axis=0),
        np.where(ever, began.argmax(axis=2) + seen.low, NEVER),
        np.where(ever, last + seen.low, -NEVER),
    )


def _recent(counted: Counted, since: date) -> dict[int, int]:
    def added(rows: Records) -> Integers:
        late = rows[rows["end"] >= since.toordinal()]
        many = np.where(late["aggregate"] == 1, late["cases"], late["reports"])
        return np.bincount(late["substance"], weights=many).astype(np.int64)

    first = counted.since.days
    kept = counted.once("recent", (first, since), lambda: added(counted.kept(Part.DAYS, first)))
    change = added(counted.change(Part.DAYS, first))
    sums = np.zeros(max(len(kept), len(change)), np.int64)
    sums[: len(kept)] += kept
    sums[: len(change)] += change
    return {int(number): int(sums[number]) for number in np.flatnonzero(sums)}


@lru_cache(maxsize=10_000)
def _day(number: int) -> date:
    return date.fromordinal(number)


@lru_cache(maxsize=10_000)
def _morning(number: int) -> datetime:
    return datetime.combine(_day(number), time.min, UTC)


def _place(countries: NDArray[np.bytes_]) -> Integers:
    """A number of each country below `COUNTRIES`."""
    found: Integers = _PLACES[np.ascontiguousarray(countries).view(">u2")]
    return found


_FIRST, _SECOND = np.divmod(np.arange(2**16), 2**8)  # the letters of two bytes
_PLACES = (_FIRST - ord("A")) * LETTERS + _SECOND - ord("A")

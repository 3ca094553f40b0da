"""Which pairs are compared at all.

Two reports meet when they share a substance (or a name nobody has resolved), lie at most 30 days
apart, and one happened where the other happened, came from, passed or went; or when they share a
distinctive case reference. Where thousands meet, as with one substance seized daily in one country,
each is compared with the nearest by quantity and by day, so that the work grows with the reports
and not with their square.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import log
from typing import Any

from app.intake.duplicates.cases import comparable, distinctive, reference_parts
from app.intake.duplicates.reading import Sighted

DAYS_APART = 30
MOST_NEAR = 120  # neighbours of a report at one meeting point that are compared
MOST_OF_ONE_AMOUNT = 20  # of them, with each like quantity
STEP = log(1.02)  # quantities within 2 % lie in one step or the next


@dataclass(slots=True)
class Meeting:
    """The reports at one meeting point, by day; and by quantity, where there are many."""

    by_day: list[tuple[int, int]] = field(default_factory=list)  # day, position
    by_amount: dict[Any, list[tuple[int, int]]] | None = None

    def near(self, seen: Sighted, among: list[Sighted]) -> tuple[Iterable[int], bool]:
        """Positions to compare with, and whether some within the days had to be left out."""
        day = seen.day.toordinal()
        first = bisect_left(self.by_day, (day - DAYS_APART, -1))
        last = bisect_right(self.by_day, (day + DAYS_APART, len(among)))
        if last - first <= MOST_NEAR:
            return (position for _, position in self.by_day[first:last]), False
        chosen = set(_around(self.by_day, day, MOST_NEAR // 2))
        if self.by_amount is None:
            self.by_amount = _by_amount(self.by_day, among)
        for step in _steps(seen):
            chosen.update(_around(self.by_amount.get(step, []), day, MOST_OF_ONE_AMOUNT))
        return chosen, True


class Meetings:
    """Everything that may meet, sorted once; then asked for the neighbours of each newcomer."""

    def __init__(self, among: Iterable[Sighted]) -> None:
        self.among = list(among)
        self.here: defaultdict[Any, Meeting] = defaultdict(Meeting)
        self.through: defaultdict[Any, Meeting] = defaultdict(Meeting)
        self.bounded = 0
        ordered = sorted(range(len(self.among)), key=lambda at: self.among[at].day)
        for position in ordered:
            seen = self.among[position]
            day = seen.day.toordinal()
            for key in seen.keys:
                self.here[key, seen.case.country].by_day.append((day, position))
                for place in seen.elsewhere:
                    self.through[key, place].by_day.append((day, position))
                if number := _number(seen):
                    self.here[key, number].by_day.append((day, position))

    def pairs(self) -> Iterator[tuple[Sighted, list[Sighted]]]:
        """Each newcomer with those it is to be compared with; every pair once."""
        for position, seen in enumerate(self.among):
            if seen.new:
                yield seen, self._neighbours(position, seen)

    def _neighbours(self, position: int, seen: Sighted) -> list[Sighted]:
        found: set[int] = set()
        bounded = False
        for meeting in self._meetings(seen):
            near, some_left = meeting.near(seen, self.among)
            found.update(near)
            bounded = bounded or some_left
        self.bounded += bounded
        others = (self.among[at] for at in sorted(found) if at != position)
        return [other for other in others if _first_met_by(seen, other)]

    def _meetings(self, seen: Sighted) -> Iterator[Meeting]:
        for key in seen.keys:
            points: list[Any] = [seen.case.country, *seen.elsewhere]
            if number := _number(seen):
                points.append(number)
            for point in points:
                if meeting := self.here.get((key, point)):
                    yield meeting
            if meeting := self.through.get((key, seen.case.country)):
                yield meeting


def _first_met_by(seen: Sighted, other: Sighted) -> bool:
    """Two newcomers meet when the later one asks; a simulated report meets no real one."""
    if other.new and other.case.report_id > seen.case.report_id:
        return False
    return other.simulated == seen.simulated and comparable(seen.case, other.case)


def _number(seen: Sighted) -> tuple[str, ...] | None:
    parts = reference_parts(seen.case.key.reference)
    return parts if distinctive(parts) else None


def _around(by_day: list[tuple[int, int]], day: int, most: int) -> list[int]:
    """The positions nearest to a day, within the days that count."""
    at = bisect_left(by_day, (day, -1))
    close = by_day[max(0, at - most) : at + most]
    nearest = sorted((abs(when - day), position) for when, position in close)
    return [position for apart, position in nearest[:most] if apart <= DAYS_APART]


def _by_amount(
    by_day: list[tuple[int, int]], among: list[Sighted]
) -> dict[Any, list[tuple[int, int]]]:
    found: defaultdict[Any, list[tuple[int, int]]] = defaultdict(list)
    for day, position in by_day:
        if amount := among[position].case.amount:
            insort(found[amount[1], int(log(amount[0]) // STEP)], (day, position))
    return dict(found)


def _steps(seen: Sighted) -> Iterator[Any]:
    if amount := seen.case.amount:
        step = int(log(amount[0]) // STEP)
        yield from ((amount[1], step + more) for more in (-1, 0, 1))

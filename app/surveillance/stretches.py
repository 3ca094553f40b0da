"""What happened to nodes from a month of each on: of as many nodes as one likes at once.

A rule asks for hundreds of nodes at every level. One sum over the cells of all of them costs a
tenth of a sum for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from app.access.handling import Handling
from app.surveillance.arrays import Integers, netted
from app.surveillance.columns import Columns, country_codes
from app.surveillance.months import first_day
from app.surveillance.tally import Tally

COUNTRIES = 2**16  # two letters as a number


@dataclass(frozen=True, slots=True)
class Span:
    """Events of a node over some months."""

    countries: tuple[str, ...]
    events: int
    confirmed: int
    deaths: int
    first: date  # first day of the month of the first
    last: date  # first day of the month of the last
    simulated: bool
    sightings: int  # reporters in each month, over the months
    reporters: int


@dataclass(frozen=True, slots=True)
class ReporterMonths:
    """Reporters in months in which they had an event of a node: by node, month and reporter."""

    node: Integers  # its place among those asked for
    month: Integers  # from the first of the tally
    reporter: Integers
    events: Integers

    @classmethod
    def of(cls, cells: Columns, node: Integers, since: int) -> ReporterMonths:
        """Of cells, which are to be added up: what was taken back is there above and below nought,
        and only where something is left was there an event."""
        month, reporter = cells["month"] - since, cells["authority"]
        long, wide = (int(each.max(initial=0)) + 1 for each in (month, reporter))
        code, events = netted((node * long + month) * wide + reporter, cells["events"])
        return cls(code // wide // long, code // wide % long, code % wide, events)


def spans(tally: Tally, places: Integers, months: Integers, level: Handling) -> list[Span]:
    """What happened to each of some nodes from a month (counted from the first) on."""
    cells, of = tally.of(places, months, level, LOOKED_AT)
    many = len(places)
    seen = ReporterMonths.of(cells, of, tally.since)
    now = tally.months - 1
    first, last = np.full(many, now), np.full(many, -1)
    np.minimum.at(first, seen.node, seen.month)
    np.maximum.at(last, seen.node, seen.month)
    last[last < 0] = now
    wide = int(seen.reporter.max(initial=0)) + 1
    reporters, _ = netted(seen.node * wide + seen.reporter, seen.events)
    made_up = cells["events"] * (cells["simulated"] > 0)
    columns = [
        _countries(cells, of, many),
        *(np.bincount(of, cells[name], many).astype(int).tolist() for name in ADDED_UP),
        *([first_day(tally.since + month) for month in each.tolist()] for each in (first, last)),
        (np.bincount(of, made_up, many) > 0).tolist(),
        np.bincount(seen.node, minlength=many).tolist(),
        np.bincount(reporters // wide, minlength=many).tolist(),
    ]
    return [Span(*values) for values in zip(*columns, strict=True)]


ADDED_UP = ("events", "confirmed", "deaths")
LOOKED_AT = ("authority", "month", "country", "simulated", *ADDED_UP)


def _countries(cells: Columns, of: Integers, many: int) -> list[tuple[str, ...]]:
    """The countries in which something is left of each node, by their codes."""
    number = np.ascontiguousarray(cells["country"]).view(">u2")
    there = np.zeros(COUNTRIES, bool)
    there[number] = True
    names = country_codes(np.flatnonzero(there)).astype("U2").tolist()
    place = (np.cumsum(there) - 1)[number]
    left = np.bincount(of * len(names) + place, cells["events"], many * len(names))
    return [
        tuple(names[country] for country in np.flatnonzero(row).tolist())
        for row in left.reshape(many, len(names)) > 0
    ]

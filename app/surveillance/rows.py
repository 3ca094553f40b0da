"""What counted reports come to: cells, shared events, volumes, sightings, by numpy alone.

A row is one event or aggregate and one substance found in it. From rows come the records of
`arrays`, which add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.intake.words import CausalRole, EventKind
from app.surveillance import arrays
from app.surveillance.arrays import (
    CELL,
    COUNTED,
    DAY,
    DAY_COUNTED,
    DAY_KEY,
    KEY,
    KINDS,
    SEEN,
    SEEN_KEY,
    SHARED,
    VOLUME,
    VOLUME_KEY,
    Integers,
    Records,
)
from app.surveillance.columns import Columns, country_codes
from app.surveillance.sightings import CAUSAL

# Deaths by causal role, in twentieths of one (signals 2.2, modelled on the toxicological
# significance score): sole 1, unknown .25, contributory .5, present and not implicated .1.
WEIGHT = 20
WEIGHTS = {CausalRole.SOLE: 20, CausalRole.CONTRIBUTORY: 10, CausalRole.PRESENT: 2}
WEIGHT_UNKNOWN = 5
ROLES: tuple[CausalRole, ...] = tuple(CausalRole)

ROW = np.dtype([("aggregate", "u1"), ("first", "<i4"), ("end", "<i4"), ("received", "<i4"),
                ("report", "<i8"), *SHARED.descr])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Events:
    """Events by substance (`arrays.CELL`), and those of them that count elsewhere too.

    `shared` (`arrays.SHARED`) has one record for each substance of an event in which there are
    several; every one of its records is in a cell as well. Months below nought are years (-2026):
    of those events only the year is known.
    """

    cells: Records
    shared: Records

    def since(self, month: int) -> Events:
        """Those from a month on; of years (below nought), those that do not end before it."""
        return Events(*(rows[_from(month, rows["month"])] for rows in (self.cells, self.shared)))


@dataclass(frozen=True, slots=True)
class Known:
    """All that is counted of reports, in the order of `rolled.Part`."""

    cells: Records
    shared: Records
    volume: Records  # `month` is that of the event, `received` that of the first version
    seen: Records
    days: Records

    @property
    def events(self) -> Events:
        """Every counted event of a watched substance."""
        return Events(self.cells, self.shared)


def joined(reports: Columns, findings: Columns) -> Records:
    """One row for each report and substance found in it, with its best grade."""
    order = np.argsort(reports["report"], kind="stable")
    numbers = reports["report"][order]
    place = np.minimum(np.searchsorted(numbers, findings["report"]), max(len(numbers) - 1, 0))
    there = numbers[place] == findings["report"] if len(numbers) else np.zeros(len(place), bool)
    found = {name: values[there] for name, values in findings.items()}
    sorting = np.lexsort([-found["confirmed"], found["substance"], found["report"]])
    found = {name: values[sorting] for name, values in found.items()}
    best = np.ones(len(sorting), bool)
    best[1:] = (found["report"][1:] != found["report"][:-1]) | (
        found["substance"][1:] != found["substance"][:-1]
    )
    taken = order[place[there][sorting][best]]
    said = {name: values[taken] for name, values in reports.items()}
    said |= {name: values[best] for name, values in found.items()}
    return rows_of(said)


def rows_of(said: Columns) -> Records:
    """Reports and what was found in them as rows, each an event of its own unless said."""
    rows = np.zeros(len(said["report"]), ROW)
    for name in ("aggregate", "first", "end", "received", "report", "substance", "authority",
                 "kind", "level", "simulated", "confirmed"):  # fmt: skip
        rows[name] = said[name]
    rows["event"], rows["place"] = said.get("event", said["report"]), said.get("place", 0)
    rows["month"] = _month_of_event(said)
    rows["country"] = country_codes(said["country"])
    rows["events"], rows["cases"] = 1, said["count"]
    died = (said["kind"] == KINDS.index(EventKind.DEATH)) & (said["aggregate"] == 0)
    caused = np.isin(said["role"], [ROLES.index(role) for role in CAUSAL])
    rows["deaths"] = np.where(died & caused, said["count"], 0)
    weights = np.array([*(WEIGHTS.get(role, WEIGHT_UNKNOWN) for role in ROLES), WEIGHT_UNKNOWN])
    rows["weighted"] = np.where(died, said["count"] * weights[said["role"]], 0)
    return rows


def told_apart(rows: Records) -> Records:
    """One row for each event and substance.

    Of reports that are one event, the most open that names the substance is counted, and among
    equally open ones the most complete (app.intake.duplicates.counting).
    """
    rows["confirmed"] = 1 - rows["confirmed"]  # the better grade first
    rows = arrays.first_of_each(rows, ("event", "substance"), ("level", "place", "confirmed"))
    rows["confirmed"] = 1 - rows["confirmed"]
    return rows


def added_up(rows: Records, volume: Records, *, days_since: int) -> Known:
    """What rows, which are in the order of events, come to; with the days of those sightings that
    ended in the month `days_since` or later."""
    of_event = rows[rows["aggregate"] == 0]
    ended = _month(rows["end"])
    seen = np.zeros(len(rows), SEEN)
    days = np.zeros(np.count_nonzero(ended >= days_since), DAY)
    recent = rows[ended >= days_since]
    for name in ("substance", "country", "level", "aggregate"):
        seen[name] = rows[name]
    for name in set(DAY.names or ()) - {"month", "reports"}:
        days[name] = recent[name]
    seen["month"], days["month"] = ended, ended[ended >= days_since]
    seen["began"] = _month(rows["first"])
    seen["reports"] = days["reports"] = 1
    return Known(
        arrays.summed(of_event, ("substance", *KEY), COUNTED)[list(CELL.names or ())].astype(CELL),
        of_event[_several_in(of_event)][list(SHARED.names or ())].astype(SHARED),
        volume,
        arrays.summed(seen, SEEN_KEY, ("reports",)),
        arrays.summed(days, DAY_KEY, DAY_COUNTED),
    )


def together(parts: Sequence[Known]) -> Known:
    """The portions added up."""
    if len(parts) == 1:
        return parts[0]
    return Known(
        arrays.summed(_all(CELL, [p.cells for p in parts]), ("substance", *KEY), COUNTED),
        _all(SHARED, [p.shared for p in parts]),
        arrays.summed(_all(VOLUME, [p.volume for p in parts]), VOLUME_KEY, ("reports",)),
        arrays.summed(_all(SEEN, [p.seen for p in parts]), SEEN_KEY, ("reports",)),
        arrays.summed(_all(DAY, [p.days for p in parts]), DAY_KEY, DAY_COUNTED),
    )


def _all(dtype: np.dtype[np.void], parts: list[Records]) -> Records:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def volumes(reports: Columns) -> Records:
    """All events that each authority reported, whatever was found in them.

    Events of which only the year is known are left out.
    """
    which = (reports["aggregate"] == 0) & (reports["year_only"] == 0)
    rows = np.zeros(np.count_nonzero(which), VOLUME)
    for name in ("authority", "kind", "level", "simulated"):
        rows[name] = reports[name][which]
    rows["month"], rows["received"] = (
        _month(reports[name][which]) for name in ("first", "came_in")
    )
    rows["country"] = country_codes(reports["country"][which])
    rows["reports"] = 1
    return arrays.summed(rows, VOLUME_KEY, ("reports",))


def _month_of_event(said: Columns) -> Integers:
    month = _month(said["first"])
    return np.where(said["year_only"] == 1, -(month // 12), month)


_BEFORE_1970 = date(1970, 1, 1).toordinal()


def _month(days: NDArray[Any]) -> Integers:
    """The months that days (numbered as `date.toordinal` does) lie in."""
    dates = (days.astype(np.int64) - _BEFORE_1970).astype("datetime64[D]")
    months: Integers = dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return months


def _from(since: int, months: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which months are not before `since`; of years (below nought), which do not end before it."""
    asked: NDArray[np.bool_] = np.where(months < 0, -months >= since // 12, months >= since)
    return asked


def _several_in(rows: Records) -> NDArray[np.bool_]:
    """Which rows share their event with another; the rows are in the order of events."""
    shares = np.zeros(len(rows), bool)
    if len(rows):
        same = rows["event"][1:] == rows["event"][:-1]
        shares[1:] |= same
        shares[:-1] |= same
    return shares

"""What counted reports come to: cells, shared events, volumes, sightings, by numpy alone.

A row is one event or aggregate and one substance found in it, told by columns. From rows come the
records of `arrays`, which add up.
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
    ROLES,
    SEEN,
    SEEN_KEY,
    SHARED,
    SINGLE,
    VOLUME,
    VOLUME_KEY,
    WEIGHED,
    WEIGHED_KEY,
    Integers,
    Records,
)
from app.surveillance.columns import Columns, country_codes
from app.surveillance.sightings import CAUSAL, HARMS

# Events of death by causal role, in twentieths of one (signals 2.2, modelled on the toxicological
# significance score): sole 1, unknown .25, contributory .5, present and not implicated .1.
WEIGHT = 20
WEIGHTS = {CausalRole.SOLE: 20, CausalRole.CONTRIBUTORY: 10, CausalRole.PRESENT: 2}
WEIGHT_UNKNOWN = 5
WATCHED_HARMS = tuple(KINDS.index(kind) for kind in HARMS)


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
        return Events(
            *(rows[from_month(month, rows["month"])] for rows in (self.cells, self.shared))
        )


@dataclass(frozen=True, slots=True)
class Since:
    """From which month on recent sightings are told one by one, or by the day; 0: all are."""

    days: int = 0
    harms: int = 0
    seized: int = 0

    def holds(self, other: Since) -> bool:
        """Whether all is told that `other` asks for."""
        return self.days <= other.days and self.harms <= other.harms and self.seized <= other.seized


@dataclass(frozen=True, slots=True)
class Known:
    """All that is counted of reports, in the order of `rolled.Part`."""

    cells: Records
    shared: Records
    volume: Records  # `month` is that of the event, `received` that of the first version
    seen: Records
    days: Records
    harms: Records
    seized: Records
    weights: Records

    @property
    def events(self) -> Events:
        """Every counted event of a watched substance."""
        return Events(self.cells, self.shared)


def joined(reports: Columns, findings: Integers) -> Columns:
    """One row for each report and substance found in it, with its best grade.

    A finding is the number of its report, of the substance, and whether it is in doubt, as one.
    """
    order: Integers | None = None
    numbers = reports["report"]
    if np.any(numbers[1:] < numbers[:-1]):
        order = np.argsort(numbers)
        numbers = numbers[order]
    findings = np.sort(findings)
    which = findings >> 1
    best = np.ones(len(which), bool)
    best[1:] = which[1:] != which[:-1]
    findings, which = findings[best], which[best] >> 31
    row = np.minimum(np.searchsorted(numbers, which), max(len(numbers) - 1, 0))
    there = numbers[row] == which if len(numbers) else np.zeros(len(row), bool)
    findings, row = findings[there], row[there]
    if order is not None:
        row = order[row]
    found = {name: values[row] for name, values in reports.items()}
    found["substance"] = (findings >> 1) & (2**31 - 1)
    found["confirmed"] = 1 - (findings & 1)
    return found


def told_apart(rows: Columns) -> Columns:
    """One row for each event and substance.

    Of reports that are one event, the most open that names the substance is counted, and among
    equally open ones the most complete (app.intake.duplicates.counting).
    """
    by = [-rows["confirmed"], rows["place"], rows["level"], rows["substance"], rows["event"]]
    order = np.lexsort(by)  # the better grade first
    found = {name: values[order] for name, values in rows.items()}
    first = np.ones(len(order), bool)
    first[1:] = (found["event"][1:] != found["event"][:-1]) | (
        found["substance"][1:] != found["substance"][:-1]
    )
    return {name: values[first] for name, values in found.items()}


def added_up(rows: Columns, volume: Records, *, since: Since) -> Known:
    """What rows, which are in the order of events, come to."""
    rows = _described(rows)
    of_event = _where(rows, rows["aggregate"] == 0)
    ended = of_event["ended"]
    harmful = np.isin(of_event["kind"], WATCHED_HARMS) & (ended >= since.harms)
    weighed = of_event["grams"] > 0
    return Known(
        cells=arrays.added_up(of_event, CELL, ("substance", *KEY), COUNTED),
        shared=_as_records(_where(of_event, _several_in(of_event["event"])), SHARED),
        volume=volume,
        seen=arrays.added_up(rows | {"month": rows["ended"]}, SEEN, SEEN_KEY, ("reports",)),
        days=arrays.added_up(
            _where(rows | {"month": rows["ended"]}, rows["ended"] >= since.days),
            DAY,
            DAY_KEY,
            DAY_COUNTED,
        ),
        harms=_singles(of_event, harmful),
        seized=_singles(of_event, weighed & (ended >= since.seized)),
        weights=arrays.added_up(
            _where(of_event | {"month": _month(of_event["first"])}, weighed),
            WEIGHED,
            WEIGHED_KEY,
            ("seizures",),
        ),
    )


def _described(rows: Columns) -> dict[str, NDArray[Any]]:
    """The same with what is counted of each row, each an event of its own unless said."""
    size = len(rows["report"])
    one = np.ones(size, np.int64)
    died = (rows["kind"] == KINDS.index(EventKind.DEATH)) & (rows["aggregate"] == 0)
    caused = np.isin(rows["role"], [ROLES.index(role) for role in CAUSAL])
    weights = np.array([*(WEIGHTS.get(role, WEIGHT_UNKNOWN) for role in ROLES), WEIGHT_UNKNOWN])
    return {
        "event": rows["report"],
        "place": np.zeros(size, np.int64),
        **rows,
        "country": country_codes(rows["country"]),
        "month": _month_of_event(rows),
        "began": _month(rows["first"]),
        "ended": _month(rows["end"]),
        "day": rows["first"],
        "events": one,
        "reports": one,
        "seizures": one,
        "cases": rows["count"],
        "deaths": np.where(died & caused, rows["count"], 0),
        "weighted": np.where(died, weights[rows["role"]], 0),
    }


def _where(rows: dict[str, NDArray[Any]], which: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    if which.all():  # as a rule: most reports are of single events
        return rows
    return {name: values[which] for name, values in rows.items()}


def _as_records(rows: dict[str, NDArray[Any]], dtype: np.dtype[np.void]) -> Records:
    found = np.empty(len(rows["report"]), dtype)
    for name in dtype.names or ():
        found[name] = rows[name]
    return found


def _singles(rows: dict[str, NDArray[Any]], which: NDArray[np.bool_]) -> Records:
    some = _where(rows, which)
    return _as_records(some | {"month": some["ended"]}, SINGLE)


def together(parts: Sequence[Known]) -> Known:
    """The portions added up."""
    if len(parts) == 1:
        return parts[0]

    def summed(part: str, dtype: np.dtype[np.void], key: Sequence[str], of: Sequence[str]) -> Any:
        return arrays.summed(_all(dtype, [getattr(p, part) for p in parts]), key, of)

    return Known(
        cells=summed("cells", CELL, ("substance", *KEY), COUNTED),
        shared=_all(SHARED, [p.shared for p in parts]),
        volume=summed("volume", VOLUME, VOLUME_KEY, ("reports",)),
        seen=summed("seen", SEEN, SEEN_KEY, ("reports",)),
        days=summed("days", DAY, DAY_KEY, DAY_COUNTED),
        harms=_all(SINGLE, [p.harms for p in parts]),
        seized=_all(SINGLE, [p.seized for p in parts]),
        weights=summed("weights", WEIGHED, WEIGHED_KEY, ("seizures",)),
    )


def _all(dtype: np.dtype[np.void], parts: list[Records]) -> Records:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def volumes(reports: Columns) -> Records:
    """All events that each authority reported, whatever was found in them.

    Events of which only the year is known are left out.
    """
    which = (reports["aggregate"] == 0) & (reports["year_only"] == 0)
    told = {
        name: reports[name][which] for name in ("authority", "kind", "level", "simulated", "first")
    }
    told["month"], told["received"] = (
        _month(each) for each in (told["first"], reports["came_in"][which])
    )
    told["reports"] = np.ones(len(told["first"]), np.int64)
    country = country_codes(reports["country"][which])
    return arrays.added_up(told | {"country": country}, VOLUME, VOLUME_KEY, ("reports",))


def _month_of_event(said: Columns) -> Integers:
    month = _month(said["first"])
    return np.where(said["year_only"] == 1, -(month // 12), month)


_BEFORE_1970 = date(1970, 1, 1).toordinal()


def _month(days: NDArray[Any]) -> Integers:
    """The months that days (numbered as `date.toordinal` does) lie in."""
    dates = (days.astype(np.int64) - _BEFORE_1970).astype("datetime64[D]")
    months: Integers = dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return months


def from_month(since: int, months: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which months are not before `since`; of years (below nought), which do not end before it."""
    asked: NDArray[np.bool_] = np.where(months < 0, -months >= since // 12, months >= since)
    return asked


def _several_in(events: Integers) -> NDArray[np.bool_]:
    """Which rows share their event with another; the rows are in the order of events."""
    shares = np.zeros(len(events), bool)
    same = events[1:] == events[:-1]
    shares[1:] |= same
    shares[:-1] |= same
    return shares

"""International control: which schedules of the drug conventions list a substance.

`data/schedules.csv` names substances; their structures are those of `data/substances.csv`. A
listing holds for the connectivity, so for salts and, unless the schedule says otherwise, for
stereoisomers.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .known import Known, by_name

FILE = Path(__file__).parent / "data" / "schedules.csv"


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of a schedule; `year` is that of the decision, None where it is not recorded."""

    convention: str
    schedule: str
    year: int | None
    name: str
    source: str


def international(connectivity: str) -> tuple[Listing, ...]:
    """The listings of a substance, in the order of the file; empty when it is under none."""
    return _by_connectivity().get(connectivity, ())


@cache
def listings() -> tuple[Listing, ...]:
    """Every line of every schedule."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_listing(row) for row in csv.DictReader(file))


@cache
def controlled() -> tuple[Known, ...]:
    """The listed substances whose structure is known, once each."""
    names = by_name()
    found = (names.get(listing.name.casefold()) for listing in listings())
    return tuple(dict.fromkeys(substance for substance in found if substance is not None))


@cache
def _by_connectivity() -> dict[str, tuple[Listing, ...]]:
    names = by_name()
    table: dict[str, tuple[Listing, ...]] = {}
    for listing in listings():
        substance = names.get(listing.name.casefold())
        if substance is not None and (key := substance.connectivity):
            table[key] = (*table.get(key, ()), listing)
    return table


def _listing(row: dict[str, str]) -> Listing:
    year = (row.get("year") or "").strip()
    return Listing(
        convention=row["convention"].strip(),
        schedule=row["schedule"].strip(),
        year=int(year) if year.isdigit() else None,
        name=row["name"].strip(),
        source=(row.get("source") or "").strip(),
    )

"""What is known beforehand: the substances of `data/substances.csv` and their standing.

Standing tells apart what a family rule cannot: a medicine, a classic drug, a precursor.
The file is read at first use. Its connectivity column saves every process from examining a thousand
structures; a test works it out again.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "substances.csv"


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the file. `standing` and `group` are its words; `source` says who vouches for it."""

    name: str
    smiles: str
    connectivity: str  # first block of the parent's InChIKey
    standing: str
    group: str
    cas: str
    synonyms: tuple[str, ...]
    source: str


@cache
def known() -> tuple[Known, ...]:
    """All rows, in the file's order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_known(row) for row in csv.DictReader(file))


@cache
def by_connectivity() -> dict[str, Known]:
    """The known substances by connectivity; of two rows with the same one the first stands."""
    table: dict[str, Known] = {}
    for substance in known():
        table.setdefault(substance.connectivity, substance)
    return table


@cache
def by_name() -> dict[str, Known]:
    """The known substances by name and synonym, case-folded; a name outranks a synonym."""
    table = {substance.name.casefold(): substance for substance in reversed(known())}
    for substance in known():
        for synonym in substance.synonyms:
            table.setdefault(synonym.casefold(), substance)
    return table


def standing_of(connectivity: str) -> str | None:
    """The standing of a known substance, None for one that is not in the file."""
    substance = by_connectivity().get(connectivity)
    return substance.standing if substance else None


def _known(row: dict[str, str]) -> Known:
    synonyms = (row.get("synonyms") or "").split("|")
    return Known(
        name=row["name"].strip(),
        smiles=row["smiles"].strip(),
        connectivity=row["connectivity"].strip(),
        standing=(row.get("standing") or "").strip(),
        group=(row.get("group") or "").strip(),
        cas=(row.get("cas") or "").strip(),
        synonyms=tuple(word.strip() for word in synonyms if word.strip()),
        source=(row.get("source") or "").strip(),
    )

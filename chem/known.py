"""What is known beforehand: the substances of `data/substances.csv` and their standing.

Standing tells apart what a family rule cannot: a medicine, a classic drug, a precursor. The
variants that regulators treat apart (`variants`) are known too, under their own substance keys.
The file is read at first use. Its connectivity column saves every process from examining a thousand
structures; a test works it out again.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .variants import variants

FILE = Path(__file__).parent / "data" / "substances.csv"
MARKETED = FILE.with_name("marketed.csv")


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the file. `standing` and `group` are its words; `source` says who vouches for it."""

    name: str
    smiles: str
    connectivity: str  # first block of the parent's InChIKey; of a variant its substance key
    standing: str
    group: str
    cas: str
    synonyms: tuple[str, ...]
    source: str


@cache
def known() -> tuple[Known, ...]:
    """All rows of substances.csv, in the file's order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_known(row) for row in csv.DictReader(file))


@cache
def known_variants() -> tuple[Known, ...]:
    """The variants as known substances, in the order of variants.csv."""
    return tuple(
        Known(
            name=variant.name,
            smiles=variant.smiles,
            connectivity=variant.key,
            standing=variant.standing,
            group=variant.group,
            cas=variant.cas,
            synonyms=variant.synonyms,
            source=variant.source,
        )
        for variant in variants()
    )


@cache
def everything() -> tuple[Known, ...]:
    """All known substances, then all variants."""
    return known() + known_variants()


@cache
def by_connectivity() -> dict[str, Known]:
    """What is known by substance key; of two rows with the same connectivity the first stands."""
    table: dict[str, Known] = {}
    for substance in everything():
        table.setdefault(substance.connectivity, substance)
    return table


@cache
def by_name() -> dict[str, Known]:
    """The known substances by name and synonym, case-folded; a name outranks a synonym."""
    table = {substance.name.casefold(): substance for substance in reversed(everything())}
    for substance in everything():
        for synonym in substance.synonyms:
            table.setdefault(synonym.casefold(), substance)
    return table


def standing_of(key: str) -> str | None:
    """The standing of a known substance, by its substance key; None for one that is not known."""
    substance = by_connectivity().get(key)
    return substance.standing if substance else None


@dataclass(frozen=True, slots=True)
class Marketed:
    """Where, and as what, a substance of another standing is a medicine."""

    where: str
    use: str


def marketed(key: str) -> Marketed | None:
    """The medical use of a substance that is not a medicine by its standing; None for most."""
    return _marketed().get(key)


@cache
def _marketed() -> dict[str, Marketed]:
    with MARKETED.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        names = by_name()
        return {
            names[row["name"].casefold()].connectivity: Marketed(row["where"], row["use"])
            for row in rows
        }


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

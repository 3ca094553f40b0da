"""Stereoisomers that regulators treat apart, and the key under which a substance is counted.

A substance is its connectivity; `data/variants.csv` lists the exceptions with the reason for each,
and its head says what was considered and left together. A variant is recognised only when its
stereochemistry is drawn in full: anything else is the base substance. The second block of an
InChIKey holds isotopes too: a labelled variant must come with the key of its unlabelled form.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "variants.csv"
_BLOCKS = 25  # the first two blocks of an InChIKey and the hyphen between them
_FLAT = "UHFFFAOYSA"  # the second block of a structure without stereo and isotopes


@dataclass(frozen=True, slots=True)
class Variant:
    """A row of the file; `standing` and `group` are words of substances.csv."""

    name: str
    smiles: str
    inchikey: str
    standing: str
    group: str
    cas: str
    synonyms: tuple[str, ...]
    reason: str  # why it is a substance of its own
    source: str

    @property
    def connectivity(self) -> str:
        """The connectivity that it shares with its base substance."""
        return self.inchikey[:14]

    @property
    def key(self) -> str:
        """Its substance key: the first two blocks of its InChIKey."""
        return self.inchikey[:_BLOCKS]


def substance_key(inchikey: str) -> str:
    """Under which key a parent is counted: its connectivity, or the key of a listed variant.

    >>> substance_key("MKXZASYAUGDDCJ-UHFFFAOYSA-N")
    'MKXZASYAUGDDCJ'
    >>> substance_key("MKXZASYAUGDDCJ-NJAFHUGGSA-N")
    'MKXZASYAUGDDCJ-NJAFHUGGSA'
    """
    key = inchikey[:_BLOCKS]
    return key if key in _by_key() else inchikey[:14]


def variant_of(inchikey: str) -> Variant | None:
    """The variant that a parent's InChIKey, or a substance key, stands for; None for a base."""
    return _by_key().get(inchikey[:_BLOCKS])


def variants_beside(connectivity: str) -> tuple[Variant, ...]:
    """The variants that share a connectivity, in the file's order; empty for most substances."""
    return _by_connectivity().get(connectivity, ())


def base_key(key: str) -> str:
    """The key of the base substance: of a variant's key its connectivity, else the key itself."""
    return key[:14]


def is_flat(inchikey: str) -> bool:
    """Whether an InChIKey says nothing of stereochemistry."""
    return inchikey[15:_BLOCKS] == _FLAT


@cache
def variants() -> tuple[Variant, ...]:
    """All rows, in the file's order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(_variant(row) for row in rows)


@cache
def _by_key() -> dict[str, Variant]:
    return {variant.key: variant for variant in variants()}


@cache
def _by_connectivity() -> dict[str, tuple[Variant, ...]]:
    table: dict[str, tuple[Variant, ...]] = {}
    for variant in variants():
        table[variant.connectivity] = (*table.get(variant.connectivity, ()), variant)
    return table


def _variant(row: dict[str, str]) -> Variant:
    return Variant(
        name=row["name"],
        smiles=row["smiles"],
        inchikey=row["inchikey"],
        standing=row["standing"],
        group=row["group"],
        cas=row["cas"],
        synonyms=tuple(filter(None, row["synonyms"].split("|"))),
        reason=row["reason"],
        source=row["source"],
    )

"""What the blocks of a molecule are called: the dictionary `data/blocks.toml` and its reading.

A block that the dictionary does not hold may still be a known one that carries small groups: a
fluorinated chain, a substituted benzene ring. Those are named from their parts. What remains has no
name, and that is the interesting case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from .fragments import canonical, on_benzene

FILE = Path(__file__).parents[1] / "data" / "blocks.toml"
_TIMES = ("", "", "di", "tri", "tetra", "penta", "hexa", "hepta", "octa", "nona")

Placed = tuple[tuple[int, str], ...]  # locant and fragment, in the order of locants


@dataclass(frozen=True, slots=True)
class Named:
    """A block's name in words and, where one is in use, its part in a code name."""

    code: str
    words: str
    also: tuple[str, ...] = ()  # other codes for the same block
    gaclone: str = ""  # the code before GACLONE, where it differs
    joined: bool = False  # written without a hyphen before the next block

    @property
    def key(self) -> str:
        """What tells this block from others: its code, or its words where it has none."""
        return self.code or self.words

    @property
    def label(self) -> str:
        return f"{self.code} ({self.words})" if self.code else self.words


UNNAMED = Named("", "")


@cache
def dictionary() -> dict[str, Any]:
    """The file as it stands."""
    with FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def entries(table: str, slot: str) -> dict[str, Named]:
    """The named fragments of one slot by canonical SMILES."""
    rows = dictionary()[table][slot]
    return {canonical(smiles): named(row) for smiles, row in rows.items()}


@cache
def groups() -> dict[str, Named]:
    """Small substituents by canonical SMILES."""
    return {canonical(smiles): named(row) for smiles, row in dictionary()["group"].items()}


def named(row: str | dict[str, Any]) -> Named:
    """An entry of the dictionary: words alone, or a table of code and words."""
    if isinstance(row, str):
        return Named("", row)
    return Named(
        code=str(row.get("code", "")),
        words=str(row["name"]),
        also=tuple(map(str, row.get("also", ()))),
        gaclone=str(row.get("gaclone", "")),
        joined=bool(row.get("joined", False)),
    )


def find(table: str, slot: str, fragment: str) -> Named:
    """The name of a fragment in one slot, UNNAMED when neither it nor its parts are known."""
    known = entries(table, slot)
    if fragment in known:
        return known[fragment]
    if "." in fragment or not (apart := on_benzene(fragment)):
        return UNNAMED
    parent, placed = apart
    if parent not in known or not (words := in_words(placed)):
        return UNNAMED
    code = in_code(placed)
    base = known[parent]
    return Named(
        code=f"{code}-{base.code}" if code and base.code else "",
        words=joined(words, base.words),
    )


def joined(prefix: str, base: str) -> str:
    """A substituent's prefix before a name: without a space where both are one word."""
    return prefix + base if base.isalpha() else f"{prefix} {base}"


def in_words(placed: Placed) -> str:
    """Placed substituents as a prefix: "4-fluoro", "3,4-dimethoxy"; "" when one is unknown.

    >>> in_words(((2, "*F"), (3, "*OC"), (4, "*OC")))
    '2-fluoro-3,4-dimethoxy'
    """
    known = groups()
    if any(fragment not in known for _, fragment in placed):
        return ""
    return "-".join(
        f"{_locants(same)}-{_TIMES[len(same)]}{f'({name})' if name[0].isdigit() else name}"
        for name, same in _by(placed, lambda fragment: known[fragment].words)
    )


def in_code(placed: Placed) -> str:
    """Placed substituents as in a code name: "5F", "4,4,4-triF"; "" when one has no code."""
    known = groups()
    if any(fragment not in known or not known[fragment].code for _, fragment in placed):
        return ""
    return "-".join(
        f"{same[0]}{code}" if len(same) == 1 else f"{_locants(same)}-{_TIMES[len(same)]}{code}"
        for code, same in _by(placed, lambda fragment: known[fragment].code)
    )


def _by(placed: Placed, name: Any) -> Iterable[tuple[str, list[int]]]:
    rows = sorted((str(name(fragment)), locant) for locant, fragment in placed)
    for text, same in groupby(rows, key=lambda row: row[0]):
        yield text, [locant for _, locant in same]


def _locants(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))

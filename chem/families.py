"""Which family, and so which of UNODC's groups, a structure belongs to.

The rules are `data/families.toml`: SMARTS that must match, SMARTS that exclude, and a rank that
decides when several families match (methylone is a cathinone, not a phenethylamine). Each hit
names the atoms that made it. A classification is for counting things that belong together; it is
no statement about law.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rdkit import Chem

from .types import Mol, Query

RULES = Path(__file__).parent / "data" / "families.toml"

GROUPS = (
    "aminoindanes",
    "benzodiazepines",
    "fentanyl analogues",
    "lysergamides",
    "nitazenes",
    "phencyclidine-type",
    "phenethylamines",
    "phenidates",
    "phenmetrazines",
    "piperazines",
    "plant-based",
    "synthetic cannabinoids",
    "synthetic cathinones",
    "tryptamines",
    "other",
)
EFFECTS = (
    "stimulant",
    "synthetic cannabinoid",
    "classic hallucinogen",
    "opioid",
    "sedative/hypnotic",
    "dissociative",
    "unassigned",
)


@dataclass(frozen=True, slots=True)
class Example:
    """A named structure that a rule must, or must not, accept."""

    name: str
    smiles: str


@dataclass(frozen=True, slots=True)
class Family:
    """One rule of the table, its SMARTS compiled."""

    id: str
    name: str
    label: str  # the name in a few plain words, for a marker beside a structure
    group: str
    effect: str
    rank: int
    needs: str  # a small shared pattern that `any` implies, "" for none
    any: tuple[Query, ...]
    none: tuple[Query, ...]
    max_atoms: int
    positives: tuple[Example, ...]
    negatives: tuple[Example, ...]
    source: str
    since: str


@dataclass(frozen=True, slots=True)
class Match:
    """A family that a structure belongs to, and the atoms that say so."""

    family: str
    group: str
    effect: str
    version: str
    atoms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """All families of a structure, best first; `family`, `group`, `effect` are those of the first.

    Without a match, family and group are "" and the effect is "unassigned".
    """

    families: tuple[Match, ...]

    @property
    def family(self) -> str:
        return self.families[0].family if self.families else ""

    @property
    def group(self) -> str:
        return self.families[0].group if self.families else ""

    @property
    def effect(self) -> str:
        return self.families[0].effect if self.families else "unassigned"


def classify(mol: Mol) -> Classification:
    """The families of a normalised parent.

    >>> classify(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc2c(c1)OCO2")).family
    'cathinone'
    """
    atoms = mol.GetNumHeavyAtoms()
    absent = {name for name, query in needs().items() if not mol.HasSubstructMatch(query)}
    matches = []
    for family in families():
        if atoms > family.max_atoms or family.needs in absent:
            continue
        hit = _hit(family, mol)
        if hit:
            matches.append(Match(family.id, family.group, family.effect, version(), hit))
    return Classification(tuple(matches))


@cache
def families() -> tuple[Family, ...]:
    """The rules, best rank first."""
    rows = _table()["family"]
    return tuple(sorted(map(_family, rows), key=lambda family: family.rank))


@cache
def needs() -> dict[str, Query]:
    """The small patterns shared by several families, by name."""
    return {name: _query(str(smarts)) for name, smarts in _table()["needs"].items()}


@cache
def version() -> str:
    """The version of the rule table."""
    return str(_table()["version"])


def family_named(family_id: str) -> Family | None:
    """The rule with this id, None when there is none (any more)."""
    return next((family for family in families() if family.id == family_id), None)


def _hit(family: Family, mol: Mol) -> tuple[int, ...]:
    for query in family.any:
        if mol.HasSubstructMatch(query):
            if any(mol.HasSubstructMatch(unwanted) for unwanted in family.none):
                return ()
            return tuple(mol.GetSubstructMatch(query))
    return ()


@cache
def _table() -> dict[str, Any]:
    with RULES.open("rb") as file:
        return tomllib.load(file)


def _family(row: dict[str, object]) -> Family:
    return Family(
        id=str(row["id"]),
        name=str(row["name"]),
        label=str(row.get("label", str(row["id"]).replace("-", " "))),
        group=str(row["group"]),
        effect=str(row["effect"]),
        rank=int(str(row["rank"])),
        needs=str(row.get("needs", "")),
        any=tuple(map(_query, _strings(row, "any"))),
        none=tuple(map(_query, _strings(row, "not"))),
        max_atoms=int(str(row.get("max_atoms", 10_000))),
        positives=tuple(map(_example, _strings(row, "positives"))),
        negatives=tuple(map(_example, _strings(row, "negatives"))),
        source=str(row["source"]),
        since=str(row["since"]),
    )


def _strings(row: dict[str, object], key: str) -> list[str]:
    value = row.get(key, [])
    return [str(item) for item in value] if isinstance(value, list) else []


def _query(smarts: str) -> Query:
    query = Chem.MolFromSmarts(smarts)
    if query is None:
        raise ValueError(f"families.toml: {smarts} is not SMARTS")
    return query


def _example(text: str) -> Example:
    name, _, smiles = text.rpartition(": ")
    return Example(name, smiles)

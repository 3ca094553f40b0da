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


PRECURSOR_OR_METABOLITE = "precursor_or_metabolite"

_ASKING = Chem.SubstructMatchParameters()  # built once; RDKit makes one for each question otherwise


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
    within: str  # the family that this one divides, "" for one that decides by itself
    role: str  # PRECURSOR_OR_METABOLITE, or "" for substances in their own right
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
    within: str = ""  # the family of which this is a part
    role: str = ""


@dataclass(frozen=True, slots=True)
class Classification:
    """All families of a structure, best first, each followed by its own divisions that match.

    `family`, `group`, `effect` and `role` are those of the first. Without a match they are "", the
    effect "unassigned".
    """

    families: tuple[Match, ...]

    @property
    def family(self) -> str:
        return self.families[0].family if self.families else ""

    @property
    def group(self) -> str:
        return self.families[0].group if self.families else ""

    @property
    def subfamily(self) -> str:
        """The best division of the family that decides, "" where it has none that matches."""
        return next((match.family for match in self.families if match.within == self.family), "")

    @property
    def role(self) -> str:
        """That of the family that decides or of a division of it, "" for most."""
        own = (match for match in self.families if self.family in (match.family, match.within))
        return next((match.role for match in own if match.role), "")

    @property
    def effect(self) -> str:
        return self.families[0].effect if self.families else "unassigned"


def classify(mol: Mol) -> Classification:
    """The families of a normalised parent.

    >>> classify(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc2c(c1)OCO2")).family
    'cathinone'
    """
    atoms = mol.GetNumHeavyAtoms()
    present = {name: mol.HasSubstructMatch(query, _ASKING) for name, query in needs().items()}
    matches: list[Match] = []
    for family in families():
        if atoms > family.max_atoms or not present.get(family.needs, True):
            continue
        if hit := _hit(family, mol):
            matches.append(_match(family, hit))
            for part in divisions(family.id):
                if atoms <= part.max_atoms and (hit := _hit(part, mol)):
                    matches.append(_match(part, hit))
    return Classification(tuple(matches))


@cache
def families() -> tuple[Family, ...]:
    """The families that decide, best rank first."""
    return tuple(family for family in _rules() if not family.within)


@cache
def divisions(family_id: str) -> tuple[Family, ...]:
    """The parts into which regulators divide a family, best rank first; looked for within it."""
    return tuple(family for family in _rules() if family.within == family_id)


@cache
def _rules() -> tuple[Family, ...]:
    return tuple(sorted(map(_family, _table()["family"]), key=lambda family: family.rank))


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
    return next((family for family in _rules() if family.id == family_id), None)


def _match(family: Family, atoms: tuple[int, ...]) -> Match:
    return Match(
        family.id, family.group, family.effect, version(), atoms, family.within, family.role
    )


def _hit(family: Family, mol: Mol) -> tuple[int, ...]:
    for query in family.any:
        if mol.HasSubstructMatch(query, _ASKING):
            if any(mol.HasSubstructMatch(unwanted, _ASKING) for unwanted in family.none):
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
        within=str(row.get("within", "")),
        role=str(row.get("role", "")),
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

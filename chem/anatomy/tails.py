"""Tails that are chains, named from their atoms: 5-fluoropentyl, pent-4-enyl, 4-cyanobutyl."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from rdkit import Chem

from ..types import Mol
from .blocknames import UNNAMED, Named, Placed, dictionary, in_code, in_words, named
from .fragments import branches, neighbours

_UNSATURATED = {Chem.BondType.DOUBLE: "en", Chem.BondType.TRIPLE: "yn"}


@dataclass(frozen=True, slots=True)
class Length:
    """What a chain of so many carbons is called; `bare` is its code when nothing is on it."""

    name: Named
    bare: str


@cache
def lengths() -> dict[int, Length]:
    """Chains by number of carbons."""
    rows = dictionary()["cannabinoid"]["chain"]
    return {
        int(row["length"]): Length(named(row), str(row.get("bare", row.get("code", ""))))
        for row in rows
    }


@lru_cache(maxsize=4096)
def chain(fragment: str) -> Named:
    """The name of a chain with small groups on it; UNNAMED for anything else.

    A nitrile's carbon is part of the group, not of the chain: "*CCCCC#N" is 4-cyanobutyl.

    >>> chain("*CCCC=C").label
    '4en-P (pent-4-enyl)'
    """
    mol = Chem.MolFromSmiles(fragment)
    if mol is None:
        return UNNAMED
    anchors = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(anchors) != 1 or mol.GetRingInfo().NumRings() or "." in fragment:
        return UNNAMED
    start = anchors[0].GetNeighbors()[0].GetIdx()
    nitriles = {match[0] for match in mol.GetSubstructMatches(Chem.MolFromSmarts("[CX2]#[NX1]"))}
    paths = list(_paths(mol, [start], nitriles | {anchors[0].GetIdx()}))
    if not paths:
        return UNNAMED
    longest = max(map(len, paths))
    found = [_described(mol, path) for path in paths if len(path) == longest]
    described = [one for one in found if one is not None]
    return _named(longest, *min(described)) if described else UNNAMED


def _paths(mol: Mol, path: list[int], closed: set[int]) -> Iterator[list[int]]:
    """The ways through the carbons, from the attachment to each end."""
    if mol.GetAtomWithIdx(path[-1]).GetAtomicNum() != 6:
        return
    onward = [
        other
        for other in neighbours(mol, path[-1])
        if other not in path
        and other not in closed
        and mol.GetAtomWithIdx(other).GetAtomicNum() == 6
    ]
    if not onward:
        yield path
    for other in onward:
        yield from _paths(mol, [*path, other], closed)


def _described(mol: Mol, path: list[int]) -> tuple[Placed, tuple[tuple[int, str], ...]] | None:
    """Groups and multiple bonds along a path by locant."""
    bonds = []
    for number, (one, two) in enumerate(pairwise(path), start=1):
        order = mol.GetBondBetweenAtoms(one, two).GetBondType()
        if order in _UNSATURATED:
            bonds.append((number, _UNSATURATED[order]))
    anchor = next(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    hung = branches(mol, {*path, anchor}, path)
    placed = tuple(sorted((path.index(atom) + 1, smiles) for atom, smiles in hung))
    return (placed, tuple(bonds)) if not placed or in_words(placed) else None


def _named(length: int, placed: Placed, bonds: tuple[tuple[int, str], ...]) -> Named:
    known = lengths().get(length)
    if known is None:
        return UNNAMED
    base, prefix = known.name, in_words(placed)
    stem = "".join(f"-{locant}-{bond}" for locant, bond in bonds)
    words = prefix + (f"{base.words[:-2]}{stem}yl" if stem else base.words)
    if not placed and not bonds:
        return Named(known.bare, words, base.also, base.gaclone)
    marks = [in_code(placed)] if placed else []
    marks += [f"{locant}{bond}" for locant, bond in bonds]
    coded = base.code and all(marks)
    return Named(f"{'-'.join(marks)}-{base.code}" if coded else "", words, (), base.gaclone)

"""The building blocks of three families, so that a new block is seen before any one member spreads.

A molecule is cut at the bonds that the family's chemistry defines; each fragment is written as
SMILES with "*" where it was attached, and named by `data/blocks.toml` when it is known there. A new
fragment has no name: that is the interesting case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdkit import Chem

from .families import Classification
from .types import Mol, Query

FILE = Path(__file__).parent / "data" / "blocks.toml"


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in one slot; `name` is "" for a fragment that the dictionary does not know."""

    slot: str
    smiles: str
    name: str


# Atom map numbers name the atoms that the cuts refer to.
_NITAZENE = Chem.MolFromSmarts(
    "[c:1]1[c:2][c:3]c2c([c:4]1)nc([CX4,OX2,SX2;!R]-c1[c:5][c:6][c:7][c:8][c:9]1)n2[CX4][CX4:10][NX3:11]"
)
_FENTANYL = Chem.MolFromSmarts(
    "[CX3:1](=O)([#6,#8])-[NX3;!R:2](-[a;r5,r6:3])-[CX4;r6:4]1[CX4;r6][CX4;r6][NX3;r6;H0:5](-[#6:6])"
    "[CX4;r6][CX4;r6]1"
)
_CANNABINOID = (
    Chem.MolFromSmarts(
        "[n;r5:1]1[n,c;r5][c:2](-[CX3;!R:3](=O)-[#6,#7,#8,#16:5])c2[c,n][c,n][c,n][c,n]c12"
    ),
    Chem.MolFromSmarts(
        "[n;r5:1]1[n,c;r5][c:2](-[CX4;H2:3]-[CX3;!R:4](=O)-[NX3:5])c2[c,n][c,n][c,n][c,n]c12"
    ),
)
_HYDROGEN = "*[H]"


def blocks(mol: Mol, classification: Classification) -> tuple[Block, ...]:
    """The blocks of a classified parent; empty for families without a known anatomy."""
    cutters = {
        "nitazene": ("nitazene", nitazene),
        "fentanyl": ("fentanyl", fentanyl),
        "azole-carbonyl-cannabinoid": ("cannabinoid", cannabinoid),
    }
    if classification.family not in cutters:
        return ()
    table, cut = cutters[classification.family]
    fragments = cut(mol) or {}
    return tuple(
        Block(slot, smiles, _name(table, slot, smiles)) for slot, smiles in fragments.items()
    )


def nitazene(mol: Mol) -> dict[str, str] | None:
    """`five_position`, `benzyl_substituent`, `amine` as fragments; None when it is no nitazene."""
    match = mol.GetSubstructMatch(_NITAZENE)
    if not match:
        return None
    at = _mapped(_NITAZENE, match)
    return {
        "five_position": _branches(mol, (at[1], at[2], at[3], at[4]), match),
        "benzyl_substituent": _branches(mol, (at[5], at[6], at[7], at[8], at[9]), match),
        "amine": _side(mol, at[10], at[11]),
    }


def fentanyl(mol: Mol) -> dict[str, str] | None:
    """`acyl`, `n_aryl`, `piperidine`, `linker`, `distal_ring`; None when it is no fentanyl.

    Where the chain on the piperidine ends in no ring (remifentanil), `distal_ring` is missing and
    the whole chain is the linker.
    """
    match = mol.GetSubstructMatch(_FENTANYL)
    if not match:
        return None
    at = _mapped(_FENTANYL, match)
    carbonyl, nitrogen, aryl, c4, ring_n, chain = (at[number] for number in range(1, 7))
    regions = {
        "acyl": _side(mol, nitrogen, carbonyl),
        "n_aryl": _side(mol, nitrogen, aryl),
        "piperidine": _part_with(mol, ((nitrogen, c4), (ring_n, chain)), c4),
    }
    end = _ring_beyond(mol, ring_n, chain)
    if end is None:
        return {**regions, "linker": _side(mol, ring_n, chain)}
    last, ring = end
    return {
        **regions,
        "linker": _part_with(mol, ((ring_n, chain), (last, ring)), chain),
        "distal_ring": _side(mol, last, ring),
    }


def cannabinoid(mol: Mol) -> dict[str, str] | None:
    """`linked_group`, `linker`, `core`, `tail`; None when it is no indole or indazole carbonyl."""
    for query in _CANNABINOID:
        match = mol.GetSubstructMatch(query)
        if not match:
            continue
        at = _mapped(query, match)
        nitrogen, c3, first, head = at[1], at[2], at[3], at[5]
        carbonyl = at.get(4, first)
        core_cut, head_cut = (c3, first), (carbonyl, head)
        neighbours = mol.GetAtomWithIdx(nitrogen).GetNeighbors()
        tail = next((atom.GetIdx() for atom in neighbours if atom.GetIdx() not in match), None)
        if tail is not None and mol.GetBondBetweenAtoms(nitrogen, tail).IsInRing():
            return None  # the tail is fused to the core: there is no bond to cut
        core_cuts = (core_cut,) if tail is None else (core_cut, (nitrogen, tail))
        return {
            "linked_group": _side(mol, *head_cut),
            "linker": _part_with(mol, (core_cut, head_cut), first),
            "core": _part_with(mol, core_cuts, c3),
            "tail": _HYDROGEN if tail is None else _side(mol, nitrogen, tail),
        }
    return None


def _mapped(query: Query, match: tuple[int, ...]) -> dict[int, int]:
    """Map number in the pattern to atom index in the molecule."""
    numbers = (atom.GetAtomMapNum() for atom in query.GetAtoms())
    return {number: index for number, index in zip(numbers, match, strict=True) if number}


def _side(mol: Mol, stays: int, goes: int) -> str:
    """The part of `mol` on the side of `goes` when the bond from `stays` is cut."""
    return _part_with(mol, [(stays, goes)], goes)


def _part_with(mol: Mol, cuts: Iterable[tuple[int, int]], atom: int) -> str:
    """The fragment that holds `atom` when the bonds between these pairs of atoms are cut."""
    bonds = [mol.GetBondBetweenAtoms(*cut).GetIdx() for cut in cuts]
    apart = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(0, 0)] * len(bonds))
    for indices in Chem.GetMolFrags(apart):
        if atom in indices:
            return str(Chem.MolFragmentToSmiles(apart, indices, isomericSmiles=False))
    raise AssertionError("every atom is in some fragment")


def _branches(mol: Mol, ring_atoms: Iterable[int], core: Iterable[int]) -> str:
    """What hangs on these atoms outside the core, several joined by a dot; "*[H]" for nothing."""
    inside = set(core)
    found = []
    for index in ring_atoms:
        for neighbour in mol.GetAtomWithIdx(index).GetNeighbors():
            outside = neighbour.GetIdx()
            if outside not in inside and not mol.GetBondBetweenAtoms(index, outside).IsInRing():
                found.append(_side(mol, index, outside))
    return ".".join(sorted(found)) or _HYDROGEN


def _ring_beyond(mol: Mol, start: int, chain: int) -> tuple[int, int] | None:
    """The bond (chain atom, ring atom) by which the chain from `start` meets an aromatic ring."""
    seen = {start, chain}
    at = [chain]
    while at:
        index = at.pop(0)
        for neighbour in mol.GetAtomWithIdx(index).GetNeighbors():
            other = neighbour.GetIdx()
            if other in seen:
                continue
            seen.add(other)
            if neighbour.GetIsAromatic():
                return index, other
            at.append(other)
    return None


def _name(table: str, slot: str, smiles: str) -> str:
    return _names().get((table, slot, smiles), "")


@cache
def _names() -> dict[tuple[str, str, str], str]:
    with FILE.open("rb") as file:
        tables = tomllib.load(file)
    return {
        (table, slot, _canonical(smiles)): str(name)
        for table, slots in tables.items()
        for slot, entries in slots.items()
        for smiles, name in entries.items()
    }


def _canonical(smiles: str) -> str:
    if smiles == _HYDROGEN:
        return smiles
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False))

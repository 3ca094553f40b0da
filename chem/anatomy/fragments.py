"""Molecules taken apart: into parts that share no atom, into a ring and what hangs on it.

A fragment is written as SMILES without stereochemistry, with "*" wherever a bond was cut and
"*[H]" for nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from rdkit import Chem

from ..types import Mol, Query

NOTHING = "*[H]"
_BENZENE = Chem.MolFromSmarts("c1ccccc1")


def settled(mol: Mol) -> Mol:
    """The same molecule without stereochemistry and labels, its atoms in the canonical order.

    What is cut from it cannot depend on the order in which somebody drew the atoms.
    """
    return Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False)) or mol


def mapped(query: Query, match: tuple[int, ...]) -> dict[int, int]:
    """Map number in the pattern to atom index in the molecule."""
    numbers = (atom.GetAtomMapNum() for atom in query.GetAtoms())
    return {number: index for number, index in zip(numbers, match, strict=True) if number}


def neighbours(mol: Mol, atom: int) -> list[int]:
    return [other.GetIdx() for other in mol.GetAtomWithIdx(atom).GetNeighbors()]


def components(mol: Mol, removed: Iterable[int]) -> list[set[int]]:
    """The connected parts that remain when these atoms are taken out."""
    seen = set(removed)
    found = []
    for start in range(mol.GetNumAtoms()):
        if start in seen:
            continue
        part, edge = {start}, [start]
        seen.add(start)
        while edge:
            fresh = [other for other in neighbours(mol, edge.pop()) if other not in seen]
            seen.update(fresh)
            part.update(fresh)
            edge.extend(fresh)
        found.append(part)
    return found


def partition(mol: Mol, parts: Mapping[str, set[int]]) -> dict[str, str]:
    """Each part as SMILES when all bonds between the parts are cut; several pieces by a dot.

    `parts` are disjoint and together hold every atom of `mol`. An empty part is "*[H]".
    """
    home = {atom: slot for slot, atoms in parts.items() for atom in atoms}
    cut = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if home[bond.GetBeginAtomIdx()] != home[bond.GetEndAtomIdx()]
    ]
    pieces: dict[str, list[str]] = {slot: [] for slot in parts}
    whole = mol
    if cut:
        whole = Chem.FragmentOnBonds(mol, cut, dummyLabels=[(0, 0)] * len(cut))
    numbers: list[tuple[int, ...]] = []
    # Not sanitised: a part of an aromatic system, cut in two, is shown and not refused.
    fragments = Chem.GetMolFrags(
        whole, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=numbers
    )
    for fragment, atoms in zip(fragments, numbers, strict=True):
        slot = next(home[atom] for atom in atoms if atom in home)
        pieces[slot].append(str(Chem.MolToSmiles(fragment, isomericSmiles=False)))
    return {slot: ".".join(sorted(found)) or NOTHING for slot, found in pieces.items()}


def branches(mol: Mol, core: Iterable[int], atoms: Iterable[int]) -> list[tuple[int, str]]:
    """What hangs on `atoms` of a core: (atom, fragment), a bridge once, at its first atom."""
    inside = set(core)
    rest = components(mol, inside)
    found = []
    used: list[int] = []
    for atom in atoms:
        for other in neighbours(mol, atom):
            if other in inside:
                continue
            number = next(i for i, part in enumerate(rest) if other in part)
            if number in used and len(_feet(mol, rest[number], inside)) > 1:
                continue
            used.append(number)
            outside = set(range(mol.GetNumAtoms())) - rest[number]
            smiles = partition(mol, {"branch": rest[number], "rest": outside})["branch"]
            found.append((atom, smiles))
    return found


def _feet(mol: Mol, part: set[int], core: set[int]) -> set[int]:
    """The atoms of a core on which a part stands."""
    return {other for atom in part for other in neighbours(mol, atom) if other in core}


def canonical(smiles: str) -> str:
    """The one way in which a fragment is written here."""
    if smiles == NOTHING:
        return smiles
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False))


@lru_cache(maxsize=4096)
def on_benzene(fragment: str) -> tuple[str, tuple[tuple[int, str], ...]] | None:
    """A fragment with one substituted benzene ring as the bare parent and its substituents.

    Locants count from the atom that leads to the attachment, the lowest set of the two ways round.
    None when no benzene ring hangs by one bond, when it is bare, or for half an aromatic system.

    >>> on_benzene("*Cc1ccccc1OC")
    ('*Cc1ccccc1', ((2, '*OC'),))
    """
    mol = Chem.MolFromSmiles(fragment)
    if mol is None:
        return None
    anchor = next(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    for ring in mol.GetSubstructMatches(_BENZENE):
        rest = components(mol, ring)
        stem = next(part for part in rest if anchor in part)
        feet = _feet(mol, stem, set(ring))
        if len(feet) != 1 or any(len(_feet(mol, part, set(ring))) != 1 for part in rest):
            continue
        first = feet.pop()
        at = ring.index(first)
        ways = (ring[at:] + ring[:at], (ring[at + 1 :] + ring[: at + 1])[::-1])
        found = min(_numbered(mol, way, stem) for way in ways)
        if found:
            keep = Chem.RWMol(mol)
            for index in sorted(set().union(*rest) - stem, reverse=True):
                keep.RemoveAtom(index)
            parent = keep.GetMol()
            Chem.SanitizeMol(parent)
            return str(Chem.MolToSmiles(parent, isomericSmiles=False)), found
    return None


def _numbered(mol: Mol, way: tuple[int, ...], stem: set[int]) -> tuple[tuple[int, str], ...]:
    found = branches(mol, set(way) | stem, way)
    return tuple(sorted((way.index(atom) + 1, smiles) for atom, smiles in found))

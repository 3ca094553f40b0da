"""Nitazenes taken apart: 5-position, benzyl substituent, amine; their common name put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from rdkit import Chem

from ..types import Mol
from .blocknames import UNNAMED, Named, Placed, dictionary, find, groups, in_words
from .fragments import (
    NOTHING,
    branches,
    canonical,
    components,
    mapped,
    neighbours,
    partition,
    settled,
)

TABLE = "nitazene"
NITRO = canonical("*[N+](=O)[O-]")
_QUERY = Chem.MolFromSmarts("[n:1]1c(-[CX4,OX2,SX2;!R:8]-[a:9])nc2[c,n:4][c,n:5][c,n:6][c,n:7]c12")
LONGEST_CHAIN = 6  # carbons between the ring and the amine; nitazenes have two or three
_OTHER_POSITIONS = {4: "four_position", 6: "six_position", 7: "seven_position"}
_USUAL = {"benzyl_carbon": "*C*", "chain": "*CC*"}


@dataclass(frozen=True, slots=True)
class Cut:
    """The blocks of a nitazene by slot. Those that hardly vary are there only when they differ.

    `on_benzyl` are the groups on the benzyl ring by locant.
    """

    fragments: dict[str, str]
    on_benzyl: Placed


def cut(mol: Mol) -> Cut | None:
    """The blocks of `mol`; None when it is no 2-benzylbenzimidazole with a chain to an amine."""
    if not mol.HasSubstructMatch(_QUERY):
        return None
    mol = settled(mol)
    found = []
    for match in mol.GetSubstructMatches(_QUERY, uniquify=False):
        at = mapped(_QUERY, match)
        if amine := _amine(mol, at[1], set(match)):
            found.append(_cut(mol, match, at, amine))
    return min(found, key=lambda one: sorted(one.fragments.items())) if found else None


def names(cut: Cut) -> dict[str, Named]:
    """What the blocks are called, UNNAMED where nobody has named them."""
    named = {}
    for slot, fragment in cut.fragments.items():
        if slot == "benzyl_substituent":
            named[slot] = _benzyl_name(fragment, cut.on_benzyl)
        elif slot == "core":
            named[slot] = Named("", "azabenzimidazole")
        elif slot.endswith("position"):
            named[slot] = _group_name(fragment)
        else:
            named[slot] = find(TABLE, slot, fragment)
    return named


def common_name(cut: Cut) -> str:
    """The name by which reports would call it, "" where a block has no part in such names.

    Metonitazepyne is called "N-pyrrolidino metonitazene" here, as WHO does.
    """
    parts = cut.fragments
    root, amine = roots().get(parts["benzyl_substituent"]), prefixes().get(parts["amine"])
    if root is None or amine is None or not _para_or_fused(cut) or len(parts) > 3:
        return ""
    five = parts["five_position"]
    if five == NITRO:
        core = f"{root['root']}nitazene"
    elif five == NOTHING:
        core = f"{root['root']}desnitazene"
    elif five in groups():
        core = f"5-{groups()[five].words} {root['root']}desnitazene"
    else:
        return ""
    return " ".join(filter(None, [amine["prefix"], core, amine.get("suffix", "")]))


def _para_or_fused(cut: Cut) -> bool:
    """Whether the benzyl ring carries one group where common names expect it, or none."""
    alone = len(cut.on_benzyl) <= 1
    fused = _fused(cut.fragments["benzyl_substituent"])
    return alone and (fused or not cut.on_benzyl or cut.on_benzyl[0][0] == 4)


def _fused(fragment: str) -> bool:
    """Whether one piece stands on the benzyl ring with two feet."""
    return "." not in fragment and fragment.count("*") == 2


@cache
def roots() -> dict[str, dict[str, Any]]:
    """What a group on the benzyl ring adds to a common name."""
    rows = dictionary()[TABLE]["root"]
    return {canonical(smiles): row for smiles, row in rows.items()}


@cache
def prefixes() -> dict[str, dict[str, Any]]:
    """What an amine adds to a common name."""
    rows = dictionary()[TABLE]["prefix"]
    return {canonical(smiles): row for smiles, row in rows.items()}


def words(slot: str, fragment: str) -> str:
    """A fragment of one slot in words, as it is when nothing is said of where it stands."""
    if slot.endswith("position"):
        return _group_name(fragment).words.split(" (")[0]
    name = find(TABLE, slot, fragment)
    return (name if name is not UNNAMED else _small(fragment)).words.split(" (")[0] or fragment


def _group_name(fragment: str) -> Named:
    known = find(TABLE, "five_position", fragment)
    return known if known is not UNNAMED else _small(fragment)


def _small(fragment: str) -> Named:
    return Named("", groups()[fragment].words) if fragment in groups() else UNNAMED


def _benzyl_name(fragment: str, placed: Placed) -> Named:
    known = find(TABLE, "benzyl_substituent", fragment)
    if not placed or _fused(fragment) or (len(placed) == 1 and placed[0][0] == 4):
        return known if known is not UNNAMED else _small(fragment)
    words = in_words(placed)
    return Named("", words) if words else UNNAMED


def _amine(mol: Mol, nitrogen: int, core: set[int]) -> set[int] | None:
    """The nearest nitrogen along the carbons from the ring nitrogen, with all that lies beyond."""
    starts = [other for other in neighbours(mol, nitrogen) if other not in core]
    paths = [[start] for start in starts]
    while paths and len(paths[0]) <= LONGEST_CHAIN:
        hits = [path for path in paths if mol.GetAtomWithIdx(path[-1]).GetAtomicNum() == 7]
        if hits:
            path = hits[0]
            beyond = components(mol, core | set(path[:-1]))
            return next(part for part in beyond if path[-1] in part)
        paths = [
            [*path, other]
            for path in paths
            if mol.GetAtomWithIdx(path[-1]).GetAtomicNum() == 6
            for other in neighbours(mol, path[-1])
            if other not in path and other not in core
        ]
    return None


def _cut(mol: Mol, match: tuple[int, ...], at: dict[int, int], amine: set[int]) -> Cut:
    core = set(match) - {at[8], at[9]}
    benzyl = _ring_of(mol, at[9])
    everything = set(range(mol.GetNumAtoms()))
    rest = components(mol, core)
    bridge = next(part for part in rest if at[8] in part)
    chain = next(part for part in rest if amine & part) - amine
    middle = _with_branches(mol, bridge, at[8], benzyl)
    fragments = {
        "five_position": _at(mol, core, at[5]),
        "benzyl_substituent": ".".join(
            sorted(smiles for _, smiles in branches(mol, benzyl | middle, sorted(benzyl)))
        )
        or NOTHING,
        "amine": partition(mol, {"amine": amine, "rest": everything - amine})["amine"],
    }
    for locant, slot in _OTHER_POSITIONS.items():
        if (there := _at(mol, core, at[locant])) != NOTHING:
            fragments[slot] = there
    if any(mol.GetAtomWithIdx(at[locant]).GetAtomicNum() == 7 for locant in (4, 5, 6, 7)):
        fragments["core"] = partition(mol, {"core": core, "rest": everything - core})["core"]
    for slot, atoms in (("benzyl_carbon", middle), ("chain", chain)):
        smiles = partition(mol, {slot: atoms, "rest": everything - atoms})[slot]
        if smiles != _USUAL[slot]:
            fragments[slot] = smiles
    return Cut(fragments, _on_benzyl(mol, benzyl, at[9], middle))


def _with_branches(mol: Mol, bridge: set[int], carbon: int, benzyl: set[int]) -> set[int]:
    """The atom between the two rings with all that hangs on it, without the benzyl ring."""
    beyond = set(range(mol.GetNumAtoms())) - bridge | benzyl
    return next(part for part in components(mol, beyond) if carbon in part)


def _ring_of(mol: Mol, atom: int) -> set[int]:
    """The aromatic ring in which an atom lies; of two the one whose atoms come out smaller."""
    rings = [
        set(ring)
        for ring in mol.GetRingInfo().AtomRings()
        if atom in ring and all(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring)
    ]
    everything = set(range(mol.GetNumAtoms()))
    return min(
        rings, key=lambda ring: partition(mol, {"ring": ring, "rest": everything - ring})["ring"]
    )


def _at(mol: Mol, core: set[int], atom: int) -> str:
    """What hangs on one atom of the core."""
    found = branches(mol, core, [atom])
    return found[0][1] if found else NOTHING


def _on_benzyl(mol: Mol, benzyl: set[int], first: int, middle: set[int]) -> Placed:
    """Groups on the benzyl ring by locant, the lowest set of the two ways round."""
    way = [first]
    while len(way) < len(benzyl):
        way.append(min(o for o in neighbours(mol, way[-1]) if o in benzyl and o not in way))
    ways = (way, [first, *way[:0:-1]])
    hung = branches(mol, benzyl | middle, way)
    return min(
        tuple(sorted((one.index(atom) + 1, smiles) for atom, smiles in hung)) for one in ways
    )

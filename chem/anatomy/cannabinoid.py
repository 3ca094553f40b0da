"""Synthetic cannabinoids taken apart: linked group, linker, core and tail.

Cores and linkers are patterns of `data/blocks.toml`. A core is looked for, then the linker at its
linker position; what is bound beyond the linker is the linked group, what stands at the tail
position is the tail, and all else belongs to the core. Framework: Pulver et al. 2023,
doi:10.1002/dta.3403.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from rdkit import Chem

from ..types import Mol, Query
from .blocknames import (
    UNNAMED,
    Named,
    Placed,
    dictionary,
    entries,
    find,
    in_code,
    in_words,
    joined,
    named,
)
from .fragments import NOTHING, branches, components, mapped, neighbours, partition, settled
from .tails import chain

SLOTS = ("linked_group", "linker", "core", "tail")
TABLE = "cannabinoid"
_LACTAM = "*C(=O)N*"


@dataclass(frozen=True, slots=True)
class Core:
    """A ring system with its locants; `head` is set where it holds the linker itself."""

    name: Named
    query: Query
    linker: int
    tail: int
    head: int


@dataclass(frozen=True, slots=True)
class Linker:
    """What stands between core (:1) and linked group (:2)."""

    name: Named
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A core as found in a molecule: its atoms by locant, and all atoms of its rings."""

    core: Core
    at: dict[int, int]
    ring: set[int]


@dataclass(frozen=True, slots=True)
class Cut:
    """A cannabinoid in four fragments, and what its core carries (None: rings fused to it)."""

    fragments: dict[str, str]
    core: Core
    linker: Named
    substituents: Placed | None


def cut(mol: Mol) -> Cut | None:
    """The four blocks of `mol`; None when it has no core with a linker.

    Of several ways to read a molecule the one with a tail wins, then the core that the dictionary
    lists first, then the order of the fragments' SMILES: never the order of the atoms.
    """
    mol = settled(mol)
    found = []
    for rank, core in enumerate(_cores()):
        for match in mol.GetSubstructMatches(core.query, uniquify=False):
            at = mapped(core.query, match)
            for parts, linker in _ways(mol, core, at, set(match)):
                key = (not parts["tail"], rank, -len(parts["linked_group"]))
                found.append((key, parts, linker, Site(core, at, set(match))))
    if not found:
        return None
    best = min(row[0] for row in found)
    cuts = [_cut(mol, *row[1:]) for row in found if row[0] == best]
    return min(cuts, key=lambda one: sorted(one.fragments.items()))


def names(cut: Cut) -> dict[str, Named]:
    """What the four blocks are called, UNNAMED where nobody has named them."""
    fragments = cut.fragments
    tail = find(TABLE, "tail", fragments["tail"])
    return {
        "linked_group": find(TABLE, "linked_group", fragments["linked_group"]),
        "linker": cut.linker,
        "core": _core_name(cut),
        "tail": chain(fragments["tail"]) if tail is UNNAMED else tail,
    }


def _core_name(cut: Cut) -> Named:
    whole = entries(TABLE, "whole_core").get(cut.fragments["core"])
    bare = cut.core.name
    if whole:
        return whole
    if cut.substituents is None:
        return Named("", f"{bare.words} with further rings")
    if not cut.substituents:
        return bare
    words, code = in_words(cut.substituents), in_code(cut.substituents)
    if not words:
        return UNNAMED
    return Named(f"{code}-{bare.code}" if code and bare.code else "", joined(words, bare.words))


def _ways(
    mol: Mol, core: Core, at: dict[int, int], ring: set[int]
) -> Iterator[tuple[dict[str, set[int]], Named]]:
    """The ways to read what stands on a core: the atoms of each block, and the linker's name."""
    if core.head:
        heads = [other for other in neighbours(mol, at[core.head]) if other not in ring]
        for head in heads:
            if parts := _parts(mol, ring, set(), head, at[core.tail]):
                yield parts, Named("", "lactam of the core")
        return
    for linker in _linkers():
        hits = list(_joints(mol, linker, at[core.linker], ring))
        for between, end in hits:
            if parts := _parts(mol, ring, between, end, at[core.tail]):
                bare = len(parts["linker"]) == len(between)
                name = linker.name if bare else Named("", f"substituted {linker.name.words}")
                yield parts, name
        if hits:
            return


def _joints(
    mol: Mol, linker: Linker, start: int, ring: set[int]
) -> Iterator[tuple[set[int], int | None]]:
    """The linker's atoms and the first atom of the linked group, for a linker that begins here."""
    for query in linker.queries:
        for match in mol.GetSubstructMatches(query, uniquify=False):
            at = mapped(query, match)
            between = set(match) - {at[1], at.get(2, -1)}
            if at[1] == start and not between & ring and at.get(2, -1) not in ring:
                yield between, at.get(2)


def _parts(
    mol: Mol, ring: set[int], between: set[int], head: int | None, tail_at: int
) -> dict[str, set[int]] | None:
    """All atoms shared out to the four blocks; None when head and tail are one piece."""
    rest = components(mol, ring | between)
    outside = [other for other in neighbours(mol, tail_at) if other not in ring | between]
    linked = next((part for part in rest if head in part), set())
    tail = next((part for part in rest if outside and outside[0] in part), set())
    if outside and mol.GetBondBetweenAtoms(tail_at, outside[0]).GetIsAromatic():
        return None  # what stands there is a ring of the same aromatic system
    one_piece = linked and linked is tail
    closed = between and _touched(mol, linked, ring)
    if one_piece or closed:
        return None
    parts = {"linked_group": linked, "linker": set(between), "core": set(ring), "tail": tail}
    for part in rest:
        if part is not linked and part is not tail:
            parts["core" if _touched(mol, part, ring) else "linker"] |= part
    return parts


def _touched(mol: Mol, part: set[int], others: set[int]) -> list[int]:
    """The atoms of `others` to which `part` is bound, one bond after the other."""
    return [other for atom in part for other in neighbours(mol, atom) if other in others]


def _cut(mol: Mol, parts: dict[str, set[int]], linker: Named, site: Site) -> Cut:
    fragments = partition(mol, parts)
    if site.core.head:
        fragments["linker"] = _LACTAM
    carried = _carried(mol, parts, site)
    return Cut({slot: fragments[slot] for slot in SLOTS}, site.core, linker, carried)


def _carried(mol: Mol, parts: dict[str, set[int]], site: Site) -> Placed | None:
    """The core's own substituents by locant; None when a ring is fused to it or ties it to another.

    An atom of the core without a locant carries nothing that could be named.
    """
    extra = parts["core"] - site.ring
    elsewhere = set(range(mol.GetNumAtoms())) - parts["core"]
    spots = {atom: locant for locant, atom in site.at.items()}
    placed = []
    for part in components(mol, set(range(mol.GetNumAtoms())) - extra):
        feet = set(_touched(mol, part, site.ring))
        if len(feet) != 1 or _touched(mol, part, elsewhere):
            return None
        placed.append(feet.pop())
    if len(_touched(mol, parts["tail"], parts["core"])) > 1:
        return None
    hung = [
        (spots[atom], smiles)
        for atom, smiles in branches(mol, site.ring | elsewhere, placed)
        if atom in spots
    ]
    return tuple(sorted(hung))


@cache
def _cores() -> tuple[Core, ...]:
    rows: list[dict[str, Any]] = dictionary()[TABLE]["core"]
    return tuple(
        Core(
            name=named(row),
            query=Chem.MolFromSmarts(row["smarts"]),
            linker=int(row.get("linker", 0)),
            tail=int(row["tail"]),
            head=int(row.get("head", 0)),
        )
        for row in rows
    )


@cache
def _linkers() -> tuple[Linker, ...]:
    rows: list[dict[str, Any]] = dictionary()[TABLE]["linker"]
    return tuple(Linker(named(row), tuple(map(Chem.MolFromSmarts, row["smarts"]))) for row in rows)


__all__ = ["NOTHING", "SLOTS", "Cut", "cut", "names"]

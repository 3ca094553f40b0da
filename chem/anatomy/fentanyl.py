"""Fentanyls taken apart into the regions that NIST letters A to E.

A the ring at the far end, B the chain to it, C the piperidine, D the ring on the anilide nitrogen,
E the acyl group (FentanylClassifier; Moorthy et al. 2020). Precursors and metabolites that lack a
region are cut too: what is missing is "*[H]".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from rdkit import Chem

from ..types import Mol
from .blocknames import UNNAMED, Named, Placed, find, in_words
from .fragments import NOTHING, branches, components, mapped, neighbours, partition, settled

TABLE = "fentanyl"
SLOTS = {
    "acyl": "acyl (region E)",
    "aniline_ring": "aniline ring (region D)",
    "piperidine": "piperidine (region C)",
    "linker": "linker (region B)",
    "distal_ring": "distal ring (region A)",
}
# :2 the anilide nitrogen, :4 the carbon it stands on, :5 the ring nitrogen
_RINGS = tuple(
    (size, Chem.MolFromSmarts(smarts))
    for size, smarts in (
        ("piperidine", "[NX3;!R:2]-[CX4;r6:4]1[CX4;r6][CX4;r6][#7;r6:5][CX4;r6][CX4;r6]1"),
        ("azepane", "[NX3;!R:2]-[CX4;r7:4]1[CX4;r7][CX4;r7][#7;r7:5][CX4;r7][CX4;r7][CX4;r7]1"),
        ("pyrrolidine", "[NX3;!R:2]-[CX4;r5:4]1[CX4;r5][#7;r5:5][CX4;r5][CX4;r5]1"),
    )
)
USUAL = {
    "acyl": "propanoyl",
    "aniline_ring": "phenyl",
    "piperidine": "unsubstituted",
    "linker": "ethyl",
    "distal_ring": "phenyl",
}
_SIDES = {2: "ortho", 3: "meta", 4: "para"}
_CHAINS = {1: "methyl", 2: "ethyl", 3: "propyl", 4: "butyl"}
_GREEK = {1: "alpha", 2: "beta"}
_AS = {
    "acyl": " acyl",
    "aniline_ring": " as the aniline ring",
    "piperidine": " piperidine",
    "distal_ring": " as the distal ring",
}
_GREEKS = tuple(_GREEK.values())


@dataclass(frozen=True, slots=True)
class Cut:
    """The regions of a fentanyl by name of the slot; `distal_ring` is absent without a ring there.

    `on_piperidine` and `on_linker` are the groups there by locant, counted from the ring nitrogen.
    """

    fragments: dict[str, str]
    ring: str
    on_piperidine: Placed | None
    on_linker: Placed | None
    linker_length: int


def cut(mol: Mol) -> Cut | None:
    """The regions of `mol`; None when no nitrogen stands on a ring as in 4-anilidopiperidines."""
    mol = settled(mol)
    found = []
    for size, query in _RINGS:
        for match in mol.GetSubstructMatches(query, uniquify=False):
            at = mapped(query, match)
            one = _cut(mol, size, match[1:], at[2], at[5])
            if one:
                found.append(one)
        if found:
            return min(found, key=_order)
    return None


def names(cut: Cut) -> dict[str, Named]:
    """What the regions are called, UNNAMED where nobody has named them."""
    named = {}
    for slot, fragment in cut.fragments.items():
        name = find(TABLE, slot, fragment)
        named[slot] = _sided(name) if slot == "aniline_ring" else name
    if named["piperidine"] is UNNAMED and cut.on_piperidine:
        words = in_words(cut.on_piperidine)
        ring = "" if cut.ring == "piperidine" else f" {cut.ring}"
        named["piperidine"] = Named("", words + ring) if words else UNNAMED
    if cut.on_linker and cut.linker_length in _CHAINS:
        named["linker"] = _branched(cut.on_linker, cut.linker_length)
    return named


def in_words_of(cut: Cut) -> dict[str, str]:
    """The regions in words; one without a name as its SMILES."""
    return {
        slot: name.words.split(" (")[0] or cut.fragments[slot] for slot, name in names(cut).items()
    }


def description(cut: Cut) -> str:
    """How a fentanyl differs from fentanyl, in words.

    "para-fluoro on the aniline ring; furoyl acyl" for para-fluorofuranylfentanyl.
    """
    named = names(cut)
    changes = []
    for slot in ("aniline_ring", "acyl", "piperidine", "linker", "distal_ring"):
        if slot not in named:
            continue
        words, _, more = named[slot].words.partition(" (")
        ends = slot == "linker" and "distal_ring" not in named
        if words != USUAL[slot] or ends:
            words = words or f"unnamed ({cut.fragments[slot]})"
            changes.append(_change(slot, words, more.rstrip(")"), ends=ends))
    return "; ".join(changes) or "fentanyl unchanged"


def _change(slot: str, words: str, more: str, *, ends: bool) -> str:
    """One region's difference; `more` is what its name has in brackets, `ends`: no ring beyond."""
    if slot == "linker":
        return _linker_change(words, more, ends=ends)
    if slot == "acyl" and words == "none":
        return "no acyl" if more in ("", "despropionyl") else f"no acyl, {more} instead"
    if slot == "aniline_ring" and (side := more.rstrip(")")) in _SIDES.values():
        return f"{side}-{words[2:].removesuffix('phenyl')} on the aniline ring"
    if slot == "piperidine" and not words[0].isdigit():
        return f"{words} in place of piperidine"
    return words + _AS[slot]


def _linker_change(words: str, more: str, *, ends: bool) -> str:
    if ends:
        what = "nothing" if words == "none" else words
        return f"{what} on the piperidine nitrogen, no distal ring"
    if words == "none":
        return "no linker"
    return f"{more} on the linker" if more.startswith(_GREEKS) else f"{words} linker"


def _order(cut: Cut) -> tuple[object, ...]:
    """With an acyl first, with an aromatic ring on the nitrogen, then by SMILES."""
    parts = cut.fragments
    return (
        parts["acyl"] == NOTHING,
        not parts["aniline_ring"].startswith("*c"),
        "distal_ring" not in parts,
        sorted(parts.items()),
        cut.on_piperidine or (),
        cut.on_linker or (),
    )


def _cut(mol: Mol, size: str, ring: tuple[int, ...], anilide: int, amine: int) -> Cut | None:
    ring = tuple(atom for atom in ring if atom != anilide)
    rest = components(mol, {*ring, anilide})
    acyl, aryl = _on_anilide(mol, anilide, ring, rest)
    chain_start = _chain_start(mol, amine, ring)
    chain = next((part for part in rest if chain_start in part), set[int]())
    if any(one and one is other for one, other in combinations((acyl, aryl, chain), 2)):
        return None
    parts = {"acyl": acyl, "aniline_ring": aryl, "anilide nitrogen": {anilide}}
    parts["piperidine"] = set(range(mol.GetNumAtoms())) - acyl - aryl - chain - {anilide}
    path, far = _far_ring(mol, chain, chain_start, amine)
    parts["linker"] = chain - far
    if far:
        parts["distal_ring"] = far
    fragments = partition(mol, parts)
    del fragments["anilide nitrogen"]
    return Cut(
        fragments,
        size,
        _on_ring(mol, ring, amine, parts["piperidine"]),
        _on_chain(mol, path, amine, parts["linker"], far) if far else None,
        len(path),
    )


def _on_anilide(
    mol: Mol, anilide: int, ring: tuple[int, ...], rest: list[set[int]]
) -> tuple[set[int], set[int]]:
    """The acyl group and the ring on the nitrogen, either empty where there is none."""
    hands = sorted(
        (other for other in neighbours(mol, anilide) if other not in ring),
        key=lambda other: (_is_acyl(mol, other), mol.GetAtomWithIdx(other).GetIsAromatic()),
    )
    part = {other: next(part for part in rest if other in part) for other in hands}
    acyl = next((part[other] for other in hands if _is_acyl(mol, other)), set[int]())
    others = [part[other] for other in hands if part[other] is not acyl]
    if not acyl and len(others) > 1:
        acyl = others[0]
    return acyl, others[-1] if others else set()


def _is_acyl(mol: Mol, atom: int) -> bool:
    """Whether an atom is doubly bound to oxygen or sulfur, as those of acyl and sulfonyl are."""
    here = mol.GetAtomWithIdx(atom)
    return not here.GetIsAromatic() and any(
        bond.GetBondType() == Chem.BondType.DOUBLE
        and bond.GetOtherAtom(here).GetAtomicNum() in (8, 16)
        for bond in here.GetBonds()
    )


def _chain_start(mol: Mol, amine: int, ring: tuple[int, ...]) -> int | None:
    """The first atom of what hangs on the ring nitrogen; an N-oxide's oxygen is none of it."""
    found = [
        other
        for other in neighbours(mol, amine)
        if other not in ring
        and not mol.GetBondBetweenAtoms(amine, other).IsInRing()
        and mol.GetAtomWithIdx(other).GetFormalCharge() == 0
    ]
    return found[0] if found else None


def _far_ring(
    mol: Mol, chain: set[int], start: int | None, amine: int
) -> tuple[list[int], set[int]]:
    """The way from the ring nitrogen to the nearest ring, and the atoms from that ring on.

    Of rings equally near an aromatic one is taken.
    """
    if start is None:
        return [], set()
    paths = [[start]]
    while paths:
        hits = [path for path in paths if mol.GetAtomWithIdx(path[-1]).IsInRing()]
        if hits:
            path = min(hits, key=lambda way: not mol.GetAtomWithIdx(way[-1]).GetIsAromatic())
            outside = set(range(mol.GetNumAtoms())) - chain | set(path[:-1])
            far = next(part for part in components(mol, outside) if path[-1] in part)
            return path[:-1], far
        paths = [
            [*path, other]
            for path in paths
            for other in neighbours(mol, path[-1])
            if other in chain and other not in path and other != amine
        ]
    return [], set()


def _on_ring(mol: Mol, ring: tuple[int, ...], amine: int, region: set[int]) -> Placed | None:
    """Groups on the ring by locant, the nitrogen being 1; None where a ring is closed to it."""
    skeleton = set(ring)
    elsewhere = set(range(mol.GetNumAtoms())) - region
    hung = branches(mol, skeleton | elsewhere, ring)
    extra = sum(len(part) > 0 for part in components(mol, skeleton | elsewhere))
    if len(hung) != extra or any(smiles.count("*") != 1 for _, smiles in hung):
        return None
    at = ring.index(amine)
    ways = (ring[at:] + ring[:at], (ring[at + 1 :] + ring[: at + 1])[::-1])
    return min(
        tuple(sorted((way.index(atom) + 1, smiles) for atom, smiles in hung)) for way in ways
    )


def _on_chain(
    mol: Mol, path: list[int], amine: int, region: set[int], far: set[int]
) -> Placed | None:
    """Groups on the chain by locant, the atom next to the ring nitrogen being 1."""
    if any(mol.GetAtomWithIdx(atom).GetAtomicNum() != 6 for atom in path):
        return None
    skeleton = set(range(mol.GetNumAtoms())) - region | set(path)
    hung = branches(mol, skeleton, path)
    return tuple(sorted((path.index(atom) + 1, smiles) for atom, smiles in hung))


def _branched(placed: Placed, length: int) -> Named:
    words = in_words(placed)
    if not words:
        return UNNAMED
    (locant, _), *more = placed
    greek = "" if more or locant not in _GREEK else f" ({_GREEK[locant]}-{words.split('-', 1)[1]})"
    return Named("", f"{words}{_CHAINS[length]}{greek}")


def _sided(name: Named) -> Named:
    """A substituted phenyl with its place in words: "4-fluorophenyl (para)"."""
    locant = name.words[:1]
    single = name.words[1:2] == "-" and name.words.count("-") == 1 and name.words.endswith("phenyl")
    if single and locant.isdigit() and int(locant) in _SIDES:
        return Named(name.code, f"{name.words} ({_SIDES[int(locant)]})")
    return name

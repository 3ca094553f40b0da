"""The building blocks of three families, so that a new block is seen before any one member spreads.

A molecule is cut at the bonds that the family's chemistry defines; each fragment is written as
SMILES with "*" where it was attached, and named by `data/blocks.toml`. A fragment that has no name
is new: that is the interesting case.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..families import Classification
from ..types import Mol
from . import cannabinoid, classical, fentanyl, nitazene
from .blocknames import Named

CANNABINOIDS = "synthetic cannabinoids"
FENTANYLS = ("fentanyl", "fentanyl-relative")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in one slot; `name` is "" for a fragment that the dictionary does not know.

    `code` is the block's part in a code name, "" where it has none.
    """

    slot: str
    smiles: str
    name: str
    code: str = ""


def blocks(mol: Mol, classification: Classification) -> tuple[Block, ...]:
    """The blocks of a classified parent; empty for families without a known anatomy.

    Cannabinoids: linked_group, linker, core, tail (core and tail alone for those of the THC kind,
    which have no linker). Fentanyls: the regions E to A. Nitazenes:
    five_position, benzyl_substituent, amine, and what else differs.
    """
    if classification.group == CANNABINOIDS:
        if one := cannabinoid.cut(mol):
            return _blocks(one.fragments, cannabinoid.names(one))
        if ring := classical.cut(mol):
            return _blocks(ring, classical.names(ring))
    elif classification.family in FENTANYLS:
        if region := fentanyl.cut(mol):
            return _blocks(region.fragments, fentanyl.names(region), fentanyl.SLOTS)
    elif classification.family == "nitazene" and (part := nitazene.cut(mol)):
        return _blocks(part.fragments, nitazene.names(part))
    return ()


def described(mol: Mol, classification: Classification) -> str:
    """A fentanyl or nitazene in words: how it differs from fentanyl, or its common name.

    "" for other families and for blocks that no name covers. Cannabinoids have code names, see
    `codename`.
    """
    if classification.family in FENTANYLS:
        region = fentanyl.cut(mol)
        return fentanyl.description(region) if region else ""
    if classification.family == "nitazene":
        part = nitazene.cut(mol)
        return nitazene.common_name(part) if part else ""
    return ""


def _blocks(
    fragments: dict[str, str], names: dict[str, Named], slots: dict[str, str] | None = None
) -> tuple[Block, ...]:
    return tuple(
        Block((slots or {}).get(slot, slot), smiles, names[slot].label, names[slot].code)
        for slot, smiles in fragments.items()
    )

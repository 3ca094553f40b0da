"""Names and structures under one key, so that a name finds the structure it spells.

A key is the family's kind and its blocks. Where a name can be read in several ways it has several
keys; a structure has one. Only names of firm words are read (see `agreement`).
"""

from __future__ import annotations

from ..families import Classification
from ..types import Mol
from . import cannabinoid, fentanyl, nitazene
from .agreement import fentanyl_regions, nitazene_fragments, nitazene_parts
from .codename import keys_of
from .codereading import readings
from .fragments import NOTHING

BlockKey = tuple[str, ...]
CANNABINOIDS, FENTANYLS, NITAZENES = (
    "synthetic cannabinoids",
    "fentanyl analogues",
    "nitazenes",
)
GROUPS = (CANNABINOIDS, FENTANYLS, NITAZENES)


def keys_of_name(name: str) -> frozenset[BlockKey]:
    """The blocks that a reported name may spell; empty for a name that is not read.

    >>> keys_of_name("5-fluoro MDMB-PICA") == keys_of_name("5F-MDMB-PICA")
    True
    >>> keys_of_name("MMC")
    frozenset()
    """
    if codes := readings(name):
        return frozenset((CANNABINOIDS, *code) for code in codes)
    if regions := fentanyl_regions(name):
        return frozenset([_key(FENTANYLS, regions)])
    if parts := nitazene_parts(name):
        return frozenset([_key(NITAZENES, parts)])
    return frozenset()


def key_of_structure(mol: Mol, classification: Classification) -> BlockKey | None:
    """The blocks of a structure; None for one of another family or that cannot be cut."""
    if classification.group == CANNABINOIDS:
        four = cannabinoid.cut(mol)
        return (CANNABINOIDS, *keys_of(four)) if four else None
    if classification.group == FENTANYLS:
        five = fentanyl.cut(mol)
        return _key(FENTANYLS, fentanyl.in_words_of(five)) if five else None
    if classification.group == NITAZENES:
        three = nitazene.cut(mol)
        return _key(NITAZENES, nitazene_fragments(three)) if three else None
    return None


def _key(kind: str, blocks: dict[str, str]) -> BlockKey:
    said = (f"{slot}: {block}" for slot, block in blocks.items() if block not in (NOTHING, "none"))
    return (kind, *sorted(said))

"""What chemistry tells of a substance on its page: its blocks, the law, and whom it resembles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from chem import control, kinship, law
from chem.anatomy import Block, blocks, described
from chem.anatomy.codename import code_name
from chem.depict import pair, svg
from chem.errors import StructureError
from chem.families import Classification, classify
from chem.identity import identify
from chem.parse import parse
from chem.similarity import fingerprint
from chem.types import Mol

PICTURE = (220, 150)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The nearest known substance of a kind, drawn beside this one with what they share."""

    kind: str
    name: str
    similarity: float
    closeness: str
    standing: str  # "Schedule I of the 1961 Convention"; "" for a medicine
    pictures: tuple[str, str]  # SVG, its titles escaped
    shared: bool  # whether there is a part to show


@dataclass(frozen=True, slots=True)
class Told:
    """What chemistry tells of one structure."""

    systematic: str  # a code name, or a description in words; "" where the blocks have no names
    blocks: tuple[Block, ...]
    law: law.Answer
    resemblances: tuple[Resemblance, ...]


def molecule(smiles: str) -> Mol | None:
    """The molecule of a substance; None for one that today's rules would not read."""
    try:
        return parse(smiles, "smiles").mol
    except StructureError:
        return None


@lru_cache(maxsize=1024)
def told(smiles: str, name: str) -> Told | None:
    """What is told of the parent `smiles`; kept, since the shared cores take some milliseconds."""
    mol = molecule(smiles)
    if mol is None:
        return None
    kind = classify(mol)
    return Told(
        systematic=systematic_name(mol, kind),
        blocks=blocks(mol, kind),
        law=law.answer(mol, identify(mol)),
        resemblances=_resemblances(mol, name),
    )


@lru_cache(maxsize=1024)
def marked(smiles: str) -> str | None:
    """The structure with the atoms marked that make its family; None where it has none."""
    mol = molecule(smiles)
    matches = classify(mol).families if mol is not None else ()
    return svg(mol, highlight=matches[0].atoms) if mol is not None and matches else None


def systematic_name(mol: Mol, kind: Classification) -> str:
    """The code name of a cannabinoid, the common name or description of an opioid, or ""."""
    return code_name(mol, kind) or described(mol, kind)


def _resemblances(mol: Mol, name: str) -> tuple[Resemblance, ...]:
    """The nearest controlled substance and the nearest medicine, where they say anything."""
    controlled, medicine = kinship.nearest_of_each(fingerprint(mol))
    found = []
    for kind, relative in (("controlled substance", controlled), ("medicine", medicine)):
        if relative is None or not relative.closeness or relative.similarity == 1:
            continue
        known = relative.substance
        both = kinship.resemblance(mol, known)
        drawn = pair(
            both.one, both.relative, both.core.pairs, size=PICTURE, titles=(name, known.name)
        )
        found.append(
            Resemblance(
                kind=kind,
                name=known.name,
                similarity=relative.similarity,
                closeness=relative.closeness,
                standing="; ".join(map(_place, control.international(known.connectivity))),
                pictures=drawn,
                shared=bool(both.core.pairs),
            )
        )
    return tuple(found)


def _place(listing: control.Listing) -> str:
    return f"Schedule {listing.schedule} of the {listing.convention} Convention"

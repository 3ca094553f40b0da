"""Cannabinoids of the THC and cyclohexylphenol kind: ring system and side chain.

They have no linker and so no code names, but their side chain varies as the tail of the others
does: hexahydrocannabinol has a pentyl, hexahydrocannabiphorol a heptyl.
"""

from __future__ import annotations

from rdkit import Chem

from ..types import Mol
from .blocknames import UNNAMED, Named, find
from .fragments import components, mapped, partition, settled
from .tails import chain

TABLE = "classical"
# The side chain stands meta to the phenol and para to the saturated ring.
_QUERY = Chem.MolFromSmarts("[CX4:1]-!@[c:2]1cc([OX2])c(-[C;r6])cc1")


def cut(mol: Mol) -> dict[str, str] | None:
    """`core` and `tail`; None when no chain stands on such a phenol."""
    mol = settled(mol)
    found = []
    for match in mol.GetSubstructMatches(_QUERY):
        at = mapped(_QUERY, match)
        tail = next(part for part in components(mol, [at[2]]) if at[1] in part)
        if len(tail & set(match)) == 1:
            core = set(range(mol.GetNumAtoms())) - tail
            found.append(partition(mol, {"core": core, "tail": tail}))
    return min(found, key=lambda parts: (parts["tail"], parts["core"])) if found else None


def names(fragments: dict[str, str]) -> dict[str, Named]:
    """What ring system and side chain are called, UNNAMED where nobody has named them."""
    tail = chain(fragments["tail"])
    side = Named("", tail.words) if tail is not UNNAMED else UNNAMED
    return {"core": find(TABLE, "core", fragments["core"]), "tail": side}

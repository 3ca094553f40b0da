"""Whether one structure contains another.

The question is a structure that somebody drew, never a pattern: a SMARTS from outside could hold a
process for as long as it likes.
"""

from __future__ import annotations

from functools import lru_cache

from rdkit import Chem

from .types import Mol


def contains(smiles: str, part: str) -> bool:
    """Whether the structure of `smiles` contains that of `part`, both canonical SMILES of ours."""
    whole, wanted = _mol(smiles), _mol(part)
    if whole is None or wanted is None:
        return False
    return bool(whole.HasSubstructMatch(wanted))


@lru_cache(maxsize=32_768)
def _mol(smiles: str) -> Mol | None:
    return Chem.MolFromSmiles(smiles)

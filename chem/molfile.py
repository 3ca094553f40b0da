"""A structure as a molfile, for those who draw or compute with it themselves."""

from __future__ import annotations

from rdkit import Chem

from .layout import laid_out
from .types import Mol

MEDIA_TYPE = "chemical/x-mdl-molfile"


def molfile(mol: Mol, name: str = "") -> str:
    """`mol` with flat coordinates as a V2000 molfile (V3000 above 999 atoms), titled `name`.

    The first line of a molfile is its title; what would break the line is left out of it.
    """
    laid = laid_out(mol)
    laid.SetProp("_Name", "".join(c if c.isprintable() else " " for c in name)[:80])
    return str(Chem.MolToMolBlock(laid))

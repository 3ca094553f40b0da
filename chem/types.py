"""Names for what RDKit leaves untyped."""

from __future__ import annotations

from typing import TypeAlias

from rdkit import Chem

Mol: TypeAlias = Chem.Mol
Query: TypeAlias = Chem.Mol  # a molecule made of SMARTS, to be looked for in others

"""Isotope labels: seen, and left out where a key must not depend on them."""

from __future__ import annotations

from rdkit import Chem

from .types import Mol

_LABELLED = Chem.MolFromSmarts("[!0*]")


def has_isotopes(mol: Mol) -> bool:
    """Whether some atom carries an isotope label."""
    return bool(mol.HasSubstructMatch(_LABELLED))


def without_isotopes(mol: Mol) -> Mol:
    """`mol` itself when it is unlabelled, else a copy with ordinary atoms for labelled ones."""
    if not has_isotopes(mol):
        return mol
    plain = Chem.Mol(mol)
    for atom in plain.GetAtoms():
        atom.SetIsotope(0)
    return Chem.RemoveHs(plain)

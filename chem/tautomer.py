"""A key shared by the tautomers of a substance, to propose merges to a curator. Never an identity.

In every tautomer of a system the mobile hydrogens and the double bonds sit on a fixed set of atoms:
those an even number of bonds from a participating N, O or S along a conjugated path (which gain and
lose hydrogen), and those an odd number away (which keep a double bond, to one side or the other).
The key is the constitution with hydrogens and bond orders pooled over that set, without stereo or
isotopes. Canonical tautomers join about as many published pairs, at ten times the time and with a
tail of seconds, and change between releases.
"""

from __future__ import annotations

import hashlib
from itertools import chain

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from .isotopes import without_isotopes
from .types import Mol, Query

# What an atom can do, read from one drawing: hold a double bond, hold a hydrogen, be a hetero end.
# Aromatic O, S and N with three neighbours hold a lone pair instead of a double bond.
_DOUBLY_BONDED = Chem.MolFromSmarts("*=,#*")
_AROMATIC = Chem.MolFromSmarts("[c,nX2,n+]")
_HYDROGENATED = Chem.MolFromSmarts("[!H0]")
_HETERO = Chem.MolFromSmarts("[#7,#8,#16,#34]")
_POOLED = 1  # the atom map number, which SMILES shows, of atoms whose hydrogens are pooled


def tautomer_key(parent: Mol) -> str:
    """Sixteen hex digits that agree for tautomers of a normalised parent.

    >>> keto, enol = map(Chem.MolFromSmiles, ("CC(=O)CC(C)=O", "CC(O)=CC(C)=O"))
    >>> tautomer_key(keto) == tautomer_key(enol)
    True
    """
    mol = parent if parent.GetNumAtoms() == parent.GetNumHeavyAtoms() else without_isotopes(parent)
    pooled = Chem.RWMol(mol)
    bonds = [
        (bond, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        for bond in map(pooled.GetBondWithIdx, range(pooled.GetNumBonds()))
    ]
    mobile = _mobile(pooled, bonds)
    for bond, first, second in bonds:
        if first in mobile or second in mobile:
            bond.SetBondType(Chem.BondType.SINGLE)
            bond.SetIsAromatic(False)
            for index in (first, second):
                if index not in mobile:
                    pooled.GetAtomWithIdx(index).SetIsAromatic(False)
    for index in mobile:
        atom = pooled.GetAtomWithIdx(index)
        atom.SetAtomMapNum(_POOLED)
        atom.SetIsAromatic(False)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(0)
    skeleton = Chem.MolToSmiles(pooled, isomericSmiles=False)
    text = f"{skeleton} {rdMolDescriptors.CalcMolFormula(mol)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16].upper()


def _mobile(mol: Mol, bonds: list[tuple[Chem.Bond, int, int]]) -> set[int]:
    """The atoms over which hydrogens and double bonds are pooled."""
    neighbours: list[list[int]] = [[] for _ in range(mol.GetNumAtoms())]
    for _, first, second in bonds:
        neighbours[first].append(second)
        neighbours[second].append(first)
    unsaturated = _atoms(mol, _DOUBLY_BONDED) | _atoms(mol, _AROMATIC)
    able = unsaturated | _atoms(mol, _HYDROGENATED)
    even = {
        index
        for index in _atoms(mol, _HETERO) & able
        if not unsaturated.isdisjoint(neighbours[index])
    }
    odd: set[int] = set()
    reached = list(even)
    while reached:
        for between in neighbours[reached.pop()]:
            if between in odd or between not in unsaturated:
                continue
            odd.add(between)
            for beyond in neighbours[between]:
                if beyond not in even and beyond in able:
                    even.add(beyond)
                    reached.append(beyond)
    return even | odd


def _atoms(mol: Mol, query: Query) -> set[int]:
    """All atoms in any match of `query`."""
    limit = mol.GetNumAtoms() + mol.GetNumBonds()
    return set(chain.from_iterable(mol.GetSubstructMatches(query, maxMatches=limit)))

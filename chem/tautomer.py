"""A key shared by the tautomers of a substance, to propose merges to a curator. Never an identity.

In every tautomer of a system the mobile hydrogens and the double bonds sit on a fixed set of atoms:
those an even number of bonds from a participating N, O or S along a conjugated path (which gain and
lose hydrogen), and those an odd number away (which keep a double bond, to one side or the other).
The key is the constitution with hydrogens and bond orders pooled over that set, without stereo or
isotopes. Canonical tautomers join about as many published pairs, at ten times the time and with a
tail of seconds, and change between releases.
"""

from __future__ import annotations

import base64
import hashlib

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from .isotopes import without_isotopes
from .types import Mol, Query

# One drawing decides what an atom can do: hold a double bond, hold a hydrogen, or be a hetero end.
# Aromatic O, S and N with three neighbours hold a lone pair instead of a double bond.
_UNSATURATED = Chem.MolFromSmarts("[$(*=,#*),c,$([nX2]),$([n+]),$(a=*)]")
_HYDROGENATED = Chem.MolFromSmarts("[!H0]")
_HETERO = Chem.MolFromSmarts("[#7,#8,#16,#34]")
_POOLED = 1  # a mark that SMILES shows, on atoms whose hydrogens are pooled


def tautomer_key(parent: Mol) -> str:
    """Sixteen letters that agree for tautomers of a normalised parent.

    >>> keto, enol = map(Chem.MolFromSmiles, ("CC(=O)CC(C)=O", "CC(O)=CC(C)=O"))
    >>> tautomer_key(keto) == tautomer_key(enol)
    True
    """
    pooled = Chem.RWMol(without_isotopes(parent))
    formula = rdMolDescriptors.CalcMolFormula(pooled)
    Chem.RemoveStereochemistry(pooled)
    neighbours = _neighbours(pooled)
    mobile = _mobile(pooled, neighbours)
    for index in mobile:
        atom = pooled.GetAtomWithIdx(index)
        atom.SetIsotope(_POOLED)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(0)
        atom.SetIsAromatic(False)
        for other in neighbours[index]:
            bond = pooled.GetBondBetweenAtoms(index, other)
            bond.SetIsAromatic(False)
            bond.SetBondType(Chem.BondType.SINGLE)
            if other not in mobile:
                pooled.GetAtomWithIdx(other).SetIsAromatic(False)
    text = f"{Chem.MolToSmiles(pooled)} {formula}"
    return base64.b32encode(hashlib.sha256(text.encode()).digest())[:16].decode()


def _mobile(mol: Mol, neighbours: list[list[int]]) -> set[int]:
    """The atoms over which hydrogens and double bonds are pooled."""
    unsaturated = _atoms(mol, _UNSATURATED)
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
    return {match[0] for match in mol.GetSubstructMatches(query, maxMatches=mol.GetNumAtoms() + 1)}


def _neighbours(mol: Mol) -> list[list[int]]:
    lists: list[list[int]] = [[] for _ in range(mol.GetNumAtoms())]
    for index in range(mol.GetNumBonds()):
        bond = mol.GetBondWithIdx(index)
        first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        lists[first].append(second)
        lists[second].append(first)
    return lists

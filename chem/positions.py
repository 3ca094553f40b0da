"""What is left of a structure when nobody knows where its groups sit.

Positional isomers (2-, 3- and 4-methylmethcathinone; ortho-, meta- and para-fluorofentanyl) give
nearly the same mass spectra. They are told by what they share: the same pieces once every group
has come off its aromatic ring and every halogen off its chain.
"""

from __future__ import annotations

from rdkit import Chem

from .types import Mol

_HALOGENS = frozenset({9, 17, 35, 53})


def without_positions(mol: Mol) -> str:
    """The pieces of `mol` as one SMILES: the same for isomers that differ in positions only.

    >>> one, other, chain = map(Chem.MolFromSmiles, (
    ...     "CNC(C)C(=O)c1ccc(C)cc1", "CNC(C)C(=O)c1cccc(C)c1", "CCNC(C)C(=O)c1ccccc1"))
    >>> without_positions(one) == without_positions(other)
    True
    >>> without_positions(one) == without_positions(chain)
    False
    """
    pieces = Chem.RWMol(mol)
    Chem.RemoveStereochemistry(pieces)
    loose = [bond for bond in pieces.GetBonds() if _holds_a_group(bond)]
    ends = [(bond.GetBeginAtom(), bond.GetEndAtom()) for bond in loose]
    for one, other in ends:
        pieces.RemoveBond(one.GetIdx(), other.GetIdx())
        for atom in (one, other):
            if atom.GetNoImplicit() or (atom.GetIsAromatic() and atom.GetAtomicNum() != 6):
                atom.SetNumExplicitHs(atom.GetNumExplicitHs() + 1)
    try:
        Chem.SanitizeMol(pieces)
    except Chem.MolSanitizeException:  # charged rings that do not stand alone
        return str(Chem.MolToSmiles(mol, isomericSmiles=False))
    return str(Chem.MolToSmiles(pieces))


def _holds_a_group(bond: Chem.Bond) -> bool:
    """Whether a bond ties a group to an aromatic ring, or a halogen to anything."""
    if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
        return False
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    return any(atom.GetIsAromatic() or atom.GetAtomicNum() in _HALOGENS for atom in ends)

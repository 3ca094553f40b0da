"""The keys of a parent: what makes two records the same substance.

A substance is its `connectivity`, the first block of the InChIKey, or one of the few variants that
regulators treat apart. The canonical tautomer is never the identity: it erases stereo centres and
moves between releases. `tautomer_key` stands beside it for grouping only.
"""

from __future__ import annotations

from dataclasses import dataclass

import rdkit
from rdkit import Chem
from rdkit.Chem import rdinchi, rdMolDescriptors

from .errors import StructureError
from .isotopes import has_isotopes, without_isotopes
from .tautomer import tautomer_key
from .types import Mol
from .variants import substance_key, variants_beside

__all__ = ["RDKIT_VERSION", "RULESET", "Identity", "identify", "inchikey_of", "tautomer_key"]

RULESET = "2026.11.2"
RDKIT_VERSION: str = rdkit.__version__


@dataclass(frozen=True, slots=True)
class Identity:
    """What a parent is called by machines; `mass` is the monoisotopic mass in daltons.

    `key` names the substance: the connectivity, and for a variant that regulators treat apart the
    stereo block of the InChIKey after it.
    """

    smiles: str
    inchikey: str
    connectivity: str
    key: str
    formula: str
    mass: float


def identify(parent: Mol) -> Identity:
    """The identity of a normalised parent.

    Raises StructureError("no_identity") for the rare structure that InChI cannot express.

    >>> identify(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1")).connectivity
    'YELGFTGWJGBAQU'
    """
    smiles: str = Chem.MolToSmiles(parent)
    inchikey = inchikey_of(parent)
    if not inchikey:
        raise StructureError(
            "no_identity",
            "no InChI can be written for this structure; check charges and bonds",
            smiles,
        )
    return Identity(
        smiles=smiles,
        inchikey=inchikey,
        connectivity=inchikey[:14],
        key=_key(parent, inchikey),
        formula=rdMolDescriptors.CalcMolFormula(parent),
        mass=round(rdMolDescriptors.CalcExactMolWt(parent), 5),
    )


def _key(parent: Mol, inchikey: str) -> str:
    """The substance key; an isotope label, which is in the stereo block too, does not change it."""
    key = substance_key(inchikey)
    if key == inchikey[:14] and variants_beside(key) and has_isotopes(parent):
        return substance_key(inchikey_of(without_isotopes(parent)))
    return key


def flat(parent: Mol) -> Identity:
    """The identity of the bare connectivity, without stereo and isotopes.

    What a substance is shown as when only samples are known: no sample's detail is in it.
    """
    plain = without_isotopes(parent)
    Chem.RemoveStereochemistry(plain)
    return identify(plain)


def inchikey_of(mol: Mol) -> str:
    """The standard InChIKey of `mol`, or "" where InChI cannot express it."""
    return str(rdinchi.MolToInchiKey(mol))

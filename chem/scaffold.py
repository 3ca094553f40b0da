"""The ring framework of a structure, and the cluster it falls into.

A framework alone would make strangers of relatives (furanylfentanyl and fentanyl) and relatives of
strangers (mephedrone and lidocaine are both benzene), so a cluster is a family first and a
framework second. Its key comes from the structure only and never changes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem

from .families import Classification, family_named
from .isotopes import without_isotopes
from .types import Mol

# Frameworks too common to say anything: one benzene, pyridine, thiophene, furan or cyclohexane,
# alone or with the methylenedioxy bridge.
_COMMONPLACE = frozenset(
    {
        "",
        "c1ccccc1",
        "c1ccncc1",
        "c1ccsc1",
        "c1ccoc1",
        "C1CCCCC1",
        "O=C1CCCCC1",
        "c1ccc2c(c1)OCO2",
    }
)
_EXOCYCLIC = Chem.MolFromSmarts("[!#6;D1;!R]=*")
_NO_FAMILY = "none"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Rings and the chains between them, stereo-free; "" for a molecule without rings.

    `framework` keeps the doubly bonded atoms on it (a lactam stays a lactam); `murcko` is without
    them. `degenerate`: too commonplace to group by.
    """

    framework: str
    degenerate: bool

    @property
    def murcko(self) -> str:
        """The plain Bemis-Murcko scaffold."""
        return _bare(self.framework)


def scaffold(mol: Mol) -> Scaffold:
    """The scaffold of a normalised parent.

    >>> scaffold(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1")).murcko
    'c1ccccc1'
    """
    framework = _plain_smiles(Chem.MurckoDecompose(mol))
    return Scaffold(framework, framework in _COMMONPLACE)


def cluster_key(mol: Mol, classification: Classification, ring: Scaffold | None = None) -> str:
    """The cluster of `mol`: "family:" and eight hex digits of its framework.

    Without family a commonplace scaffold says nothing, so such a molecule stands alone: the digits
    are then those of its whole constitution. `ring` spares computing the scaffold again.
    """
    ring = ring or scaffold(mol)
    family = classification.family or _NO_FAMILY
    basis = ring.framework
    if ring.degenerate and not classification.family:
        basis = f"alone {Chem.MolToSmiles(without_isotopes(mol), isomericSmiles=False)}"
    digest = hashlib.sha256(f"{family} {basis}".encode()).hexdigest()[:8]
    return f"{family}:{digest}"


def cluster_reason(mol: Mol, classification: Classification, ring: Scaffold | None = None) -> str:
    """One sentence on why a molecule is in its cluster."""
    ring = ring or scaffold(mol)
    frame = f"ring framework {ring.framework}" if ring.framework else "no ring"
    family = family_named(classification.family)
    if family is not None:
        return f"Core of the family \u201c{family.name}\u201d; {frame}."
    if ring.degenerate:
        return f"No known family, and {frame} is too common to group by: it stands alone."
    return f"No known family; grouped by its {frame}."


def _plain_smiles(mol: Mol) -> str:
    return str(Chem.MolToSmiles(without_isotopes(mol), isomericSmiles=False))


@lru_cache(maxsize=4096)
def _bare(framework: str) -> str:
    """A framework without the atoms doubly bonded onto it, where a sound molecule remains."""
    whole = Chem.MolFromSmiles(framework)
    bare = Chem.RWMol(whole)
    doubled = {match[0] for match in whole.GetSubstructMatches(_EXOCYCLIC)}
    for index in sorted(doubled, reverse=True):
        bare.RemoveAtom(index)
    try:
        Chem.SanitizeMol(bare)
    except Chem.MolSanitizeException:  # a pyridone's ring is not aromatic without its oxygen
        return framework
    return str(Chem.MolToSmiles(bare))

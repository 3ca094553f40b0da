"""Esters and ethers of listed drugs, by structure: the one clause that reaches beyond a listing.

Each drug with a free hydroxyl becomes a query in which only the oxygen of that hydroxyl may carry
more than the drug has. What a match leaves over must hang on such oxygens, and the atom that it
hangs by says ester or ether. Most molecules are turned away by size and by four common skeletons.

Glycosides and other groups bound through silicon or boron are neither ester nor ether here; an
enol has no hydroxyl in the drawing of its ketone, so its esters are not found unless listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdqueries

from .identity import inchikey_of
from .types import Mol, Query

ESTER = "ester"
ETHER = "ether"
MIXED = "ester and ether"

_OXYGEN = 8
_MOST_HEAVY_ATOMS = 80
_MOST_MATCHES = 8  # morphine has one; a dimer two
_HYDROXYL = Chem.MolFromSmarts("[OX2H1][#6]")
_ACID = Chem.MolFromSmarts("[OX2H1][CX3]=O")
_COVERED_OXYGEN = Chem.MolFromSmarts("[OX2H0;!R]([#6])[#6,#15,#16]")
# One of these is in each hydroxylated drug of the 1961 Schedule I; a drug without one is refused.
_SKELETONS = tuple(
    Chem.MolFromSmarts(text)
    for text in (
        "c1ccc2c(c1)CC1NCCC2C1",  # benzomorphan, so also morphinan
        "c1ccccc1C([#6])([#6])CCN",  # 4-phenylpiperidine and the diphenylpropylamines
        "c1ccccc1N(C=O)C1CCNCC1",  # fentanyl
        "C1CC2CCC(C1)N2",  # tropane
    )
)


@dataclass(frozen=True, slots=True)
class Derivative:
    """What a molecule is a derivative of: the kind, and the drug's full InChIKey as drawn."""

    kind: str  # ESTER, ETHER or MIXED
    of: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    query: Query
    skeleton: int
    heavy_atoms: int
    open_oxygens: frozenset[int]
    acid_oxygens: frozenset[int]


class Derivatives:
    """Recognises the esters and ethers of a set of drugs; those without hydroxyl are passed over.

    Raises ValueError for a hydroxylated drug that has none of the skeletons.
    """

    def __init__(self, drugs: Iterable[Mol]) -> None:
        patterns = [_pattern(drug) for drug in drugs if has_hydroxyl(drug)]
        self._least = 1 + min((pattern.heavy_atoms for pattern in patterns), default=0)
        self._by_skeleton: dict[int, list[_Pattern]] = {}
        for pattern in patterns:
            self._by_skeleton.setdefault(pattern.skeleton, []).append(pattern)

    def of(self, parent: Mol) -> tuple[Derivative, ...]:
        """The drugs that `parent` may be an ester or ether of; plain ones before mixed ones.

        A derivative that is both at once is told only when it is no plain one of another drug.
        """
        size = parent.GetNumHeavyAtoms()
        if not self._least <= size <= _MOST_HEAVY_ATOMS:
            return ()
        if not parent.HasSubstructMatch(_COVERED_OXYGEN):
            return ()
        found: dict[Derivative, None] = {}
        for number, patterns in self._by_skeleton.items():
            if parent.HasSubstructMatch(_SKELETONS[number]):
                for pattern in patterns:
                    if pattern.heavy_atoms < size:
                        found |= dict.fromkeys(_derivatives(parent, pattern))
        plain = tuple(one for one in found if one.kind != MIXED)
        return plain or tuple(found)


def has_hydroxyl(mol: Mol) -> bool:
    """Whether a molecule has an alcohol, phenol or acid whose hydrogen a group could replace."""
    return bool(mol.HasSubstructMatch(_HYDROXYL))


def _pattern(drug: Mol) -> _Pattern:
    """The query for the derivatives of a drug."""
    flat = Chem.Mol(drug)
    Chem.RemoveStereochemistry(flat)
    oxygens = frozenset(match[0] for match in flat.GetSubstructMatches(_HYDROXYL))
    query = Chem.MolFromSmarts(Chem.MolToSmarts(flat))
    for atom in flat.GetAtoms():
        if (index := atom.GetIdx()) not in oxygens:
            degree = rdqueries.ExplicitDegreeEqualsQueryAtom(atom.GetDegree())
            query.GetAtomWithIdx(index).ExpandQuery(degree)
    acids = frozenset(match[0] for match in flat.GetSubstructMatches(_ACID))
    return _Pattern(query, _skeleton(flat), flat.GetNumHeavyAtoms(), oxygens, acids)


def _skeleton(drug: Mol) -> int:
    for number, skeleton in enumerate(_SKELETONS):
        if drug.HasSubstructMatch(skeleton):
            return number
    raise ValueError(f"none of the skeletons is in {Chem.MolToSmiles(drug)}")


def _derivatives(parent: Mol, pattern: _Pattern) -> list[Derivative]:
    found = []
    for match in parent.GetSubstructMatches(pattern.query, maxMatches=_MOST_MATCHES):
        kinds = _kinds(parent, match, pattern)
        if kinds:
            kind = kinds.pop() if len(kinds) == 1 else MIXED
            found.append(Derivative(kind, _uncovered(parent, frozenset(match))))
    return found


def _kinds(parent: Mol, match: tuple[int, ...], pattern: _Pattern) -> set[str]:
    """How the groups beyond the drug are bound; empty when one is neither ester nor ether."""
    inside = frozenset(match)
    kinds: set[str] = set()
    for place in pattern.open_oxygens:
        for neighbour in parent.GetAtomWithIdx(match[place]).GetNeighbors():
            if neighbour.GetIdx() in inside:
                continue
            kind = _kind(neighbour, match[place], of_acid=place in pattern.acid_oxygens)
            if kind is None:
                return set()
            kinds.add(kind)
    return kinds


def _kind(atom: Chem.Atom, oxygen: int, *, of_acid: bool) -> str | None:
    """Ester or ether, by the first atom of the group on a drug's oxygen; None for neither."""
    is_acyl = any(
        bond.GetBondType() == Chem.BondType.DOUBLE
        and bond.GetOtherAtom(atom).GetAtomicNum() in (8, 16)
        for bond in atom.GetBonds()
    )
    if atom.GetAtomicNum() in (15, 16):
        return ESTER if is_acyl and not of_acid else None
    if atom.GetAtomicNum() != 6:
        return None
    if of_acid:
        return None if is_acyl else ESTER  # an acid's acyl derivative is an anhydride
    if is_acyl:
        return ESTER
    return None if _is_glycosidic(atom, oxygen) else ETHER


def _is_glycosidic(atom: Chem.Atom, oxygen: int) -> bool:
    return any(
        other.GetAtomicNum() == 8 and other.IsInRing()
        for other in atom.GetNeighbors()
        if other.GetIdx() != oxygen
    )


def _uncovered(parent: Mol, inside: frozenset[int]) -> str:
    """The InChIKey of the drug inside `parent`, its hydroxyls free again, its stereo as drawn."""
    drug = Chem.RWMol(parent)
    drug.BeginBatchEdit()
    for index in range(parent.GetNumAtoms()):
        if index not in inside:
            drug.RemoveAtom(index)
    drug.CommitBatchEdit()
    for atom in drug.GetAtoms():
        if atom.GetAtomicNum() == _OXYGEN:  # one that was drawn with its hydrogens told takes none
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    Chem.SanitizeMol(drug)
    return inchikey_of(drug)

"""How large and how intricate a structure may be, told before the steps that would dwell on it.

Size alone does not tell. Three things cost time beyond measure, all of them cheap to count first:

- rings to choose from: a belt of twelve benzene rings has thirteen rings and 4,108 ways of least
  length to go round it, and with twenty the memory is gone;
- rings fused into one another, over which aromaticity tries every combination;
- arrangements: where many parts are alike but for their hydrogens, labels or stereo, InChI tries
  the parts in every order. A dendrimer of seventy atoms with scattered 13C held it for
  longer than anyone would wait.

So a text that may hold many rings is read without perception first, and what is beyond a limit
never reaches the expensive step. Each limit lies well above the largest medicines and natural
products that are single molecules; the examples beside them are measured.
"""

from __future__ import annotations

from itertools import count
from math import log2

from rdkit import Chem

from .counterions import METAL
from .errors import StructureError
from .types import Mol

MAX_HEAVY_ATOMS = 250  # salmon calcitonin has 239, vancomycin 101
MAX_FRAGMENTS = 20
MAX_RINGS = 30  # independent rings; a mixture of ergot alkaloids has 22, vinblastine 9
MAX_FUSED_RINGS = 18  # of those, in one system; a dimer of phthalocyanines has 17
MAX_RING_CHOICES = 300  # least rings to choose from; sugammadex has 264, a steroid 4
MAX_STEREO_MARKS = 64  # in one molecule; gamma-cyclodextrin has 40
MAX_ARRANGEMENTS = 9  # as a power of two; of a hundred thousand PubChem compounds one has 8

# Fewer rings than this cannot offer more choices than allowed: the worst, a belt whose rings can
# each be passed on either side, doubles the choices with each ring.
_HARMLESS_RINGS = 9
# In a smaller fragment InChI finds its way among any arrangements within 10 ms.
_HARMLESS_ATOMS = 32

_REMEDY = "report it by its name, or draw the part that matters"
_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_CARBON = 6


def smiles_may_be_intricate(text: str) -> bool:
    """Whether a SMILES has digits enough to close more rings than are harmless (two for each)."""
    return len(text) - len(text.translate(_NO_DIGITS)) > 2 * _HARMLESS_RINGS


def refuse_unbearable(mol: Mol) -> None:
    """Raise StructureError beyond a limit of size or rings; `mol` need not be sanitised."""
    refuse_unsized(mol)
    rings = mol.GetNumBonds() - mol.GetNumAtoms() + len(Chem.GetMolFrags(mol))
    if rings > MAX_RINGS:
        raise StructureError(
            "too_many_rings",
            f"the structure has {rings} rings; at most {MAX_RINGS} are read; {_REMEDY}",
        )
    if rings > _HARMLESS_RINGS:
        _refuse_tangled(mol)


def refuse_unsized(mol: Mol, *, in_one_piece: bool = False) -> None:
    """Raise StructureError for no atoms, or more atoms or parts than are read."""
    if not mol.GetNumAtoms():
        raise StructureError("no_atoms", "the structure has no atoms; draw the substance")
    heavy = mol.GetNumHeavyAtoms()
    if heavy > MAX_HEAVY_ATOMS:
        raise too_many_atoms(heavy)
    if not in_one_piece and (parts := len(Chem.GetMolFrags(mol))) > MAX_FRAGMENTS:
        raise too_many_fragments(parts)


def too_many_atoms(heavy: int) -> StructureError:
    """The error for more heavy atoms than are read."""
    return StructureError(
        "too_many_atoms",
        f"the structure has {heavy} heavy atoms; at most {MAX_HEAVY_ATOMS} are read; {_REMEDY}",
    )


def too_many_fragments(parts: int) -> StructureError:
    """The error for more separate parts than are read."""
    return StructureError(
        "too_many_fragments",
        f"the structure has {parts} parts; at most {MAX_FRAGMENTS} are read; "
        "send the substances one by one",
    )


def _refuse_tangled(mol: Mol) -> None:
    """Raise for too many rings in one system, or too many least rings to choose from."""
    Chem.FindRingFamilies(mol, includeDativeBonds=True)
    info = mol.GetRingInfo()
    fused = max(_system_sizes(mol, info.BondRingFamilies()), default=0)
    if fused > MAX_FUSED_RINGS:
        raise StructureError(
            "too_many_rings",
            f"the structure has {fused} rings in one system; at most {MAX_FUSED_RINGS} are read; "
            f"{_REMEDY}",
        )
    choices = int(info.NumRelevantCycles())
    if choices > MAX_RING_CHOICES:
        raise StructureError(
            "too_intricate",
            f"the rings of the structure can be chosen in {choices:,} ways; "
            f"at most {MAX_RING_CHOICES} are read; {_REMEDY}",
        )


def _system_sizes(mol: Mol, families: tuple[tuple[int, ...], ...]) -> list[int]:
    """The number of independent rings in each system of rings that share a bond or an atom."""
    ring_bonds = {bond for family in families for bond in family}
    group: dict[int, int] = {}

    def root(atom: int) -> int:
        while group.setdefault(atom, atom) != atom:
            atom = group[atom]
        return atom

    closing: list[int] = []
    for index in ring_bonds:
        bond = mol.GetBondWithIdx(index)
        first, second = root(bond.GetBeginAtomIdx()), root(bond.GetEndAtomIdx())
        if first == second:
            closing.append(first)
        group[first] = second
    sizes: dict[int, int] = {}
    for atom in closing:
        sizes[root(atom)] = sizes.get(root(atom), 0) + 1
    return list(sizes.values())


def refuse_arrangements(mol: Mol, marks: int | None = None) -> None:
    """Raise StructureError where InChI would try too many orders of parts that are nearly alike.

    InChI numbers the bare skeleton first, then looks among all its equal numberings for the one
    that puts hydrogens, labels and stereo best. So what counts is how many more symmetries the
    skeleton has than the molecule: none for benzene or a polymer of one unit, one for a chiral
    molecule on a symmetric skeleton. Stereo marks add to the work at each. `marks` is their number
    where `mol` does not carry them.
    """
    if mol.GetNumHeavyAtoms() < _HARMLESS_ATOMS:
        return
    for fragment in Chem.GetMolFrags(_without_metal_bonds(mol), asMols=True, sanitizeFrags=False):
        if fragment.GetNumHeavyAtoms() < _HARMLESS_ATOMS:
            continue
        stereo = _stereo_marks(fragment) if marks is None else marks
        if stereo > MAX_STEREO_MARKS:
            raise StructureError(
                "too_intricate",
                f"the structure has {stereo} stereo marks; at most {MAX_STEREO_MARKS} are read; "
                "leave them out",
            )
        if _arrangements(fragment) + log2(1 + stereo / 4) > MAX_ARRANGEMENTS:
            raise StructureError(
                "too_intricate",
                "the structure has too many parts that are alike but for hydrogens, isotopes or "
                f"stereo; leave out labels and stereo marks, or {_REMEDY}",
            )


def _stereo_marks(mol: Mol) -> int:
    centres = sum(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in mol.GetAtoms())
    bonds = sum(bond.GetStereo() > Chem.BondStereo.STEREOANY for bond in mol.GetBonds())
    return int(centres + bonds)


def _arrangements(fragment: Mol) -> float:
    """The symmetries of the skeleton that the molecule lacks, as a power of two.

    Found by fixing one atom after another on which the two disagree, until they agree; counting
    stops beyond the limit.
    """
    skeleton = _skeleton(fragment)
    shapes = _ranks(skeleton)
    if len(set(shapes)) == len(shapes):
        return 0.0
    molecule = _molecule(fragment)
    power = 0.0
    for mark in count(1):
        kinds = _ranks(molecule)
        atom = _unlike(shapes, kinds)
        if atom is None or power > MAX_ARRANGEMENTS:
            break
        power += log2(max(shapes.count(shapes[atom]) / kinds.count(kinds[atom]), 1))
        skeleton.GetAtomWithIdx(atom).SetAtomMapNum(mark)
        molecule.GetAtomWithIdx(atom).SetAtomMapNum(mark)
        shapes = _ranks(skeleton)
    return power


def _ranks(mol: Mol) -> list[int]:
    """A number for each atom, the same for those that cannot be told apart."""
    return list(Chem.CanonicalRankAtoms(mol, breakTies=False, includeAtomMaps=True))


def _unlike(shapes: list[int], kinds: list[int]) -> int | None:
    """An atom whose place in the skeleton is shared by atoms of another kind."""
    kind_of: dict[int, int] = {}
    for atom, (shape, kind) in enumerate(zip(shapes, kinds, strict=True)):
        if kind_of.setdefault(shape, kind) != kind:
            return atom
    return None


def _skeleton(fragment: Mol) -> Mol:
    """Elements and which atom is bonded to which: all that InChI's first numbering sees."""
    bare = Chem.RWMol(fragment)
    Chem.RemoveStereochemistry(bare)
    for bond in bare.GetBonds():
        bond.SetBondType(Chem.BondType.SINGLE)
        bond.SetIsAromatic(False)
    for atom in bare.GetAtoms():
        atom.SetIsotope(0)
        _undress(atom, 0)
    return _perceived(bare)


def _molecule(fragment: Mol) -> Mol:
    """The molecule as InChI sees it: which of two like oxygens bears the hydrogen is no matter."""
    loose = Chem.RWMol(fragment)
    for atom in loose.GetAtoms():
        hydrogens = atom.GetTotalNumHs()
        if atom.GetDegree() == 1 and atom.GetAtomicNum() != _CARBON:
            hydrogens = 0
            atom.GetBonds()[0].SetBondType(Chem.BondType.SINGLE)
        _undress(atom, hydrogens)
        atom.SetAtomMapNum(0)
    return _perceived(loose)


def _undress(atom: Chem.Atom, hydrogens: int) -> None:
    atom.SetFormalCharge(0)
    atom.SetNumRadicalElectrons(0)
    atom.SetIsAromatic(False)
    atom.SetNoImplicit(True)
    atom.SetNumExplicitHs(hydrogens)


def _perceived(mol: Chem.RWMol) -> Mol:
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    return mol


def _without_metal_bonds(mol: Mol) -> Mol:
    """`mol` as InChI reads it, which cuts metals off before anything else."""
    metals = {match[0] for match in mol.GetSubstructMatches(METAL)}
    if not metals:
        return mol
    apart = Chem.RWMol(mol)
    for metal in metals:
        for neighbour in apart.GetAtomWithIdx(metal).GetNeighbors():
            apart.RemoveBond(metal, neighbour.GetIdx())
    return apart

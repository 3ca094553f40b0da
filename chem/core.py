"""The part that two structures share, for showing why one resembles the other."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdFMCS

from .families import classify, family_named
from .isotopes import without_isotopes
from .types import Mol

MAX_ATOMS = 80  # heavy atoms of one structure; larger ones are compared by family only
MAX_STEPS = 30_000  # of the search, about half a second; counted, so that it ends alike everywhere
LEAST_ATOMS = 5  # fewer say nothing: any two amines share C-N-C


@dataclass(frozen=True, slots=True)
class Core:
    """A connected part of two structures: its SMARTS, and its atoms in each, in the same order.

    `basis`: "common" for the largest part found; "family" for the core of a family they both
    belong to; "" when there is nothing to show, and all else is empty.
    """

    smarts: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    basis: str

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """An atom of the first and the one of the second that lies on it, each."""
        return tuple(zip(self.first, self.second, strict=True))


NO_CORE = Core("", (), (), "")


def shared_core(one: Mol, other: Mol, most_steps: int = MAX_STEPS) -> Core:
    """The largest connected part that two parents share, rings whole and isotopes apart.

    The search ends after `most_steps`: of large and similar structures it may be a little less than
    the largest. Where it finds less than the core of a family of both, that core is given.
    """
    common, family = _common(one, other, most_steps), _of_family(one, other)
    return max(common, family, key=lambda core: len(core.first))


def _common(one: Mol, other: Mol, most_steps: int) -> Core:
    if max(one.GetNumHeavyAtoms(), other.GetNumHeavyAtoms()) > MAX_ATOMS:
        return NO_CORE
    pair = [without_isotopes(one), without_isotopes(other)]
    bounded = _Bounded(most_steps)  # kept alive here: RDKit does not
    found = rdFMCS.FindMCS(pair, _parameters(bounded))
    if found.numAtoms < LEAST_ATOMS:
        return NO_CORE
    first, second = (tuple(mol.GetSubstructMatch(found.queryMol)) for mol in pair)
    return Core(found.smartsString, first, second, "common") if first and second else NO_CORE


def _of_family(one: Mol, other: Mol) -> Core:
    """The pattern of the best common family that matches both."""
    others = {match.family for match in classify(other).families}
    for match in classify(one).families:
        family = family_named(match.family) if match.family in others else None
        for query in family.any if family else ():
            first, second = one.GetSubstructMatch(query), other.GetSubstructMatch(query)
            if first and second:
                return Core(Chem.MolToSmarts(query), tuple(first), tuple(second), "family")
    return NO_CORE


class _Bounded(rdFMCS.MCSProgress):
    """Ends the search after a number of steps, with what was found by then."""

    def __init__(self, most_steps: int) -> None:
        super().__init__()
        self.left = most_steps

    def __call__(self, _stat: object, _parameters: object) -> bool:
        self.left -= 1
        return self.left > 0


def _parameters(bounded: _Bounded) -> rdFMCS.MCSParameters:
    parameters = rdFMCS.MCSParameters()
    parameters.AtomCompareParameters.RingMatchesRingOnly = True
    parameters.BondCompareParameters.RingMatchesRingOnly = True
    parameters.BondCompareParameters.CompleteRingsOnly = True
    parameters.ProgressCallback = bounded
    return parameters

"""Whether, and how, a structure is controlled: by name, by the wording of a class, or not.

Joins the schedules of the international conventions (`control`) and the generic definitions of
national law (`generics`) into one answer with its reasons. Indicative, not legal advice.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import control, generics
from .errors import StructureError
from .generics import BY_CLAUSE, BY_NAME, IN, NOTICE, OUT, UNDETERMINED, GenericRuling
from .identity import Identity, identify
from .parse import parse
from .types import Mol

__all__ = [
    "BY_CLAUSE",
    "BY_NAME",
    "NOTICE",
    "UNCONTROLLED",
    "UNDETERMINED",
    "Answer",
    "answer",
    "answer_for",
]

UNCONTROLLED = "not controlled"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the schedules and the generic definitions that are known here say of a structure.

    `generic` leaves out definitions whose skeleton is absent; those that come out as "out" are in
    it, so that a reader sees what was considered.
    """

    international: tuple[control.Ruling, ...]
    generic: tuple[GenericRuling, ...]

    @property
    def status(self) -> str:
        """The strongest of the rulings: BY_NAME, BY_CLAUSE, UNDETERMINED or UNCONTROLLED.

        The schedules' clauses on salts, isomers, esters and ethers count as by name; so does a
        list of names that a generic definition refers to.
        """
        outcomes = {ruling.outcome for ruling in self.generic}
        certain = any(ruling.certain for ruling in self.international)
        if certain or any(ruling.named for ruling in self.generic):
            return BY_NAME
        if IN in outcomes:
            return BY_CLAUSE
        return UNDETERMINED if self.international or UNDETERMINED in outcomes else UNCONTROLLED

    @property
    def applying(self) -> tuple[GenericRuling, ...]:
        """The rulings of national law that do or may apply, by wording or by a list of names."""
        return tuple(one for one in self.generic if one.named or one.outcome != OUT)

    @property
    def considered(self) -> tuple[GenericRuling, ...]:
        """Those that touch the structure and do not apply."""
        return tuple(one for one in self.generic if not one.named and one.outcome == OUT)


def answer_for(smiles: str) -> Answer | None:
    """What law says of a parent held as SMILES; None when today's rules would not read it."""
    try:
        parent = parse(smiles, "smiles").mol
        return answer(parent, identify(parent))
    except StructureError:
        return None


def answer(parent: Mol, identity: Identity) -> Answer:
    """What law says of a normalised parent with that identity; never raises.

    >>> from rdkit import Chem
    >>> from .identity import identify
    >>> caffeine = Chem.MolFromSmiles("Cn1c(=O)c2c(ncn2C)n(C)c1=O")
    >>> answer(caffeine, identify(caffeine)).status
    'not controlled'
    """
    return Answer(
        control.rulings(parent, identity.connectivity, identity.inchikey),
        generics.rulings(parent, connectivity=identity.connectivity),
    )

"""Which of its names a substance goes by. The rules, in one place.

    chosen      a curator chose it, and said why; nothing changes it but an act of a curator
    inn         an international nonproprietary name of WHO
    listed      the name in documents of WHO or the UN: the schedules, or an ECDD review
    shipped     the name under which the knowledge base holds it, from the source it states
    common      a name that a curator said means it
    reported    what clear reports call it most often; never what was written under restriction
    systematic  named from its building blocks
    unnamed     "Unnamed nitazene, C22H26N4O3"

A substance that the knowledge base ships bears the name its files give, which follow these rules.
For all others the rules are asked whenever names move to it or from it, and when a curator says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from app.registry.names import CURATOR


class Basis(IntEnum):
    """Why a substance bears its name, the strongest first."""

    CHOSEN = 0
    INN = 1
    LISTED = 2
    SHIPPED = 3
    COMMON = 4
    REPORTED = 5
    SYSTEMATIC = 6
    UNNAMED = 7

    @property
    def word(self) -> str:
        """The word people read."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that a substance could bear; `weight` tells among equals (reports that use it)."""

    name: str
    basis: Basis
    weight: int = 0


DOCUMENTS = ("WHO ECDD", "UN schedules", "INCB")


def basis_of(source: str) -> Basis:
    """Why a held name would be borne, by who vouches for it.

    >>> basis_of("WHO INN; structure compiled").word
    'inn'
    """
    if "WHO INN" in source:
        return Basis.INN
    if source.startswith(CURATOR):
        return Basis.COMMON
    if any(document in source for document in DOCUMENTS):
        return Basis.LISTED
    return Basis.SHIPPED


def preferred(candidates: Iterable[Candidate], present: str = "") -> Candidate:
    """The name to bear: the strongest basis, then the most used; of equals the present one stays.

    >>> preferred([Candidate("Iso", Basis.REPORTED, 9), Candidate("Isotonitazene", Basis.INN)]).name
    'Isotonitazene'
    """
    return min(
        candidates,
        key=lambda c: (
            c.basis,
            -c.weight,
            c.name != present,
            len(c.name),
            c.name.casefold(),
            c.name,
        ),
    )

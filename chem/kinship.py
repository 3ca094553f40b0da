"""The nearest relatives of a structure: the controlled substance and the medicine most like it.

Both are shown together, since the nearest relative of a dangerous opioid may be a medicine
(carfentanil's is remifentanil). A resemblance is a hint for the reader, no evidence of harm and no
statement about law.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from .control import controlled
from .core import Core, shared_core
from .known import Known, everything
from .normalise import normalise
from .parse import parse
from .similarity import Floats, Index, fingerprint
from .types import Mol

CLOSE = 0.70  # Morgan radius 2; within families of known NPS the nearest lie at 0.52 to 0.81
RELATED = 0.45  # strangers lie at 0.12 to 0.29


@dataclass(frozen=True, slots=True)
class Relative:
    """A known substance and its similarity to what was asked about, 0 to 1."""

    substance: Known
    similarity: float

    @property
    def closeness(self) -> str:
        """ "close analogue", "related", or "" where the similarity says nothing."""
        if self.similarity >= CLOSE:
            return "close analogue"
        return "related" if self.similarity >= RELATED else ""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """A structure beside its relative: both molecules, and the core they share."""

    one: Mol
    relative: Mol
    core: Core


def nearest_controlled(fingerprint: bytes) -> Relative | None:
    """The internationally controlled substance most similar to a fingerprint.

    Of equals the first by key; None where nothing is shared with any.
    """
    return nearest_of_each(fingerprint)[0]


def nearest_medicine(fingerprint: bytes) -> Relative | None:
    """The medicine most similar to a fingerprint, chosen likewise."""
    return nearest_of_each(fingerprint)[1]


def nearest_of_each(fingerprint: bytes) -> tuple[Relative | None, Relative | None]:
    """The nearest controlled substance and the nearest medicine, in one look at the table."""
    table = _table()
    similarity = table.index.similarities(fingerprint)
    controlled_places, medicine_places = table.kinds
    return (
        _best(table, similarity, controlled_places),
        _best(table, similarity, medicine_places),
    )


def resemblance(parent: Mol, relative: Known) -> Resemblance:
    """`parent` and a relative with the core they share, to be drawn side by side (`depict.pair`).

    Takes milliseconds as a rule, half a second at the most: a caller that shows it often keeps it.
    """
    other = _parent(relative)
    return Resemblance(parent, other, shared_core(parent, other))


@dataclass(frozen=True, slots=True)
class _Table:
    """Controlled substances and medicines by key; `kinds` are the places of each."""

    index: Index
    substances: tuple[Known, ...]
    kinds: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def _best(table: _Table, similarity: Floats, places: npt.NDArray[np.intp]) -> Relative | None:
    among = similarity[places]
    best = int(among.argmax())
    if not among[best]:
        return None
    return Relative(table.substances[places[best]], float(among[best]))


@cache
def _table() -> _Table:
    """About 0.1 ms for each of these substances, at first use only."""
    medicines = {one.connectivity: one for one in everything() if one.standing == "medicine"}
    listed = {one.connectivity: one for one in controlled()}
    keys = sorted(medicines | listed)
    substances = tuple((listed | medicines)[key] for key in keys)
    prints = [fingerprint(_parent(substance)) for substance in substances]
    kinds = tuple(
        np.array([place for place, key in enumerate(keys) if key in kind])
        for kind in (listed, medicines)
    )
    return _Table(Index(keys, prints), substances, (kinds[0], kinds[1]))


def _parent(substance: Known) -> Mol:
    return normalise(parse(substance.smiles, "smiles").mol).components[0].parent

"""Finding substances by structure: the same one, similar ones, those that contain it.

The index is kept in memory, made once for each state of the registry: tens of thousands of
substances fit in a few megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import Problem, Refused
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.registry.queries import known_to
from chem import StructureError, examine
from chem.similarity import Index
from chem.substructure import contains

RELATED = 0.35  # Morgan radius 2: pairs of one family have a median of 0.37 (anchors 2.7)
MOST_HITS = 100
AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True, slots=True)
class Hit:
    """A substance found, and how similar it is (1 for the same and for containing)."""

    substance: Substance
    similarity: float


def by_name(session: Session, actor: Actor, name: str) -> list[Hit]:
    """The one substance that bears exactly this name, if there is one."""
    named = select(SubstanceName.substance_id).where(SubstanceName.key == name_key(name))
    query = select(Substance).where(Substance.id.in_(named), known_to(actor))
    return [Hit(substance, 1.0) for substance in session.scalars(query)]


def by_structure(session: Session, actor: Actor, structure: str, mode: str) -> list[Hit]:
    """Substances that are (`exact`), resemble (`similarity`) or contain (`substructure`) it.

    Raises Refused when the structure cannot be read.
    """
    try:
        parts = examine(structure).components
    except StructureError as error:
        raise Refused(
            error.message, (Problem("structure", error.message, code=error.code),)
        ) from None
    if mode == "exact":
        wanted = [part.identity.connectivity for part in parts]
        query = select(Substance).where(Substance.connectivity.in_(wanted), known_to(actor))
        return [Hit(substance, 1.0) for substance in session.scalars(query)]
    if mode == "similarity":
        return _best(session, actor, _similar(session, parts[0].fingerprint), MOST_HITS)
    held = select(Substance.id, Substance.smiles).where(known_to(actor)).order_by(Substance.name)
    smiles = session.execute(held)
    inside = (i for i, text in smiles if contains(text, parts[0].identity.smiles))
    return _best(session, actor, dict.fromkeys(islice(inside, MOST_HITS), 1.0), MOST_HITS)


def neighbours(session: Session, actor: Actor, substance: Substance, limit: int = 6) -> list[Hit]:
    """The most similar other substances, at least related."""
    scores = _similar(session, substance.fingerprint)
    scores.pop(substance.id, None)
    return _best(session, actor, scores, limit)


def _similar(session: Session, fingerprint: bytes) -> dict[int, float]:
    found = _index(session).within(fingerprint, RELATED)
    return {int(n.id): n.similarity for n in found}


def _best(session: Session, actor: Actor, scores: dict[int, float], most: int) -> list[Hit]:
    """The best of these that `actor` may know of, best first; the others take nobody's place."""
    ranked = iter(sorted(scores, key=lambda i: -scores[i]))
    hits: list[Hit] = []
    while len(hits) < most and (some := list(islice(ranked, AT_ONCE))):
        query = select(Substance).where(Substance.id.in_(some), known_to(actor))
        hits += [Hit(found, scores[found.id]) for found in session.scalars(query)]
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.substance.name))[:most]


# by database, with the state of the registry it was made of
_made: dict[str, tuple[Any, Index]] = {}


def _index(session: Session) -> Index:
    """The index of all substances, made anew when there are others."""
    where = str(session.get_bind().engine.url)
    # not the newest alone: of two enrolled at once, the one with the lower number may come last
    key = Substance.connectivity
    state = session.execute(
        select(func.count(), func.max(Substance.id), func.min(key), func.max(key))
    ).one()
    held = _made.get(where)
    if held is None or held[0] != state:
        rows = session.execute(select(Substance.id, Substance.fingerprint)).all()
        held = state, Index([str(i) for i, _ in rows], [fingerprint for _, fingerprint in rows])
        _made[where] = held
    return held[1]

"""Finding substances by structure: the same one, similar ones, those that contain it.

The indexes know every substance; the query that fetches what they found knows who is asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.db import Page
from app.errors import Problem, Refused
from app.registry.indexes import FINGERPRINTS, STRUCTURES
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.registry.queries import known_to, listed_to, meant, names_known_to
from chem import StructureError, examine
from chem.examine import Examined
from chem.substructure import Search, read_smarts
from chem.types import Query

RELATED = 0.35  # Morgan radius 2: pairs of one family have a median of 0.37 (anchors 2.7)
MOST_HITS = 100
AT_ONCE = 500  # ids in one statement
NO_STRUCTURE = {"unreadable", "query_atoms", "bond_kind"}  # but it may be a pattern


@dataclass(frozen=True, slots=True)
class Hit:
    """A substance found, and how similar it is (1 for the same and for containing)."""

    substance: Substance
    similarity: float


def by_name(session: Session, actor: Actor, name: str) -> list[Hit]:
    """The one substance that bears exactly this name, if there is one."""
    named = select(SubstanceName.substance_id).where(
        SubstanceName.key == name_key(name), names_known_to(actor)
    )
    query = select(Substance).where(Substance.id.in_(named), listed_to(actor))
    return [Hit(substance, 1.0) for substance in session.scalars(query)]


def by_structure(session: Session, actor: Actor, structure: str, mode: str) -> list[Hit]:
    """The first hundred that are (`exact`), resemble (`similarity`) or contain (`substructure`) it.

    Raises Refused when the structure cannot be read.
    """
    hits = matches(session, actor, structure, mode, limit=MOST_HITS).items
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.substance.name))


def matches(
    session: Session,
    actor: Actor,
    structure: str,
    mode: str,
    *,
    after: int | None = None,
    limit: int,
) -> Page[Hit]:
    """The same, a page at a time: the most similar first, what contains it by number.

    What is contained is read as a structure and as SMARTS, a pattern within limits. `after` is the
    last substance of the page before. Raises Refused when the structure cannot be read, or nothing
    similar has that number.
    """
    if mode == "substructure":
        hits = _containing(session, actor, _parts(structure), after or 0, limit + 1)
        return _page(hits, limit)
    parts = _examined(structure)
    if mode == "exact":
        wanted = [part.identity.key for part in parts]
        meaning = select(meant()).where(Substance.key.in_(wanted), known_to(actor))
        query = select(Substance).where(
            Substance.id.in_(meaning), Substance.id > (after or 0), listed_to(actor)
        )
        found = session.scalars(query.order_by(Substance.id).limit(limit + 1))
        return _page([Hit(substance, 1.0) for substance in found], limit)
    scores = _similar(session, parts[0].fingerprint)
    if after is not None:
        listed = select(Substance.id).where(Substance.id == after, listed_to(actor))
        if after not in scores or session.scalar(listed) is None:
            raise Refused("after: that is no cursor of this search; take it from `next`")
        last = (-scores[after], after)
        scores = {i: score for i, score in scores.items() if (-score, i) > last}
    return _page(_best(session, actor, scores, limit + 1), limit)


def _page(hits: list[Hit], limit: int) -> Page[Hit]:
    more = len(hits) > limit
    return Page(hits[:limit], hits[limit - 1].substance.code if more else None)


def neighbours(session: Session, actor: Actor, substance: Substance, limit: int = 6) -> list[Hit]:
    """The most similar other substances, at least related."""
    scores = _similar(session, substance.fingerprint)
    scores.pop(substance.id, None)
    hits = _best(session, actor, scores, limit)
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.substance.name))


def resembling(session: Session, actor: Actor, fingerprint: bytes, limit: int) -> list[Hit]:
    """The substances most similar to a structure that is perhaps not held, at least related."""
    return _best(session, actor, _similar(session, fingerprint), limit)


def _examined(structure: str) -> tuple[Examined, ...]:
    try:
        return examine(structure).components
    except StructureError as error:
        raise _refused(error) from None


def parts_to_find(structure: str) -> tuple[Query, ...]:
    """What to look for inside others: the structure that is drawn, the pattern that its text is as
    SMARTS, or both; what contains one of them is meant.

    "[N+](=O)[O-]" drawn alone is no nitro group, and "C1=CC=CC=C1" as SMARTS is no benzene. Raises
    StructureError where it is neither, and for a structure that cannot be.
    """
    parts: list[Query] = []
    refused: StructureError | None = None
    try:
        parts.append(examine(structure).components[0].parent)
    except StructureError as error:
        if error.code not in NO_STRUCTURE:
            raise
        refused = error
    try:
        parts.append(read_smarts(structure))
    except StructureError as error:
        if refused is not None:
            raise (refused if error.code == "unreadable" else error) from None
    return tuple(parts)


def _parts(structure: str) -> tuple[Query, ...]:
    try:
        return parts_to_find(structure)
    except StructureError as error:
        raise _refused(error) from None


def _refused(error: StructureError) -> Refused:
    return Refused(error.message, (Problem("structure", error.message, code=error.code),))


def _containing(
    session: Session, actor: Actor, parts: tuple[Query, ...], after: int, most: int
) -> list[Hit]:
    """The first by number beyond `after` that contain a part and that `actor` may know of.

    Raises Refused where the search had to be given up: a list with gaps would pass for an answer.
    """
    search = Search(STRUCTURES.up_to_date(session), *parts)
    beyond = (number for number in map(int, search) if number > after)
    hits: list[Hit] = []
    while len(hits) < most and (some := list(islice(beyond, MOST_HITS))):
        query = select(Substance).where(Substance.id.in_(some), listed_to(actor))
        hits += [Hit(found, 1.0) for found in session.scalars(query.order_by(Substance.id))]
    if len(hits) < most and not search.complete:
        raise Refused(
            "comparing this with every substance takes too long; draw a smaller or less "
            "symmetrical part, or a pattern with fewer wildcards"
        )
    return hits[:most]


def _similar(session: Session, fingerprint: bytes) -> dict[int, float]:
    found = FINGERPRINTS.up_to_date(session).within(fingerprint, RELATED)
    return {int(n.id): n.similarity for n in found}


def _best(session: Session, actor: Actor, scores: dict[int, float], most: int) -> list[Hit]:
    """The best of these that `actor` may know of, best first; the others take nobody's place."""
    ranked = iter(sorted(scores, key=lambda i: (-scores[i], i)))
    hits: list[Hit] = []
    while len(hits) < most and (some := list(islice(ranked, AT_ONCE))):
        query = select(Substance).where(Substance.id.in_(some), listed_to(actor))
        hits += [Hit(found, scores[found.id]) for found in session.scalars(query)]
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.substance.id))[:most]

"""Suggestions for unresolved names out of the registry: known names like them, and structures that
their blocks spell.

The known names are kept taken apart in memory; who may know of what is decided by the query that
fetches what they lead to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import Actor
from app.registry.models import Substance, SubstanceName
from app.registry.queries import known_to, listed_to, names_known_to
from app.registry.suggestions import MOST_SUGGESTIONS, KnownName, NameIndex
from chem.anatomy.blockkeys import BlockKey, key_of_structure, keys_of_name
from chem.errors import StructureError
from chem.families import classify
from chem.parse import parse

_held: dict[str, tuple[object, NameIndex]] = {}  # by database
_turn = Lock()


@dataclass(frozen=True, slots=True)
class Offer:
    """What an unresolved name may mean: a substance, or the same as a name of several."""

    why: str
    substance: Substance | None
    name: SubstanceName | None = None


def offers(session: Session, actor: Actor, written: Mapping[str, str]) -> dict[str, list[Offer]]:
    """What each of these names, by any key, may mean; at most three each, the most likely first.

    Blocks that spell a structure go before letters that are alike.
    """
    by_blocks = _by_blocks(session, actor, written)
    index = _index(session)
    alike = {key: index.suggest(name) for key, name in written.items()}
    wanted = {one.known.key for found in alike.values() for one in found}
    held = _names(session, actor, wanted)
    answer: dict[str, list[Offer]] = {}
    for key in written:
        found = {("substance", offer.substance.id): offer for offer in by_blocks.get(key, ())
                 if offer.substance}  # fmt: skip
        for one in alike[key]:
            name = held.get(one.known.key)
            if name is None:
                continue
            what = ("substance", name.substance_id) if name.substance_id else ("name", name.id)
            found.setdefault(what, Offer(one.why, name.substance, name))
        answer[key] = list(found.values())[:MOST_SUGGESTIONS]
    return answer


def _index(session: Session) -> NameIndex:
    """The names that count for everybody, taken apart again when they have changed."""
    where = str(session.get_bind().engine.url)
    shared = SubstanceName.authority_id.is_(None)
    state = tuple(
        session.execute(
            select(func.count(), func.max(SubstanceName.id), func.max(SubstanceName.since)).where(
                shared
            )
        ).one()
    )
    with _turn:
        kept = _held.get(where)
        if kept is None or kept[0] != state:
            rows = session.execute(
                select(
                    SubstanceName.key,
                    SubstanceName.name,
                    SubstanceName.substance_id,
                    SubstanceName.id,
                ).where(shared, ~SubstanceName.no_substance)
            )
            index = NameIndex(
                KnownName(key, name, f"substance {substance}" if substance else f"name {number}")
                for key, name, substance, number in rows
            )
            _held[where] = kept = (state, index)
        return kept[1]


def _names(session: Session, actor: Actor, keys: set[str]) -> dict[str, SubstanceName]:
    """The names of these keys that count for everybody, with what they mean."""
    query = (
        select(SubstanceName)
        .where(
            SubstanceName.key.in_(keys),
            SubstanceName.authority_id.is_(None),
            names_known_to(actor),
            SubstanceName.substance_id.is_(None)
            | SubstanceName.substance_id.in_(select(Substance.id).where(known_to(actor))),
        )
        .options(selectinload(SubstanceName.substance), selectinload(SubstanceName.members))
    )
    return {name.key: name for name in session.scalars(query)}


def _by_blocks(
    session: Session, actor: Actor, written: Mapping[str, str]
) -> dict[str, list[Offer]]:
    """Substances whose structure has the very blocks that a name spells."""
    spelled = {key: keys_of_name(name) for key, name in written.items()}
    groups = {block[0] for blocks in spelled.values() for block in blocks}
    if not groups:
        return {}
    rows = session.execute(
        select(Substance.id, Substance.smiles).where(Substance.group.in_(groups), listed_to(actor))
    )
    with_blocks: dict[BlockKey, list[int]] = {}
    for number, smiles in rows:
        if (block := _block_key(smiles)) is not None:
            with_blocks.setdefault(block, []).append(number)
    hits = {
        key: [number for block in sorted(blocks) for number in with_blocks.get(block, ())]
        for key, blocks in spelled.items()
    }
    wanted = {number for found in hits.values() for number in found}
    query = select(Substance).where(Substance.id.in_(wanted), listed_to(actor))
    held = {substance.id: substance for substance in session.scalars(query)}
    return {
        key: [
            Offer("its parts spell exactly the building blocks of this structure", held[number])
            for number in found
        ]
        for key, found in hits.items()
    }


@lru_cache(maxsize=65536)  # a few hundred bytes each; taking a structure apart is 7 ms
def _block_key(smiles: str) -> BlockKey | None:
    try:
        mol = parse(smiles, "smiles").mol
    except StructureError:
        return None
    return key_of_structure(mol, classify(mol))

"""Which substance somebody means: by number, InChIKey, exact name or structure; never a guess."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

import chem
from app.access.roles import Actor
from app.db import LARGEST_ID
from app.errors import shown
from app.registry.models import Substance
from app.registry.names import name_key
from app.registry.queries import known_to
from app.registry.service import held_substances, meanings
from chem.errors import StructureError

_CODE = re.compile(r"TS-([0-9]{1,10})", re.IGNORECASE)
_INCHIKEY = re.compile(r"[A-Z]{14}(-[A-Z]{10}(-[A-Z])?)?", re.IGNORECASE)
_AT_ONCE = 500  # ids in one statement


def point_out(session: Session, actor: Actor, texts: Collection[str]) -> dict[str, int | str]:
    """For each text the id of the substance it means, or what is wrong with it, for its sender.

    A substance that `actor` may not know of is as one that is not there.
    """
    found: dict[str, int | str] = {}
    keys: dict[str, tuple[str, ...]] = {}
    named = meanings(session, {name_key(text) for text in texts}, actor.authority_id)
    for text in texts:
        meant = named.get(name_key(text))
        if meant and not meant.no_substance:
            group = f'"{shown(text)}" means a group and no one substance; say which with covers'
            found[text] = meant.substance_id or group
        elif code := _CODE.fullmatch(text):
            found[text] = min(int(code[1]), LARGEST_ID)
        elif _INCHIKEY.fullmatch(text):
            keys[text] = (text.upper()[:25], text.upper()[:14])
        elif drawn := _drawn(text):
            keys[text] = drawn
    held = held_substances(session, {key for several in keys.values() for key in several})
    for text, several in keys.items():
        # of a substance and a variant that is counted apart the longer key is meant
        found.update((text, held[key].id) for key in several[::-1] if key in held)
    known = _known(session, actor, {one for one in found.values() if isinstance(one, int)})
    return {text: _answer(text, found.get(text), known) for text in texts}


def _answer(text: str, meant: int | str | None, known: dict[int, int]) -> int | str:
    if isinstance(meant, str):
        return meant
    if meant is not None and meant in known:
        return known[meant]
    return (
        f'no substance in the register goes by "{shown(text)}"; give its number (TS-00042), its '
        "InChIKey, its exact name or its structure"
    )


def _drawn(text: str) -> tuple[str, ...]:
    """The keys of the one substance that `text` draws, its variant first; none for several."""
    try:
        parts = chem.examine(text).components
    except StructureError:
        return ()
    if len(parts) != 1:
        return ()
    identity = parts[0].identity
    return identity.inchikey[:25], identity.key


def _known(session: Session, actor: Actor, ids: set[int]) -> dict[int, int]:
    """Those the actor may know of; one that was merged stands for what it was merged into."""
    known: dict[int, int] = {}
    for some in _some(sorted(ids)):
        query = select(Substance.id, Substance.merged_into_id)
        for number, merged in session.execute(query.where(Substance.id.in_(some), known_to(actor))):
            known[number] = merged or number
    return known


def _some(ids: list[int]) -> Iterator[Iterable[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]

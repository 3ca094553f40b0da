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
    named = meanings(session, {name_key(text) for text in texts})
    for text in texts:
        meant = named.get(name_key(text))
        if meant:
            group = f'"{shown(text)}" means a group and no one substance; say which with covers'
            found[text] = meant.substance_id or group
        elif code := _CODE.fullmatch(text):
            found[text] = min(int(code[1]), LARGEST_ID)
        elif _INCHIKEY.fullmatch(text):
            keys[text] = (text.upper()[:25], text.upper()[:14])
        elif key := _drawn(text):
            keys[text] = (key,)
    held = held_substances(session, {key for several in keys.values() for key in several})
    for text, several in keys.items():
        # of a substance and its variant the longer key is the one that was meant
        found.update((text, held[key].id) for key in several[::-1] if key in held)
    known = _known(session, actor, {one for one in found.values() if isinstance(one, int)})
    return {text: _answer(text, found.get(text), known) for text in texts}


def _answer(text: str, meant: int | str | None, known: set[int]) -> int | str:
    if isinstance(meant, str) or (meant is not None and meant in known):
        return meant
    return (
        f'no substance in the register goes by "{shown(text)}"; give its number (TS-00042), its '
        "InChIKey, its exact name or its structure"
    )


def _drawn(text: str) -> str | None:
    """The key of the one substance that `text` draws; None when it draws none, or several."""
    try:
        parts = chem.examine(text).components
    except StructureError:
        return None
    return parts[0].identity.key if len(parts) == 1 else None


def _known(session: Session, actor: Actor, ids: set[int]) -> set[int]:
    known: set[int] = set()
    for some in _some(sorted(ids)):
        query = select(Substance.id).where(Substance.id.in_(some), known_to(actor))
        known |= set(session.scalars(query))
    return known


def _some(ids: list[int]) -> Iterator[Iterable[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]

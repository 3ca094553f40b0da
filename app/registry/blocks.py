"""The building blocks of each substance, cut once and kept, so that a new tail or head is noticed.

A substance is cut when it is first looked for here, and again when the rules for cutting have
changed; `chem.anatomy` says which families have an anatomy at all.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache

from sqlalchemy import ForeignKey, String, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import JSON

from app.db import Base
from app.registry.models import Substance
from chem import anatomy
from chem.anatomy.blocknames import FILE
from chem.anatomy.fragments import NOTHING
from chem.errors import StructureError
from chem.families import classify
from chem.identity import RULESET
from chem.parse import parse

AT_ONCE = 300  # substances cut in one transaction: under a second, so that nobody waits long
Cut = tuple[str, str, str]  # slot, fragment as SMILES, its name ("" for one without)


class SubstanceBlocks(Base):
    """What a substance was cut into; an empty list for one that has no known anatomy."""

    __tablename__ = "substance_blocks"

    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), primary_key=True)
    ruleset: Mapped[str] = mapped_column(String(40))
    blocks: Mapped[list[list[str]]] = mapped_column(JSON)


@cache
def cutting_rules() -> str:
    """A version of the rules by which substances are cut: a change means cutting anew."""
    return f"{RULESET} {hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]}"


def settle_blocks(session: Session, limit: int = AT_ONCE) -> int:
    """Cut substances that were not yet cut under today's rules, some at once; how many."""
    session.execute(delete(SubstanceBlocks).where(SubstanceBlocks.ruleset != cutting_rules()))
    held = select(SubstanceBlocks.substance_id)
    uncut = select(Substance.id, Substance.smiles).where(Substance.id.not_in(held))
    rows = [
        {"substance_id": number, "ruleset": cutting_rules(), "blocks": [*map(list, cut(smiles))]}
        for number, smiles in session.execute(uncut.order_by(Substance.id).limit(limit))
    ]
    if rows:
        session.execute(insert(SubstanceBlocks), rows)
    return len(rows)


def blocks_of(session: Session) -> dict[int, tuple[Cut, ...]]:
    """The blocks of each substance that has any, by its id."""
    held = select(SubstanceBlocks.substance_id, SubstanceBlocks.blocks)
    return {
        number: tuple((slot, smiles, name) for slot, smiles, name in blocks)
        for number, blocks in session.execute(held)
        if blocks
    }


@lru_cache(maxsize=4096)
def cut(smiles: str) -> tuple[Cut, ...]:
    """The blocks of a structure, empty slots left out.

    None where today's rules cannot read the structure, or its family has no anatomy.
    """
    try:
        mol = parse(smiles, "smiles").mol
    except StructureError:
        return ()
    found = anatomy.blocks(mol, classify(mol))
    return tuple((b.slot, b.smiles, b.name) for b in found if b.smiles not in (NOTHING, "none"))

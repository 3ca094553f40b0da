"""The shipped facts (`data/facts.csv`), put into the register of what is known of substances.

Dates of control and surveillance by substance key, each row with its source; only rows whose
substance and date are sure. Loaded with the knowledge base; a row that was changed or taken out of
the file since becomes a new version or a tombstone, so that a past day stays as it was known.
"""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.bulk import reserve_ids
from app.db import take_turns
from app.registry.facts import Fact, Topic
from app.registry.service import held_substances

FACTS = Path(__file__).parent / "data" / "facts.csv"


def load_facts(session: Session, *, now: datetime) -> int:
    """Bring the register up to the file; how many facts it holds now that came from there."""
    take_turns(session, "shipped facts")
    wanted = _wanted(session)
    shipped = select(Fact).where(Fact.authority_id.is_(None), Fact.superseded_at.is_(None))
    held = {fact.reference: fact for fact in session.scalars(shipped)}
    changed = []
    for reference, values in wanted.items():
        before = held.get(reference)
        if before is None or before.content_hash != values["content_hash"]:
            changed.append(_next(before, {"reference": reference, "withdrawn": False} | values))
    for reference, before in held.items():
        if reference not in wanted and not before.withdrawn:
            changed.append(_next(before, _of(before) | {"withdrawn": True, "content_hash": ""}))
    for fact, number in zip(changed, reserve_ids(session, Fact, len(changed)), strict=True):
        fact.id, fact.received_at = number, now
        fact.number = fact.number or number
        if before := held.get(fact.reference):
            before.superseded_at = now
    session.add_all(changed)
    session.flush()
    return len(wanted)


def _wanted(session: Session) -> dict[str, dict[str, Any]]:
    """What the file says, by a reference that a row keeps."""
    ids = held_substances(session, [row["key"] for row in _rows()])
    wanted: dict[str, dict[str, Any]] = {}
    for row in _rows():
        if row["key"] not in ids:
            continue
        reference = " ".join((row["topic"], row["country"] or "-", row["key"], row["since"]))
        wanted[reference] = {
            "topic": Topic(row["topic"]),
            "substance_id": ids[row["key"]].id,
            "country": row["country"] or None,
            "kind": row["kind"],
            "says": row["says"],
            "since": row["since"] or None,
            "until": row["until"] or None,
            "source": row["source"],
            "content_hash": hashlib.sha256(json.dumps(row).encode()).hexdigest(),
        }
    return wanted


def _next(before: Fact | None, values: dict[str, Any]) -> Fact:
    """The next version of a fact, or its first; ids and days come later."""
    return Fact(
        number=before.number if before else 0,
        version=before.version + 1 if before else 1,
        held=False,
        handling=Handling.CLEAR,
        **values,
    )


def _of(fact: Fact) -> dict[str, Any]:
    """What a tombstone repeats of the version it stands on."""
    names = (
        "reference", "topic", "substance_id", "country", "kind", "says", "since", "until", "source",
    )  # fmt: skip
    return {name: getattr(fact, name) for name in names}


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with FACTS.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))

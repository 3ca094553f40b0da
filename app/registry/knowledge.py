"""The shipped knowledge base, put into the registry: known substances, their names, their control.

Runs at `tocsin init`; again only when the files have changed, and then brings the registry up to
them. What curators added is never taken away.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import chem
from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import SYSTEM
from app.access.service import record
from app.db import insert_new
from app.registry.models import ControlListing, Standing, Substance, SubstanceName
from app.registry.names import name_key
from app.registry.service import Held, enrol, held_substances
from chem.identity import RDKIT_VERSION, RULESET
from chem.known import Known, known

AMBIGUOUS = Path(__file__).parent / "data" / "ambiguous_names.csv"
LOADED = "knowledge.load"


def load_knowledge(session: Session, *, now: datetime) -> int:
    """Bring the registry up to the shipped files; the number of substances read, 0 if up to date."""
    version = knowledge_version()
    done = select(AuditEvent.id).where(AuditEvent.action == LOADED, AuditEvent.subject == version)
    if session.scalar(done.limit(1)):
        return 0
    held: dict[str, Held] = held_substances(
        session, session.scalars(select(Substance.connectivity)).all()
    )
    names = session.execute(select(SubstanceName.key, SubstanceName.substance_id))
    taken = {key: substance_id for key, substance_id in names}
    for row in known():
        _load(session, row, held, taken, now)
    for name, group in _ambiguous_names():
        if insert_new(
            session,
            SubstanceName,
            key=name_key(name),
            name=name,
            source="means a group",
            since=now,
            group=group,
        ):
            taken[name_key(name)] = None
    record(session, SYSTEM, LOADED, version, now, substances=len(known()))
    return len(known())


@cache
def knowledge_version() -> str:
    """A digest of the shipped files, the rules and RDKit: what the registry was built from."""
    digest = hashlib.sha256(f"{RULESET} {RDKIT_VERSION}".encode())
    data = Path(chem.__file__).parent / "data"
    for path in (data / "substances.csv", data / "schedules.csv", AMBIGUOUS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _load(
    session: Session,
    row: Known,
    held: dict[str, Held],
    taken: dict[str, int | None],
    now: datetime,
) -> None:
    (part,) = chem.examine(row.smiles, "smiles").components
    substance_id = enrol(
        session, part, held, name=row.name, handling=Handling.CLEAR, found_by=None, now=now
    )
    session.execute(
        update(Substance)
        .where(Substance.id == substance_id)
        .values(
            name=row.name,
            standing=Standing(row.standing),
            group=row.group or part.classification.group,
            cas=row.cas or None,
        )
    )
    for name in (row.name, *row.synonyms, *((row.cas,) if row.cas else ())):
        key = name_key(name)
        if key not in taken:
            session.add(
                SubstanceName(
                    key=key, name=name, source=row.source, since=now, substance_id=substance_id
                )
            )
            taken[key] = substance_id
    for listing in part.listings:
        insert_new(
            session,
            ControlListing,
            substance_id=substance_id,
            convention=int(listing.convention),
            schedule=listing.schedule,
            year=listing.year,
            source=listing.source,
        )


def _ambiguous_names() -> Iterator[tuple[str, str]]:
    with AMBIGUOUS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield row["name"], row["group"] or "other"

"""The shipped knowledge base, put into the registry: known substances, their names, their control.

Runs at `tocsin init`; again only when the files have changed, and then brings the registry up to
them. What curators added is never taken away.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

import chem
from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import SYSTEM
from app.access.service import record
from app.db import insert_all_new
from app.registry.classifying import classifications, note_classifications
from app.registry.identifiers import possible
from app.registry.identifying import LONGEST_SOURCE
from app.registry.known_facts import FACTS, load_facts
from app.registry.models import (
    Cluster,
    ControlListing,
    ExternalIdentifier,
    NameMember,
    Scheme,
    Standing,
    Substance,
    SubstanceName,
)
from app.registry.names import CURATOR, name_key
from app.registry.service import cluster_values, held_substances, meanings, substance_values
from chem.errors import StructureError
from chem.examine import Examined, examine_all
from chem.identity import RDKIT_VERSION, RULESET
from chem.known import Known, everything

AMBIGUOUS = Path(__file__).parent / "data" / "ambiguous_names.csv"
SHIPPED = ("substances.csv", "variants.csv", "schedules.csv", "families.toml")
LOADED = "knowledge.load"


def load_knowledge(session: Session, *, now: datetime) -> int:
    """Bring the registry up to the shipped files; how many substances were read, 0 if none."""
    version = knowledge_version()
    done = select(AuditEvent.id).where(AuditEvent.action == LOADED, AuditEvent.subject == version)
    if session.scalar(done.limit(1)):
        load_facts(session, now=now)  # they are compared one by one, so it costs next to nothing
        return 0
    rows = _examined(everything())
    before = classifications(session)
    _put_clusters_and_substances(session, rows, now)
    own = {key: number for key, number in session.execute(select(Substance.key, Substance.id))}
    _correct(session, rows, own)
    note_classifications(session, before, version, now=now)
    # of one that was merged: its row stays its own, what is known of it stands with the other
    held = {
        key: one.id for key, one in held_substances(session, (_key(p) for _, p in rows)).items()
    }
    names = list(_names(rows, held, now))
    insert_all_new(session, SubstanceName, names)
    _point_names_anew(session, names)
    _put_members(session)
    session.execute(delete(ControlListing))  # they come from the files alone
    insert_all_new(session, ControlListing, list(_listings(rows, held, own)))
    _identify(session, rows, held, own, now)
    load_facts(session, now=now)
    record(session, SYSTEM, LOADED, version, now, substances=len(rows))
    return len(rows)


@cache
def knowledge_version() -> str:
    """A digest of the shipped files, the rules and RDKit: what the registry was built from."""
    digest = hashlib.sha256(f"{RULESET} {RDKIT_VERSION}".encode())
    data = Path(chem.__file__).parent / "data"
    for path in (*(data / name for name in SHIPPED), AMBIGUOUS, FACTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _examined(rows: Sequence[Known]) -> list[tuple[Known, Examined]]:
    """Each row with its one component. Raises StructureError for a row that cannot be read."""
    found = []
    smiles = [row.smiles for row in rows]
    for row, outcome in zip(rows, examine_all(smiles, "smiles"), strict=True):
        if isinstance(outcome, StructureError):
            raise outcome
        (part,) = outcome.components
        found.append((row, part))
    return found


def _key(part: Examined) -> str:
    return part.identity.key


def _put_clusters_and_substances(
    session: Session, rows: list[tuple[Known, Examined]], now: datetime
) -> None:
    clusters = {part.cluster_key: cluster_values(part, now=now) for _, part in rows}
    insert_all_new(session, Cluster, list(clusters.values()))
    ids = _cluster_ids(session)
    clear = Handling.CLEAR
    substances = [
        substance_values(part, name=row.name, handling=clear, found_by=None, now=now)
        | {"cluster_id": ids[part.cluster_key]}
        for row, part in rows
    ]
    insert_all_new(session, Substance, substances, at_once=100)


def _cluster_ids(session: Session) -> dict[str, int]:
    return dict(session.execute(select(Cluster.key, Cluster.id)).all())


def _correct(session: Session, rows: list[tuple[Known, Examined]], own: dict[str, int]) -> None:
    """What files and rules say of a substance counts, also for one that a report brought first.

    A name that a curator chose stays.
    """
    clusters = _cluster_ids(session)
    named = select(Substance.id, Substance.name).where(Substance.name_chosen)
    chosen = {number: name for number, name in session.execute(named)}
    session.execute(
        update(Substance),
        [
            {
                "id": own[_key(part)],
                "name": chosen.get(own[_key(part)], row.name),
                "inchikey": part.identity.inchikey,
                "smiles": part.identity.smiles,
                "standing": Standing(row.standing),
                "group": row.group or part.classification.group,
                "family": part.classification.family,
                "families": [match.family for match in part.classification.families],
                "effect": part.classification.effect,
                "fingerprint": part.fingerprint,
                "ruleset": RULESET,
                "rdkit_version": RDKIT_VERSION,
                "cluster_id": clusters[part.cluster_key],
                "cas": row.cas or None,
                "handling": Handling.CLEAR,
                "found_by": None,
                "tautomer_key": None,  # made anew by today's rules
            }
            for row, part in rows
        ],
    )


def _names(
    rows: list[tuple[Known, Examined]], held: dict[str, int], now: datetime
) -> Iterator[dict[str, Any]]:
    """Preferred names first: a synonym never takes the name of another substance."""
    for row, part in rows:
        yield _name(row.name, row.source, now, substance_id=held[_key(part)])
    for row, part in rows:
        for name in (*row.synonyms, *((row.cas,) if row.cas else ())):
            yield _name(name, row.source, now, substance_id=held[_key(part)])
    for name, group, _ in _ambiguous_names():
        yield _name(name, "means a group", now, group=group)


def _point_names_anew(session: Session, names: list[dict[str, Any]]) -> None:
    """A shipped name that the files now give to another substance; those of curators stay."""
    meant: dict[str, dict[str, Any]] = {}
    for row in names:
        meant.setdefault(row["key"], row)
    held = session.execute(
        select(SubstanceName.id, SubstanceName.key, SubstanceName.substance_id).where(
            SubstanceName.source.not_like(f"{CURATOR}%")
        )
    )
    moved = [
        {
            "id": name_id,
            "substance_id": meant[key]["substance_id"],
            "group": meant[key]["unodc_group"],
        }
        for name_id, key, substance_id in held
        if key in meant and meant[key]["substance_id"] != substance_id
    ]
    if moved:
        session.execute(update(SubstanceName), moved)


def _put_members(session: Session) -> None:
    """Which substances a name of several may mean, as the files say; those of curators stay."""
    shipped = {name_key(name): members for name, _, members in _ambiguous_names()}
    held = session.execute(
        select(SubstanceName.id, SubstanceName.key).where(
            SubstanceName.key.in_(shipped),
            SubstanceName.substance_id.is_(None),
            SubstanceName.source.not_like(f"{CURATOR}%"),
        )
    ).all()
    meant = meanings(session, {name_key(member) for one in shipped.values() for member in one})
    rows = [
        {"name_id": name_id, "substance_id": meaning.substance_id}
        for name_id, key in held
        for member in shipped[key]
        if (meaning := meant.get(name_key(member))) and meaning.substance_id
    ]
    session.execute(delete(NameMember).where(NameMember.name_id.in_([one for one, _ in held])))
    insert_all_new(session, NameMember, rows)


def _name(
    name: str,
    source: str,
    now: datetime,
    *,
    substance_id: int | None = None,
    group: str | None = None,
) -> dict[str, Any]:
    return {
        "key": name_key(name),
        "name": name,
        "source": source,
        "since": now,
        "substance_id": substance_id,
        "unodc_group": group,
    }


def _listings(
    rows: list[tuple[Known, Examined]], held: dict[str, int], own: dict[str, int]
) -> Iterator[dict[str, Any]]:
    for _, part in rows:
        for listing in part.listings:
            yield {
                "substance_id": held[_key(part)],
                "of_substance_id": own[_key(part)],
                "convention": int(listing.convention),
                "schedule": listing.schedule,
                "year": listing.year,
                "source": listing.source,
            }


def _identify(
    session: Session,
    rows: list[tuple[Known, Examined]],
    held: dict[str, int],
    own: dict[str, int],
    now: datetime,
) -> None:
    """The CAS numbers of the files; those that curators added are never taken away."""
    session.execute(delete(ExternalIdentifier).where(ExternalIdentifier.added_by == SYSTEM.label))
    shipped = [
        {
            "substance_id": held[_key(part)],
            "of_substance_id": own[_key(part)],
            "scheme": Scheme.CAS,
            "value": row.cas,
            "of_form": "",
            "source": row.source[:LONGEST_SOURCE],
            "added_by": SYSTEM.label,
            "at": now,
        }
        for row, part in rows
        if row.cas and row.cas in possible(row.cas)
    ]
    insert_all_new(session, ExternalIdentifier, shipped)


def _ambiguous_names() -> Iterator[tuple[str, str, list[str]]]:
    """Each with its group and the names of those it may mean, none where they are too many."""
    with AMBIGUOUS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            members = [name for name in row["members"].split("|") if name]
            yield row["name"], row["group"] or "other", members

"""What can be done to the registry: enrol a substance, give it names, resolve names to substances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import insert_new
from app.errors import Conflict
from app.registry.models import Cluster, Standing, Substance, SubstanceName
from app.registry.names import name_key
from chem.examine import Examined
from chem.identity import RDKIT_VERSION, RULESET
from chem.scaffold import cluster_reason

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name means: one substance, or only a group of substances."""

    substance_id: int | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A substance the registry holds, as far as taking in reports needs to know it."""

    id: int
    handling: Handling


def held_substances(session: Session, connectivities: Iterable[str]) -> dict[str, Held]:
    """The substances already held among these connectivity blocks, by block."""
    wanted = sorted(set(connectivities))
    found: dict[str, Held] = {}
    for start in range(0, len(wanted), 500):
        query = select(Substance.connectivity, Substance.id, Substance.handling).where(
            Substance.connectivity.in_(wanted[start : start + 500])
        )
        for connectivity, substance_id, handling in session.execute(query):
            found[connectivity] = Held(substance_id, handling)
    return found


def enrol(
    session: Session,
    examined: Examined,
    held: dict[str, Held],
    *,
    name: str | None,
    handling: Handling,
    found_by: int | None,
    now: datetime,
) -> int:
    """The id of the substance that was examined, made known to the registry if it is new.

    `held` is what `held_substances` found, and is kept up to date. A new substance takes the name
    it was reported under, or says what it is ("Unnamed nitazene, C22H26N4O3"). It is as restricted
    as the report that brought it, and opens up when a more open report names it too.
    """
    connectivity = examined.identity.connectivity
    if connectivity not in held:
        _insert(session, examined, name=name, handling=handling, found_by=found_by, now=now)
        held |= held_substances(session, [connectivity])
    known = held[connectivity]
    if handling < known.handling:
        opened = update(Substance).where(Substance.id == known.id).values(handling=handling)
        session.execute(opened)
        held[connectivity] = Held(known.id, handling)
    return known.id


def _insert(
    session: Session,
    examined: Examined,
    *,
    name: str | None,
    handling: Handling,
    found_by: int | None,
    now: datetime,
) -> None:
    identity, kind = examined.identity, examined.classification
    insert_new(
        session,
        Substance,
        connectivity=identity.connectivity,
        inchikey=identity.inchikey,
        smiles=identity.smiles,
        formula=identity.formula,
        mass=identity.mass,
        name=_first_name(name, examined),
        standing=Standing(examined.standing) if examined.standing else _standing(examined),
        group=kind.group,
        family=kind.family,
        families=[match.family for match in kind.families],
        effect=kind.effect,
        fingerprint=examined.fingerprint,
        ruleset=RULESET,
        rdkit_version=RDKIT_VERSION,
        enrolled_at=now,
        handling=handling,
        found_by=found_by,
        cluster_id=_cluster(session, examined, now),
    )


def _first_name(name: str | None, examined: Examined) -> str:
    if name and name.strip() and len(name.strip()) <= LONGEST_NAME:
        return " ".join(name.split())
    family = examined.classification.family.replace("_", " ") or "substance"
    return f"Unnamed {family}, {examined.identity.formula}"


def _standing(examined: Examined) -> Standing:
    """A structure nobody told us about is an NPS when a family rule knows its core."""
    return Standing.NPS if examined.classification.family else Standing.UNCLASSIFIED


def _cluster(session: Session, examined: Examined, now: datetime) -> int:
    """The id of the cluster the structure belongs to, founded if this is its first member."""
    insert_new(
        session,
        Cluster,
        key=examined.cluster_key,
        family=examined.classification.family,
        group=examined.classification.group,
        framework=examined.scaffold.framework,
        reason=cluster_reason(examined.parent, examined.classification, examined.scaffold),
        founded_at=now,
    )
    found = session.scalar(select(Cluster.id).where(Cluster.key == examined.cluster_key))
    assert found is not None
    return found


def add_name(
    session: Session, substance_id: int, name: str, *, source: str, now: datetime
) -> SubstanceName:
    """Let `name` mean this substance from now on. Raises Conflict when it means another already."""
    key = name_key(name)
    held = session.scalar(select(SubstanceName).where(SubstanceName.key == key))
    if held is None:
        held = SubstanceName(
            key=key, name=name, source=source, since=now, substance_id=substance_id, group=None
        )
        session.add(held)
        session.flush()
    if held.substance_id != substance_id:
        raise Conflict(f'"{name}" already means something else ({held.name}, {held.source})')
    return held


def meanings(session: Session, keys: Iterable[str]) -> dict[str, Meaning]:
    """What each of these name keys means; keys that mean nothing to us are missing."""
    wanted = sorted(set(keys))
    found: dict[str, Meaning] = {}
    for start in range(0, len(wanted), 500):
        query = select(SubstanceName.key, SubstanceName.substance_id, SubstanceName.group).where(
            SubstanceName.key.in_(wanted[start : start + 500])
        )
        for key, substance_id, group in session.execute(query):
            found[key] = Meaning(substance_id, group)
    return found

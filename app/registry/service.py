"""What can be done to the registry: enrol a substance, name it, say what names mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import insert_new, take_turns
from app.registry.models import Cluster, Standing, Substance, SubstanceName
from chem.examine import Examined
from chem.identity import RDKIT_VERSION, RULESET, flat
from chem.scaffold import cluster_reason

LONGEST_NAME = 120
VARIANT_KEY = 25  # characters: two blocks of an InChIKey and the hyphen between them
UNNAMED = "Unnamed "


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name means: one substance, only one of several, or (`no_substance`) none at all."""

    substance_id: int | None
    group: str | None
    substance_key: str | None = None
    family: str | None = None
    no_substance: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A substance the registry holds, as far as taking in reports needs to know it."""

    id: int
    handling: Handling
    unnamed: bool = False  # until an open report or a curator names it


# built once and without objects: it is asked of every chunk of every submission
_substance, _whole = Substance.__table__.alias(), Substance.__table__.alias()
_HELD = (
    select(_substance.c.key, _whole.c.id, _whole.c.handling, _whole.c.name)
    .join_from(
        _substance,
        _whole,
        _whole.c.id == func.coalesce(_substance.c.merged_into_id, _substance.c.id),
    )
    .where(
        or_(
            _substance.c.key.in_(bindparam("keys", expanding=True)),
            _substance.c.connectivity.in_(bindparam("keys", expanding=True)),
        )
    )
)


def held_substances(session: Session, keys: Iterable[str]) -> dict[str, Held]:
    """The substances already held among these, by key.

    The key of one that was merged gives the substance it was merged into. With a connectivity come
    the variants of it that are counted apart, so that `counted_as` can tell.
    """
    wanted = sorted(set(keys))
    found: dict[str, Held] = {}
    session.flush()
    for start in range(0, len(wanted), 500):
        asked = {"keys": wanted[start : start + 500]}
        for key, substance_id, handling, name in session.connection().execute(_HELD, asked):
            found[key] = Held(substance_id, handling, name.startswith(UNNAMED))
    return found


def counted_as(key: str, variant: str, held: Mapping[str, Held]) -> str:
    """The key under which a structure is counted.

    That is its substance key, unless a curator has taken just this variant (the first two blocks
    of its InChIKey: stereo and isotopes as drawn) for a substance of its own. `held` is what
    `held_substances` found for the key.
    """
    return variant if variant in held else key


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

    `held` is what `held_substances` found, and is kept up to date. A new substance is as restricted
    as the report that brought it, and opens up when a more open report names it too. It says what
    it is ("Unnamed nitazene, C22H26N4O3") until a clear report gives a name: what was written under
    restriction is not for others. It is drawn without the stereo and isotopes of the one sample.
    """
    name = tidy_name(name) if handling is Handling.CLEAR else None
    key = counted_as(examined.identity.key, examined.identity.inchikey[:VARIANT_KEY], held)
    if key not in held:
        take_turns(session, "enrol")  # two with the same news in opposite order would deadlock
        insert_new(session, Cluster, **cluster_values(examined, now=now))
        cluster = session.scalars(select(Cluster.id).where(Cluster.key == examined.cluster_key))
        values = substance_values(
            examined, name=name, handling=handling, found_by=found_by, now=now
        )
        insert_new(session, Substance, **values, cluster_id=cluster.one())
        held |= held_substances(session, [key])
    open_up(session, key, held, name=name, handling=handling)
    return held[key].id


def open_up(
    session: Session, key: str, held: dict[str, Held], *, name: str | None, handling: Handling
) -> None:
    """A substance is as open as the most open report of it; a clear one names an unnamed one."""
    known = held[key]
    if handling >= known.handling and not (known.unnamed and handling is Handling.CLEAR):
        return
    name = tidy_name(name) if handling is Handling.CLEAR else None
    news: dict[str, Any] = {}
    if handling < known.handling:
        news["handling"] = handling
    if known.unnamed and name:
        news["name"] = name
    if news:
        session.execute(update(Substance).where(Substance.id == known.id).values(**news))
        unnamed = known.unnamed and not name
        held[key] = Held(known.id, min(handling, known.handling), unnamed)


def substance_values(
    examined: Examined,
    *,
    name: str | None,
    handling: Handling,
    found_by: int | None,
    now: datetime,
) -> dict[str, Any]:
    """The row of a new substance, without its cluster's id."""
    apart = examined.identity.key != examined.identity.connectivity
    identity = examined.identity if apart or found_by is None else flat(examined.parent)
    kind = examined.classification
    return {
        "key": examined.identity.key,
        "connectivity": examined.identity.connectivity,
        "inchikey": identity.inchikey,
        "smiles": identity.smiles,
        "formula": identity.formula,
        "mass": identity.mass,
        "name": name or _what_it_is(examined),
        "standing": _standing(examined),
        "unodc_group": kind.group,
        "family": kind.family,
        "families": [match.family for match in kind.families],
        "effect": kind.effect,
        "fingerprint": examined.fingerprint,
        "ruleset": RULESET,
        "rdkit_version": RDKIT_VERSION,
        "enrolled_at": now,
        "handling": handling,
        "found_by": found_by,
    }


def cluster_values(examined: Examined, *, now: datetime) -> dict[str, Any]:
    """The row of the cluster the structure belongs to; its key comes from the structure alone."""
    kind = examined.classification
    return {
        "key": examined.cluster_key,
        "family": kind.family,
        "unodc_group": kind.group,
        "framework": examined.scaffold.framework,
        "reason": cluster_reason(examined.parent, kind, examined.scaffold),
        "founded_at": now,
    }


def tidy_name(name: str | None) -> str | None:
    """The name as it will be shown, or None for one that cannot be."""
    tidy = " ".join((name or "").split())
    return tidy if 0 < len(tidy) <= LONGEST_NAME and not tidy.startswith(UNNAMED) else None


def _what_it_is(examined: Examined) -> str:
    return unnamed(examined.classification.family, examined.identity.formula)


def unnamed(family: str, formula: str) -> str:
    """What a substance is called that nobody has named: "Unnamed nitazene, C22H26N4O3"."""
    return f"{UNNAMED}{family.replace('_', ' ') or 'substance'}, {formula}"


def _standing(examined: Examined) -> Standing:
    """What the knowledge base says; else an NPS when a family rule knows its core."""
    if examined.standing:
        return Standing(examined.standing)
    return Standing.NPS if examined.classification.family else Standing.UNCLASSIFIED


def held_name(session: Session, key: str, authority_id: int | None) -> SubstanceName | None:
    """The name as it is held for one authority, or (None) for everybody."""
    return session.scalar(
        select(SubstanceName).where(
            SubstanceName.key == key, SubstanceName.authority_id.is_not_distinct_from(authority_id)
        )
    )


_MEANT = (
    select(
        SubstanceName.key,
        SubstanceName.substance_id,
        SubstanceName.group,
        Substance.key,
        SubstanceName.family,
        SubstanceName.no_substance,
    )
    .outerjoin(SubstanceName.substance)
    .where(
        SubstanceName.key.in_(bindparam("keys", expanding=True)),
        or_(
            SubstanceName.authority_id.is_(None),
            SubstanceName.authority_id == bindparam("authority", type_=Integer),
        ),
    )
    .order_by(SubstanceName.authority_id.is_not(None))  # an authority's own come last, and stay
)


def meanings(
    session: Session, keys: Iterable[str], authority_id: int | None = None
) -> dict[str, Meaning]:
    """What each of these name keys means; keys that mean nothing to us are missing.

    With `authority_id`, in the reports of that authority: its own names go before those of all.
    """
    wanted = sorted(set(keys))
    found: dict[str, Meaning] = {}
    for start in range(0, len(wanted), 500):
        asked = {"keys": wanted[start : start + 500], "authority": authority_id}
        for key, substance_id, group, substance_key, family, none in session.execute(_MEANT, asked):
            found[key] = Meaning(substance_id, group, substance_key, family, none)
    return found

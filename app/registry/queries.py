"""Looking things up in the registry.

A substance that only restricted reports speak of is as restricted as they are, so every query takes
the actor.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import figure_clearance
from app.access.roles import SECRETARIAT, Actor
from app.db import Page, id_of
from app.errors import NotFound
from app.registry.identifiers import possible
from app.registry.models import Cluster, ExternalIdentifier, Standing, Substance, SubstanceName
from app.registry.names import name_key

_CODE = re.compile(r"TS-(\d{1,9})", re.IGNORECASE)
_CONNECTIVITY = re.compile(r"[A-Z]{14}(-[A-Z]{10}(-[A-Z])?)?")


def known_to(actor: Actor) -> ColumnElement[bool]:
    """Substances whose existence `actor` may know of."""
    open_enough = Substance.handling <= figure_clearance(actor)
    if actor.authority_id is None:
        return open_enough
    return or_(open_enough, Substance.found_by == actor.authority_id)


def names_known_to(actor: Actor) -> ColumnElement[bool]:
    """Names that `actor` may know of: an authority's own are for itself and the secretariat."""
    open_enough = SubstanceName.handling <= figure_clearance(actor)
    if actor.role in SECRETARIAT:
        return open_enough
    if actor.authority_id is None:
        return open_enough & SubstanceName.authority_id.is_(None)
    own = SubstanceName.authority_id == actor.authority_id
    return own | (open_enough & SubstanceName.authority_id.is_(None))


def listed_to(actor: Actor) -> ColumnElement[bool]:
    """Substances that lists and searches show `actor`: not those that were merged into another."""
    return and_(known_to(actor), Substance.merged_into_id.is_(None))


def meant() -> ColumnElement[int]:
    """The id of a substance, or of the one that it was merged into."""
    return func.coalesce(Substance.merged_into_id, Substance.id)


def substances(
    session: Session,
    actor: Actor,
    *,
    text: str | None = None,
    group: str | None = None,
    standing: Standing | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Substance]:
    """Substances by name, a page at a time; `text` finds names, numbers and InChIKeys."""
    query = select(Substance).where(listed_to(actor)).options(selectinload(Substance.controls))
    if text:
        query = query.where(Substance.id.in_(_matching(text, actor)))
    if group:
        query = query.where(Substance.group == group)
    if standing:
        query = query.where(Substance.standing == standing)
    key = func.lower(Substance.name)  # by the database alone: it folds other letters than Python
    if after:
        name, _, number = after.rpartition("\x1f")
        beyond = id_of(number) or 0
        query = query.where(or_(key > name, (key == name) & (Substance.id > beyond)))
    query = query.order_by(key, Substance.id).limit(limit + 1)
    found = session.execute(query.add_columns(key)).all()
    items = [substance for substance, _ in found[:limit]]
    if len(found) <= limit:
        return Page(items)
    return Page(items, f"{found[limit - 1][1]}\x1f{items[-1].id}")


def _matching(text: str, actor: Actor) -> Select[int]:
    """Ids of substances that `text` may mean: by names `actor` may know, keys or identifiers."""
    wanted = text.strip()
    if code := _CODE.fullmatch(wanted):
        return select(meant()).where(Substance.id == int(code[1]))
    if _CONNECTIVITY.fullmatch(wanted.upper()):
        return select(meant()).where(_keyed(wanted.upper()))
    part = f"%{_escaped(name_key(wanted))}%"
    named = select(SubstanceName.substance_id).where(
        SubstanceName.key.like(part, escape="\\"),
        SubstanceName.substance_id.is_not(None),
        names_known_to(actor),
    )
    shown = Substance.name.ilike(f"%{_escaped(wanted)}%", escape="\\")
    borne = select(ExternalIdentifier.substance_id).where(
        ExternalIdentifier.value.in_(possible(wanted))
    )
    return select(meant()).where(
        or_(Substance.cas == wanted, shown, Substance.id.in_(named), Substance.id.in_(borne))
    )


def _keyed(inchikey: str) -> ColumnElement[bool]:
    """The substance with this connectivity, and the variant with these two blocks."""
    return Substance.key.in_((inchikey[:14], inchikey[:25]))


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def substance_by_code(session: Session, actor: Actor, code: str) -> Substance:
    """The substance of that number, InChIKey or connectivity block. Raises NotFound.

    Of one that was merged it is the substance it was merged into.
    """
    query = select(Substance).where(known_to(actor))
    load = [
        selectinload(Substance.controls),
        selectinload(Substance.names.and_(names_known_to(actor))),
        selectinload(Substance.identifiers),
    ]
    if number := _CODE.fullmatch(code):
        query = query.where(Substance.id == int(number[1]))
    elif _CONNECTIVITY.fullmatch(code.upper()):
        query = query.where(_keyed(code.upper()))
    else:
        raise NotFound(f"{code} is no substance number; they look like TS-00042")
    # of a substance and its variant the longer key is the one that was asked for
    longest = query.order_by(func.length(Substance.key).desc()).limit(1).options(*load)
    substance = session.scalar(longest)
    if substance is not None and substance.merged_into_id is not None:
        target = Substance.id == substance.merged_into_id
        substance = session.scalar(select(Substance).where(target, known_to(actor)).options(*load))
    if substance is None:
        raise NotFound(f"there is no substance {code}")
    return substance


def counted_beside(session: Session, actor: Actor, substance: Substance) -> list[Substance]:
    """Others of the same connectivity: the variants that regulators treat apart, or the base."""
    query = select(Substance).where(
        Substance.connectivity == substance.connectivity,
        Substance.id != substance.id,
        listed_to(actor),
    )
    return list(session.scalars(query.order_by(Substance.name)))


def relatives(
    session: Session, actor: Actor, substance: Substance, limit: int = 8
) -> list[Substance]:
    """Other members of the substance's cluster, by name."""
    query = (
        select(Substance)
        .where(
            Substance.cluster_id == substance.cluster_id,
            Substance.id != substance.id,
            listed_to(actor),
        )
        .order_by(Substance.name)
        .limit(limit)
    )
    return list(session.scalars(query))


def clusters(
    session: Session,
    actor: Actor,
    *,
    group: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[tuple[Cluster, int]]:
    """Clusters with their number of members, by key, a page at a time."""
    size = func.count(Substance.id)
    query = (
        select(Cluster, size)
        .join(Substance)
        .where(listed_to(actor))
        .group_by(Cluster.id)
        .order_by(Cluster.key)
    )
    if group:
        query = query.where(Cluster.group == group)
    if after:
        query = query.where(Cluster.key > after)
    found = [(cluster, count) for cluster, count in session.execute(query.limit(limit + 1))]
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], found[limit - 1][0].key)


def cluster_by_key(session: Session, actor: Actor, key: str) -> tuple[Cluster, list[Substance]]:
    """The cluster of that key and the members the actor may know of. Raises NotFound."""
    cluster = session.scalar(select(Cluster).where(Cluster.key == key))
    members = (
        select(Substance)
        .join(Cluster)
        .where(Cluster.key == key, listed_to(actor))
        .order_by(Substance.name)
    )
    found = list(session.scalars(members))
    if cluster is None or not found:
        raise NotFound(f"there is no cluster {key}")
    return cluster, found


def group_sizes(session: Session, actor: Actor) -> dict[str, int]:
    """Number of new psychoactive substances in each UNODC group."""
    query = (
        select(Substance.group, func.count())
        .where(Substance.standing == Standing.NPS, listed_to(actor))
        .group_by(Substance.group)
    )
    return {group: count for group, count in session.execute(query)}


def standing_sizes(session: Session, actor: Actor) -> dict[Standing, int]:
    """Number of substances of each standing."""
    query = (
        select(Substance.standing, func.count())
        .where(listed_to(actor))
        .group_by(Substance.standing)
    )
    return {standing: count for standing, count in session.execute(query)}

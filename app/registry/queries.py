"""Looking things up in the registry.

A substance that only restricted reports speak of is as restricted as they are, so every query takes
the actor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    cast,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, contains_eager, selectinload

from app.access.handling import figure_clearance
from app.access.roles import SECRETARIAT, Actor
from app.db import Page, each_of, id_of
from app.errors import NotFound
from app.languages import N_
from app.paging import beyond, page_of, streamed
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


def naming_unknown(
    whose: Select[int], listed: ColumnElement[Any], number: str, known: ColumnElement[bool]
) -> Select[int]:
    """Those rows of `whose` that name, in a JSON list, a substance that is not `known` (a condition
    on Substance); `number` is where an element of the list holds its number.

    What is stored names those who could be named when it was written; one that was restricted since
    is not to be read of. The few rows that name one are found once for a statement: looked into one
    by one, they make PostgreSQL plan as if there were millions.
    """
    each = each_of(listed).table_valued(column("value", JSON)).alias()
    digits = func.substr(each.c.value[number].as_string(), len("TS-") + 1)
    return (
        whose.join(each, true())
        .join(Substance, Substance.id == cast(digits, Integer))
        .where(known.is_not(true()))  # null where nobody is said to have found it
        .correlate(None)
    )


def meant() -> ColumnElement[int]:
    """The id of a substance, or of the one that it was merged into."""
    return func.coalesce(Substance.merged_into_id, Substance.id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which substances are asked for; what is None leaves none out.

    `text` finds names, numbers and InChIKeys.
    """

    text: str | None = None
    group: str | None = None
    family: str | None = None
    cluster_id: int | None = None
    effect: str | None = None
    standing: Standing | None = None
    controlled: bool | None = None
    enrolled_from: date | None = None


def substances(
    session: Session,
    actor: Actor,
    *,
    text: str | None = None,
    group: str | None = None,
    family: str | None = None,
    standing: Standing | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Substance]:
    """Substances by name, a page at a time; `text` finds names, numbers and InChIKeys."""
    wanted = Wanted(text=text, group=group, family=family, standing=standing)
    return page_of(listed(session, actor, wanted, after=after, limit=limit), limit)


def listed(
    session: Session,
    actor: Actor,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Substance, str]]:
    """Substances by name, each with the cursor that continues after it."""
    key = func.lower(Substance.name)  # by the database alone: it folds other letters than Python
    query = (
        select(Substance, key)
        .where(listed_to(actor), *_asked_for(wanted, actor))
        .options(selectinload(Substance.controls))
        .order_by(key, Substance.id)
    )
    if after:
        name, _, number = after.rpartition("~")
        query = query.where(beyond((key, Substance.id), (name, id_of(number) or 0)))
    for substance, name in streamed(session, query, limit):
        yield substance, f"{name}~{substance.id}"


def _asked_for(wanted: Wanted, actor: Actor) -> Iterator[ColumnElement[bool]]:
    plain = {
        Substance.group: wanted.group,
        Substance.cluster_id: wanted.cluster_id,
        Substance.effect: wanted.effect,
        Substance.standing: wanted.standing,
    }
    yield from (column == value for column, value in plain.items() if value is not None)
    if wanted.family is not None:  # as the one that decides, or as a part or a second one
        every = cast(Substance.families, String)  # a JSON list, so the quoted id is found in it
        held = every.contains(f'"{wanted.family}"', autoescape=True)
        yield or_(Substance.family == wanted.family, held)
    if wanted.text:
        yield Substance.id.in_(_matching(wanted.text, actor))
    if wanted.controlled is not None:
        yield Substance.controls.any() if wanted.controlled else ~Substance.controls.any()
    if wanted.enrolled_from:
        yield Substance.enrolled_at >= datetime.combine(wanted.enrolled_from, time.min, UTC)


def names_listed(
    session: Session,
    actor: Actor,
    *,
    substance_id: int | None = None,
    group: str | None = None,
    text: str | None = None,
    ambiguous: bool | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = None,
) -> Iterator[SubstanceName]:
    """Names and what they mean, by key: one substance that `actor` may know of, or only a group.

    `group` is that of the substance, or the one that an ambiguous name stands for.
    """
    query = (
        select(SubstanceName)
        .outerjoin(SubstanceName.substance)
        .where(or_(SubstanceName.substance_id.is_(None), known_to(actor)), names_known_to(actor))
        .options(contains_eager(SubstanceName.substance))
        .order_by(SubstanceName.key, SubstanceName.id)
    )
    if substance_id is not None:
        query = query.where(SubstanceName.substance_id == substance_id)
    if group is not None:
        query = query.where(func.coalesce(Substance.group, SubstanceName.group) == group)
    if text is not None:
        part = f"%{_escaped(name_key(text))}%"
        query = query.where(SubstanceName.key.like(part, escape="\\"))
    if ambiguous is not None:
        query = query.where(SubstanceName.substance_id.is_(None) == ambiguous)
    if after is not None:
        query = query.where(beyond((SubstanceName.key, SubstanceName.id), after))
    for (name,) in streamed(session, query, limit):
        yield name


def names_of(session: Session, actor: Actor, substance_id: int) -> list[SubstanceName]:
    """The names of a substance that `actor` may know of, in alphabetical order."""
    query = select(SubstanceName).where(
        SubstanceName.substance_id == substance_id, names_known_to(actor)
    )
    return list(session.scalars(query.order_by(SubstanceName.name, SubstanceName.id)))


def _matching(text: str, actor: Actor) -> Select[int]:
    """Ids of substances that `text` may mean: by names `actor` may know, keys or identifiers."""
    wanted = text.strip()
    known = select(meant()).where(known_to(actor))  # a hidden one leads to nothing either
    if code := _CODE.fullmatch(wanted):
        return known.where(Substance.id == int(code[1]))
    if _CONNECTIVITY.fullmatch(wanted.upper()):
        return known.where(_keyed(wanted.upper()))
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
    return known.where(
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
        raise NotFound(
            N_("%(code)s is no substance number; they look like %(example)s"),
            code=code,
            example="TS-00042",
        )
    # of a substance and its variant the longer key is the one that was asked for
    longest = query.order_by(func.length(Substance.key).desc()).limit(1).options(*load)
    substance = session.scalar(longest)
    if substance is not None and substance.merged_into_id is not None:
        target = Substance.id == substance.merged_into_id
        substance = session.scalar(select(Substance).where(target, known_to(actor)).options(*load))
    if substance is None:
        raise NotFound(N_("there is no substance %(code)s"), code=code)
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
    rows = clusters_listed(session, actor, group=group, after=after, limit=limit)
    return page_of(((row, row[0].key) for row in rows), limit)


def clusters_listed(
    session: Session,
    actor: Actor,
    *,
    group: str | None = None,
    family: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Cluster, int]]:
    """Clusters with the number of members that `actor` may know of, by key."""
    query = (
        select(Cluster, func.count(Substance.id))
        .join(Substance)
        .where(listed_to(actor))
        .group_by(Cluster.id)
        .order_by(Cluster.key)
    )
    if group:
        query = query.where(Cluster.group == group)
    if family:
        query = query.where(Cluster.family == family)
    if after:
        query = query.where(Cluster.key > after)
    for row in streamed(session, query, limit):
        yield row[0], row[1]


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
        raise NotFound(N_("there is no cluster %(key)s"), key=key)
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

"""Looking up what is known of substances (app.registry.facts), as far as the reader may see it.

A fact shows to whom its handling shows it, and only if they may know of the substance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, distinct, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from app.access.handling import row_clearance
from app.access.roles import Actor
from app.db import Page, id_of
from app.errors import NotFound
from app.registry.facts import PREFIXES, Fact, MeasureKind, Topic
from app.registry.models import Substance
from app.registry.queries import known_to

_CODE = re.compile(r"([A-Z]{2})-([0-9]{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts a list shows; what is None does not matter.

    `as_of`: as they were known at the end of that day. `in_force`: begun and not ended by that day.
    """

    substance: Substance | None = None
    country: str | None = None
    kind: str | None = None
    as_of: date | None = None
    in_force: date | None = None


def facts(
    session: Session,
    actor: Actor,
    topic: Topic,
    wanted: Wanted,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[Fact]:
    """Facts of one topic, those received last first, a page at a time."""
    query = _seen(actor, wanted.as_of).where(Fact.topic == topic, *_conditions(wanted))
    if (last := id_of(after)) is not None:
        query = query.where(Fact.id < last)
    found = list(session.scalars(query.order_by(Fact.id.desc()).limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def all_facts(
    session: Session, actor: Actor, topic: Topic, wanted: Wanted, limit: int = 50_000
) -> list[Fact]:
    """The same as one list, for a file."""
    return facts(session, actor, topic, wanted, limit=limit).items


def facts_of(
    session: Session, actor: Actor, substance: Substance, definitions: Iterable[str] = ()
) -> list[Fact]:
    """What is known of a substance, and of the classes it belongs to, oldest first.

    `definitions` are those whose wording covers it; only the caller has read its structure.
    """
    covered = covering(substance, definitions)
    query = _seen(actor, None).where(or_(_is(substance.id), Fact.covers.in_(covered)))
    return list(
        session.scalars(query.order_by(Fact.since.is_(None), Fact.since, Fact.country, Fact.id))
    )


def covering(substance: Substance, definitions: Iterable[str] = ()) -> list[str]:
    """The classes a substance belongs to, as `Fact.covers` names them."""
    classes = [f"family:{family}" for family in substance.families]
    if substance.group:
        classes.append(f"group:{substance.group}")
    return classes + [f"definition:{one}" for one in definitions]


def fact_by_code(session: Session, actor: Actor, code: str) -> Fact:
    """A fact by its number, as it stands. Raises NotFound."""
    number = _CODE.fullmatch(code)
    topic = next((t for t, p in PREFIXES.items() if number and p == number[1].upper()), None)
    if number and topic:
        of = id_of(number[2]) or 0
        query = _seen(actor, None).where(Fact.number == of, Fact.topic == topic)
        if fact := session.scalar(query):
            return fact
    raise NotFound(f"there is no {code} that you may see")


def laboratories_holding(session: Session, actor: Actor, substance_id: int) -> int:
    """How many laboratories hold a reference standard of it."""
    query = _seen(actor, None).where(Fact.topic == Topic.STANDARD, _is(substance_id), Fact.held)
    counted = query.with_only_columns(func.count(distinct(Fact.authority_id)))
    return session.scalar(counted) or 0


def controlling(session: Session, actor: Actor, today: date) -> tuple[int, int, int]:
    """How many countries control how many substances and classes by measures in force."""
    wanted = Wanted(in_force=today)
    query = _seen(actor, None).where(
        Fact.topic == Topic.MEASURE, Fact.kind != MeasureKind.NONE, *_conditions(wanted)
    )
    counts = query.with_only_columns(
        func.count(distinct(Fact.country)),
        func.count(distinct(Fact.substance_id)),
        func.count(distinct(Fact.covers)),
    )
    countries, substances, classes = session.execute(counts).one()
    return countries, substances, classes


def control_dates(session: Session, actor: Actor, as_of: date) -> list[tuple[str, str, str]]:
    """What is controlled, where, since when: measures known and in force on a day.

    What is a substance ("substance:42") or a class as `Fact.covers` has it; a date is as exact as
    it was given. Measures whose start is not known are left out.
    """
    wanted = Wanted(as_of=as_of, in_force=as_of)
    query = _seen(actor, wanted.as_of).where(
        Fact.topic == Topic.MEASURE,
        Fact.kind != MeasureKind.NONE,
        Fact.since.is_not(None),
        Fact.country.is_not(None),
        *_conditions(wanted),
    )
    of = func.coalesce(Substance.merged_into_id, Fact.substance_id)
    rows = session.execute(query.with_only_columns(of, Fact.covers, Fact.country, Fact.since))
    return [
        (covers or f"substance:{substance}", country or "", since or "")
        for substance, covers, country, since in rows
    ]


def countries_with_measures(session: Session, actor: Actor) -> list[str]:
    """Countries that any measure is held of, by code."""
    query = _seen(actor, None).where(Fact.topic == Topic.MEASURE)
    return sorted(c for c in session.scalars(query.with_only_columns(Fact.country).distinct()) if c)


def _seen(actor: Actor, as_of: date | None) -> Select[Fact]:
    """Facts that stand, or stood at the end of a day, and that the actor may see."""
    query = (
        select(Fact)
        .outerjoin(Fact.substance)
        .options(contains_eager(Fact.substance), joinedload(Fact.authority))
        .where(_open_to(actor, Fact), ~Fact.withdrawn)
        .where(or_(Fact.substance_id.is_(None), known_to(actor)))
    )
    if as_of is None:
        return query.where(Fact.superseded_at.is_(None))
    end = datetime.combine(as_of + timedelta(days=1), time(), UTC)
    stood = or_(Fact.superseded_at.is_(None), Fact.superseded_at >= end)
    newer = aliased(Fact)
    # the newest version says who may see the older ones
    still_open = (
        select(newer.id)
        .where(newer.number == Fact.number, newer.superseded_at.is_(None), _open_to(actor, newer))
        .correlate(Fact)
        .exists()
    )
    return query.where(Fact.received_at < end, stood, still_open)


def _is(substance_id: int) -> ColumnElement[bool]:
    """Facts of a substance, and of those that were merged into it."""
    return or_(Fact.substance_id == substance_id, Substance.merged_into_id == substance_id)


def _open_to(actor: Actor, fact: type[Fact]) -> ColumnElement[bool]:
    allowed = fact.handling <= row_clearance(actor)
    if actor.authority_id is None:
        return allowed
    return or_(allowed, fact.authority_id == actor.authority_id)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.substance is not None:
        of = wanted.substance
        found.append(or_(_is(of.id), Fact.covers.in_(covering(of))))
    if wanted.country:
        found.append(Fact.country == wanted.country)
    if wanted.kind:
        found.append(Fact.kind == wanted.kind)
    if wanted.in_force:
        day = wanted.in_force.isoformat()
        # dates are as exact as they were given: one of 2026 lasts until its end
        ends = func.substr(literal(day), 1, func.length(Fact.until)) <= Fact.until
        found.append(
            and_(or_(Fact.since.is_(None), Fact.since <= day), or_(Fact.until.is_(None), ends))
        )
    return found

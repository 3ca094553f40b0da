"""What else is known of substances: declaring measures, uses, lists and standards; reading them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field

from app.access.roles import REPORTERS, SECRETARIAT, Role
from app.api import api
from app.api.asking import Country, Day, NumberedAsked, SubstanceCode, ask
from app.api.contract import USUAL_PAGE, View, listing, promise
from app.api.receipts import ReceiptOut
from app.api.reports import settled_whole
from app.api.shapes import link
from app.entrance import actor, allow, database, now
from app.errors import Problem, Refused
from app.intake.declared import MeasureIn, StandardIn, SurveillanceIn, UseIn
from app.intake.declaring import MOST_ROWS, declare
from app.registry import fact_queries as facts
from app.registry.fact_queries import Wanted
from app.registry.facts import Fact, ListKind, MeasureKind, SupplierKind, Topic, UseKind
from app.registry.queries import substance_by_code


class FactsAsked(NumberedAsked):
    """What may be asked of every list of facts."""

    substance: SubstanceCode | None = None
    country: Country | None = None
    as_of: Annotated[Day, Field(description="as it was known at the end of that day")] | None = None
    in_force: Annotated[Day, Field(description="begun and not ended by that day")] | None = None


class MeasuresAsked(FactsAsked):
    """National measures."""

    kind: MeasureKind | None = None


class UsesAsked(FactsAsked):
    """Uses."""

    kind: UseKind | None = None


class SurveillanceAsked(FactsAsked):
    """Entries of surveillance lists."""

    kind: ListKind | None = None


class StandardsAsked(FactsAsked):
    """Reference standards."""

    kind: SupplierKind | None = None


class FactOut(BaseModel):
    """One thing known of a substance or a class. `says` is the instrument of a measure, what a use
    is, the name of a list, the form of a standard; dates are as exact as they were given."""

    id: str
    topic: str
    substance: str | None
    name: str | None
    covers: str | None
    country: str | None
    kind: str
    says: str
    since: str | None
    until: str | None
    held: bool | None
    source: str
    authority: str | None
    version: int
    handling: str
    received_at: datetime
    superseded_at: datetime | None
    url: str | None


def declared(takes: type[BaseModel], what: str) -> Callable[[View], View]:
    """The promise of a door that takes declarations."""
    return promise(
        f"Send {what}", takes=takes, many=True, answers=ReceiptOut, status=201, repeatable=True
    )


@api.post("/measures")
@allow(*REPORTERS)
@declared(MeasureIn, "national measures")
def submit_measures() -> Response:
    """Say how your country controls a substance or a class, since when, and by which instrument."""
    return _declare(Topic.MEASURE)


@api.post("/uses")
@allow(*REPORTERS, *SECRETARIAT)
@declared(UseIn, "therapeutic, scientific and industrial uses")
def submit_uses() -> Response:
    """Say what a substance is lawfully used for; without a country the secretariat alone may."""
    return _declare(Topic.USE)


@api.post("/standards")
@allow(*REPORTERS)
@declared(StandardIn, "reference standards")
def submit_standards() -> Response:
    """Say that reference material is to be had, and whether you hold it."""
    return _declare(Topic.STANDARD)


@api.post("/surveillance")
@allow(*SECRETARIAT)
@declared(SurveillanceIn, "entries of surveillance lists")
def submit_surveillance() -> Response:
    """Say that a substance was put on a surveillance list, or taken off it."""
    return _declare(Topic.SURVEILLANCE)


@api.get("/measures")
@allow(Role.PUBLIC)
@promise("National measures", answers=FactOut, listed=True, asks=MeasuresAsked)
def list_measures() -> Response:
    """Who controls what, since when; `as_of` as it was known on a day, `in_force` on a day."""
    return _list(Topic.MEASURE, ask(MeasuresAsked))


@api.get("/uses")
@allow(Role.PUBLIC)
@promise("Uses of substances", answers=FactOut, listed=True, asks=UsesAsked)
def list_uses() -> Response:
    """Therapeutic, veterinary, scientific and industrial uses."""
    return _list(Topic.USE, ask(UsesAsked))


@api.get("/standards")
@allow(Role.PUBLIC)
@promise("Reference standards", answers=FactOut, listed=True, asks=StandardsAsked)
def list_standards() -> Response:
    """Reference material and who holds it; which laboratory is told to those signed in."""
    return _list(Topic.STANDARD, ask(StandardsAsked))


@api.get("/surveillance")
@allow(Role.PUBLIC)
@promise("Surveillance lists", answers=FactOut, listed=True, asks=SurveillanceAsked)
def list_surveillance() -> Response:
    """Entries of surveillance lists."""
    return _list(Topic.SURVEILLANCE, ask(SurveillanceAsked))


def _declare(topic: Topic) -> Response:
    return settled_whole(partial(declare, topic=topic, by=actor(), now=now()), most=MOST_ROWS)


def _list(
    topic: Topic, asked: MeasuresAsked | UsesAsked | StandardsAsked | SurveillanceAsked
) -> Response:
    if topic is Topic.STANDARD and asked.country and not actor().signed_in:
        said = "who holds a standard is told to those signed in"
        raise Refused(f"country: {said}", (Problem("country", said),))
    with database().reading() as session:
        of = asked.substance
        wanted = Wanted(
            substance=substance_by_code(session, actor(), of) if of else None,
            country=asked.country,
            kind=asked.kind,
            as_of=asked.as_of,
            in_force=asked.in_force,
        )
        size = asked.limit or USUAL_PAGE
        page = facts.facts(session, actor(), topic, wanted, after=asked.after, limit=size)
        return listing(page, fact_out)


def fact_out(fact: Fact) -> FactOut:
    """A fact as the API shows it; who holds a standard is not for everybody."""
    of, named = fact.substance, fact.topic is not Topic.STANDARD or actor().signed_in
    return FactOut(
        id=fact.code,
        topic=fact.topic.value,
        substance=of.code if of else None,
        name=of.name if of else None,
        covers=fact.covers,
        country=fact.country if named else None,
        kind=fact.kind,
        says=fact.says,
        since=fact.since,
        until=fact.until,
        held=fact.held if fact.topic is Topic.STANDARD else None,
        source=fact.source if named else "",
        authority=fact.authority.code if fact.authority and named else None,
        version=fact.version,
        handling=fact.handling.word,
        received_at=fact.received_at,
        superseded_at=fact.superseded_at,
        url=link(f"/substances/{of.code}") if of else None,
    )

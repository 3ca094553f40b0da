"""Who is told of alerts, and on behalf of which authority."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.access.models import Authority
from app.access.roles import SIGNED_IN
from app.access.service import authority_by_code
from app.api import api
from app.api.asking import NumberedAsked, ask
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.db import Page, id_of
from app.entrance import actor, allow, database, now, settings
from app.errors import Forbidden, Problem, Refused
from app.notification import standing
from app.notification.addresses import host_for
from app.notification.looking_back import look_back
from app.notification.models import Edition, Rhythm, Subscription
from app.notification.standing import State, state_of
from app.notification.subscriptions import change, subscribe, wish_of
from app.notification.wishes import read_wish

Hour = Annotated[int, Field(strict=True, ge=0, le=23)]
Words = list[Annotated[str, Field(max_length=2_000)]]


class SimilarIn(BaseModel, extra="forbid"):
    """A structure, and how similar one must be to it: Tanimoto, Morgan radius 2, 2,048 bits."""

    smiles: str = Field(max_length=2_000)
    at_least: float = Field(strict=True, default=0.7, ge=0, le=1)


class FiltersIn(BaseModel, extra="forbid"):
    """What alerts must be about. All filters must be passed; one that is left out lets all pass."""

    groups: Words | None = None
    families: Words | None = None
    clusters: Words | None = None
    blocks: Words | None = Field(None, description="building blocks: slot and fragment")
    substances: Words | None = Field(
        None, description="a watch list: number, exact name, InChIKey or structure"
    )
    similar_to: SimilarIn | None = None
    containing: str | None = Field(None, max_length=2_000, description="a structure, or SMARTS")
    countries: Words | None = None
    regions: Words | None = None
    near_me: bool | None = Field(
        None,
        strict=True,
        description="in the region of your authority's country, and urgent worldwide",
    )
    rules: Words | None = None
    event_kinds: Words | None = Field(
        None, description="kinds of events in which the substance was reported"
    )


class WishIn(BaseModel, extra="forbid"):
    """What somebody wants to be told of, and when."""

    filters: FiltersIn | None = None
    group: str | None = Field(None, description="short for a filter of one group")
    country: str | None = Field(None, description="short for a filter of one country")
    min_tier: str = Field(default="watch", pattern="^(watch|alert|urgent)$")
    clearance: str = Field(default="amber", pattern="^(clear|green|amber)$")
    rhythm: Rhythm = Rhythm.IMMEDIATE
    time_zone: str = Field(default="UTC", max_length=64, description="as Europe/Vienna")
    quiet_from: Hour | None = Field(None, description="hour of the day, there")
    quiet_until: Hour | None = None
    language: str = Field(default="en", pattern="^(en|fr|es)$")
    second_contact: str | None = Field(None, max_length=254)


class SubscriptionIn(WishIn, extra="forbid"):
    """Who wants to be told of what: an address, or a webhook of your authority."""

    email: str | None = Field(None, max_length=254)
    webhook: int | None = Field(None, strict=True, ge=1, le=2**31 - 1)


class SubscriptionChange(WishIn, extra="forbid"):
    """What is to be different; what is left out stays. `filters` replaces all filters."""

    paused_until: datetime | None = Field(None, description="null ends a pause")


class SubscriptionOut(BaseModel):
    """One subscription."""

    id: int
    email: str | None
    webhook: int | None
    authority: str
    group: str | None
    country: str | None
    filters: dict[str, Any]
    min_tier: str
    clearance: str
    rhythm: Rhythm
    time_zone: str
    quiet_from: int | None
    quiet_until: int | None
    language: str
    second_contact: str | None
    state: State
    created_at: datetime
    confirmed_at: datetime | None
    paused_until: datetime | None
    bounced_at: datetime | None


class ToldOut(BaseModel):
    """An alert that would have been told."""

    id: str
    headline: str
    tier: str
    handling: str
    issued: datetime
    url: str


class LookBackOut(BaseModel):
    """What a wish would have brought since a day: alerts, the urgent among them, and mails."""

    since: datetime
    told: int
    urgent: int
    mails: int
    newest: list[ToldOut]


class AuthorityOut(BaseModel):
    """One authority."""

    id: str
    name: str
    country: str | None


class SubscriptionsAsked(NumberedAsked):
    """Subscriptions by number; those that ended only when they are asked for."""

    state: Annotated[State | None, Field(description="only those that stand so")] = None


@api.get("/subscriptions")
@allow(*SIGNED_IN)
@promise("Subscriptions", answers=SubscriptionOut, listed=True, asks=SubscriptionsAsked)
def list_subscriptions() -> Response:
    """The subscriptions of your authority, by number."""
    wanted = ask(SubscriptionsAsked)
    limit = wanted.limit or USUAL_PAGE
    with database().reading() as session:
        found = standing.subscriptions(
            session,
            actor(),
            state=wanted.state,
            now=now(),
            after=id_of(wanted.after),
            limit=limit + 1,
        )
        more = str(found[limit - 1].id) if len(found) > limit else None
        return listing(Page(found[:limit], more), _subscription_out)


@api.get("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
@promise("One subscription", answers=SubscriptionOut)
def read_subscription(number: int) -> Response:
    """A subscription of your authority."""
    with database().reading() as session:
        return answer(_subscription_out(standing.subscription_for(session, number, actor())))


@api.post("/subscriptions")
@allow(*SIGNED_IN)
@promise("Subscribe", takes=SubscriptionIn, answers=SubscriptionOut, status=201)
def add_subscription() -> Response:
    """Let somebody be told of alerts on behalf of your authority. An address that is not your own
    is asked first, and told nothing before it was confirmed."""
    wanted, who = body(SubscriptionIn), actor()
    if (wanted.email is None) == (wanted.webhook is None):
        what = "give an address, or a webhook: one of the two"
        raise Refused(what, (Problem("email", what),))
    with database().transaction() as session:
        home = authority_by_code(session, _home())
        made = subscribe(
            session,
            wanted.email,
            authority=home,
            wish=read_wish(session, _said(wanted), authority=home, by=who),
            webhook_id=wanted.webhook,
            host=host_for(settings()),
            now=now(),
            by=who,
        )
        return answer(_subscription_out(made), 201)


@api.patch("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
@promise("Change a subscription", takes=SubscriptionChange, answers=SubscriptionOut)
def change_subscription(number: int) -> Response:
    """Change what somebody is told of and when; pause with `paused_until`."""
    wanted, who = body(SubscriptionChange), actor()
    with database().transaction() as session:
        held = standing.editable(session, number, who)
        if said := _said(wanted):
            wish = read_wish(session, said, authority=held.authority, by=who, before=wish_of(held))
            held = change(session, number, wish, now=now(), by=who)
        if "paused_until" in wanted.model_fields_set:
            if wanted.paused_until is None:
                held = standing.resume(session, number, now=now(), by=who)
            else:
                until = _aware(wanted.paused_until)
                held = standing.pause(session, number, until, now=now(), by=who)
        return answer(_subscription_out(held))


@api.delete("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
@promise("Unsubscribe", status=204)
def end_subscription(number: int) -> Response:
    """End a subscription."""
    with database().transaction() as session:
        standing.end(session, number, now=now(), by=actor())
    return Response(status=204)


@api.post("/subscriptions/preview")
@allow(*SIGNED_IN)
@promise("What a subscription would have brought", takes=WishIn, answers=LookBackOut)
def preview_subscription() -> Response:
    """The alerts of the last 365 days that pass the filters, and the newest twenty of them."""
    wanted, who = body(WishIn), actor()
    with database().reading() as session:
        home = authority_by_code(session, _home())
        wish = read_wish(session, _said(wanted), authority=home, by=who)
        found = look_back(session, wish, home=home.country, by=who, now=now())
        return answer(
            LookBackOut(
                since=found.since,
                told=found.told,
                urgent=found.urgent,
                mails=found.mails,
                newest=[_told_out(edition) for edition in found.newest],
            )
        )


@api.get("/authorities")
@allow(*SIGNED_IN)
@promise("Authorities", answers=AuthorityOut, listed=True)
def list_authorities() -> Response:
    """The authorities that take part."""
    with database().reading() as session:
        found = list(session.scalars(select(Authority).order_by(Authority.code)))
    return listing(
        Page(found), lambda one: AuthorityOut(id=one.code, name=one.name, country=one.country)
    )


def _home() -> str:
    code = actor().authority_code
    if code is None:
        raise Forbidden("subscriptions belong to an authority")
    return code


def _said(wanted: WishIn) -> dict[str, Any]:
    """The settings that were sent, and no others."""
    kept = wanted.model_dump(
        mode="json", exclude_unset=True, exclude={"email", "webhook", "paused_until"}
    )
    filters = kept.get("filters")
    if filters is not None:
        kept["filters"] = {name: value for name, value in filters.items() if value is not None}
    return {
        name: v for name, v in kept.items() if name not in {"group", "country"} or v is not None
    }


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        what = "say in which time zone: 2026-12-01T08:00:00Z"
        raise Refused(what, (Problem("paused_until", what),))
    return moment


def _told_out(edition: Edition) -> ToldOut:
    code = edition.alert.code
    return ToldOut(
        id=code,
        headline=edition.headline,
        tier=edition.tier.word,
        handling=edition.handling.word,
        issued=edition.issued_at,
        url=f"{settings().base_url}/alerts/{code}",
    )


def _subscription_out(one: Subscription) -> SubscriptionOut:
    return SubscriptionOut(
        id=one.id,
        email=one.email,
        webhook=one.webhook_id,
        authority=one.authority.code,
        group=next(iter(one.filters.get("groups", ())), None),
        country=next(iter(one.filters.get("countries", ())), None),
        filters=one.filters,
        min_tier=one.min_tier.word,
        clearance=one.clearance.word,
        rhythm=one.rhythm,
        time_zone=one.time_zone,
        quiet_from=one.quiet_from,
        quiet_until=one.quiet_until,
        language=one.language,
        second_contact=one.second_contact,
        state=state_of(one, now()),
        created_at=one.created_at,
        confirmed_at=one.confirmed_at,
        paused_until=one.paused_until,
        bounced_at=one.bounced_at,
    )

"""Who is told of alerts, and on behalf of which authority."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.access.models import Authority
from app.access.roles import SIGNED_IN
from app.access.service import authority_by_code
from app.api import api
from app.api.contract import answer, body, listing, promise
from app.db import Page
from app.entrance import actor, allow, database, now
from app.errors import Forbidden
from app.notification.models import Subscription
from app.notification.subscriptions import end, subscribe, subscriptions
from app.surveillance.models import Tier


class SubscriptionIn(BaseModel, extra="forbid"):
    """Who wants to be told of what."""

    email: str = Field(max_length=254)
    group: str | None = None
    country: str | None = None
    min_tier: str = Field(default="watch", pattern="^(watch|alert|urgent)$")


class SubscriptionOut(BaseModel):
    """One subscription."""

    id: int
    email: str | None
    authority: str
    group: str | None
    country: str | None
    min_tier: str


class AuthorityOut(BaseModel):
    """One authority."""

    id: str
    name: str
    country: str | None


@api.get("/subscriptions")
@allow(*SIGNED_IN)
@promise("Subscriptions", answers=SubscriptionOut, listed=True)
def list_subscriptions() -> Response:
    """The active subscriptions of your authority."""
    with database().reading() as session:
        return listing(Page(subscriptions(session, actor())), _subscription_out)


@api.post("/subscriptions")
@allow(*SIGNED_IN)
@promise("Subscribe", takes=SubscriptionIn, answers=SubscriptionOut, status=201)
def add_subscription() -> Response:
    """Let somebody be told of alerts on behalf of your authority."""
    wanted, who = body(SubscriptionIn), actor()
    if who.authority_code is None:
        raise Forbidden("subscriptions belong to an authority")
    with database().transaction() as session:
        made = subscribe(
            session,
            wanted.email,
            authority=authority_by_code(session, who.authority_code),
            group=wanted.group,
            country=wanted.country,
            min_tier=Tier[wanted.min_tier.upper()],
            now=now(),
            by=who,
        )
        return answer(_subscription_out(made), 201)


@api.delete("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
@promise("Unsubscribe", status=204)
def end_subscription(number: int) -> Response:
    """End a subscription."""
    with database().transaction() as session:
        end(session, number, now=now(), by=actor())
    return Response(status=204)


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


def _subscription_out(one: Subscription) -> SubscriptionOut:
    return SubscriptionOut(
        id=one.id,
        email=one.email,
        authority=one.authority.code,
        group=next(iter(one.filters.get("groups", ())), None),
        country=next(iter(one.filters.get("countries", ())), None),
        min_tier=one.min_tier.word,
    )

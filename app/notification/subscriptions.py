"""Who wants to be told, of what and when: subscribing, and wishing for something else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.email import email_address
from app.access.models import Authority, Person
from app.access.roles import SYSTEM, Actor
from app.access.service import record
from app.errors import Forbidden
from app.notification.filters import Filters
from app.notification.models import Rhythm, Subscription, Webhook
from app.notification.standing import (
    ANSWERABLE,
    State,
    ask,
    bounced,
    editable,
    end,
    may_see,
    note,
    refused,
    subscriptions,
)
from app.notification.wishes import CLEARANCE, Wish, read_wish
from app.surveillance.models import Tier
from chem.families import GROUPS

__all__ = ["CLEARANCE", "GROUPS", "State", "bounced", "change", "end", "subscribe", "subscriptions"]

MOST_OF_ONE = 50  # subscriptions of one address for one authority
MOST_UNCONFIRMED = 5  # of one address: nobody is to be flooded with questions


def subscribe(
    session: Session,
    email: str | None,
    *,
    authority: Authority,
    now: datetime,
    group: str | None = None,
    country: str | None = None,
    min_tier: Tier = Tier.WATCH,
    wish: Wish | None = None,
    webhook_id: int | None = None,
    host: str = "localhost",
    by: Actor = SYSTEM,
) -> Subscription:
    """Tell `email`, or the webhook, of every alert that passes; without filters, of every alert.

    `group`, `country` and `min_tier` are short for a wish. Asking twice for the same is asking
    once. An address that is not the asker's own is first asked to confirm (`host` ends the
    Message-ID); the command line speaks for whoever runs the service, and is believed.

    Raises Refused, saying what would be right, and Forbidden when `by` may not speak for the
    authority or name the address.
    """
    _may_speak_for(by, authority)
    if wish is None:
        short = {"group": group, "country": country, "min_tier": min_tier.word}
        given = {name: value for name, value in short.items() if value}
        wish = read_wish(session, given, authority=authority, by=by)
    if webhook_id is not None:
        email = None
        _check_webhook(session, webhook_id, authority, wish, by)
    else:
        email = email_address(email or "")
        _may_name(by, email)
    _check_contact(session, wish, authority)
    columns = _columns(wish)
    active = list(
        session.scalars(
            select(Subscription).where(
                Subscription.email == email if email else Subscription.webhook_id == webhook_id,
                Subscription.authority_id == authority.id,
                Subscription.ended_at.is_(None),
            )
        )
    )
    for one in active:
        if all(getattr(one, name) == value for name, value in columns.items()):
            return one
    if len(active) >= MOST_OF_ONE:
        who = email or f"webhook {webhook_id}"
        field = "email" if email else "webhook"
        raise refused(field, f"{who} has {len(active)} subscriptions; end some of them first")
    believed = email is None or by == SYSTEM or by.label == email
    known = believed or any(one.confirmed_at and not one.bounced_at for one in active)
    if not known:
        _refuse_flood(session, email or "")
    subscription = Subscription(
        email=email,
        webhook_id=webhook_id,
        authority=authority,
        created_at=now,
        confirmed_at=now if known else None,
        **columns,
    )
    session.add(subscription)
    session.flush()
    record(
        session,
        by,
        "subscription.add",
        subscription.recipient,
        now,
        id=subscription.id,
        authority=authority.code,
        **_said(wish),
    )
    if not known:
        ask(session, subscription, now, host)
    return subscription


def change(
    session: Session, subscription_id: int, wish: Wish, *, now: datetime, by: Actor
) -> Subscription:
    """Let it wish for something else. Raises NotFound, Forbidden, Refused, as `subscribe` does."""
    subscription = editable(session, subscription_id, by)
    if subscription.ended_at is not None:
        raise refused("id", "this subscription has ended; subscribe anew")
    if subscription.webhook_id is not None:
        _check_webhook(session, subscription.webhook_id, subscription.authority, wish, by)
    if wish.second_contact != subscription.second_contact:
        _check_contact(session, wish, subscription.authority)
    for name, value in _columns(wish).items():
        setattr(subscription, name, value)
    session.flush()
    note(session, by, "change", subscription, now, **_said(wish))
    return subscription


def wish_of(subscription: Subscription) -> Wish:
    """What a subscription wishes for."""
    return Wish(
        filters=Filters.from_json(subscription.filters),
        **{name: getattr(subscription, name) for name in Wish.__slots__ if name != "filters"},
    )


def _columns(wish: Wish) -> dict[str, Any]:
    """A wish as the columns of a subscription."""
    columns = {name: getattr(wish, name) for name in Wish.__slots__}
    return columns | {"filters": wish.filters.as_json()}


def _said(wish: Wish) -> dict[str, Any]:
    """A wish for the audit trail."""
    return _columns(wish) | {"min_tier": wish.min_tier.word, "clearance": wish.clearance.word}


def _refuse_flood(session: Session, email: str) -> None:
    unconfirmed = session.scalar(
        select(func.count())
        .select_from(Subscription)
        .where(
            Subscription.email == email,
            Subscription.ended_at.is_(None),
            Subscription.confirmed_at.is_(None),
        )
    )
    if (unconfirmed or 0) >= MOST_UNCONFIRMED:
        raise refused("email", f"{email} has {unconfirmed} subscriptions to confirm already")


def _check_webhook(
    session: Session, webhook_id: int, authority: Authority, wish: Wish, by: Actor
) -> None:
    webhook = session.get(Webhook, webhook_id)
    if webhook is None or webhook.ended_at is not None or webhook.authority_id != authority.id:
        raise refused("webhook", f"{authority.code} has no webhook {webhook_id}")
    if by.role not in ANSWERABLE:
        raise Forbidden("a focal point subscribes the machines of an authority")
    if wish.rhythm is not Rhythm.IMMEDIATE:
        raise refused("rhythm", "a webhook is told at once; choose immediate")


def _check_contact(session: Session, wish: Wish, authority: Authority) -> None:
    """A second contact gets what the first gets, so it must be somebody of the authority."""
    if wish.second_contact is None:
        return
    login = select(Person.id).where(
        Person.email == wish.second_contact, Person.authority_id == authority.id, Person.active
    )
    subscribed = select(Subscription.id).where(
        Subscription.email == wish.second_contact,
        Subscription.authority_id == authority.id,
        Subscription.confirmed_at.is_not(None),
        Subscription.ended_at.is_(None),
    )
    if session.scalar(login.limit(1)) is None and session.scalar(subscribed.limit(1)) is None:
        raise refused(
            "second_contact",
            f"{wish.second_contact} has no login and no confirmed subscription of "
            f"{authority.code}; subscribe it first",
        )


def _may_speak_for(actor: Actor, authority: Authority) -> None:
    if not may_see(actor, authority.id):
        raise Forbidden(f"{actor.label} may not subscribe anybody for {authority.code}")


def _may_name(actor: Actor, email: str) -> None:
    """What is mailed may be amber: others than oneself are named by those who answer for them."""
    if actor.role in ANSWERABLE or actor.label == email:
        return
    raise Forbidden("you may subscribe your own address; a focal point may subscribe others")

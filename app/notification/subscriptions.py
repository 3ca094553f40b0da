"""Who wants to be told: subscribing, ending, and the list of an authority's subscriptions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.email import email_address
from app.access.handling import Handling
from app.access.models import Authority
from app.access.roles import SECRETARIAT, SYSTEM, Actor, Role
from app.access.service import record
from app.countries import countries, why_no_country
from app.errors import Forbidden, NotFound, Problem, Refused
from app.notification.models import Message, MessageState, Subscription
from app.surveillance.models import Tier
from chem.families import GROUPS

__all__ = ["GROUPS", "end", "subscribe", "subscriptions"]

ANSWERABLE = SECRETARIAT | {Role.FOCAL_POINT}
CLEARANCE = Handling.AMBER  # an authority signs in, so its subscribers may read amber figures


def subscribe(
    session: Session,
    email: str,
    *,
    authority: Authority,
    now: datetime,
    group: str | None = None,
    country: str | None = None,
    min_tier: Tier = Tier.WATCH,
    by: Actor = SYSTEM,
) -> Subscription:
    """Tell `email` of every alert that passes the filters; without filters, of every alert.

    Asking twice for the same is asking once. Raises Refused, saying what would be right, and
    Forbidden when `by` may not speak for the authority.
    """
    _may_speak_for(by, authority)
    email = email_address(email)
    _may_name(by, email)
    group = _group(group) if group else None
    country = _country(country) if country else None
    filters = {
        name: [value] for name, value in (("groups", group), ("countries", country)) if value
    }
    existing = session.scalars(
        select(Subscription).where(
            Subscription.email == email,
            Subscription.authority_id == authority.id,
            Subscription.min_tier == min_tier,
            Subscription.ended_at.is_(None),
        )
    )
    for one in existing:
        if one.filters == filters:
            return one
    subscription = Subscription(
        email=email,
        authority=authority,
        filters=filters,
        min_tier=min_tier,
        clearance=CLEARANCE,
        created_at=now,
        confirmed_at=now,
    )
    session.add(subscription)
    session.flush()
    record(
        session,
        by,
        "subscription.add",
        email,
        now,
        authority=authority.code,
        group=group,
        country=country,
        min_tier=min_tier.word,
    )
    return subscription


def end(session: Session, subscription_id: int, *, now: datetime, by: Actor) -> Subscription:
    """Tell them no more; mail that still waits is not sent. Ending twice is ending once.

    Raises NotFound when there is none, or it is another authority's.
    """
    subscription = session.get(Subscription, subscription_id)
    if subscription is None or not _may_see(by, subscription.authority_id):
        raise NotFound(f"there is no subscription {subscription_id}")
    if subscription.ended_at is None:
        subscription.ended_at = now
        session.execute(
            delete(Message).where(
                Message.subscription_id == subscription.id,
                Message.state == MessageState.WAITING,
            )
        )
        record(session, by, "subscription.end", subscription.recipient, now, id=subscription.id)
    return subscription


def subscriptions(session: Session, actor: Actor) -> list[Subscription]:
    """The active subscriptions of the actor's authority; all of them for the secretariat."""
    query = select(Subscription).where(Subscription.ended_at.is_(None))
    if actor.role not in SECRETARIAT:
        query = query.where(Subscription.authority_id == actor.authority_id)
    return list(session.scalars(query.order_by(Subscription.email, Subscription.id)))


def _may_see(actor: Actor, authority_id: int) -> bool:
    own = actor.authority_id is not None and actor.authority_id == authority_id
    return actor.role in SECRETARIAT or (actor.signed_in and own)


def _may_speak_for(actor: Actor, authority: Authority) -> None:
    if not _may_see(actor, authority.id):
        raise Forbidden(f"{actor.label} may not subscribe anybody for {authority.code}")


def _may_name(actor: Actor, email: str) -> None:
    """What is mailed may be amber: others than oneself are named by those who answer for them."""
    if actor.role in ANSWERABLE or actor.label == email:
        return
    raise Forbidden("you may subscribe your own address; a focal point may subscribe others")


def _country(text: str) -> str:
    code = text.strip().upper()
    if code in countries():
        return code
    raise _refused("country", why_no_country(text))


def _group(text: str) -> str:
    wanted = text.strip()
    for group in GROUPS:
        if group.casefold() == wanted.casefold():
            return group
    raise _refused("group", f'there is no group "{text}"; the groups are: {", ".join(GROUPS)}')


def _refused(field: str, message: str) -> Refused:
    return Refused(message, (Problem(field, message),))

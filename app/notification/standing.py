"""Where subscriptions stand: confirmed, paused, bounced, ended; the verbs for it, and the list."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, SYSTEM, Actor, Role
from app.access.service import record
from app.errors import Forbidden, NotFound, Problem, Refused
from app.languages import N_
from app.notification.addresses import tidy_host
from app.notification.links import VALID
from app.notification.models import DigestEntry, Message, MessageState, Purpose, Subscription

ANSWERABLE = SECRETARIAT | {Role.FOCAL_POINT}
HOLDER = Actor(Role.PUBLIC, "holder of the link")
MOST_QUESTIONS = 3  # mails that ask for the confirmation of one subscription
LONGEST_PAUSE = timedelta(days=366)


class State(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    PAUSED = "paused"
    BOUNCED = "bounced"
    ENDED = "ended"


def state_of(subscription: Subscription, now: datetime) -> State:
    """Where it stands; what keeps mail away longest comes first."""
    if subscription.ended_at is not None:
        return State.ENDED
    if subscription.bounced_at is not None:
        return State.BOUNCED
    if subscription.confirmed_at is None:
        return State.UNCONFIRMED
    if subscription.paused_until is not None and subscription.paused_until > now:
        return State.PAUSED
    return State.ACTIVE


def in_state(state: State, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The same as a condition of the query."""
    one = Subscription
    if state is State.ENDED:
        return (one.ended_at.is_not(None),)
    if state is State.BOUNCED:
        return one.ended_at.is_(None), one.bounced_at.is_not(None)
    sound = one.ended_at.is_(None), one.bounced_at.is_(None)
    if state is State.UNCONFIRMED:
        return *sound, one.confirmed_at.is_(None)
    if state is State.PAUSED:
        return *sound, one.confirmed_at.is_not(None), one.paused_until > now
    awake = or_(one.paused_until.is_(None), one.paused_until <= now)
    return *sound, one.confirmed_at.is_not(None), awake


def subscriptions(
    session: Session,
    actor: Actor,
    *,
    state: State | None = None,
    now: datetime | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[Subscription]:
    """The subscriptions of the actor's authority that have not ended, or are in `state` `now`; all
    of them for the secretariat. By number, from the one `after` on."""
    query = select(Subscription).where(Subscription.id > (after or 0))
    if state is None or now is None:
        query = query.where(Subscription.ended_at.is_(None))
    else:
        query = query.where(*in_state(state, now))
    if actor.role not in SECRETARIAT:
        query = query.where(Subscription.authority_id == actor.authority_id)
    return list(session.scalars(query.order_by(Subscription.id).limit(limit)))


def subscription_for(session: Session, subscription_id: int, by: Actor) -> Subscription:
    """The subscription of that number. Raises NotFound, also when it is another authority's."""
    subscription = session.get(Subscription, subscription_id)
    if subscription is None or not may_see(by, subscription.authority_id):
        raise NotFound(f"there is no subscription {subscription_id}")
    return subscription


def editable(session: Session, subscription_id: int, by: Actor) -> Subscription:
    """The same, for somebody who may change it. Raises Forbidden when it is a colleague's."""
    if by is HOLDER:
        subscription = session.get(Subscription, subscription_id)
        if subscription is None:
            raise NotFound(N_("this subscription is not there any more"))
        return subscription
    subscription = subscription_for(session, subscription_id, by)
    if not may_edit(by, subscription):
        raise Forbidden("you may change your own subscriptions; a focal point those of others")
    return subscription


def may_edit(by: Actor, subscription: Subscription) -> bool:
    """Whether somebody who sees it may change it: whose address it is, or who answers for it."""
    return by.role in ANSWERABLE or (
        subscription.email is not None and by.label == subscription.email
    )


def confirm(session: Session, subscription_id: int, *, now: datetime, by: Actor) -> Subscription:
    """The holder of the address wants to be told. Raises NotFound when it has ended meanwhile."""
    subscription = session.get(Subscription, subscription_id)
    if subscription is None or subscription.ended_at is not None:
        raise NotFound(N_("this subscription has ended; nothing is left to confirm"))
    if subscription.confirmed_at is None:
        subscription.confirmed_at = now
        note(session, by, "confirm", subscription, now)
    return subscription


def ask_again(
    session: Session, subscription_id: int, *, now: datetime, by: Actor, host: str = "localhost"
) -> Subscription:
    """Mail the question for confirmation once more. Raises Refused after the third time."""
    subscription = editable(session, subscription_id, by)
    if state_of(subscription, now) is not State.UNCONFIRMED:
        raise refused("id", "this subscription waits for no confirmation")
    ask(session, subscription, now, host)
    note(session, by, "ask", subscription, now)
    return subscription


def pause(
    session: Session, subscription_id: int, until: datetime, *, now: datetime, by: Actor
) -> Subscription:
    """Tell nothing until then; what waits to be told is dropped. Raises Refused for a bad date."""
    subscription = editable(session, subscription_id, by)
    if not now < until <= now + LONGEST_PAUSE:
        raise refused("paused_until", "a pause ends in the future, and within a year")
    if subscription.ended_at is None:
        subscription.paused_until = until
        _drop_waiting(session, subscription)
        note(session, by, "pause", subscription, now, until=until.isoformat())
    return subscription


def resume(session: Session, subscription_id: int, *, now: datetime, by: Actor) -> Subscription:
    """End a pause. What was news meanwhile is on the pages, and is not told late."""
    subscription = editable(session, subscription_id, by)
    if subscription.paused_until is not None:
        subscription.paused_until = None
        note(session, by, "resume", subscription, now)
    return subscription


def end(session: Session, subscription_id: int, *, now: datetime, by: Actor) -> Subscription:
    """Tell them no more; what still waits is not sent. Ending twice is ending once.

    Raises NotFound when there is none, or it is another authority's; Forbidden when it is a
    colleague's.
    """
    subscription = editable(session, subscription_id, by)
    if subscription.ended_at is None:
        subscription.ended_at = now
        _drop_waiting(session, subscription)
        note(session, by, "end", subscription, now)
    return subscription


def bounced(session: Session, recipient: str, now: datetime) -> int:
    """A mail server said that there is no such address: its subscriptions are silent until somebody
    mends them. How many they are (ix_subscription_email)."""
    found = session.scalars(
        select(Subscription).where(
            Subscription.email == recipient.lower(),
            Subscription.ended_at.is_(None),
            Subscription.bounced_at.is_(None),
        )
    ).all()
    for subscription in found:
        subscription.bounced_at = now
        note(session, SYSTEM, "bounce", subscription, now)
    return len(found)


def mend(session: Session, subscription_id: int, *, now: datetime, by: Actor) -> Subscription:
    """The address takes mail again: all its subscriptions of that authority are told again."""
    subscription = editable(session, subscription_id, by)
    same = select(Subscription).where(
        Subscription.email == subscription.email,
        Subscription.authority_id == subscription.authority_id,
        *in_state(State.BOUNCED, now),
    )
    for one in session.scalars(same).all():
        one.bounced_at = None
        note(session, by, "mend", one, now)
    return subscription


def ask(session: Session, subscription: Subscription, now: datetime, host: str) -> None:
    """Queue the mail that asks the holder of an address."""
    asked = session.scalar(
        select(func.count())
        .select_from(Message)
        .where(Message.subscription_id == subscription.id, Message.purpose == Purpose.CONFIRMATION)
    )
    if (asked or 0) >= MOST_QUESTIONS:
        raise refused("email", f"{subscription.email} was asked {asked} times and does not answer")
    who = hashlib.sha256(subscription.recipient.encode()).hexdigest()[:12]
    session.add(
        Message(
            purpose=Purpose.CONFIRMATION,
            subscription=subscription,
            recipient=subscription.recipient,
            message_id=f"<S-{subscription.id}.C{asked or 0}.{who}@{tidy_host(host)}>",
            detail={"asked_at": now.isoformat(), "until": (now + VALID).isoformat()},
            state=MessageState.WAITING,
            next_try_at=now,
        )
    )
    session.flush()


def _drop_waiting(session: Session, subscription: Subscription) -> None:
    waiting = Message.subscription_id == subscription.id, Message.state == MessageState.WAITING
    session.execute(
        delete(DigestEntry).where(
            DigestEntry.subscription_id == subscription.id,
            or_(
                DigestEntry.message_id.is_(None),
                DigestEntry.message_id.in_(select(Message.id).where(*waiting)),
            ),
        )
    )
    session.execute(delete(Message).where(*waiting))


def may_see(actor: Actor, authority_id: int) -> bool:
    own = actor.authority_id is not None and actor.authority_id == authority_id
    return actor.role in SECRETARIAT or (actor.signed_in and own)


def note(
    session: Session, by: Actor, what: str, subscription: Subscription, now: datetime, **detail: Any
) -> None:
    subject = subscription.recipient
    record(session, by, f"subscription.{what}", subject, now, id=subscription.id, **detail)


def refused(field: str, message: str) -> Refused:
    return Refused(message, (Problem(field, message),))

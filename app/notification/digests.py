"""Alerts told together: daily and weekly digests, and what would be too many mails at once.

An edition that waits for its digest is a row of `digest_entry`. When its time has come, all that is
due for a subscription becomes one message, which tells of each alert once, in the newest wording
that its reader may know by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, Select, Subquery, and_, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import insert_all_new, one_of_ids
from app.notification.addresses import digest_id
from app.notification.models import (
    DigestEntry,
    Edition,
    Message,
    MessageState,
    Purpose,
    Subscription,
)
from app.notification.outbox import LEASE
from app.notification.queries import names_the_known
from app.registry.models import Substance
from app.surveillance.models import Tier

HOUR = timedelta(hours=1)
AT_ONCE = ("retracted",)  # reasons that wait for no digest: somebody may be acting on what was told


@dataclass(frozen=True, slots=True)
class Due:
    """One edition whose digest is due."""

    entry_id: int
    alert_id: int
    edition_id: int


def gather(session: Session, *, now: datetime, host: str) -> int:
    """Make one message of all that is due for each subscription; how many were made.

    What a paused or bounced address would have got waits until it can be told.
    """
    _drop_ended(session)
    due = _due(session, now)
    if not due:
        return 0
    alerts = {one.alert_id for entries in due.values() for one in entries}
    subscriptions = session.scalars(
        select(Subscription).where(one_of_ids(session, Subscription.id, due))
    ).all()
    cleared = {subscription.clearance for subscription in subscriptions}
    newest = {level: _newest(session, alerts, level) for level in cleared}
    told: list[tuple[Message, list[Due]]] = []
    for subscription in subscriptions:
        entries = due[subscription.id]
        editions = _to_tell(entries, newest[subscription.clearance])
        told.append((_message(subscription, entries, editions, now, host), entries))
    session.add_all(message for message, _ in told)
    session.flush()
    session.execute(
        update(DigestEntry),
        [
            {"id": one.entry_id, "message_id": message.id}
            for message, entries in told
            for one in entries
        ],
    )
    return len(told)


def hold_back(session: Session, *, now: datetime, most: int) -> int:
    """Keep what would be more than `most` mails to an address within an hour for one mail.

    Watch and alert tier only. The hour begins with the first of them that was sent, and at its end
    the rest is told together. How many were held back.
    """
    ranked = _ranked(now)
    over = select(ranked.c.id, ranked.c.first_at).where(ranked.c.free, ranked.c.place > most)
    first_sent = {number: first_at for number, first_at in session.execute(over)}
    if not first_sent:
        return 0
    held = session.execute(
        delete(Message)
        .where(
            one_of_ids(session, Message.id, first_sent),
            Message.state == MessageState.WAITING,
            Message.leased_until.is_(None),
        )
        .returning(Message.id, Message.subscription_id, Message.edition_id)
        .execution_options(synchronize_session=False)
    ).all()
    entries = [
        {
            "subscription_id": subscription_id,
            "edition_id": edition_id,
            "due_at": (first_sent[number] or now) + HOUR,
        }
        for number, subscription_id, edition_id in held
    ]
    insert_all_new(session, DigestEntry, entries)
    return len(held)


class HoldingBack:
    """`hold_back` for one run of delivery, before what it leases: at its start, and again when
    something was written since. All that waits is looked at, so not for every hundred leased."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._newest = 0

    def __call__(self, session: Session, now: datetime) -> None:
        newest = session.scalar(select(func.max(Message.id))) or 0
        if newest > self._newest:
            hold_back(session, now=now, most=self._most)
            self._newest = newest


def _drop_ended(session: Session) -> None:
    """What waited for those who ended their subscription is not told."""
    ended = select(Subscription.id).where(Subscription.ended_at.is_not(None))
    session.execute(
        delete(DigestEntry).where(
            DigestEntry.message_id.is_(None), DigestEntry.subscription_id.in_(ended)
        )
    )


def _due(session: Session, now: datetime) -> dict[int, list[Due]]:
    """By subscription: the entries whose time has come (ix_digest_entry_due)."""
    rows = session.execute(
        select(
            DigestEntry.subscription_id, DigestEntry.id, Edition.alert_id, DigestEntry.edition_id
        )
        .join(Edition, Edition.id == DigestEntry.edition_id)
        .join(Subscription, Subscription.id == DigestEntry.subscription_id)
        .where(
            DigestEntry.message_id.is_(None),
            DigestEntry.due_at <= now,
            Subscription.bounced_at.is_(None),
            or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now),
        )
        .order_by(DigestEntry.id)
    )
    found: dict[int, list[Due]] = defaultdict(list)
    for subscription_id, *one in rows:
        found[subscription_id].append(Due(*one))
    return found


def _newest(session: Session, alerts: Iterable[int], clearance: Handling) -> dict[int, int]:
    """By alert: the newest edition that somebody so cleared may read (ix_edition_latest)."""
    rows = session.execute(
        select(Edition.alert_id, func.max(Edition.id))
        .where(
            one_of_ids(session, Edition.alert_id, alerts),
            Edition.handling <= clearance,
            names_the_known(Substance.handling <= clearance),
        )
        .group_by(Edition.alert_id)
    )
    return {alert_id: edition_id for alert_id, edition_id in rows}


def _to_tell(entries: Sequence[Due], newest: dict[int, int]) -> list[int]:
    """The editions to tell: of each alert the newest, where there is one to be read."""
    return sorted({newest[one.alert_id] for one in entries if one.alert_id in newest})


def _message(
    subscription: Subscription,
    entries: Sequence[Due],
    editions: Sequence[int],
    now: datetime,
    host: str,
) -> Message:
    newest = max(one.entry_id for one in entries)
    return Message(
        purpose=Purpose.DIGEST,
        subscription=subscription,
        webhook_id=subscription.webhook_id,
        recipient=subscription.recipient,
        message_id=digest_id(newest, subscription.recipient, host),
        detail={
            "rhythm": subscription.rhythm.value,
            "entries": [one.entry_id for one in entries],
            "editions": list(editions),
        },
        # all of it became restricted since: there is nothing left to tell
        state=MessageState.WAITING if editions else MessageState.GIVEN_UP,
        next_try_at=now,
    )


def _gathered() -> Select[Message]:
    """Mails that count towards the most in an hour."""
    return (
        select(Message)
        .join(Edition, Edition.id == Message.edition_id)
        .where(
            Message.purpose == Purpose.ALERT,
            Message.webhook_id.is_(None),
            Message.subscription_id.is_not(None),
            Edition.tier < Tier.URGENT,
            Edition.reason.not_in(AT_ONCE),
        )
    )


def _ranked(now: datetime) -> Subquery:
    """What each recipient got within the last hour and will get within the next, in its place.

    Counted from the first that was sent; then what has been tried or is in hand, which is not held
    back; then what is `free`. One pass over ix_message_due, sorted by recipient. A sent message
    keeps the time of the try that would have come next, which is later than when it was sent but
    for the length of a try; so the index finds it.
    """
    waits = Message.state == MessageState.WAITING
    free = and_(waits, Message.leased_until.is_(None), Message.tries == 0)
    told = or_(
        and_(waits, Message.next_try_at <= now + HOUR),
        and_(
            Message.state == MessageState.SENT,
            Message.next_try_at > now - HOUR - LEASE,
            Message.sent_at > now - HOUR,
        ),
    )
    place = func.row_number().over(
        partition_by=Message.recipient,
        order_by=(cast(waits, Integer), cast(free, Integer), Message.next_try_at, Message.id),
    )
    first_at = func.min(Message.sent_at).over(partition_by=Message.recipient)
    return (
        _gathered()
        .with_only_columns(
            Message.id, place.label("place"), free.label("free"), first_at.label("first_at")
        )
        .where(told)
        .subquery()
    )

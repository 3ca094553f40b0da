"""That somebody has seen an urgent alert: the link in the mail, and what an acknowledgement does.

One answer counts for the authority: once anybody there has acknowledged an alert, none of its
people are reminded of what they were told until then. News of the same alert asks anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import Actor, Role
from app.access.service import record
from app.errors import NotFound
from app.languages import N_
from app.notification.models import (
    Alert,
    AlertState,
    Edition,
    Message,
    MessageState,
    Product,
    Purpose,
    Subscription,
)
from app.surveillance.models import Episode, Tier

ASKING = (Purpose.ALERT, Purpose.REMINDER, Purpose.ESCALATION)
_SALT = "acknowledge"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How an authority stands to what it was told of an alert that is urgent."""

    authority: str
    told: int  # addresses
    last_told: datetime | None
    acknowledged_at: datetime | None
    by: str | None


def asks_for_it(message: Message) -> bool:
    """Whether the message asks to be acknowledged: a mail about something urgent."""
    edition = message.edition
    return (
        message.purpose in ASKING
        and message.webhook_id is None
        and edition is not None
        and edition.tier is Tier.URGENT
    )


def token(secret: str, message_id: int) -> str:
    """What the link in a mail holds: the number of the message, signed. The same on every try."""
    return str(URLSafeSerializer(secret, salt=_SALT).dumps(message_id))


def message_of(session: Session, secret: str, written: str) -> Message:
    """The message whose link was followed. Raises NotFound when nobody here signed it."""
    try:
        number = URLSafeSerializer(secret, salt=_SALT).loads(written)
    except BadSignature:
        number = None
    message = session.get(Message, number) if isinstance(number, int) else None
    if message is None or message.edition is None or message.subscription is None:
        raise NotFound(N_("this link is not complete; copy all of it from the mail, or sign in"))
    return message


def by_link(session: Session, message: Message, *, now: datetime) -> int:
    """Somebody who got the mail has seen it."""
    if message.edition is None or message.subscription is None:
        raise NotFound("this message tells of no alert")
    authority = message.subscription.authority
    reader = Actor(Role.SUBSCRIBER, message.recipient, authority.id, authority.code)
    return acknowledge(session, [message.edition.alert_id], by=reader, now=now)


def by_signal(session: Session, episode: Episode, *, by: Actor, now: datetime) -> int:
    """Who acknowledges a signal has seen the alert about it."""
    alerts = session.scalars(
        select(Alert.id).where(
            Alert.node_kind == episode.node_kind,
            Alert.node_key == episode.node_key,
            Alert.simulated == episode.simulated,
            Alert.state == AlertState.ISSUED,
            Alert.product == Product.NOTICE,
        )
    ).all()
    return acknowledge(session, alerts, by=by, now=now)


def acknowledge(session: Session, alerts: Sequence[int], *, by: Actor, now: datetime) -> int:
    """Somebody of the authority of `by` has seen these alerts; how many mails that answers.

    Reminders that still wait are not sent. Acknowledging twice is acknowledging once.
    """
    if by.authority_id is None or not alerts:
        return 0
    theirs = Message.id.in_(
        _urgent(alerts)
        .with_only_columns(Message.id)
        .where(Subscription.authority_id == by.authority_id)
    )
    answered = session.execute(
        update(Message)
        .where(theirs, Message.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=by.label)
        .returning(Message.edition_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        update(Message)
        .where(
            theirs,
            Message.state == MessageState.WAITING,
            Message.purpose.in_((Purpose.REMINDER, Purpose.ESCALATION)),
            Message.leased_until.is_(None),
        )
        .values(state=MessageState.GIVEN_UP)
        .execution_options(synchronize_session=False)
    )
    if answered:
        for alert in session.scalars(select(Alert).where(Alert.id.in_(alerts))):
            record(session, by, "alert.acknowledge", alert.code, now, authority=by.authority_code)
    return len(answered)


def acknowledgements(session: Session, alert: Alert) -> list[Acknowledgement]:
    """Each authority that was told of it as urgent, those that have not answered first."""
    rows = session.execute(
        _urgent([alert.id])
        .join(Authority, Authority.id == Subscription.authority_id)
        .with_only_columns(
            Authority.name,
            func.count(Message.recipient.distinct()),
            func.max(Message.sent_at),
            func.max(Message.acknowledged_at),
            func.max(Message.acknowledged_by),
            func.count() - func.count(Message.acknowledged_at),
        )
        .group_by(Authority.id, Authority.name)
    )
    found = [
        Acknowledgement(name, told, last, None if open_ else at, None if open_ else who)
        for name, told, last, at, who, open_ in rows
    ]
    return sorted(found, key=lambda a: (a.acknowledged_at is not None, a.authority))


def _urgent(alerts: Sequence[int]) -> Select[Message]:
    """What was mailed of these alerts as urgent (ix_edition_latest, then ix_message_edition)."""
    return (
        select(Message)
        .join(Edition, Edition.id == Message.edition_id)
        .join(Subscription, Subscription.id == Message.subscription_id)
        .where(
            Edition.alert_id.in_(alerts),
            Edition.tier == Tier.URGENT,
            Message.purpose.in_(ASKING),
            Message.webhook_id.is_(None),
        )
    )

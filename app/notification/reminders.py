"""What is urgent is told again until somebody acknowledges it, and to the second contact as well.

Times: a duty officer who was asleep or at the bench answers within half a shift, so the first
reminder comes after four hours, and with it the second contact is told. From then on every twelve
hours, at another time of the working day, and three times in all: who has not answered within a day
and a half is not reached by mail. The secretariat sees on the alert's page who has not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.db import insert_all_new, one_of_ids
from app.notification.addresses import reminder_id
from app.notification.models import (
    Alert,
    AlertState,
    Edition,
    Message,
    MessageState,
    Purpose,
    Subscription,
)
from app.surveillance.models import Tier

FIRST_AFTER = timedelta(hours=4)
THEN_EVERY = timedelta(hours=12)
MOST = 3
LOOKED_BACK = FIRST_AFTER + MOST * THEN_EVERY  # nothing older is reminded of any more


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A mail about something urgent that nobody of its authority has acknowledged."""

    message: Message
    reminded: int  # times
    last_reminded: datetime | None


def reminder_due(
    sent_at: datetime, reminded: int, last_reminded: datetime | None, now: datetime
) -> bool:
    """Whether the next reminder's time has come.

    After a worker that stood still, what is overdue comes once, and the next at its full distance.
    """
    if reminded >= MOST:
        return False
    since = last_reminded or sent_at
    return now - since >= (THEN_EVERY if reminded else FIRST_AFTER)


def remind(session: Session, *, now: datetime) -> int:
    """Queue reminders and mails to second contacts; how many."""
    rows: list[dict[str, Any]] = []
    for one in _unanswered(session, now):
        message, at = one.message, one.message.sent_at
        if at is None:  # it cannot be delivered: whoever else answers must know now
            rows += _escalation(message, now)
        elif reminder_due(at, one.reminded, one.last_reminded, now):
            number = one.reminded + 1
            rows.append(_reminder(message, number, now))
            rows += _escalation(message, now) if number == 1 else []
    return insert_all_new(session, Message, rows)


def _unanswered(session: Session, now: datetime) -> Iterable[Unanswered]:
    """Urgent mail of open alerts that was sent or parked lately, and not followed by news.

    Found by when it was due (ix_message_due holds the next try, which is later).
    """
    found = {
        message.id: message
        for message in session.scalars(_asked(now).order_by(Message.id)).unique()
    }
    again = aliased(Message)
    counts = session.execute(
        select(Message.id, func.count(), func.max(again.due_at))
        .join(
            again,
            and_(
                again.edition_id == Message.edition_id,
                again.recipient == Message.recipient,
                again.purpose == Purpose.REMINDER,
            ),
        )
        .where(one_of_ids(session, Message.id, found))
        .group_by(Message.id)
    )
    reminded = {number: (count, last) for number, count, last in counts}
    return [
        Unanswered(message, *reminded.get(number, (0, None))) for number, message in found.items()
    ]


def _asked(now: datetime) -> Select[Message]:
    later, later_edition = aliased(Message), aliased(Edition)
    followed = exists(
        select(later.id)
        .join(later_edition, later_edition.id == later.edition_id)
        .where(
            later_edition.alert_id == Edition.alert_id,
            later_edition.id > Edition.id,
            later.recipient == Message.recipient,
            later.purpose == Purpose.ALERT,
        )
    )
    return (
        select(Message)
        .join(Edition, Edition.id == Message.edition_id)
        .join(Alert, Alert.id == Edition.alert_id)
        .join(Subscription, Subscription.id == Message.subscription_id)
        .where(
            or_(Message.state == MessageState.SENT, Message.state == MessageState.PARKED),
            Message.next_try_at > now - LOOKED_BACK,
            Message.purpose == Purpose.ALERT,
            Message.webhook_id.is_(None),
            Message.acknowledged_at.is_(None),
            Subscription.ended_at.is_(None),
            Edition.tier == Tier.URGENT,
            Alert.state == AlertState.ISSUED,
            ~followed,
        )
    )


def _reminder(message: Message, number: int, now: datetime) -> dict[str, Any]:
    return _row(message, message.recipient, now) | {
        "purpose": Purpose.REMINDER,
        "message_id": reminder_id(message.message_id, number, message.recipient),
        "detail": {"number": number, "of": MOST, "answers": message.message_id},
    }


def _escalation(message: Message, now: datetime) -> list[dict[str, Any]]:
    """The mail to the second contact, if there is one; the same one for the same edition."""
    subscription = message.subscription
    second = subscription.second_contact if subscription else None
    if not second or second == message.recipient:
        return []
    since = message.sent_at or message.due_at
    return [
        _row(message, second, now)
        | {
            "purpose": Purpose.ESCALATION,
            "message_id": reminder_id(message.message_id, 0, second),
            "detail": {
                "first": message.recipient,
                "since": f"{since.day} {since:%B %Y, %H:%M} UTC",
                "at": since.isoformat(),
                "reached": message.sent_at is not None,
                "answers": message.message_id,
            },
        }
    ]


def _row(message: Message, recipient: str, now: datetime) -> dict[str, Any]:
    return {
        "edition_id": message.edition_id,
        "subscription_id": message.subscription_id,
        "recipient": recipient,
        "state": MessageState.WAITING,
        "tries": 0,
        "due_at": now,
        "next_try_at": now,
    }

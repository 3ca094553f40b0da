"""The outbox: messages are leased, tried, and marked sent, put off or parked.

A lease is a conditional UPDATE, so two deliverers never hold one message; it ends by itself, so a
dead deliverer's messages are taken up by another. Each try is counted *before* it is made: a
message that kills its deliverer is put off like any other failure and cannot block the rest. A
message is sent at least once; its Message-ID never changes, so a second copy is recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.notification.models import FailedTry, Message, MessageState, Trouble
from app.notification.withholding import withhold_of
from app.outgoing import printable

BACK_OFF = (30, 60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600)  # seconds after the 1st, 2nd … try
MOST_TRIES = len(BACK_OFF) + 1
LEASE = timedelta(minutes=5)
LONGEST_ERROR = 1_000


def lease_due(
    session: Session,
    *,
    owner: str,
    now: datetime,
    limit: int = 20,
    lease: timedelta = LEASE,
    webhooks: bool = False,
) -> list[int]:
    """Take up to `limit` messages that are due and nobody holds; their ids, the longest due first.

    Mail, or what goes to `webhooks`: a webhook's slow server must not hold up mail.
    Uses ix_message_due. On PostgreSQL, rows that another deliverer is taking just now are skipped.
    """
    free = or_(Message.leased_until.is_(None), Message.leased_until <= now)
    ours = Message.webhook_id.is_not(None) if webhooks else Message.webhook_id.is_(None)
    due = (Message.state == MessageState.WAITING, Message.next_try_at <= now, free, ours)
    wanted = session.scalars(
        select(Message.id)
        .where(*due)
        .order_by(Message.next_try_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    leased = session.scalars(
        update(Message)
        .where(Message.id.in_(wanted), *due)
        .values(lease_owner=owner, leased_until=now + lease)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    held = set(leased)
    return [message_id for message_id in wanted if message_id in held]


def begin_tries(
    session: Session,
    message_ids: Sequence[int],
    *,
    owner: str,
    now: datetime,
    lease: timedelta = LEASE,
) -> list[int]:
    """Count a try of each and renew the leases; those that may be tried, in the order given.

    Missing are those whose lease was lost, those without tries left, which are parked, and those
    that may not be told any more, which are given up.
    """
    withhold_of(session, message_ids, now=now)
    held = and_(
        Message.id.in_(message_ids),
        Message.state == MessageState.WAITING,
        Message.lease_owner == owner,
        Message.leased_until > now,
    )
    session.execute(
        update(Message)
        .where(held, Message.tries >= MOST_TRIES)
        .values(
            state=MessageState.PARKED,
            last_error=func.coalesce(Message.last_error, "given up: no try came to an end"),
            trouble=func.coalesce(Message.trouble, Trouble.CUT_OFF),
            lease_owner=None,
            leased_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    waits = {tries: now + _wait(tries + 1) for tries in range(MOST_TRIES)}
    begun = session.scalars(
        update(Message)
        .where(held)
        .values(
            tries=Message.tries + 1,
            leased_until=now + lease,
            next_try_at=case(waits, value=Message.tries),
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    allowed = set(begun)
    return [message_id for message_id in message_ids if message_id in allowed]


def mark_sent(session: Session, message_ids: Sequence[int], *, now: datetime) -> None:
    """They went out, whoever holds the leases by now; a lease lost meanwhile does not unsend."""
    session.execute(
        update(Message)
        .where(Message.id.in_(message_ids), Message.state != MessageState.SENT)
        .values(
            state=MessageState.SENT,
            sent_at=now,
            last_error=None,
            trouble=None,
            lease_owner=None,
            leased_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def mark_failed(
    session: Session,
    message_id: int,
    *,
    owner: str,
    now: datetime,
    error: str,
    trouble: Trouble = Trouble.PUT_OFF,
    permanent: bool = False,
) -> bool:
    """Put it off by the back-off table, or park it after the last try; True when it was parked.

    What our own settings cause is no fault of the message: it costs none of its tries, is on record
    once, and is tried soon again until somebody has mended them.
    """
    message = _held(session, message_id, owner)
    if message is None:
        return False
    error, ours = printable(error, LONGEST_ERROR), trouble is Trouble.SETTINGS
    if not (ours and message.trouble is Trouble.SETTINGS):
        session.add(FailedTry(message_id=message_id, at=now, trouble=trouble, error=error))
    message.tries -= ours
    parked = permanent or message.tries >= MOST_TRIES
    message.state = MessageState.PARKED if parked else message.state
    message.next_try_at = now + _wait(message.tries)
    message.last_error, message.trouble = error, trouble
    message.lease_owner = message.leased_until = None
    return parked


def release(
    session: Session, message_ids: Sequence[int], *, owner: str, now: datetime, begun: bool = False
) -> None:
    """Give back what was leased and not tried; `begun`: its try was counted, and is taken back."""
    back: dict[str, Any] = {"lease_owner": None, "leased_until": None}
    if begun:
        back |= {"tries": Message.tries - 1, "next_try_at": now}
    session.execute(
        update(Message)
        .where(Message.id.in_(message_ids), Message.lease_owner == owner)
        .values(back)
        .execution_options(synchronize_session=False)
    )


def try_again(session: Session, message_id: int, *, now: datetime) -> Message:
    """Take a parked message up again, with all its tries before it.

    Raises NotFound, and Conflict when whoever it is for has ended the subscription meanwhile.
    """
    message = _parked(session, message_id)
    if message.subscription is not None and message.subscription.ended_at is not None:
        raise Conflict(f"the subscription of {message.recipient} has ended")
    message.state, message.tries, message.next_try_at = MessageState.WAITING, 0, now
    return message


def give_up(session: Session, message_id: int) -> Message:
    """It will not be sent: somebody looked at it and decided so. Raises NotFound."""
    message = _parked(session, message_id)
    message.state = MessageState.GIVEN_UP
    return message


def _parked(session: Session, message_id: int) -> Message:
    message = session.get(Message, message_id)
    if message is None or message.state is not MessageState.PARKED:
        raise NotFound(f"there is no parked message {message_id}")
    return message


def _held(session: Session, message_id: int, owner: str) -> Message | None:
    """The message, locked, if it still waits and `owner` holds it."""
    return session.scalar(
        select(Message)
        .where(
            Message.id == message_id,
            Message.state == MessageState.WAITING,
            Message.lease_owner == owner,
        )
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    )


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=BACK_OFF[min(max(tries, 1), len(BACK_OFF)) - 1])

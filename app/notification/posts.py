"""What waits for webhooks goes out: lease, post, record; and the test that a person asks for.

Apart from the delivery of mail, so that a stranger's slow server holds up nobody's mail; and each
webhook's messages in a line of their own, so that it holds up no other webhook. As in `delivery`,
no transaction is open while somebody else's server is waited for.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import Actor
from app.access.service import record
from app.clock import Clock
from app.db import Database
from app.languages import speaking
from app.notification import outbox, webhooks
from app.notification.models import Event, Message, MessageState, Trouble, Webhook
from app.notification.posting import Outcome, Parcel, post
from app.notification.queries import SeenAlert, told_to
from app.notification.targets import Allowed

BATCH = 100
AT_ONCE = 8  # webhooks that are waited for at the same time
LINE_SECONDS = 60.0  # after which a webhook's line waits for the others; a lease lasts longer
FIRST_WAIT = timedelta(seconds=outbox.BACK_OFF[0])
NO_TIME = timedelta(0)
LONGEST_ERROR = 300  # characters, of what went wrong before a server was asked

Compose = Callable[[SeenAlert, Handling], dict[str, Any]]
Post = Callable[..., Outcome]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one run: `failed` will be tried again, `parked` will not."""

    sent: int = 0
    failed: int = 0
    parked: int = 0

    def __add__(self, other: Posted) -> Posted:
        return Posted(
            self.sent + other.sent, self.failed + other.failed, self.parked + other.parked
        )


@dataclass(frozen=True, slots=True)
class Office:
    """What every line needs: `compose` makes the item of an alert for a clearance, `host` ends the
    Message-IDs of mail about webhooks (see `addresses.host_for`)."""

    database: Database
    compose: Compose
    allowed: Allowed
    owner: str
    clock: Clock
    host: str = "localhost"
    post: Post = post


def post_due(office: Office, *, limit: int = 500) -> Posted:
    """Post what is due, at most `limit` messages."""
    done, taken = Posted(), 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="post") as pool:
        while taken < limit:
            with office.database.transaction() as session:
                batch = outbox.lease_due(
                    session,
                    owner=office.owner,
                    now=office.clock(),
                    limit=min(BATCH, limit - taken),
                    webhooks=True,
                )
                lines = _lines(session, batch)
            if not batch:
                break
            taken += len(batch)
            done = sum(pool.map(partial(_post_line, office), lines), done)
    return done


def post_test(
    database: Database, number: int, *, allowed: Allowed, by: Actor, clock: Clock, post: Post = post
) -> Outcome:
    """Post a signed test to a webhook now, and log what came of it.

    Raises NotFound, Forbidden, Conflict for one that has ended, Refused after too many.
    """
    with database.reading() as session:
        webhook = webhooks.webhook_of(session, number, by)
        webhooks.may_test(session, webhook, by=by, now=clock())
        delivery = f"test-{secrets.token_hex(8)}"
        parcel = _parcel(webhook, Event.TEST, delivery, None, clock())
    outcome = post(parcel, allowed=allowed, now=clock())
    with database.transaction() as session:
        webhook = session.get_one(Webhook, number)
        webhooks.log(session, webhook, outcome, event=Event.TEST, delivery=delivery, now=clock())
        if outcome.taken:
            webhooks.worked(webhook)
        record(session, by, "webhook.test", f"webhook {number}", clock(), taken=outcome.taken)
    return outcome


def body_of(event: Event, delivery: str, item: dict[str, Any] | None) -> bytes:
    """The JSON that is posted; a test has no item."""
    return json.dumps({"delivery": delivery, "event": event.value, "item": item}).encode()


def _lines(session: Session, batch: list[int]) -> list[tuple[int, list[int]]]:
    """Each webhook with its messages, in the order they are due."""
    of = dict(
        session.execute(select(Message.id, Message.webhook_id).where(Message.id.in_(batch))).all()
    )
    lines: dict[int, list[int]] = {}
    for number in batch:
        lines.setdefault(of[number] or 0, []).append(number)
    return list(lines.items())


def _post_line(office: Office, of: tuple[int, list[int]]) -> Posted:
    """Post the messages of one webhook until one fails for a while, or time is up."""
    webhook, line = of
    done, until = Posted(), time.monotonic() + LINE_SECONDS
    for place, number in enumerate(line):
        if time.monotonic() > until:
            with office.database.transaction() as session:
                outbox.release(session, line[place:], owner=office.owner, now=office.clock())
            break
        with office.database.transaction() as session:
            if not outbox.begin_tries(session, [number], owner=office.owner, now=office.clock()):
                continue
        tried = _post_one(office, number)
        if tried is None:
            continue
        delivery, outcome = tried
        with office.database.transaction() as session:
            done += _settle(
                session, office, hook=webhook, number=number, delivery=delivery, outcome=outcome
            )
        if outcome.error and not (outcome.permanent or outcome.unsent):
            break  # the others wait as well
    return done


def _post_one(office: Office, number: int) -> tuple[str, Outcome] | None:
    """Compose and post one message; the name of the delivery, and what came of it.

    None when it is not to be sent any more: its subscription or its webhook was ended meanwhile.
    Whatever is raised is a failure of this message alone.
    """
    with office.database.reading() as session:
        message = session.get(Message, number)
        if message is None:
            return None
        delivery = message.message_id.strip("<>")
        try:
            parcel = _compose(session, office, message)
        except Exception as error:
            _log.exception("message %d could not be composed for its webhook", number)
            said = f"could not be composed: {error}"[:LONGEST_ERROR]
            return delivery, Outcome(None, 0, said, unsent=True)
    if parcel is None:
        return delivery, Outcome(None, 0, "the webhook has ended", permanent=True, unsent=True)
    outcome = office.post(parcel, allowed=office.allowed, now=office.clock())
    if not outcome.taken:
        _log.warning("message %d was not taken by its webhook: %s", number, outcome.error)
    return delivery, outcome


def _compose(session: Session, office: Office, message: Message) -> Parcel | None:
    """What is posted, the same on every try but for time and signature; None when it has ended."""
    webhook, edition, asked = message.webhook, message.edition, message.subscription
    if webhook is None or edition is None or asked is None:
        raise ValueError(f"message {message.id} tells no webhook of an alert")
    if webhook.ended_at is not None:
        return None
    seen = told_to(session, edition, asked.clearance)
    with speaking(asked.language):
        item = office.compose(seen, asked.clearance)
    return _parcel(webhook, Event.ALERT, message.message_id.strip("<>"), item, office.clock())


def _parcel(
    webhook: Webhook, event: Event, delivery: str, item: dict[str, Any] | None, now: datetime
) -> Parcel:
    return Parcel(
        url=webhook.url,
        secrets=webhooks.signing(webhook, now),
        delivery=delivery,
        event=event.value,
        body=body_of(event, delivery, item),
    )


def _settle(
    session: Session, office: Office, *, hook: int, number: int, delivery: str, outcome: Outcome
) -> Posted:
    """Record what came of a try, for its webhook, and for its message unless that is not there any
    more: who ends a subscription or a webhook while a post is on its way takes the message away.

    The webhook is locked before the message, as where it is ended.
    """
    now = office.clock()
    webhook = session.scalars(
        select(Webhook)
        .where(Webhook.id == hook)
        .with_for_update(of=Webhook)
        .execution_options(populate_existing=True)
    ).one()
    message = session.scalar(
        select(Message)
        .where(Message.id == number)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    )
    webhooks.log(
        session,
        webhook,
        outcome,
        event=Event.ALERT,
        delivery=delivery,
        now=now,
        message_id=message.id if message else None,
    )
    if outcome.taken:
        webhooks.worked(webhook)
        outbox.mark_sent(session, [number], now=now)
        return Posted(sent=1)
    if message is None:
        return Posted()
    parked = outbox.mark_failed(
        session,
        number,
        owner=office.owner,
        now=now,
        error=outcome.error,
        trouble=_trouble(outcome),
        permanent=outcome.permanent,
    )
    if outcome.unsent:
        return Posted(parked=1) if parked else Posted(failed=1)
    if webhook.ended_at is None:
        webhooks.failed(session, webhook, outcome, now=now, host=office.host)
    if webhook.ended_at is None and not outcome.permanent:
        again = now + FIRST_WAIT if parked else message.next_try_at
        _put_off(session, office, message, max(again, now + (outcome.retry_after or NO_TIME)), now)
    parked = parked or webhook.ended_at is not None
    return Posted(parked=1) if parked else Posted(failed=1)


def _trouble(outcome: Outcome) -> Trouble:
    """The kind of failure, as a message keeps it."""
    if outcome.permanent:
        return Trouble.REFUSED
    if outcome.unsent:
        return Trouble.COMPOSING
    return Trouble.CUT_OFF if outcome.status is None else Trouble.PUT_OFF


def _put_off(
    session: Session, office: Office, message: Message, until: datetime, now: datetime
) -> None:
    """What else waits for a webhook that does not take things waits as long as what it did not
    take; what we hold of it is let go. Uses ix_message_due."""
    session.flush()
    ours = Message.lease_owner == office.owner
    session.execute(
        update(Message)
        .where(
            Message.state == MessageState.WAITING,
            Message.next_try_at < until,
            Message.webhook_id == message.webhook_id,
            or_(Message.leased_until.is_(None), Message.leased_until <= now, ours),
        )
        .values(next_try_at=until, lease_owner=None, leased_until=None)
    )

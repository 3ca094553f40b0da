"""The delivery loop: lease, send, record.

The one place in a room that opens its own transactions: a mail server may take half a minute to
answer, and no transaction may be open meanwhile. Each step is a short one, so that what was sent is
on record before the next is tried.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from app.clock import Clock
from app.db import Database
from app.notification import outbox
from app.notification.models import Message
from app.notification.transport import Transport, TransportError

BATCH = 20

Render = Callable[[Message], EmailMessage]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of one run: `failed` will be tried again, `parked` will not."""

    sent: int = 0
    failed: int = 0
    parked: int = 0


def deliver(
    database: Database,
    transport: Transport,
    render: Render,
    *,
    owner: str,
    clock: Clock,
    limit: int = 500,
) -> Delivered:
    """Send what is due, at most `limit` messages; stop when the mail server cannot be reached."""
    sent = failed = parked = taken = 0
    try:
        while taken < limit:
            with database.transaction() as session:
                batch = outbox.lease_due(
                    session, owner=owner, now=clock(), limit=min(BATCH, limit - taken)
                )
            if not batch:
                break
            taken += len(batch)
            while batch:
                message_id = batch.pop(0)
                with database.transaction() as session:
                    if not outbox.begin_try(session, message_id, owner=owner, now=clock()):
                        continue
                error = _send(database, transport, render, message_id)
                with database.transaction() as session:
                    if error is None:
                        outbox.mark_sent(session, message_id, now=clock())
                        sent += 1
                        continue
                    gone = outbox.mark_failed(
                        session,
                        message_id,
                        owner=owner,
                        now=clock(),
                        error=str(error),
                        permanent=error.permanent,
                    )
                    parked += gone
                    failed += not gone
                    if error.unreachable:
                        outbox.release(session, batch, owner=owner)
                if error.unreachable:
                    return Delivered(sent, failed, parked)
    finally:
        transport.close()
    return Delivered(sent, failed, parked)


def _send(
    database: Database, transport: Transport, render: Render, message_id: int
) -> TransportError | None:
    """Compose and send one message; what went wrong, or None.

    Whatever is raised is a failure of this message, not of the run.
    """
    try:
        with database.reading() as session:
            message = session.get_one(Message, message_id)
            mail, recipient = render(message), message.recipient
    except Exception as error:
        _log.exception("message %d could not be composed", message_id)
        return TransportError(f"could not be composed: {error}")
    try:
        transport.send(mail, recipient)
    except TransportError as error:
        _log.warning("message %d was not sent: %s", message_id, error)
        return error
    except Exception as error:
        _log.exception("message %d was not sent", message_id)
        return TransportError(f"could not be sent: {error}")
    return None

"""The operations e-mail: at most once a day, when something here needs mending.

It goes to the people with the role admin, and to the address that the settings name. It travels by
the same outbox, so a mail server that takes nothing keeps it too: /readyz and /metrics are for
those who watch from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.models import Person
from app.access.roles import Role
from app.db import insert_all_new
from app.jobs import ailing
from app.notification.addresses import operations_id
from app.notification.mail import automatic, mailbox
from app.notification.models import Message, MessageState, Purpose
from app.notification.queries import refused_settings

ONCE_IN = timedelta(days=1)


def told_again(troubles: Sequence[str], last_told: datetime | None, now: datetime) -> bool:
    """Whether somebody is to be told: there is trouble, and the last mail is a day old."""
    return bool(troubles) and (last_told is None or now - last_told >= ONCE_IN)


def in_words(ailing_jobs: Sequence[str], parked: int, refused: str | None = None) -> list[str]:
    """What needs mending, a sentence each; `refused` is what the mail server said of us."""
    said = [f"The job {name} failed, or did not run when it should have." for name in ailing_jobs]
    if parked:
        many = "1 message is" if parked == 1 else f"{parked} messages are"
        said.append(f"{many} parked: every try failed, and somebody has to look.")
    if refused:
        said.append(f"No mail is sent until its settings, or the server's, are mended: {refused}")
    return said


def tell_operations(session: Session, *, now: datetime, host: str, address: str) -> int:
    """Queue the mail if one is due; to how many."""
    troubles = in_words(ailing(session, now), _parked(session), refused_settings(session))
    last = session.scalar(
        select(func.max(Message.due_at)).where(Message.purpose == Purpose.OPERATIONS)
    )
    if not told_again(troubles, last, now):
        return 0
    admins = session.scalars(
        select(Person.email).where(Person.role == Role.ADMIN, Person.active.is_(True))
    )
    recipients = sorted({*admins, *([address] if address else [])})
    rows = [
        {
            "purpose": Purpose.OPERATIONS,
            "recipient": recipient,
            "message_id": operations_id(now.date(), recipient, host),
            "detail": {"troubles": troubles},
            "state": MessageState.WAITING,
            "tries": 0,
            "due_at": now,
            "next_try_at": now,
        }
        for recipient in recipients
    ]
    return insert_all_new(session, Message, rows)


def compose(message: Message, *, base_url: str, sender: str) -> EmailMessage:
    """The mail, plain and short."""
    troubles = message.detail["troubles"]
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(message.recipient)
    mail["Subject"] = "Tocsin needs attention"
    mail["Date"] = format_datetime(message.due_at)
    mail["Message-ID"] = message.message_id
    automatic(mail)
    lines = [
        *troubles,
        "",
        f"What happened, and what to do: {base_url}/status",
        "",
        "You are told at most once a day, for as long as it lasts.",
    ]
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return mail


def _parked(session: Session) -> int:
    """How many messages are parked; not those of this kind, which would tell of themselves."""
    return (
        session.scalar(
            select(func.count()).where(
                Message.state == MessageState.PARKED, Message.purpose != Purpose.OPERATIONS
            )
        )
        or 0
    )

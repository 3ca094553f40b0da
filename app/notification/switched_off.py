"""The mail that tells people their webhook was switched off, since nobody else would notice."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Person
from app.access.roles import Role
from app.notification.addresses import tidy_host
from app.notification.mail import automatic, mailbox
from app.notification.models import Message, MessageState, Purpose, Webhook


def tell_keepers(session: Session, webhook: Webhook, *, now: datetime, host: str) -> int:
    """Queue a mail to the focal points of its authority, or to the administrators where there are
    none; to how many."""
    active = select(Person.email).where(Person.active.is_(True)).order_by(Person.email)
    own = active.where(Person.authority_id == webhook.authority_id, Person.role == Role.FOCAL_POINT)
    recipients = session.scalars(own).all() or session.scalars(
        active.where(Person.role == Role.ADMIN)
    )
    mails = [_mail(webhook, recipient, now, host) for recipient in recipients]
    session.add_all(mails)
    session.flush()
    return len(mails)


def compose(message: Message, *, base_url: str, sender: str) -> EmailMessage:
    """The mail, plain and short."""
    detail = message.detail
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(message.recipient)
    mail["Subject"] = f"Tocsin posts no more alerts to your webhook at {detail['where']}"
    mail["Date"] = format_datetime(datetime.fromisoformat(detail["at"]))
    mail["Message-ID"] = message.message_id
    automatic(mail)
    lines = (
        f"Alerts are no longer posted to webhook {detail['webhook']} of {detail['authority']} at "
        f"{detail['where']}.",
        f"Why: {detail['why']}.",
        "",
        "What waited for it was not delivered; read it here:",
        f"{base_url}/alerts",
        "",
        "When the other end works again, add the webhook anew:",
        f"{base_url}/subscriptions/webhooks",
        "",
        "You get this mail once, as a focal point of that authority or an administrator.",
    )
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    return mail


def _mail(webhook: Webhook, recipient: str, now: datetime, host: str) -> Message:
    who = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    return Message(
        purpose=Purpose.WEBHOOK,
        recipient=recipient,
        message_id=f"<webhook-{webhook.id}-off.{who}@{tidy_host(host)}>",
        detail={
            "webhook": webhook.id,
            "authority": webhook.authority.name,
            "where": urlsplit(webhook.url).hostname,  # the rest may hold a password of theirs
            "why": webhook.ended_why,
            "at": now.isoformat(),
        },
        state=MessageState.WAITING,
        next_try_at=now,
    )

"""A digest as mail: what is urgent first, then the newest; what has ended since says so."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import one_of_ids
from app.notification.addresses import digests_thread
from app.notification.mail import SHARING, automatic, mailbox, one_click, one_line, templates
from app.notification.models import AlertState, Edition, Message

TITLES = {"daily": "Tocsin daily", "weekly": "Tocsin weekly", "immediate": "Tocsin"}
SINCE = {
    "daily": "since yesterday",
    "weekly": "since last week",
    "immediate": "in the last hour, after those mailed one by one",
}
ENDED = {
    AlertState.ISSUED: "",
    AlertState.CLOSED: "Closed since: nothing of it is open any more.",
    AlertState.RETRACTED: "Retracted since: what was told of it does not hold.",
}


def compose(
    session: Session, message: Message, *, base_url: str, sender: str, unsubscribe_url: str = ""
) -> EmailMessage:
    """The mail of a digest. It is marked as its most restricted part is."""
    editions = _editions(session, message)
    if not editions or message.subscription is None:
        raise ValueError(f"digest {message.id} has nothing to tell")
    rhythm = message.detail["rhythm"]
    handling = max(edition.handling for edition in editions)
    words = {
        "title": TITLES[rhythm],
        "since": SINCE[rhythm],
        "number": f"{len(editions)} {'alert' if len(editions) == 1 else 'alerts'}",
        "simulated": all(edition.alert.simulated for edition in editions),
        "handling": handling.word,
        "sharing": SHARING[handling],
        "alerts": [_alert(edition, base_url) for edition in editions],
        "unsubscribe_url": unsubscribe_url,
        "subscriptions_url": f"{base_url}/subscriptions",
        "recipient": message.recipient,
        "authority": message.subscription.authority.name,
    }
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(message.recipient)
    mail["Subject"] = one_line(templates().get_template("digest.subject.txt").render(words))
    mail["Date"] = format_datetime(message.due_at)
    mail["Message-ID"] = message.message_id
    mail["In-Reply-To"] = mail["References"] = digests_thread(message.message_id)
    automatic(mail)
    if unsubscribe_url:
        one_click(mail, unsubscribe_url)
    mail.set_content(templates().get_template("digest.txt").render(words), cte="quoted-printable")
    html = templates().get_template("digest.html").render(words)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def _editions(session: Session, message: Message) -> list[Edition]:
    """What it tells: the highest tier first, then the newest; never above the clearance."""
    if message.subscription is None:
        return []
    found = session.scalars(
        select(Edition).where(
            one_of_ids(session, Edition.id, message.detail["editions"]),
            Edition.handling <= message.subscription.clearance,
        )
    )
    return sorted(found, key=lambda e: (-e.tier, -e.issued_at.timestamp(), -e.id))


def _alert(edition: Edition, base_url: str) -> dict[str, object]:
    alert = edition.alert
    return {
        "code": alert.code,
        "headline": edition.headline,
        "tier": edition.tier.word,
        "handling": edition.handling.word,
        "simulated": alert.simulated,
        "ended": ENDED[alert.state],
        "sentence": edition.sentences[0] if edition.sentences else "",
        "more": max(len(edition.sentences) - 1, 0),
        "url": f"{base_url}/alerts/{alert.code}",
    }

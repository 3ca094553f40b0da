"""A digest as mail: what is urgent first, then the newest; what has ended since says so."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import one_of_ids
from app.languages import N_, ngettext, plain, speaking, spoken
from app.notification.addresses import digests_thread
from app.notification.anew import headline_of, language_of, sentences_in
from app.notification.mail import (
    SHARING,
    TIER_NAMES,
    automatic,
    mailbox,
    one_click,
    one_line,
    templates,
)
from app.notification.models import AlertState, Edition, Message, Product, Subscription
from app.notification.withholding import tellable

TITLES = {"daily": N_("Tocsin daily"), "weekly": N_("Tocsin weekly"), "immediate": N_("Tocsin")}
SINCE = {
    "daily": N_("%(alerts)s since yesterday"),
    "weekly": N_("%(alerts)s since last week"),
    "immediate": N_("%(alerts)s in the last hour, after those mailed one by one"),
}
ENDED = {
    AlertState.ISSUED: "",
    AlertState.CLOSED: N_("Closed since: nothing of it is open any more."),
    AlertState.RETRACTED: N_("Retracted since: what was told of it does not hold."),
}


def compose(
    session: Session, message: Message, *, base_url: str, sender: str, unsubscribe_url: str = ""
) -> EmailMessage:
    """The mail of a digest. It is marked as its most restricted part is."""
    editions = _editions(session, message)
    if not editions or message.subscription is None:
        raise ValueError(f"digest {message.id} has nothing to tell")
    with speaking(message.subscription.language):
        words = _words(message, message.subscription, editions, base_url)
        return _composed(message, words | {"unsubscribe_url": unsubscribe_url}, sender)


def _words(
    message: Message, subscription: Subscription, editions: list[Edition], base_url: str
) -> dict[str, Any]:
    """What the templates may speak of."""
    rhythm = message.detail["rhythm"]
    number = ngettext("%(number)s alert", "%(number)s alerts", len(editions))
    handling = max(edition.handling for edition in editions)
    return {
        "language": spoken(),
        "title": plain(TITLES[rhythm]),
        "since": plain(SINCE[rhythm]) % {"alerts": number},
        "number": number,
        "simulated": all(edition.alert.simulated for edition in editions),
        "handling": handling.word,
        "sharing": plain(SHARING[handling]),
        "alerts": [_alert(edition, base_url) for edition in editions],
        "subscriptions_url": f"{base_url}/subscriptions",
        "recipient": message.recipient,
        "authority": subscription.authority.name,
    }


def _composed(message: Message, words: dict[str, Any], sender: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(message.recipient)
    mail["Subject"] = one_line(templates().get_template("digest.subject.txt").render(words))
    mail["Date"] = format_datetime(message.due_at)
    mail["Message-ID"] = message.message_id
    mail["In-Reply-To"] = mail["References"] = digests_thread(message.message_id)
    automatic(mail)
    if words["unsubscribe_url"]:
        one_click(mail, words["unsubscribe_url"])
    mail.set_content(templates().get_template("digest.txt").render(words), cte="quoted-printable")
    html = templates().get_template("digest.html").render(words)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def _editions(session: Session, message: Message) -> list[Edition]:
    """What it tells: the highest tier first, then the newest; never above the clearance."""
    if message.subscription is None:
        return []
    named = select(Edition).where(one_of_ids(session, Edition.id, message.detail["editions"]))
    found = tellable(session, session.scalars(named).all(), message.subscription.clearance)
    return sorted(found, key=lambda e: (-e.tier, -e.issued_at.timestamp(), -e.id))


def _alert(edition: Edition, base_url: str) -> dict[str, object]:
    alert = edition.alert
    sentences = sentences_in(edition)
    sentence, sentence_in = sentences[0] if sentences else ("", spoken())
    of_signals = alert.product is Product.NOTICE
    ended = ENDED[alert.state]
    return {
        "code": alert.code,
        "headline": headline_of(edition),
        "headline_in": language_of(edition),
        "tier": edition.tier.word,
        "tier_name": plain(TIER_NAMES[edition.tier.word]),
        "handling": edition.handling.word,
        "simulated": alert.simulated,
        "ended": plain(ended) if ended else "",
        "sentence": sentence,
        "sentence_in": sentence_in,
        "more": max(len(sentences) - 1, 0) if of_signals else 0,
        "url": f"{base_url}/alerts/{alert.code}",
    }

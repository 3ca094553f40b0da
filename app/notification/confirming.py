"""The mail that asks the holder of an address whether they want to be told; and how mail is ended.

Nothing is told to an address before its holder said yes: what is told may be amber, and a letter
mistyped makes it somebody else's.
"""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from app.languages import _, day_long, speaking, spoken
from app.notification.links import confirm_url, unsubscribe_url
from app.notification.mail import automatic, mailbox, templates
from app.notification.models import Message, Subscription


def compose_confirmation(
    message: Message, *, base_url: str, sender: str, secret: str
) -> EmailMessage:
    """The question, the same on every try."""
    subscription = message.subscription
    if subscription is None:
        raise ValueError(f"message {message.id} asks about no subscription")
    with speaking(subscription.language):
        return _composed(message, subscription, base_url, sender, secret)


def _composed(
    message: Message, subscription: Subscription, base_url: str, sender: str, secret: str
) -> EmailMessage:
    until = datetime.fromisoformat(message.detail["until"])
    words = {
        "authority": subscription.authority.name,
        "recipient": message.recipient,
        "confirm_url": confirm_url(base_url, secret, subscription.id, until),
        "unsubscribe_url": unsubscribe_url(base_url, secret, subscription.id),
        "until": day_long(until.date()),
        "language": spoken(),
    }
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(message.recipient)
    mail["Subject"] = _("Please confirm: early warning alerts by mail")
    mail["Date"] = format_datetime(datetime.fromisoformat(message.detail["asked_at"]))
    mail["Message-ID"] = message.message_id
    automatic(mail)
    for name in ("confirmation.txt", "confirmation.html"):
        text = templates().get_template(name).render(words)
        if name.endswith(".txt"):
            mail.set_content(text, cte="quoted-printable")
        else:
            mail.add_alternative(text, subtype="html", cte="quoted-printable")
    return mail

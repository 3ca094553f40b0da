"""Which mail a message becomes."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

from app.notification import switched_off
from app.notification.confirming import compose_confirmation
from app.notification.links import unsubscribe_url
from app.notification.mail import compose
from app.notification.models import Message, Purpose
from app.settings import Settings


def renderer(settings: Settings) -> Callable[[Message], EmailMessage]:
    """What `deliver` needs to turn a message into mail."""
    base_url, secret = settings.base_url, settings.secret_key

    def render(message: Message) -> EmailMessage:
        if message.purpose is Purpose.WEBHOOK:
            return switched_off.compose(message, base_url=base_url, sender=settings.mail_from)
        if message.purpose is Purpose.CONFIRMATION:
            return compose_confirmation(
                message, base_url=base_url, sender=settings.mail_from, secret=secret
            )
        link = ""
        if message.subscription_id is not None:
            link = unsubscribe_url(base_url, secret, message.subscription_id)
        return compose(message, base_url=base_url, sender=settings.mail_from, unsubscribe_url=link)

    return render

"""Mail as it is handed over, written quickly.

Ten thousand people get the same edition: what all of them read is composed and encoded once, with a
stand-in wherever a mail is personal, and each copy only gets its own words in their place. What
comes out is what `mail.compose` says (a test compares), in a fraction of the time.
"""

from __future__ import annotations

import re
import secrets
from binascii import b2a_qp
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr

from markupsafe import escape
from sqlalchemy.orm import Session

from app.notification import digest_mail, operations, switched_off
from app.notification.acknowledging import asks_for_it, token
from app.notification.confirming import compose_confirmation
from app.notification.links import unsubscribe_url
from app.notification.mail import Personal, compose, personal
from app.notification.models import Message, Purpose
from app.notification.transport import Letter
from app.settings import Settings

LONGEST_LINE = 900  # of a header value that is not folded, of the 998 that a line may have
KEPT = 64  # forms held in memory; each is as large as its mail

_PLAIN = re.compile(r"[A-Za-z0-9.@_+<>:/-]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A text part as it is before it is encoded, with stand-ins in it."""

    words: str
    is_html: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A mail with gaps: headers that are personal, and around the texts what is the same for all.

    `frame` has one piece more than there are `texts`: a text goes between two pieces.
    """

    headers: tuple[tuple[str, str], ...]
    frame: tuple[bytes, ...]
    texts: tuple[Text, ...]

    def filled(self, own: Mapping[str, str]) -> bytes:
        """The mail for one recipient; `own` has what stands in place of each stand-in."""
        in_html = {stand_in: str(escape(value)) for stand_in, value in own.items()}
        written = [_header(name, _put(value, own)) for name, value in self.headers]
        written.append(self.frame[0])
        for text, after in zip(self.texts, self.frame[1:], strict=True):
            words = _put(text.words, in_html if text.is_html else own)
            encoded = "\r\n".join(words.splitlines()).encode()
            written += [b2a_qp(encoded, istext=True), b"\r\n", after]
        return b"".join(written)


def _header(name: str, value: str) -> bytes:
    """A header line, folded and encoded where it has to be; most are plain, and a URL must be."""
    if _PLAIN.fullmatch(value) and len(value) <= LONGEST_LINE:
        return f"{name}: {value}\r\n".encode()
    head = EmailMessage(policy=policy.SMTP)
    head[name] = value
    return head.as_bytes().removesuffix(b"\r\n")


class Letters:
    """Writes every kind of mail; keeps the forms of what was written last."""

    def __init__(self, settings: Settings) -> None:
        self._base_url = settings.base_url
        self._sender = settings.mail_from
        self._envelope_sender = parseaddr(settings.mail_from)[1]
        self._secret = settings.secret_key
        self._mark = f"q{secrets.token_hex(8)}q"
        self._forms: OrderedDict[tuple[object, ...], Form] = OrderedDict()

    def write(self, session: Session, message: Message) -> Letter:
        """The mail of a message. Only reads from the session."""
        whole = self._about_no_edition(session, message)
        if whole is not None:
            return self._letter(message, whole)
        own = self.own(message)
        if message.detail or not (own.recipient.isascii() and own.message_id.isascii()):
            return self._letter(message, self._composed(message, own))
        return self._enveloped(message, self._form(message, own).filled(self._stand_ins(own)))

    def _about_no_edition(self, session: Session, message: Message) -> EmailMessage | None:
        """Mail that tells of several editions, or of none; None for all other."""
        told = {"base_url": self._base_url, "sender": self._sender}
        match message.purpose:
            case Purpose.DIGEST:
                link = self._unsubscribe_url(message)
                return digest_mail.compose(session, message, unsubscribe_url=link, **told)
            case Purpose.CONFIRMATION:
                return compose_confirmation(message, secret=self._secret, **told)
            case Purpose.WEBHOOK:
                return switched_off.compose(message, **told)
            case Purpose.OPERATIONS:
                return operations.compose(message, **told)
        return None

    def own(self, message: Message) -> Personal:
        """What the mail says to its recipient alone."""
        own = personal(message, self._unsubscribe_url(message))
        if not asks_for_it(message):
            return own
        link = f"{self._base_url}/acknowledge/{token(self._secret, message.id)}"
        return replace(own, acknowledge_url=link)

    def _unsubscribe_url(self, message: Message) -> str:
        """Where the subscription is ended; a second contact is not to end that of the first."""
        if message.subscription_id is None or message.purpose is Purpose.ESCALATION:
            return ""
        return unsubscribe_url(self._base_url, self._secret, message.subscription_id)

    def _composed(self, message: Message, own: Personal) -> EmailMessage:
        return compose(message, base_url=self._base_url, sender=self._sender, own=own)

    def _letter(self, message: Message, mail: EmailMessage) -> Letter:
        plain = message.recipient.isascii()
        content = mail.as_bytes(policy=policy.SMTP if plain else policy.SMTPUTF8)
        return self._enveloped(message, content)

    def _enveloped(self, message: Message, content: bytes) -> Letter:
        return Letter(self._envelope_sender, message.recipient, message.message_id, content)

    def _form(self, message: Message, own: Personal) -> Form:
        """The form for this edition, written once for all who get the same from it."""
        subscription = message.subscription
        key = (
            message.purpose,
            message.edition_id,
            message.edition.alert.state if message.edition else None,
            subscription.language if subscription else "",
            message.message_id.rpartition("@")[2],
            tuple(bool(getattr(own, field.name)) for field in fields(own)),
        )
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._made(message, own)
            if len(self._forms) > KEPT:
                self._forms.popitem(last=False)
        self._forms.move_to_end(key)
        return form

    def _made(self, message: Message, own: Personal) -> Form:
        stand_ins = {
            field.name: self._stand_in(field.name)
            for field in fields(own)
            if getattr(own, field.name)
        }
        return _form_of(self._composed(message, replace(own, **stand_ins)), self._mark)

    def _stand_ins(self, own: Personal) -> dict[str, str]:
        return {self._stand_in(field.name): getattr(own, field.name) for field in fields(own)}

    def _stand_in(self, name: str) -> str:
        """A word that no mail holds by chance, of the shape that the field has."""
        word = f"{self._mark}{name.replace('_', '')}"
        return {
            "recipient": f"{word}@{word}.invalid",
            "message_id": f"<{word}@{word}.invalid>",
        }.get(name, word)


def _form_of(mail: EmailMessage, mark: str) -> Form:
    """Take apart a mail in which every personal word has `mark` in it."""
    headers = tuple((name, str(value)) for name, value in mail.items() if mark in str(value))
    for name, _ in headers:
        del mail[name]
    texts, gap = [], f"{mark}gap"
    for part in mail.walk():
        if part.get_content_maintype() == "text" and mark in part.get_content():
            texts.append(Text(part.get_content(), part.get_content_subtype() == "html"))
            part.set_payload(gap)
    frame = mail.as_bytes(policy=policy.SMTP)
    if mark.encode() in frame.replace(gap.encode(), b""):
        raise ValueError("a mail is personal where it should be the same for all")
    return Form(headers, tuple(frame.split(gap.encode())), tuple(texts))


def _put(text: str, words: Mapping[str, str]) -> str:
    for stand_in, value in words.items():
        text = text.replace(stand_in, value)
    return text

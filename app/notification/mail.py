"""Composing an alert as mail: plain text, the same as HTML, and a picture of the structure.

The words are in `templates/`; here are the headers and the parts. What goes into a header has its
line breaks taken out, so no name of a substance can add one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.access.handling import Handling
from app.countries import country_name
from app.languages import N_, _, day_long, plain, speaking, spoken, teach
from app.notification.addresses import thread_id
from app.notification.anew import headline_of, sentence_in
from app.notification.models import (
    AlertState,
    Edition,
    Message,
    Product,
    Purpose,
    Subscription,
)
from app.notification.renderings import (
    CONSIDERATION,
    facts,
    mark_of,
    page_blocks,
    page_text,
    source_of,
)
from app.notification.wording import about_of, kind_of, signal_name
from chem.depict import png
from chem.errors import StructureError
from chem.parse import parse

LONGEST_SUBJECT = 400
PICTURE = (600, 400)

OPENINGS = {
    Purpose.REMINDER: N_("Reminder: %(subject)s"),
    Purpose.ESCALATION: N_("Not acknowledged: %(subject)s"),
}
SHARING = {
    Handling.CLEAR: N_("TLP:CLEAR. It may be shared freely."),
    Handling.GREEN: N_("TLP:GREEN. Share it inside the early warning community, not in public."),
    Handling.AMBER: N_(
        "TLP:AMBER. Share it inside your organisation, and with those it works with, "
        "as far as they need to know."
    ),
    Handling.RED: N_("TLP:RED. For you alone; do not share it."),
}
TIERS = {
    "watch": N_("watch: keep an eye on it"),
    "alert": N_("alert: please look at it soon"),
    "urgent": N_("urgent: please look at it at once"),
}
TIER_NAMES = {"watch": N_("watch"), "alert": N_("alert"), "urgent": N_("urgent")}

_log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Personal:
    """What of a mail is for one recipient alone; the rest is the same for all."""

    recipient: str
    authority: str
    message_id: str
    unsubscribe_url: str = ""
    acknowledge_url: str = ""


def personal(message: Message, unsubscribe_url: str = "") -> Personal:
    """What a mail says to its recipient alone."""
    name = _told(message)[1].authority.name
    return Personal(message.recipient, name, message.message_id, unsubscribe_url)


def compose(
    message: Message,
    *,
    base_url: str,
    sender: str,
    unsubscribe_url: str = "",
    own: Personal | None = None,
) -> EmailMessage:
    """The mail that tells of an edition, the same on every try; `own` is its recipient's part."""
    own = own or personal(message, unsubscribe_url)
    with speaking(_told(message)[1].language):
        return _composed(message, own, base_url, sender)


def _composed(message: Message, own: Personal, base_url: str, sender: str) -> EmailMessage:
    edition = _told(message)[0]
    alert = edition.alert
    smiles = edition.detail.get("smiles")
    picture = structure_png(smiles) if smiles else None
    words = _words(message, own, base_url, has_picture=picture is not None)
    template = "alert" if alert.product is Product.NOTICE else "product"
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(own.recipient)
    subject = templates().get_template(f"{template}.subject.txt").render(words)
    if message.purpose in OPENINGS:
        subject = _(OPENINGS[message.purpose], subject=subject)
    mail["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    mail["Date"] = format_datetime(edition.issued_at)
    mail["Message-ID"] = own.message_id
    thread = thread_id(alert.code, message.message_id)
    answers = message.detail.get("answers")
    mail["In-Reply-To"] = answers or thread
    mail["References"] = f"{thread} {answers}" if answers else thread
    automatic(mail)
    if own.unsubscribe_url:
        one_click(mail, own.unsubscribe_url)
    plain = templates().get_template(f"{template}.txt").render(words)
    mail.set_content(plain, cte="quoted-printable")
    html = templates().get_template(f"{template}.html").render(words)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if picture is not None:
        *_before, html_part = mail.iter_parts()
        html_part.add_related(
            picture,
            "image",
            "png",
            cid=f"<{words['picture']}>",
            filename=f"{edition.detail.get('substance') or 'structure'}.png",
            disposition="inline",
        )
    return mail


class UrlHeader(UnstructuredHeader, BaseHeader):
    """A header that is one URL: on one line however long, since a program looks for "<https:"; the
    usual folding would take it apart into encoded words."""

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", UrlHeader)


def automatic(mail: EmailMessage) -> None:
    """Say that no person wrote it, so that no absence notice answers."""
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"


def one_click(mail: EmailMessage, unsubscribe_url: str) -> None:
    """Let a mail program end the subscription by itself (RFC 2369 and RFC 8058)."""
    mail["List-Unsubscribe"] = _HEADERS("List-Unsubscribe", f"<{unsubscribe_url}>")
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def one_line(text: str) -> str:
    """`text` without line breaks or other control characters, as a header must be; spaces that do
    not break stay, as French has them."""
    return re.sub(" +", " ", _CONTROL.sub(" ", text)).strip()


@lru_cache(maxsize=256)
def structure_png(smiles: str) -> bytes | None:
    """A picture of the structure, or None when it cannot be drawn: the words then stand alone."""
    try:
        return png(parse(smiles).mol, *PICTURE)
    except StructureError as error:
        _log.warning("no picture of %r: %s", smiles, error)
        return None


def _words(message: Message, own: Personal, base_url: str, *, has_picture: bool) -> dict[str, Any]:
    """What the templates may speak of."""
    edition = _told(message)[0]
    alert = edition.alert
    detail = edition.detail
    about = about_of(detail)
    if alert.product is not Product.NOTICE:
        return _written_words(message, own, base_url, has_picture=has_picture)
    return {
        "alert": alert.code,
        "language": spoken(),
        "headline": headline_of(edition),
        "simulated": alert.simulated,
        "handling": edition.handling.word,
        "sharing": plain(SHARING[edition.handling]),
        "tier": plain(TIERS[edition.tier.word]),
        "tier_word": edition.tier.word,
        "name": detail["name"],
        "number": detail["substance"],
        "inchikey": detail["inchikey"],
        "kind": kind_of(detail),
        "control": _control(detail) if detail["substance"] else "",
        "members": _members(detail, base_url),
        "where": ", ".join(sorted(country_name(code) for code in edition.countries)),
        "new": _signals(edition, base_url, new=True),
        "open": _signals(edition, base_url, new=False),
        "alert_url": f"{base_url}/alerts/{alert.code}",
        "about_url": f"{base_url}{about['path']}" if about and about["path"] else "",
        "subscriptions_url": f"{base_url}/subscriptions",
        "unsubscribe_url": own.unsubscribe_url,
        "recipient": own.recipient,
        "authority": own.authority,
        "acknowledge_url": own.acknowledge_url,
        "asks": asks(message, own),
        "picture": picture_id(message) if has_picture else "",
    }


def _written_words(
    message: Message, own: Personal, base_url: str, *, has_picture: bool
) -> dict[str, Any]:
    """What the templates of what people wrote may speak of: its rendering of one page."""
    edition = _told(message)[0]
    alert = edition.alert
    source = source_of(alert, edition, base_url)
    retracted = alert.state is AlertState.RETRACTED and source.reason != "retracted"
    return {
        "language": spoken(),
        "facts": facts(source),
        "blocks": page_blocks(source),
        "page": page_text(source),
        "source": source,
        "simulated": source.simulated,
        "mark": _("[Since retracted]") + " " if retracted else mark_of(source),
        "retracted": retracted,
        "sharing": plain(SHARING[edition.handling]),
        "tier_word": edition.tier.word,
        "consideration": plain(CONSIDERATION),
        "subscriptions_url": f"{base_url}/subscriptions",
        "unsubscribe_url": own.unsubscribe_url,
        "recipient": own.recipient,
        "authority": own.authority,
        "acknowledge_url": own.acknowledge_url,
        "asks": asks(message, own),
        "name": edition.detail["name"],
        "picture": picture_id(message) if has_picture else "",
    }


def _told(message: Message) -> tuple[Edition, Subscription]:
    if message.edition is None or message.subscription is None:
        raise ValueError(f"message {message.id} tells of no alert")
    return message.edition, message.subscription


def picture_id(message: Message) -> str:
    """What the HTML calls the picture inside the mail."""
    host = message.message_id.rpartition("@")[2].rstrip(">")
    return f"structure.E{message.edition_id}@{host}"


def asks(message: Message, own: Personal) -> str:
    """What a mail about something urgent asks for, in one sentence; nothing in other mails."""
    if not own.acknowledge_url:
        return ""
    said = message.detail
    match message.purpose:
        case Purpose.REMINDER:
            return _(
                "Reminder %(number)s of %(of)s: nobody at %(authority)s has acknowledged this "
                "urgent alert yet. Please do, so that we know it was read.",
                number=said["number"],
                of=said["of"],
                authority=own.authority,
            )
        case Purpose.ESCALATION:
            return _escalated(said, own.authority)
    return _("Please acknowledge it, so that we know it was read; else you are reminded.")


def _escalated(said: Mapping[str, Any], authority: str) -> str:
    """Why a second contact is written to; messages from before `at` was kept say it in English."""
    since = said["since"]
    if "at" in said:
        at = datetime.fromisoformat(said["at"])
        since = _("%(day)s, %(time)s UTC", day=day_long(at.date()), time=at.strftime("%H:%M"))
    words = {"authority": authority, "first": said["first"], "since": since}
    if said["reached"]:
        return _(
            "You are the second contact of %(authority)s. %(first)s was told of this urgent alert "
            "on %(since)s, and nobody there has acknowledged it.",
            **words,
        )
    return _(
        "You are the second contact of %(authority)s. %(first)s could not be reached about this "
        "urgent alert on %(since)s, and nobody there has acknowledged it.",
        **words,
    )


def _members(detail: Mapping[str, Any], base_url: str) -> list[dict[str, str]]:
    """The substances that take part, each with its page and the alert that is open on it."""
    return [
        {
            "name": member["name"],
            "number": member["code"],
            "url": f"{base_url}/substances/{member['code']}",
            "alert": member["alert"] or "",
        }
        for member in detail.get("members", ())
    ]


def _control(detail: Mapping[str, Any]) -> str:
    """Under which convention and schedule it is listed."""
    listings = [
        _(
            "%(year)s Convention, Schedule %(schedule)s",
            year=listing["convention"],
            schedule=listing["schedule"],
        )
        for listing in detail["controlled"]
    ]
    return "; ".join(listings) or _("not in the schedules of the 1961 and 1971 Conventions")


def _signals(edition: Edition, base_url: str, *, new: bool) -> list[dict[str, str]]:
    """The signals that are new, or those that were open before, as sentences with their sources."""
    found = []
    for episode in edition.detail.get("episodes", []):
        if bool(episode["news"]) != new:
            continue
        sentence, language = sentence_in(episode, edition.detail["name"])
        found.append(
            {
                "sentence": sentence,
                "sentence_in": language,
                "name": signal_name(episode["rule"], episode["scope"]),
                "tier": plain(TIER_NAMES[episode["tier"]]),
                "url": f"{base_url}/signals/{episode['code']}",
                "code": episode["code"],
            }
        )
    return found


def mailbox(text: str) -> Address:
    """An address header of exactly one mailbox, whatever else the text tries to say."""
    name, address = parseaddr(one_line(text))
    user, _at, domain = address.rpartition("@")
    return Address(display_name=name, username=user, domain=domain)


@cache
def templates() -> Environment:
    """The words of all mails."""
    environment = Environment(
        loader=PackageLoader("app.notification", "templates"),
        autoescape=select_autoescape(["html"], default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    teach(environment)
    return environment

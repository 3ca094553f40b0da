"""The names mail is known by: stable Message-IDs, the thread of an alert, and the host in both."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from email.utils import parseaddr
from urllib.parse import urlsplit

from app.settings import Settings

_NO_HOST = re.compile(r"[^A-Za-z0-9.-]")


def host_for(settings: Settings) -> str:
    """The host in Message-IDs: the sender's domain, or else where readers find the service."""
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return tidy_host(domain or urlsplit(settings.base_url).hostname or "")


def tidy_host(host: str) -> str:
    """`host` with only the characters a Message-ID takes."""
    return _NO_HOST.sub("", host) or "localhost"


def message_id(alert_code: str, edition_id: int, recipient: str, host: str) -> str:
    """The same for every try, so that a mail delivered twice is recognised as one."""
    return f"<{alert_code}.E{edition_id}.{_hashed(recipient)}@{tidy_host(host)}>"


def thread_id(alert_code: str, message: str) -> str:
    """What all mails of one alert refer to, on the host that `message` was issued under."""
    return f"<{alert_code}@{message.rpartition('@')[2].rstrip('>')}>"


def reminder_id(original: str, number: int, who: str) -> str:
    """The name of a reminder to `who`, made from that of the mail it reminds of.

    `original` ends in whom it was to, which is left out: a second contact of several people is told
    once of the same edition.
    """
    name, _, host = original.strip("<>").rpartition("@")
    return f"<{name.rpartition('.')[0]}.R{number}.{_hashed(who)}@{host}>"


def digest_id(newest_entry: int, recipient: str, host: str) -> str:
    """The name of a digest: an entry is told in one only, so its newest names it."""
    return f"<digest.D{newest_entry}.{_hashed(recipient)}@{tidy_host(host)}>"


def digests_thread(message: str) -> str:
    """What all digests to one address refer to."""
    name, _, host = message.strip("<>").rpartition("@")
    return f"<digests.{name.rpartition('.')[2]}@{host}>"


def operations_id(day: date, recipient: str, host: str) -> str:
    """The name of the one mail about the service itself that a day has."""
    return f"<operations.{day.isoformat()}.{_hashed(recipient)}@{tidy_host(host)}>"


def _hashed(recipient: str) -> str:
    return hashlib.sha256(recipient.lower().encode()).hexdigest()[:12]

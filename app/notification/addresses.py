"""The names mail is known by: stable Message-IDs, the thread of an alert, and the host in both."""

from __future__ import annotations

import hashlib
import re
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
    who = hashlib.sha256(recipient.lower().encode()).hexdigest()[:12]
    return f"<{alert_code}.E{edition_id}.{who}@{tidy_host(host)}>"


def thread_id(alert_code: str, message: str) -> str:
    """What all mails of one alert refer to, on the host that `message` was issued under."""
    return f"<{alert_code}@{message.rpartition('@')[2].rstrip('>')}>"

"""Posting to a webhook: one signed request to one pinned address, and what came of it.

The server is a stranger's, so it is posted to within the bounds of `app.outgoing`; TLS verifies the
name that the webhook was given under, although the connection goes to the address that was looked
at.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.errors import Refused
from app.notification.targets import Allowed, Closed, Resolve, addresses_of, target_of
from app.outgoing import Limits, Unanswered, posted, printable

CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 5.0, 10.0, 20.0
MOST_BYTES = 64 * 1024
MOST_ADDRESSES = 3  # of one name, tried one after the other
AGENT = "Tocsin-Webhook/1"

GONE = 410
NOT_NOW = frozenset({408, 425, 429})  # refusals that trying again may mend
SAYS_WHEN = frozenset({429, 503})  # answers whose Retry-After counts
LONGEST_RETRY = timedelta(hours=1)  # an alert is urgent, whatever a server says


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is posted: `secrets` are the newest first; during a rotation there are two."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    delivery: str
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. `error` is empty when it was taken.

    `permanent`: trying the same again cannot help. `gone`: the webhook wants nothing any more.
    `unsent`: nothing left the house, and the fault is ours.
    """

    status: int | None
    milliseconds: int
    error: str = ""
    permanent: bool = False
    gone: bool = False
    unsent: bool = False
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        """Whether the server said that it has it."""
        return not self.error


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The hex HMAC-SHA256 of "timestamp.body"; the time in it keeps a copy from being sent again
    later."""
    signed = str(timestamp).encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers_of(parcel: Parcel, now: datetime) -> dict[str, str]:
    """The headers of a post made now, with one signature for each secret."""
    timestamp = int(now.timestamp())
    signatures = (f"v1={sign(secret, timestamp, parcel.body)}" for secret in parcel.secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Tocsin-Timestamp": str(timestamp),
        "Tocsin-Signature": ",".join(signatures),
        "Tocsin-Delivery": parcel.delivery,
        "Tocsin-Event": parcel.event,
    }


def post(
    parcel: Parcel,
    *,
    allowed: Allowed,
    now: datetime,
    resolve: Resolve | None = None,
    trust: str | bool = True,
    seconds: float = ALL_SECONDS,
) -> Outcome:
    """Send a parcel once; raises nothing, since every end of it belongs into the log.

    `trust` is a file of certificates to trust instead of the usual ones.
    """
    began = time.monotonic()
    try:
        target = target_of(parcel.url, allowed)
        with posted(
            target.url,
            parcel.body,
            limits=Limits(CONNECT_SECONDS, READ_SECONDS, seconds),
            headers=headers_of(parcel, now),
            addresses=addresses_of(target, allowed, resolve)[:MOST_ADDRESSES],
            trust=trust,
        ) as answer:
            said = b""
            if not 200 <= answer.status < 300:
                with suppress(Unanswered):  # the status stands, whatever becomes of the words
                    said = answer.read(MOST_BYTES)
    except (Closed, Refused, Unanswered) as failure:
        return Outcome(None, _since(began), str(failure))
    return _outcome(answer.status, answer.headers, said, _since(began), now)


def _outcome(
    status: int, headers: Mapping[str, str], said: bytes, milliseconds: int, now: datetime
) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status, milliseconds)
    refused = 400 <= status < 500 and status not in NOT_NOW
    error = f"answered {status}"
    if 300 <= status < 400:
        error += ", which leads elsewhere; no redirect is followed, so give the final address"
    if text := printable(said):
        error += f": {text}"
    return Outcome(
        status,
        milliseconds,
        error,
        permanent=refused,
        gone=status == GONE,
        retry_after=retry_after(headers, now) if status in SAYS_WHEN else None,
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long a server asks us to wait (RFC 9110, 10.2.3), never longer than LONGEST_RETRY."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # no date, or one that no calendar holds
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return min(max(when - now, timedelta(0)), LONGEST_RETRY)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)

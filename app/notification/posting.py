"""Posting to a webhook: one signed request to one pinned address, and what came of it.

The server is a stranger's, so everything of it is bounded: the time of each step and of all
together, what is read of its answer, where it may send us (nowhere: no redirect is followed). The
request carries no cookie and no login and passes through no proxy; TLS verifies the name that the
webhook was given under, although the connection goes to the address that was looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock, Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.errors import Refused
from app.notification.targets import Allowed, Closed, Resolve, Target, addresses_of, target_of

CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 5.0, 10.0, 20.0
MOST_BYTES = 64 * 1024
MOST_ADDRESSES = 3  # of one name, tried one after the other
QUOTED = 200  # characters of an answer that the log keeps
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
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
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
    cut = _Cut(seconds)
    try:
        target = target_of(parcel.url, allowed)
        addresses = addresses_of(target, allowed, resolve)[:MOST_ADDRESSES]
        with cut, _Straight() as session:
            session.trust_env = False
            session.mount(f"{'https' if target.secure else 'http'}://", _Pinned(addresses, cut))
            status, headers, said = _exchange(session, cut, target, parcel, now=now, trust=trust)
    except (Closed, Refused) as turned_away:
        return Outcome(None, _since(began), str(turned_away))
    except Exception as error:  # of requests, or of what it is made of
        return Outcome(None, _since(began), _why(error, cut, seconds))
    return _outcome(status, headers, said, _since(began), now)


def _exchange(
    session: requests.Session,
    cut: _Cut,
    target: Target,
    parcel: Parcel,
    *,
    now: datetime,
    trust: str | bool,
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and the beginning of the answer."""
    session.headers.clear()
    with session.post(
        target.url,
        data=parcel.body,
        headers=headers_of(parcel, now),
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        allow_redirects=False,
        stream=True,
        verify=trust,
    ) as answer:
        if cut.over:  # headers that broke off look like headers that ended
            raise TimeoutError
        return answer.status_code, answer.headers, _beginning(answer)


def _beginning(answer: requests.Response) -> bytes:
    """What a refusal begins with; not unpacked, so that nothing small becomes large."""
    if answer.ok:
        return b""
    try:
        return bytes(answer.raw.read(MOST_BYTES, decode_content=False))
    except Exception:  # the status stands, whatever becomes of the words after it
        return b""


def _outcome(
    status: int, headers: Mapping[str, str], said: bytes, milliseconds: int, now: datetime
) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status, milliseconds)
    refused = 400 <= status < 500 and status not in NOT_NOW
    error = f"answered {status}"
    if 300 <= status < 400:
        error += ", which leads elsewhere; no redirect is followed, so give the final address"
    if text := _printable(said):
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
    except ValueError:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return min(max(when - now, timedelta(0)), LONGEST_RETRY)


def _printable(said: bytes) -> str:
    text = said[: 4 * QUOTED].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()[:QUOTED]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _why(error: Exception, cut: _Cut, seconds: float) -> str:
    """What went wrong, for the person who looks after that server."""
    if cut.over:
        return f"took longer than {seconds:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate or TLS does not hold: {_root(error)}"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:g} seconds"
    if isinstance(error, requests.ReadTimeout):
        return f"no answer within {READ_SECONDS:g} seconds"
    if isinstance(error, requests.ConnectionError):
        return f"could not be reached: {_root(error)}"
    return f"{type(error).__name__}: {_root(error)}"


def _root(error: BaseException) -> str:
    """The innermost of what went wrong; the outer ones only wrap it."""
    for _ in range(10):
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            break
        error = inner
    return _printable(str(error).encode())


class _Cut:
    """Ends a connection when its time is over, wherever it stands: each read has a limit of its
    own, so a server that sends a byte now and then would hold us for ever."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._line: socket.socket | None = None
        self._lock = Lock()
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Cut:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._let_go()

    def hold(self, line: socket.socket) -> None:
        """Watch over a connection; a copy of it, as TLS takes the first one over."""
        with self._lock:
            self._let_go()
            if self.over:
                raise TimeoutError("its time is over")
            self._line = line.dup()

    def _end(self) -> None:
        with self._lock:
            self.over = True
            if self._line is not None:
                with suppress(OSError):  # it may have ended by itself
                    self._line.shutdown(socket.SHUT_RDWR)
                self._let_go()

    def _let_go(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


class _Straight(requests.Session):
    """Sees no redirects: even one that is not followed would be read to its end, however long."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere."""
        return None


class _Pinned(HTTPAdapter):
    """Connects to the addresses that were looked at and asks no name server again."""

    def __init__(self, addresses: Sequence[str], cut: _Cut) -> None:
        self._addresses, self._cut = addresses, cut
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **like: Any) -> None:
        """The usual pools, whose connections are ours."""
        super().init_poolmanager(*args, **like)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self._addresses, self._cut),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self._addresses, self._cut),
        }


def _pool(
    pool: type[HTTPConnectionPool],
    connection: type[HTTPConnection],
    addresses: Sequence[str],
    cut: _Cut,
) -> type[HTTPConnectionPool]:
    """A pool whose connections go to `addresses`, one after the other until one takes them."""

    def _new_conn(self: HTTPConnection) -> socket.socket:
        failed: OSError | None = None
        for address in addresses:
            try:
                line = socket.create_connection((address, self.port), CONNECT_SECONDS)
            except OSError as error:
                failed = error
                continue
            cut.hold(line)
            return line
        raise failed or OSError("no address")

    ours = type("Pinned", (connection,), {"_new_conn": _new_conn})
    return type("PinnedPool", (pool,), {"ConnectionCls": ours})

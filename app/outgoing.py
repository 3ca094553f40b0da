"""Posting to other people's servers: one door, within bounds.

Everything of a stranger's server is bounded: the time of each step and of all together, what is
read of its answer, and where it may send us (nowhere: no redirect is followed, nor is its body
read). No cookie is kept. Unless asked to, nothing of the environment is used either, neither its
proxy nor its passwords. Given `addresses`, the connection goes to one of those and no name server
is asked again; TLS verifies the name in the URL all the same.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

QUOTED = 200  # characters of a stranger's words that are kept
PLAIN = {
    "User-Agent": "Tocsin/1",
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # so that nothing small becomes large
    "Connection": "close",
}


class Unanswered(Exception):
    """There is no answer within the limits; the message says why, in the words of a log."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a connection, for each read, and for everything together."""

    connect: float
    read: float
    whole: float


class Answer:
    """Status and headers of an answer; its body is read as far as it is wanted."""

    def __init__(self, response: requests.Response, cut: _Cut) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response, self._cut = response, cut

    def read(self, most: int) -> bytes:
        """The first `most` bytes of the body, as they were sent. Raises Unanswered."""
        try:
            body = bytes(self._response.raw.read(most, decode_content=False))
        except Exception as error:  # of requests, or of what it is made of
            raise Unanswered(self._cut.why(error)) from error
        if self._cut.over:  # what broke off looks like what ended
            raise Unanswered(self._cut.why(TimeoutError()))
        return body


@contextmanager
def posted(
    url: str,
    data: Any,
    *,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
    addresses: Sequence[str] | None = None,
    trust: str | bool = True,
    environment: bool = False,
) -> Iterator[Answer]:
    """Post bytes or a form once; the answer, while its connection is open. Raises Unanswered.

    `trust` is a file of certificates to trust instead of the usual ones. With `environment`, its
    proxy is used.
    """
    cut = _Cut(limits)
    with cut, _Straight() as session:
        session.trust_env = environment
        session.headers.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Watched(addresses, cut))
        try:
            response = session.post(
                url,
                data=data,
                headers={**PLAIN, **(headers or {})},
                timeout=(limits.connect, limits.read),
                allow_redirects=False,
                stream=True,
                verify=trust,
            )
        except Exception as error:  # of requests, or of what it is made of
            raise Unanswered(cut.why(error)) from error
        with response:
            if cut.over:  # headers that broke off look like headers that ended
                raise Unanswered(cut.why(TimeoutError()))
            yield Answer(response, cut)


def printable(said: bytes | str, most: int = QUOTED) -> str:
    """What a stranger said, as it may stand in a log and in a database."""
    text = said if isinstance(said, str) else said[: 4 * most].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()[:most]


class _Cut:
    """Ends a connection when its time is over, wherever it stands: each read has a limit of its
    own, so a server that sends a byte now and then would hold us for ever."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.over = False
        self._line: socket.socket | None = None
        self._lock = Lock()
        self._timer = Timer(limits.whole, self._end)
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

    def why(self, error: Exception) -> str:
        """What went wrong, for the person who looks after that server."""
        if self.over:
            return f"took longer than {self.limits.whole:g} seconds"
        if isinstance(error, requests.exceptions.SSLError):
            return f"its certificate or TLS does not hold: {_root(error)}"
        if isinstance(error, requests.ConnectTimeout):
            return f"no connection within {self.limits.connect:g} seconds"
        if isinstance(error, requests.ReadTimeout):
            return f"no answer within {self.limits.read:g} seconds"
        if isinstance(error, requests.ConnectionError):
            return f"could not be reached: {_root(error)}"
        return f"{type(error).__name__}: {_root(error)}"

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


def _root(error: BaseException) -> str:
    """The innermost of what went wrong; the outer ones only wrap it."""
    for _ in range(10):
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            break
        error = inner
    return printable(str(error).encode())


class _Straight(requests.Session):
    """Sees no redirects: even one that is not followed would be read to its end, however long."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere."""
        return None


class _Watched(HTTPAdapter):
    """Its connections are watched over, and go to the addresses given, if any are."""

    def __init__(self, addresses: Sequence[str] | None, cut: _Cut) -> None:
        self._pools = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, addresses, cut),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, addresses, cut),
        }
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **like: Any) -> None:
        """The usual pools, whose connections are ours."""
        super().init_poolmanager(*args, **like)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **like: Any) -> PoolManager:
        """The same through a proxy."""
        manager: PoolManager = super().proxy_manager_for(proxy, **like)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pool(
    pool: type[HTTPConnectionPool],
    connection: type[HTTPConnection],
    addresses: Sequence[str] | None,
    cut: _Cut,
) -> type[HTTPConnectionPool]:
    """A pool whose connections go to `addresses`, one after the other until one takes them."""

    def _new_conn(self: HTTPConnection) -> socket.socket:
        failed: OSError | None = None
        for address in [self.host] if addresses is None else addresses:
            try:
                line = socket.create_connection((address, self.port), cut.limits.connect)
            except OSError as error:
                failed = error
                continue
            cut.hold(line)
            return line
        raise failed or OSError("no address")

    ours = type("Watched", (connection,), {"_new_conn": _new_conn})
    return type("WatchedPool", (pool,), {"ConnectionCls": ours})

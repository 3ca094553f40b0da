"""Mail through an SMTP server: a few connections, each used for many mails.

What an answer means, after RFC 5321 4.2.1 and the status codes of RFC 3463:

- 4xx: not now (greylisting, a full mailbox, a busy server); tried again by the back-off table.
- 5xx to the recipient: never. It bounced, unless the server speaks of its policy (5.7) or of its
  own state: then the address may be well, and somebody has to look.
- 552 and 5.2.2 to the recipient: a full mailbox, which may be emptied (RFC 5321 4.5.3.1.10).
- 5xx to the content: never; mostly a filter said it, and the same mail would be filtered again. It
  is parked with what was said, and the address is none the worse for it.
- 5xx to the sender or to our login, and a certificate that does not hold: our settings, or theirs.
  It would be said to every mail, so nothing more is tried in this run, and no message pays for it.
  So is what is said of the sender (5.1.7, 5.1.8) when a recipient is named: no address bounced.
  Only the size, and letters outside ASCII, are the mail's own.
- 4xx to the sender, 421 to anything, or no connection at all: the server takes nothing from us now.

TLS is used wherever the server offers it, its certificate is always verified, and a password is
never sent in the clear to another machine. All steps of one mail together have a limit, since a
server that says a byte now and then never lets a time-out for one answer end.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader, RawIOBase
from queue import Empty, LifoQueue
from socket import socket
from time import monotonic
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from app.notification.transport import FileTransport, Letter, Transport, TransportError
from app.outgoing import printable
from app.settings import LOOPBACK, Settings, Tls

TIMEOUT = 30.0  # seconds for an answer; RFC 5321 asks for minutes, which is for relays without TLS
WHOLE = 120.0  # seconds for all steps of one mail: it ends before the lease of its message does
GOODBYE = 5.0  # seconds for the last words
LONGEST_REPLY = 64 * 1024
LONGEST_SAID = 500  # characters of an answer that are kept
MAILS_PER_CONNECTION = 100  # many servers hang up after so many; a new connection costs little
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
NO_SUCH_ADDRESS = {550, 551, 553, 556}
NO_LOGIN = {530, 534, 535, 538}  # RFC 4954: asked for, too weak, wrong, not without TLS
TOO_LARGE = {"5.2.3", "5.3.4"}
NO_SENDER = {"5.1.7", "5.1.8"}  # said of the sender, mostly where the recipient is named

_ENHANCED = re.compile(r"\s*(\d\.\d{1,3}\.\d{1,3})\b")


class Closable(Protocol):
    """A connection that the pool holds."""

    def send(self, parcel: Letter) -> None:
        """Hand over one mail."""

    def close(self) -> None:
        """Hang up."""


def transport_for(settings: Settings) -> Transport[Letter]:
    """SMTP when a server is set, files otherwise."""
    if not settings.smtp_url:
        return FileTransport(settings.mail_dir)
    return SmtpPool(lambda: SmtpConnection(settings.smtp_url, tls=settings.smtp_tls))


class SmtpPool:
    """Connections for several threads: each takes a free one, or opens one more."""

    def __init__(self, connect: Callable[[], Closable]) -> None:
        self._connect = connect
        self._free: LifoQueue[Closable] = LifoQueue()

    def send(self, parcel: Letter) -> None:
        """Hand over one mail on the connection that was free last."""
        try:
            connection = self._free.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            connection.send(parcel)
        finally:
            self._free.put(connection)

    def close(self) -> None:
        """Hang up all that are free; those in use are closed by the next call."""
        while True:
            try:
                self._free.get_nowait().close()
            except Empty:
                return


class SmtpConnection:
    """One connection, opened when needed, used again until it breaks or has carried its share."""

    def __init__(
        self,
        url: str,
        *,
        tls: Tls = Tls.OFFERED,
        timeout: float = TIMEOUT,
        whole: float = WHOLE,
        mails: int = MAILS_PER_CONNECTION,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or "localhost"
        self.port = parts.port or PORTS[parts.scheme]
        self.username = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self.tls = Tls.REQUIRED if parts.scheme != "smtp" else tls
        self.timeout = timeout
        self.whole = whole
        self.mails = mails
        self._context = context
        self._connection: _Line | _SecureLine | None = None
        self._carried = 0

    def send(self, parcel: Letter) -> None:
        """Hand over one mail.

        A connection that went stale is noticed before anything is handed over, so that renewing it
        cannot send a mail twice.
        """
        connection = self._ready()
        options = () if parcel.recipient.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        if options and not connection.has_extn("smtputf8"):
            raise TransportError("the server takes no addresses outside ASCII", permanent=True)
        try:
            connection.sendmail(parcel.sender, [parcel.recipient], parcel.content, options)
            self._carried += 1
        except smtplib.SMTPRecipientsRefused as error:
            raise self._recipient_refused(*error.recipients[parcel.recipient]) from error
        except smtplib.SMTPSenderRefused as error:
            raise self._sender_refused(error, own=bool(options)) from error
        except smtplib.SMTPDataError as error:
            raise self._content_refused(error) from error
        except smtplib.SMTPResponseException as error:
            self._drop()  # what was answered to what is not known any more
            raise self._refused(error.smtp_code, _said(error.smtp_error)) from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise TransportError(f"{self._where} hung up: {error}", cut_off=True) from error
        except smtplib.SMTPException as error:
            raise TransportError(str(error)) from error

    def reach(self) -> None:
        """Connect as for a mail, TLS and login included. Raises TransportError."""
        self._ready()

    def close(self) -> None:
        """Say goodbye, if anybody is there to hear it."""
        if self._connection is not None:
            self._connection.until = monotonic() + GOODBYE
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._drop()

    def _ready(self) -> smtplib.SMTP:
        """A connection that answers: the one there is, or a new one."""
        if self._connection is not None and self._carried < self.mails:
            self._connection.until = monotonic() + self.whole
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.rset()[0] == 250:
                    return self._connection
        self.close()
        self._connection, self._carried = self._open(), 0
        return self._connection

    def _open(self) -> _Line | _SecureLine:
        """A connection as safe as it has to be. Raises TransportError, unreachable."""
        limits = {"within": self.whole, "timeout": self.timeout}
        try:
            connection = (
                _SecureLine(self.host, self.port, context=self._verifying(), **limits)
                if self.scheme == "smtps"
                else _Line(self.host, self.port, **limits)
            )
        except (smtplib.SMTPException, OSError) as error:
            raise self._not_open(error) from error
        try:
            connection.ehlo_or_helo_if_needed()
            self._secure(connection)
            if self.username:
                connection.login(self.username, self._password)
        except (smtplib.SMTPException, OSError) as error:
            connection.close()
            raise self._not_open(error) from error
        return connection

    def _secure(self, connection: smtplib.SMTP) -> None:
        """Go over to TLS where it is offered and not yet there, or refuse to go on without."""
        if self.scheme == "smtps" or self.tls is Tls.OFF:
            return
        if connection.has_extn("starttls"):
            connection.starttls(context=self._verifying())
            connection.ehlo_or_helo_if_needed()
        elif self.tls is Tls.REQUIRED:
            raise smtplib.SMTPNotSupportedError("it offers no TLS, and TLS is required")
        elif self.username and self.host not in LOOPBACK:
            raise smtplib.SMTPNotSupportedError("it offers no TLS for the password")

    def _verifying(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()

    def _recipient_refused(self, code: int, answer: bytes | str) -> TransportError:
        said = _said(answer)
        status = _status(said)
        if _of_sender(said):
            return TransportError(f"{code} {said}", settings=True)
        full = code == 552 or status == "5.2.2"
        if code < 500 or full or code in NO_LOGIN:
            return self._refused(code, said)
        theirs = status.startswith("5.1.") or (not status and code in NO_SUCH_ADDRESS)
        return TransportError(f"{code} {said}", permanent=True, bounced=theirs or status == "5.2.1")

    def _sender_refused(self, error: smtplib.SMTPSenderRefused, *, own: bool) -> TransportError:
        """`own`: the mail asked for what other mails do not."""
        code, said = error.smtp_code, _said(error.smtp_error)
        if 500 <= code < 600 and (own or code == 552 or _status(said) in TOO_LARGE):
            return TransportError(f"{code} {said}", permanent=True)
        if code == 421 or not 500 <= code < 600:
            self._drop()
            return TransportError(f"{code} {said}", unreachable=True)
        return TransportError(f"the sender {error.sender} is refused: {code} {said}", settings=True)

    def _content_refused(self, error: smtplib.SMTPDataError) -> TransportError:
        code, said = error.smtp_code, _said(error.smtp_error)
        if _of_sender(said):
            return TransportError(f"{code} {said}", settings=True)
        if 500 <= code < 600 and code not in NO_LOGIN and _status(said) != "5.2.2":
            return TransportError(f"{code} {said}", permanent=True)
        return self._refused(code, said)

    def _refused(self, code: int, said: str) -> TransportError:
        if code == 421:  # closing down, for everybody
            self._drop()
        settings = code in NO_LOGIN
        return TransportError(f"{code} {said}", unreachable=code == 421, settings=settings)

    def _not_open(self, error: Exception) -> TransportError:
        """Why there is no connection, and whether time alone may mend it."""
        if isinstance(error, ssl.SSLCertVerificationError):
            said = f"the certificate of {self._where} does not hold: {error.verify_message}"
            return TransportError(said, settings=True)
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
        ours = isinstance(error, smtplib.SMTPNotSupportedError) or code in NO_LOGIN
        said = f"{self._where} failed: {error}"
        return TransportError(said, unreachable=True, settings=ours)

    @property
    def _where(self) -> str:
        return f"the mail server {self.host}:{self.port}"

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Bounded:
    """A dialogue that ends by `until`, whatever the other side says and how slowly."""

    sock: Any
    file: Any
    timeout: float
    heard = 0  # bytes of an answer

    def __init__(self, *where: Any, within: float, **like: Any) -> None:
        self.whole, self.until = within, monotonic() + within
        super().__init__(*where, **like)

    def getreply(self) -> tuple[int, bytes]:
        """The answer, read within the limits."""
        if self.file is None and self.sock is not None:
            self.file = BufferedReader(_Ear(self))
        self.heard = 0
        return super().getreply()  # type: ignore[misc,no-any-return]

    def send(self, said: Any) -> None:
        """Say something, within the time."""
        self.limit()
        super().send(said)  # type: ignore[misc]

    def limit(self) -> None:
        """Let the next step take no longer than is left. Raises TimeoutError."""
        left = self.until - monotonic()
        if left <= 0:
            seconds = "1 second" if self.whole == 1 else f"{self.whole:g} seconds"
            raise TimeoutError(f"it took longer than {seconds} for one mail")
        if self.sock is not None:
            self.sock.settimeout(min(self.timeout, left))


class _Line(_Bounded, smtplib.SMTP):
    """A connection in the clear, or one that goes over to TLS."""


class _SecureLine(_Bounded, smtplib.SMTP_SSL):
    """A connection that is TLS from its first byte."""


class _Ear(RawIOBase):
    """What the other side says, as a file."""

    def __init__(self, of: _Bounded) -> None:
        self._of = of
        self._line: socket = of.sock

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What has come, within the time and the most of an answer."""
        self._of.limit()
        try:
            got = self._line.recv_into(buffer)
        except TimeoutError:
            self._of.limit()  # says so where it was not this step alone that took too long
            raise
        self._of.heard += got
        if self._of.heard > LONGEST_REPLY:
            raise OSError(f"it answers with more than {LONGEST_REPLY // 1024} kB")
        return got


def _status(said: str) -> str:
    """The enhanced status code that an answer begins with, or nothing."""
    return (_ENHANCED.match(said) or [""])[0].strip()


def _of_sender(said: str) -> bool:
    """Whether a refusal is of the sender, though it is said to the recipient or the content.

    Postfix waits with its verdict until a recipient is named, and says "Sender address rejected".
    """
    return said.startswith("5.") and (
        _status(said) in NO_SENDER or "sender address rejected" in said.lower()
    )


def _said(answer: bytes | str) -> str:
    return printable(answer, LONGEST_SAID)

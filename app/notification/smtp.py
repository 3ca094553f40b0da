"""Mail through an SMTP server: a few connections, each used for many mails.

What an answer means, after RFC 5321 4.2.1 and the status codes of RFC 3463:

- 4xx: not now (greylisting, a full mailbox, a busy server); tried again by the back-off table.
- 5xx to the recipient: never. It bounced, unless the server speaks of its policy (5.7) or of its
  own state: then the address may be well, and somebody has to look.
- 552 and 5.2.2 to the recipient: a full mailbox, which may be emptied (RFC 5321 4.5.3.1.10).
- 5xx to the content: tried again, since mostly a filter said it, and filters change their minds.
- 421, or no connection at all: the server takes nothing from anybody.

TLS is used wherever the server offers it, its certificate is always verified, and a password is
never sent in the clear to another machine.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, LifoQueue
from typing import Protocol
from urllib.parse import unquote, urlsplit

from app.notification.transport import FileTransport, Letter, Transport, TransportError
from app.settings import LOOPBACK, Settings, Tls

TIMEOUT = 30.0  # seconds for an answer; RFC 5321 asks for minutes, which is for relays without TLS
MAILS_PER_CONNECTION = 100  # many servers hang up after so many; a new connection costs little
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
NO_SUCH_ADDRESS = {550, 551, 553, 556}

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
        self.mails = mails
        self._context = context
        self._connection: smtplib.SMTP | None = None
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
        except smtplib.SMTPResponseException as error:
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
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._drop()

    def _ready(self) -> smtplib.SMTP:
        """A connection that answers: the one there is, or a new one."""
        if self._connection is not None and self._carried < self.mails:
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.rset()[0] == 250:
                    return self._connection
        self.close()
        self._connection, self._carried = self._open(), 0
        return self._connection

    def _open(self) -> smtplib.SMTP:
        """A connection as safe as it has to be. Raises TransportError, unreachable."""
        try:
            if self.scheme == "smtps":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout, context=self._verifying()
                )
            else:
                connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        except (smtplib.SMTPException, OSError) as error:
            raise self._unreachable(error) from error
        try:
            connection.ehlo_or_helo_if_needed()
            self._secure(connection)
            if self.username:
                connection.login(self.username, self._password)
        except (smtplib.SMTPException, OSError) as error:
            connection.close()
            raise self._unreachable(error) from error
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
        status = (_ENHANCED.match(said) or [""])[0].strip()
        full = code == 552 or status == "5.2.2"
        if code < 500 or full:
            return self._refused(code, said)
        theirs = status.startswith("5.1.") or (not status and code in NO_SUCH_ADDRESS)
        return TransportError(f"{code} {said}", permanent=True, bounced=theirs or status == "5.2.1")

    def _refused(self, code: int, said: str) -> TransportError:
        if code == 421:  # closing down, for everybody
            self._drop()
        return TransportError(f"{code} {said}", unreachable=code == 421)

    def _unreachable(self, error: Exception) -> TransportError:
        return TransportError(f"{self._where} failed: {error}", unreachable=True)

    @property
    def _where(self) -> str:
        return f"the mail server {self.host}:{self.port}"

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _said(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer

"""How mail leaves the house: through an SMTP server, or as files when none is set."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
import tempfile
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from app.settings import Settings

TIMEOUT = 30.0  # seconds
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}

_log = logging.getLogger(__name__)
_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]+")


class TransportError(Exception):
    """A mail was not accepted.

    `permanent`: trying again cannot help. `unreachable`: the server is at fault, so the next mail
    would fail as well.
    """

    def __init__(self, message: str, *, permanent: bool = False, unreachable: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unreachable = unreachable


class Transport(Protocol):
    """Takes mail away. `send` returns when it was accepted and raises TransportError otherwise."""

    def send(self, mail: EmailMessage, recipient: str) -> None:
        """Hand over one mail for one recipient."""

    def close(self) -> None:
        """Let go of what is held; `send` may be called again afterwards."""


def transport_for(settings: Settings) -> Transport:
    """SMTP when a server is set, files otherwise."""
    if settings.smtp_url:
        return SmtpTransport(settings.smtp_url)
    return FileTransport(settings.mail_dir)


class SmtpTransport:
    """One connection, reused until `close`, opened again when the server has dropped it.

    Only a 5xx answer to the recipient's address is permanent: everything else may mend itself.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or "localhost"
        self.port = parts.port or PORTS[parts.scheme]
        self.username = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self.timeout = timeout
        self._connection: smtplib.SMTP | None = None

    def send(self, mail: EmailMessage, recipient: str) -> None:
        """Hand over one mail; a connection that went stale between two mails is renewed once."""
        stale = self._connection is not None
        try:
            self._submit(mail, recipient)
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            self.close()
            if not stale:
                raise self._unreachable(error) from error
            self._submit_again(mail, recipient)

    def close(self) -> None:
        """Say goodbye, if anybody is there to hear it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()

    def _submit_again(self, mail: EmailMessage, recipient: str) -> None:
        try:
            self._submit(mail, recipient)
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            self.close()
            raise self._unreachable(error) from error

    def _submit(self, mail: EmailMessage, recipient: str) -> None:
        if self._connection is None:
            self._connection = self._connect()
        sender = parseaddr(str(mail["From"]))[1]
        try:
            self._connection.send_message(mail, from_addr=sender, to_addrs=[recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = error.recipients[recipient]
            raise _refused(code, answer, permanent=500 <= code < 600) from error
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(
                f"the server takes no addresses outside ASCII: {error}", permanent=True
            ) from error
        except ConnectionError:
            raise
        except OSError as error:
            self.close()
            raise self._unreachable(error) from error
        except smtplib.SMTPException as error:
            raise TransportError(str(error)) from error

    def _connect(self) -> smtplib.SMTP:
        try:
            if self.scheme == "smtps":
                context = ssl.create_default_context()
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout, context=context
                )
            else:
                connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        except (smtplib.SMTPException, OSError) as error:
            raise self._unreachable(error) from error
        try:
            if self.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            if self.username:
                connection.login(self.username, self._password)
        except (smtplib.SMTPException, OSError) as error:
            connection.close()
            raise self._unreachable(error) from error
        return connection

    def _unreachable(self, error: Exception) -> TransportError:
        where = f"{self.host}:{self.port}"
        return TransportError(f"the mail server {where} failed: {error}", unreachable=True)


def _refused(code: int, answer: bytes | str, *, permanent: bool = False) -> TransportError:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    # 421: the server is closing down for everybody
    return TransportError(f"{code} {text}", permanent=permanent, unreachable=code == 421)


class FileTransport:
    """Writes each mail to a folder, whole or not at all; a mail sent twice is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = False

    def send(self, mail: EmailMessage, recipient: str) -> None:
        """Write the mail to `<Message-ID>.eml`."""
        name = _UNSAFE.sub("_", str(mail["Message-ID"]).strip("<>")).lstrip(".") or "mail"
        if not self._said:
            _log.info("no mail server is set (TOCSIN_SMTP_URL): mail is written to %s", self.folder)
            self._said = True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self.folder, prefix=".", suffix=".part", delete=False
            ) as part:
                part.write(mail.as_bytes())
            Path(part.name).replace(self.folder / f"{name[:200]}.eml")
        except OSError as error:
            raise TransportError(f"{self.folder}: {error}", unreachable=True) from error

    def close(self) -> None:
        """Nothing is held."""

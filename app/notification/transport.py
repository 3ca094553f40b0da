"""How messages leave the house: what every transport promises, and mail as files.

Mail through a server is in `smtp`. A transport may be used by several threads at once.
"""

from __future__ import annotations

import logging
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from app.notification.models import Trouble

_log = logging.getLogger(__name__)
_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]+")

Parcel = TypeVar("Parcel", contravariant=True)  # noqa: PLC0105


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, ready to be handed over: envelope and content."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


class TransportError(Exception):
    """A message was not accepted.

    `permanent`: trying again cannot help. `unreachable`: nothing is accepted from anybody, so the
    next one would fail as well. `settings`: nothing is, until somebody mends our settings or that
    server's. `bounced`: there is no such address. `cut_off`: the connection was lost, or no answer
    came in time.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unreachable: bool = False,
        settings: bool = False,
        bounced: bool = False,
        cut_off: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent or bounced
        self.unreachable = unreachable or settings
        self.settings = settings
        self.bounced = bounced
        self.cut_off = cut_off

    @property
    def trouble(self) -> Trouble:
        """The kind of failure, as a message keeps it."""
        if self.settings:
            return Trouble.SETTINGS
        if self.unreachable:
            return Trouble.UNREACHABLE
        if self.permanent:
            return Trouble.REFUSED
        return Trouble.CUT_OFF if self.cut_off else Trouble.PUT_OFF


class Transport(Protocol[Parcel]):
    """Takes messages away. `send` returns when one was accepted, else raises TransportError."""

    def send(self, parcel: Parcel) -> None:
        """Hand over one message."""

    def close(self) -> None:
        """Let go of what is held; `send` may be called again afterwards."""


class FileTransport:
    """Writes each mail to a folder, whole or not at all; a mail sent twice is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = False

    def send(self, parcel: Letter) -> None:
        """Write the mail to `<Message-ID>.eml`."""
        name = _UNSAFE.sub("_", parcel.message_id.strip("<>")).lstrip(".") or "mail"
        if not self._said:
            _log.info("no mail server is set (TOCSIN_SMTP_URL): mail is written to %s", self.folder)
            self._said = True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self.folder, prefix=".", suffix=".part", delete=False
            ) as part:
                part.write(parcel.content)
            Path(part.name).replace(self.folder / f"{name[:200]}.eml")
        except OSError as error:
            raise TransportError(f"{self.folder}: {error}", unreachable=True) from error

    def close(self) -> None:
        """Nothing is held."""

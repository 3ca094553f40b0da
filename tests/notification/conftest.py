"""A mail server that answers as a real one does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notification.making import MailServer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server

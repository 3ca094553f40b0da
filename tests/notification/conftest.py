"""Servers that answer as real ones do: one takes mail, one takes webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notification.making import MailServer
from tests.notification.receiving import Receiver


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server

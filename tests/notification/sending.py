"""Delivering what waits, as a worker would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.db import Database
from app.notification.delivery import Channel, Delivered, deliver
from app.notification.letters import Letters
from app.notification.smtp import SmtpConnection, SmtpPool
from app.settings import Settings
from tests.notification.making import BASE, NOW, SENDER, MailServer


def letters() -> Letters:
    return Letters(Settings.from_env({"TOCSIN_BASE_URL": BASE, "TOCSIN_MAIL_FROM": SENDER}))


def through(server: MailServer, timeout: float = 5.0) -> SmtpPool:
    return SmtpPool(lambda: SmtpConnection(server.url, timeout=timeout))


def send(
    database: Database,
    transport: Any,
    now: datetime = NOW,
    *,
    owner: str = "one",
    lanes: int = 1,
    write: Callable[..., Any] | None = None,
    **more: Any,
) -> Delivered:
    channel = Channel(write or letters().write, transport)
    return deliver(database, channel, owner=owner, clock=lambda: now, lanes=lanes, **more)

"""Conditional GET: what a feed's ETag and Last-Modified are, for the price of one query."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.notification.queries import newest_edition

FORMAT = 2  # raise it when what feeds say of an edition changes


def etag_and_date(session: Session, actor: Actor) -> tuple[str, datetime | None]:
    """A weak validator's text (unquoted) and the last change; every edition is a change."""
    newest, at = newest_edition(session, actor)
    return f"f{FORMAT}-e{newest}", at

"""Parked messages: found by why they failed and where they were to go, and taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.db import Page, id_of
from app.notification.models import Message, MessageState, Subscription, Trouble


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of the parked messages: for one reason, or to one place, or both; all without any.

    `to` is an address, what follows the @ in addresses, or a webhook as "webhook:7".
    """

    trouble: Trouble | None = None
    to: str = ""

    def where(self) -> list[ColumnElement[bool]]:
        """As conditions on messages (ix_message_due)."""
        found = [Message.state == MessageState.PARKED]
        if self.trouble is not None:
            found.append(Message.trouble == self.trouble)
        if self.to:
            whole = "@" in self.to or ":" in self.to
            recipient = func.lower(Message.recipient)
            to = self.to.lower()
            found.append(
                recipient == to if whole else recipient.endswith(f"@{to}", autoescape=True)
            )
        return found


@dataclass(frozen=True, slots=True)
class TakenUp:
    """How many are tried again, and how many are left since nobody wants them."""

    again: int
    left: int


def parked(
    session: Session, chosen: Chosen, *, after: str | None = None, limit: int = 50
) -> Page[Message]:
    """Those chosen, the newest first, a page at a time."""
    query = select(Message).where(*chosen.where()).order_by(Message.id.desc())
    if (last := id_of(after)) is not None:
        query = query.where(Message.id < last)
    found = list(session.scalars(query.limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def how_many(session: Session, chosen: Chosen) -> int:
    """How many are chosen."""
    return session.scalar(select(func.count()).select_from(Message).where(*chosen.where())) or 0


def try_all_again(session: Session, chosen: Chosen, *, now: datetime) -> TakenUp:
    """Take up all that are chosen, with all their tries before them.

    But for what is for a subscription that has ended, is paused or bounced: nobody there wants it,
    or the address is to be mended first.
    """
    wanted = or_(
        Message.subscription_id.is_(None),
        Message.subscription_id.in_(
            select(Subscription.id).where(
                Subscription.ended_at.is_(None),
                Subscription.bounced_at.is_(None),
                or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now),
            )
        ),
    )
    taken = session.scalars(
        update(Message)
        .where(*chosen.where(), wanted)
        .values(state=MessageState.WAITING, tries=0, next_try_at=now)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return TakenUp(len(taken), how_many(session, chosen))

"""Feeds of one's own: an address with a secret in it, for programs that can send no key.

The secret is shown once and held as a digest. Who asks with it is who made it, as they are now: the
person or the key that it belongs to, cleared for no more than amber. It stops with them at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.access.handling import Handling, HandlingType, figure_clearance
from app.access.models import ApiKey, Person
from app.access.roles import SIGNED_IN, Actor, Role
from app.access.service import record
from app.db import Base
from app.errors import Conflict, Forbidden, NotFound, Problem, Refused

CLEARANCES = (Handling.GREEN, Handling.AMBER)
MOST = 20  # in use at once, of one person or key
LONGEST_LABEL = 80
_TOKEN = re.compile(r"([0-9a-f]{10})_([A-Za-z0-9_-]{20,80})")


class FeedToken(Base):
    """The right to read a feed at an address of one's own; it belongs to a person or to a key."""

    __tablename__ = "feed_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    clearance: Mapped[Handling] = mapped_column(HandlingType)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    created_at: Mapped[datetime]
    last_used_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    person: Mapped[Person | None] = relationship(lazy="joined")
    api_key: Mapped[ApiKey | None] = relationship(lazy="joined")

    @property
    def holder(self) -> str:
        """Whose it is, as the audit trail names them."""
        if self.person is not None:
            return self.person.email
        return f"key {self.api_key.prefix}" if self.api_key is not None else "nobody"

    @property
    def works(self) -> bool:
        """Whether it opens anything: neither it nor who made it was shut out."""
        if self.revoked_at is not None:
            return False
        if self.person is not None:
            return self.person.active and self.person.role in SIGNED_IN
        return self.api_key is not None and self.api_key.revoked_at is None


@dataclass(frozen=True, slots=True)
class Made:
    """A new feed of one's own, with its secret in the clear for the only time."""

    token: FeedToken
    secret: str


def make_feed(
    session: Session, label: str, clearance: Handling, *, by: Actor, now: datetime
) -> Made:
    """A feed for who asks, cleared so far. Raises Refused, Forbidden, and Conflict for too many."""
    label = " ".join(label.split())
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        why = f"say in 1 to {LONGEST_LABEL} characters what reads this feed: a program, a place"
        raise Refused(why, (Problem("label", why),))
    if clearance not in CLEARANCES:
        why = "a feed of one's own is for green or amber; what is clear is at /feed.json"
        raise Refused(why, (Problem("clearance", why),))
    if clearance > figure_clearance(by):
        raise Forbidden(f"you are not cleared for {clearance.word}")
    mine = _holder(session, by)
    in_use = select(func.count()).select_from(FeedToken).filter_by(revoked_at=None, **mine)
    if session.execute(in_use).scalar_one() >= MOST:
        raise Conflict(f"you have {MOST} feeds already; revoke one that is not used")
    secret = secrets.token_urlsafe(32)
    made = FeedToken(
        prefix=secrets.token_hex(5),
        digest=_digest(secret),
        label=label,
        clearance=clearance,
        created_at=now,
        **mine,
    )
    session.add(made)
    session.flush()
    record(session, by, "feed.make", made.prefix, now, clearance=clearance.word, label=label)
    return Made(made, f"{made.prefix}_{secret}")


def feeds_of(session: Session, by: Actor) -> list[FeedToken]:
    """The feeds in use, the newest first: one's own, and all of them for an administrator."""
    query = select(FeedToken).where(FeedToken.revoked_at.is_(None)).order_by(FeedToken.id.desc())
    if by.role is not Role.ADMIN:
        query = query.filter_by(**_holder(session, by))
    return list(session.scalars(query))


def revoke_feed(session: Session, prefix: str, *, by: Actor, now: datetime) -> FeedToken:
    """Make it worthless from now on. Raises NotFound, also for one that is somebody else's."""
    found = next((one for one in feeds_of(session, by) if one.prefix == prefix), None)
    if found is None:
        raise NotFound(f"you have no feed {prefix[:16]}")
    found.revoked_at = now
    session.flush()
    record(session, by, "feed.revoke", found.prefix, now, holder=found.holder)
    return found


def reader_of(session: Session, secret: str) -> tuple[FeedToken, Actor] | None:
    """The feed behind an address and who reads it; None when it opens nothing.

    The reader is a subscriber without an authority: they get what alerts say up to the clearance,
    and nothing of what only its own authority may know.
    """
    shape = _TOKEN.fullmatch(secret)
    if shape is None:
        return None
    held = session.scalar(select(FeedToken).where(FeedToken.prefix == shape[1]))
    if held is None or not hmac.compare_digest(held.digest, _digest(shape[2])) or not held.works:
        return None
    clearance = min(held.clearance, Handling.AMBER)
    return held, Actor(Role.SUBSCRIBER, f"feed {held.prefix}", figures_up_to=int(clearance))


def note_use(session: Session, token: FeedToken, today: date) -> None:
    """Remember the day on which it was last read."""
    session.execute(update(FeedToken).where(FeedToken.id == token.id).values(last_used_on=today))


def _holder(session: Session, by: Actor) -> dict[str, int]:
    """The column and id that name an actor. Raises Forbidden for the command line."""
    person = session.scalar(select(Person.id).where(Person.email == by.label))
    if person is not None:
        return {"person_id": person}
    prefix = by.label.removeprefix("key ")
    key = session.scalar(select(ApiKey.id).where(ApiKey.prefix == prefix))
    if key is None:
        raise Forbidden("a feed of one's own belongs to a person or a key; sign in first")
    return {"api_key_id": key}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

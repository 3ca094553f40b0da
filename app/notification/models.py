"""Tables of the notification room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.access.models import Authority
from app.db import Base, Word
from app.registry.models import Substance
from app.surveillance.models import Tier, TierType


class Subscription(Base):
    """Who wants to be told, and of what. Authorities are cleared for amber figures."""

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    group: Mapped[str | None] = mapped_column("unodc_group", String(40))
    country: Mapped[str | None] = mapped_column(String(2))
    min_tier: Mapped[Tier] = mapped_column(TierType)
    clearance: Mapped[Handling] = mapped_column(HandlingType)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    authority: Mapped[Authority] = relationship(lazy="joined")


class AlertState(StrEnum):
    """Where an alert stands."""

    ISSUED = "issued"
    CLOSED = "closed"


class Alert(Base):
    """What is told to people about one substance while its signals are open."""

    __tablename__ = "alert"
    __table_args__ = (
        # one open alert for each substance, whoever tells; an exercise has its own
        Index(
            "uq_alert_open",
            "substance_id",
            "simulated",
            unique=True,
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), index=True)
    state: Mapped[AlertState] = mapped_column(Word(AlertState), index=True)
    simulated: Mapped[bool]
    issued_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    substance: Mapped[Substance] = relationship(lazy="joined")
    editions: Mapped[list[Edition]] = relationship(
        back_populates="alert", order_by="Edition.id", cascade="all, delete-orphan"
    )

    @property
    def code(self) -> str:
        """The number people quote: A-00042."""
        return f"A-{self.id:05d}"


class Edition(Base):
    """One wording of an alert for one handling level. Never changed; a correction is a new one.

    `reason` says what made it: opened, raised, wider, doubled; or closed, when signals ended (that
    is not mailed). Within one run higher levels are written later, so the newest edition a reader
    may see is the one with the highest id among the levels they are cleared for.
    """

    __tablename__ = "edition"
    __table_args__ = (Index("ix_edition_latest", "alert_id", "handling", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    handling: Mapped[Handling] = mapped_column(HandlingType)
    tier: Mapped[Tier] = mapped_column(TierType)
    reason: Mapped[str] = mapped_column(String(20))
    headline: Mapped[str] = mapped_column(String(300))
    sentences: Mapped[list[str]]
    countries: Mapped[list[str]]
    detail: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime] = mapped_column(index=True)
    alert: Mapped[Alert] = relationship(back_populates="editions", lazy="joined")


class MessageState(StrEnum):
    """Where a message stands: parked means every try failed and somebody must look."""

    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"


class Message(Base):
    """One mail to one recipient: a row of the outbox, written with what it tells."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("edition_id", "recipient"),
        Index("ix_message_due", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    recipient: Mapped[str] = mapped_column(String(254))
    message_id: Mapped[str] = mapped_column(String(254), unique=True)
    state: Mapped[MessageState] = mapped_column(Word(MessageState))
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    leased_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    edition: Mapped[Edition] = relationship(lazy="joined")
    subscription: Mapped[Subscription] = relationship(lazy="joined")

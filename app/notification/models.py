"""Tables of the notification room."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.access.models import Authority
from app.db import Base, Word
from app.registry.models import Substance
from app.surveillance.models import NodeId, NodeKind, Tier, TierType


class Rhythm(StrEnum):
    """How often somebody is told: at once, or gathered."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"


class Webhook(Base):
    """An address of an authority's own machines that alerts are posted to, signed with `secret`.

    Until `old_secret_until` the secret before it signs as well. `failures` counts the tries since
    the last that was taken, the first of them at `failing_since`.
    """

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    url: Mapped[str] = mapped_column(String(2_000))
    secret: Mapped[str] = mapped_column(String(100))
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime]
    old_secret: Mapped[str | None] = mapped_column(String(100))
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(300))
    authority: Mapped[Authority] = relationship(lazy="joined")


class Event(StrEnum):
    """What is posted to a webhook."""

    ALERT = "alert"
    TEST = "test"


class WebhookAttempt(Base):
    """One try of posting to a webhook, and what came of it; the last 200 of each are kept.

    `status` is None when nothing was answered; `error` is None when it was taken.
    """

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_webhook_id_id", "webhook_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("message.id", ondelete="SET NULL"), index=True
    )
    event: Mapped[Event] = mapped_column(Word(Event))
    delivery: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    milliseconds: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)


class Subscription(Base):
    """Who wants to be told, of what, and when. Authorities are cleared for amber figures.

    Told by mail (`email`) or by a webhook, one of the two. `filters` holds only what narrows
    (groups, countries …): an absent one lets everything pass. A mail subscription tells nothing
    before its address was confirmed, while it is paused, or after its address bounced for good.
    """

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhook.id"))
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    filters: Mapped[dict[str, Any]]
    min_tier: Mapped[Tier] = mapped_column(TierType)
    clearance: Mapped[Handling] = mapped_column(HandlingType)
    rhythm: Mapped[Rhythm] = mapped_column(Word(Rhythm), default=Rhythm.IMMEDIATE)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    quiet_from: Mapped[int | None] = mapped_column(SmallInteger)  # hours of the day, there
    quiet_until: Mapped[int | None] = mapped_column(SmallInteger)
    language: Mapped[str] = mapped_column(String(5), default="en")
    second_contact: Mapped[str | None] = mapped_column(String(254))  # told when nobody answers
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    authority: Mapped[Authority] = relationship(lazy="joined")
    webhook: Mapped[Webhook | None] = relationship(lazy="joined")

    @property
    def recipient(self) -> str:
        """The address told: one is told once, however many subscriptions it has."""
        return self.email or f"webhook:{self.webhook_id}"


class Product(StrEnum):
    """What an alert is: a notice writes itself from signals; people write the others."""

    NOTICE = "notice"
    ALERT = "alert"
    ADVISORY = "advisory"
    BRIEFING = "briefing"


class AlertState(StrEnum):
    """Where an alert stands."""

    ISSUED = "issued"
    CLOSED = "closed"
    RETRACTED = "retracted"


class Alert(Base):
    """What is told to people about one thing.

    A notice is about one node while its signals are open; what people wrote may be about none.
    """

    __tablename__ = "alert"
    __table_args__ = (
        # one open notice for each node, whoever tells; an exercise has its own
        Index(
            "uq_alert_open",
            "node_kind",
            "node_key",
            "simulated",
            unique=True,
            sqlite_where=text("state = 'issued' AND product = 'notice'"),
            postgresql_where=text("state = 'issued' AND product = 'notice'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[Product] = mapped_column(Word(Product), default=Product.NOTICE)
    node_kind: Mapped[NodeKind | None] = mapped_column(Word(NodeKind))
    node_key: Mapped[str | None] = mapped_column(String(200))
    node_name: Mapped[str | None] = mapped_column(String(200))  # a substance has its own
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    state: Mapped[AlertState] = mapped_column(Word(AlertState), index=True)
    simulated: Mapped[bool]
    issued_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    valid_until: Mapped[date | None]
    substance: Mapped[Substance | None] = relationship(lazy="joined")
    editions: Mapped[list[Edition]] = relationship(
        back_populates="alert", order_by="Edition.id", cascade="all, delete-orphan"
    )

    @property
    def code(self) -> str:
        """The number people quote: A-00042."""
        return f"A-{self.id:05d}"

    @property
    def node(self) -> NodeId | None:
        """What it is about, if it is about one thing."""
        return NodeId(self.node_kind, self.node_key or "") if self.node_kind else None


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
    """Where a message stands: parked means every try failed and somebody must look.

    Given up: it will not be sent, since somebody decided so or its reader may know of it no more.
    """

    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"
    GIVEN_UP = "given_up"


class Trouble(StrEnum):
    """Why the last try of a message failed."""

    REFUSED = "refused"  # for good: the address, or what was sent
    PUT_OFF = "put_off"  # the server asks to come back later, as in greylisting
    CUT_OFF = "cut_off"  # the connection was lost, or no answer came in time
    UNREACHABLE = "unreachable"  # the server takes nothing from anybody
    COMPOSING = "composing"  # it could not be written: a mistake of ours
    SETTINGS = "settings"  # the server takes nothing from us as we are set up
    SWITCHED_OFF = "switched_off"  # the webhook it was for


class Purpose(StrEnum):
    """Why something is sent."""

    ALERT = "alert"
    DIGEST = "digest"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    CONFIRMATION = "confirmation"
    OPERATIONS = "operations"
    WEBHOOK = "webhook"  # one was switched off


def _when_due(context: Any) -> datetime:
    return cast(datetime, context.get_current_parameters()["next_try_at"])


class Message(Base):
    """One mail to one recipient, or one post to one webhook: a row of the outbox.

    It is written with what it tells. `detail` holds what its purpose needs beside the edition.
    `due_at` is when it was to go out first; `next_try_at` moves on with every try.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_edition", "edition_id", "recipient"),
        Index("ix_message_due", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(Word(Purpose), default=Purpose.ALERT)
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhook.id"))
    recipient: Mapped[str] = mapped_column(String(254))
    message_id: Mapped[str] = mapped_column(String(254), unique=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[MessageState] = mapped_column(Word(MessageState))
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=_when_due)
    next_try_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    leased_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(254))
    trouble: Mapped[Trouble | None] = mapped_column(Word(Trouble))
    last_error: Mapped[str | None] = mapped_column(Text)
    edition: Mapped[Edition | None] = relationship(lazy="joined")
    subscription: Mapped[Subscription | None] = relationship(lazy="joined")
    webhook: Mapped[Webhook | None] = relationship(lazy="joined")


class FailedTry(Base):
    """One try of a message that failed: when, and what the other side said."""

    __tablename__ = "failed_try"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    trouble: Mapped[Trouble] = mapped_column(Word(Trouble))
    error: Mapped[str] = mapped_column(Text)


class DigestEntry(Base):
    """An edition that waits to be told with others; `message_id` is the digest that told it."""

    __tablename__ = "digest_entry"
    __table_args__ = (
        UniqueConstraint("subscription_id", "edition_id"),
        Index("ix_digest_entry_due", "message_id", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    due_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    edition: Mapped[Edition] = relationship(lazy="joined")


class Purport(StrEnum):
    """What becomes of a draft that is issued."""

    NEW = "new"
    UPDATE = "update"
    RETRACTION = "retraction"


class DraftState(StrEnum):
    """Where a draft stands: any edit makes it a draft again; the last two are ends."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    ISSUED = "issued"
    DISCARDED = "discarded"


class Draft(Base):
    """What people write before it is told: a new alert, an update of one, or its retraction."""

    __tablename__ = "draft"
    __table_args__ = (
        # one update and one retraction of an alert at a time
        Index(
            "uq_draft_open",
            "alert_id",
            "purport",
            unique=True,
            sqlite_where=text("state NOT IN ('issued', 'discarded')"),
            postgresql_where=text("state NOT IN ('issued', 'discarded')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purport: Mapped[Purport] = mapped_column(Word(Purport))
    state: Mapped[DraftState] = mapped_column(Word(DraftState), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime]
    submitted_by: Mapped[str | None] = mapped_column(String(254))
    submitted_at: Mapped[datetime | None]
    remark: Mapped[str | None] = mapped_column(Text)  # of whoever sent it back
    alert: Mapped[Alert | None] = relationship(lazy="joined")
    versions: Mapped[list[DraftVersion]] = relationship(
        back_populates="draft", order_by="DraftVersion.number", cascade="all, delete-orphan"
    )

    @property
    def code(self) -> str:
        """The number people quote: D-00042."""
        return f"D-{self.id:05d}"

    @property
    def newest(self) -> DraftVersion:
        """The version that stands."""
        return self.versions[-1]

    @property
    def authors(self) -> frozenset[str]:
        """Who wrote or vouched for any of it: none of them checks it."""
        wrote = {version.saved_by for version in self.versions}
        return frozenset(wrote | ({self.submitted_by} if self.submitted_by else set()))


class DraftVersion(Base):
    """One saved version of a draft. Its content never changes; a check is of it alone."""

    __tablename__ = "draft_version"
    __table_args__ = (UniqueConstraint("draft_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    saved_by: Mapped[str] = mapped_column(String(254))
    saved_at: Mapped[datetime]
    checked_by: Mapped[str | None] = mapped_column(String(254))
    checked_at: Mapped[datetime | None]
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"), index=True)
    draft: Mapped[Draft] = relationship(back_populates="versions")

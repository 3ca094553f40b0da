"""Tables of the surveillance room."""

from __future__ import annotations

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    Dialect,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from app.access.handling import Handling, HandlingType
from app.db import Base, Word
from app.registry.models import Substance


class Rule(StrEnum):
    """What can be noticed."""

    FIRST_WORLD = "FIRST_WORLD"
    FIRST_REGION = "FIRST_REGION"
    FIRST_COUNTRY = "FIRST_COUNTRY"
    NEW_SPREAD = "NEW_SPREAD"


class Tier(IntEnum):
    """How much it asks for: 1 watch (digest), 2 alert (at once), 3 urgent (at once, until seen)."""

    WATCH = 1
    ALERT = 2
    URGENT = 3

    @property
    def word(self) -> str:
        """The word people read: watch, alert, urgent."""
        return self.name.lower()


class TierType(TypeDecorator[Tier]):
    """Stored as its number, so that tiers compare."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Tier | None:
        return None if value is None else Tier(value)


class EpisodeState(StrEnum):
    """Where an episode stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Assessment(Base):
    """One run of the rules: as of when, under which rules, on which data, with what result."""

    __tablename__ = "assessment"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[date] = mapped_column(index=True)
    ruleset: Mapped[str] = mapped_column(String(20))
    data_version: Mapped[int]
    ran_at: Mapped[datetime]
    milliseconds: Mapped[int]
    counts: Mapped[dict[str, Any]]


class Episode(Base):
    """An open interval of one signal: one rule, one substance, one place."""

    __tablename__ = "episode"
    __table_args__ = (
        # one open episode for each signal, whoever assesses
        Index(
            "uq_episode_open",
            "rule",
            "substance_id",
            "scope",
            unique=True,
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[Rule] = mapped_column(Word(Rule))
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), index=True)
    scope: Mapped[str] = mapped_column(String(20))  # world, a region, or a country code
    state: Mapped[EpisodeState] = mapped_column(Word(EpisodeState), index=True)
    simulated: Mapped[bool]
    opened_on: Mapped[date] = mapped_column(index=True)
    evaluated_on: Mapped[date]
    quiet_since: Mapped[date | None]
    closed_on: Mapped[date | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    acknowledged_by: Mapped[str | None] = mapped_column(String(254))
    acknowledged_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    ruleset: Mapped[str] = mapped_column(String(20))
    substance: Mapped[Substance] = relationship(lazy="joined")
    views: Mapped[list[EpisodeView]] = relationship(
        back_populates="episode", order_by="EpisodeView.handling", cascade="all, delete-orphan"
    )

    @property
    def code(self) -> str:
        """The number people quote: E-00042."""
        return f"E-{self.id:05d}"


class EpisodeView(Base):
    """What one audience may know of an episode.

    The rule is run on the reports up to each handling level; a level at which it fires, and says
    something that the level below does not, has its own tier, sentence and evidence. A reader is
    shown the view of the highest level they are cleared for; with none, the episode does not exist.
    """

    __tablename__ = "episode_view"
    __table_args__ = (UniqueConstraint("episode_id", "handling"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[int] = mapped_column(ForeignKey("episode.id"))
    handling: Mapped[Handling] = mapped_column(HandlingType)
    tier: Mapped[Tier] = mapped_column(TierType)
    since: Mapped[date]
    sentence: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]]
    episode: Mapped[Episode] = relationship(back_populates="views", lazy="joined")

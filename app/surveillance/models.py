"""Tables of the surveillance room."""

from __future__ import annotations

from datetime import date, datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

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
from app.registry.models import Substance, code_of


class Rule(StrEnum):
    """What can be noticed. The page /signals/rules says each in plain words."""

    FIRST_WORLD = "FIRST_WORLD"
    FIRST_REGION = "FIRST_REGION"
    FIRST_COUNTRY = "FIRST_COUNTRY"
    NEW_SPREAD = "NEW_SPREAD"
    RE_EMERGENCE = "RE_EMERGENCE"
    GROWTH = "GROWTH"
    HARM = "HARM"
    CLUSTER_OF_HARM = "CLUSTER_OF_HARM"
    QUANTITY = "QUANTITY"
    FAMILY = "FAMILY"
    BLOCK = "BLOCK"
    NEW_UNKNOWN = "NEW_UNKNOWN"


class NodeKind(StrEnum):
    """What a signal may be about."""

    SUBSTANCE = "substance"
    BLOCK = "block"  # a tail, a head, a position: a part that several substances share
    CLUSTER = "cluster"
    FAMILY = "family"
    GROUP = "group"
    NAME = "name"  # written by laboratories, and resolved to nothing yet


class NodeId(NamedTuple):
    """One thing that is watched: a substance by its number (TS-00042), a family by its id."""

    kind: NodeKind
    key: str

    @property
    def substance_id(self) -> int | None:
        """The id of the substance that it is, if it is one.

        >>> NodeId(NodeKind.SUBSTANCE, "TS-00042").substance_id
        42
        """
        return int(self.key.removeprefix("TS-")) if self.kind is NodeKind.SUBSTANCE else None


@lru_cache(maxsize=2**16)
def of_substance(number: int) -> NodeId:
    """The node that a substance is."""
    return NodeId(NodeKind.SUBSTANCE, code_of(number))


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


class PreviewState(StrEnum):
    """Where the preview of a rule set stands."""

    WAITING = "waiting"  # for the worker
    DONE = "done"
    FAILED = "failed"


class RulesetPreview(Base):
    """A rule set that somebody proposed, and what it would have fired in the last months."""

    __tablename__ = "ruleset_preview"

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime]
    as_of: Mapped[date]
    months: Mapped[int]
    version: Mapped[str] = mapped_column(String(20))
    compared_with: Mapped[str] = mapped_column(String(20))  # the rule set in force
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[PreviewState] = mapped_column(Word(PreviewState), index=True)
    done_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]

    @property
    def code(self) -> str:
        """The number people quote: V-00042."""
        return f"V-{self.id:05d}"


class Episode(Base):
    """An open interval of one signal: one rule, one node, one place.

    Most are about a substance, whose number is then the node's key as well; a family, a building
    block or an unresolved name has none.
    """

    __tablename__ = "episode"
    __table_args__ = (
        # one open episode for each signal, whoever assesses
        Index(
            "uq_episode_open",
            "rule",
            "node_kind",
            "node_key",
            "scope",
            unique=True,
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[Rule] = mapped_column(Word(Rule))
    node_kind: Mapped[NodeKind] = mapped_column(Word(NodeKind))
    node_key: Mapped[str] = mapped_column(String(200))
    node_name: Mapped[str | None] = mapped_column(String(200))  # a substance has its own
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
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
    # the family's episode under which it is listed, and not told of by itself (inhibition.py)
    inhibited_by_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id"), index=True)
    substance: Mapped[Substance | None] = relationship(lazy="joined")
    inhibited_by: Mapped[Episode | None] = relationship(remote_side=[id])
    views: Mapped[list[EpisodeView]] = relationship(
        back_populates="episode", order_by="EpisodeView.handling", cascade="all, delete-orphan"
    )

    @property
    def code(self) -> str:
        """The number people quote: E-00042."""
        return f"E-{self.id:05d}"

    @property
    def node(self) -> NodeId:
        """What it is about."""
        return NodeId(self.node_kind, self.node_key)

    @property
    def name(self) -> str:
        """What it is about, by the name it has today."""
        return self.substance.name if self.substance else self.node_name or self.node_key


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

"""Tables of duplicates: pairs compared, and groups of reports that are one event.

A report is held here by its authority and reference, so that a correction changes nothing: the
newest version is the case. Members have a time, so that any past day counts as it counted then.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Word
from app.intake.duplicates.cases import CaseKey
from app.intake.models import Report


class PairStatus(StrEnum):
    """What is held of a pair."""

    PROPOSED = "proposed"  # waits for a curator
    AUTO = "auto"  # one event, linked without a person
    CONFIRMED = "confirmed"  # one event, says a person
    REJECTED = "rejected"  # different events, says a person
    LAPSED = "lapsed"  # a correction or withdrawal left nothing to decide


LINKED = (PairStatus.AUTO, PairStatus.CONFIRMED)


class DuplicatePair(Base):
    """Two reports that may be one event, in the versions that were compared last."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        UniqueConstraint(
            "first_authority_id",
            "first_reference",
            "second_authority_id",
            "second_reference",
            name="uq_duplicate_pair_cases",
        ),
        Index("ix_duplicate_pair_second", "second_authority_id", "second_reference"),
        Index("ix_duplicate_pair_queue", "status", "weight"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    first_authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    first_reference: Mapped[str] = mapped_column(String(200))
    second_authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    second_reference: Mapped[str] = mapped_column(String(200))
    first_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    weight: Mapped[float]  # bits
    evidence: Mapped[dict[str, Any]]
    method: Mapped[str] = mapped_column(String(20))
    status: Mapped[PairStatus] = mapped_column(Word(PairStatus))
    found_at: Mapped[datetime]
    compared_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(254))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    undone_at: Mapped[datetime | None]

    first: Mapped[Report] = relationship(foreign_keys=[first_id])
    second: Mapped[Report] = relationship(foreign_keys=[second_id])

    @property
    def code(self) -> str:
        """The number people quote: DP-0042."""
        return f"DP-{self.id:04d}"

    @property
    def cases(self) -> tuple[CaseKey, CaseKey]:
        """The two reports through all their versions, the smaller first."""
        return (
            CaseKey(self.first_authority_id, self.first_reference),
            CaseKey(self.second_authority_id, self.second_reference),
        )


class DuplicateGroup(Base):
    """Reports that are one event; over when `until` is set."""

    __tablename__ = "duplicate_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    members: Mapped[list[DuplicateMember]] = relationship(order_by="DuplicateMember.id")

    @property
    def code(self) -> str:
        """The number people quote: DG-0007."""
        return f"DG-{self.id:04d}"


class DuplicateMember(Base):
    """A report in a group for a time; `place` 0 is the master, the most complete record."""

    __tablename__ = "duplicate_member"
    __table_args__ = (
        # a report is in one group at a time
        Index(
            "uq_duplicate_member_standing",
            "authority_id",
            "reference",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_duplicate_member_case", "authority_id", "reference"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("duplicate_group.id"), index=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    reference: Mapped[str] = mapped_column(String(200))
    place: Mapped[int]
    since: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def case(self) -> CaseKey:
        """The report, through all its versions."""
        return CaseKey(self.authority_id, self.reference)


class DuplicateRun(Base):
    """How far the reports have been compared; the newest row of a method says where to go on."""

    __tablename__ = "duplicate_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(String(20))
    ran_at: Mapped[datetime]
    up_to: Mapped[int]  # the highest report number compared
    reports: Mapped[int]
    compared: Mapped[int]  # pairs
    bounded: Mapped[int]  # reports that had more neighbours than are compared

"""Tables of the intake room.

Nothing here is overwritten: a submission is kept as sent, a correction is a new version of a
report, and `received_at` / `superseded_at` let any past day be seen as it was known then.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.access.models import Authority
from app.db import Base, Word
from app.intake.words import (
    AgeBand,
    Agency,
    CausalRole,
    Channel,
    Confirmation,
    EventKind,
    Fate,
    FindingRole,
    Grade,
    Outcome,
    PhysicalForm,
    Precision,
    ReportType,
    Resolution,
    Route,
    Sex,
    SubmissionState,
    Unit,
)
from app.registry.models import Substance


def report_code(report_id: int) -> str:
    """The number by which people quote the report of that id."""
    return f"RP-{report_id:06d}"


class Submission(Base):
    """What was sent, verbatim, kept for ever."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("authority_id", "idempotency_key"),
        Index("ix_submission_waiting", "state", "leased_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    submitted_by: Mapped[str] = mapped_column(String(254))
    channel: Mapped[Channel] = mapped_column(Word(Channel))
    filename: Mapped[str | None] = mapped_column(String(255))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    content_bytes: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[SubmissionState] = mapped_column(Word(SubmissionState))
    problem: Mapped[str | None] = mapped_column(Text)
    fates: Mapped[dict[str, Any]]  # reports of each fate, so far
    reading: Mapped[str] = mapped_column(String(160), default="")  # how it is read: "csv nflis …"
    rows_done: Mapped[int] = mapped_column(default=0)  # the last row settled
    tally: Mapped[dict[str, Any]]  # findings of each resolution, remarks of each code, so far
    reader: Mapped[str | None] = mapped_column(String(32))  # the mark of whoever reads it
    leased_until: Mapped[datetime | None]
    # the same content, read before with every row taken: its bytes and rows are there
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    authority: Mapped[Authority] = relationship(lazy="joined")


class SubmissionPart(Base):
    """A slice of a submission's bytes, compressed, so that a large file is never held whole."""

    __tablename__ = "submission_part"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SubmissionRow(Base):
    """The fate of one row: the line a laboratory reads on its receipt."""

    __tablename__ = "submission_row"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    fate: Mapped[Fate] = mapped_column(Word(Fate))
    reference: Mapped[str | None] = mapped_column(String(200))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    notes: Mapped[list[Any]]


class Report(Base):
    """One version of one event, or of one aggregate for a period."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("authority_id", "reference", "version"),
        Index("ix_report_known", "received_at", "superseded_at"),
        Index("ix_report_kind_end", "event_kind", "event_end"),
        Index(
            "ix_report_aggregate",
            "event_end",
            sqlite_where=text("type = 'aggregate'"),
            postgresql_where=text("type = 'aggregate'"),
        ),
        # the few that are held back, by the day on which they no longer are
        Index(
            "ix_report_embargo",
            "embargo_until",
            sqlite_where=text("embargo_until IS NOT NULL"),
            postgresql_where=text("embargo_until IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    reference: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    type: Mapped[ReportType] = mapped_column(Word(ReportType))
    content_hash: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    simulated: Mapped[bool] = mapped_column(default=False)

    event_kind: Mapped[EventKind] = mapped_column(Word(EventKind))
    event_date: Mapped[date] = mapped_column(index=True)
    event_end: Mapped[date]
    precision: Mapped[Precision] = mapped_column(Word(Precision))
    country: Mapped[str] = mapped_column(String(2), index=True)
    subdivision: Mapped[str | None] = mapped_column(String(6))
    origin: Mapped[str | None] = mapped_column(String(2))
    transit: Mapped[str | None] = mapped_column(String(2))
    destination: Mapped[str | None] = mapped_column(String(2))
    agency: Mapped[Agency | None] = mapped_column(Word(Agency))
    count: Mapped[int]
    quantity: Mapped[float | None]
    unit: Mapped[Unit | None] = mapped_column(Word(Unit))
    trace: Mapped[bool | None]
    physical_form: Mapped[PhysicalForm | None] = mapped_column(Word(PhysicalForm))
    sold_as: Mapped[str | None] = mapped_column(String(300))
    handling: Mapped[Handling] = mapped_column(HandlingType)
    embargo_until: Mapped[date | None]

    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    causal_role: Mapped[CausalRole | None] = mapped_column(Word(CausalRole))
    route: Mapped[Route | None] = mapped_column(Word(Route))
    age_band: Mapped[AgeBand | None] = mapped_column(Word(AgeBand))
    sex: Mapped[Sex | None] = mapped_column(Word(Sex))
    matrix: Mapped[str | None] = mapped_column(String(100))
    concentration: Mapped[str | None] = mapped_column(String(100))

    authority: Mapped[Authority] = relationship(lazy="joined")
    submission: Mapped[Submission] = relationship()
    findings: Mapped[list[Finding]] = relationship(
        back_populates="report", order_by="Finding.position, Finding.component"
    )
    handling_changes: Mapped[list[HandlingChange]] = relationship(
        back_populates="report", order_by="HandlingChange.id"
    )

    @property
    def code(self) -> str:
        """The number people quote: RP-000042."""
        return report_code(self.id)


class Finding(Base):
    """One substance detected in a report; a mixture gives one finding for each component."""

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("report_id", "position", "component"),
        Index("ix_finding_queue", "resolution", "name_key"),
        # those that a curator resolved, by when
        Index(
            "ix_finding_curated",
            "resolved_at",
            sqlite_where=text("resolution = 'curator'"),
            postgresql_where=text("resolution = 'curator'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    position: Mapped[int]
    component: Mapped[int] = mapped_column(default=0)
    substance_name: Mapped[str | None] = mapped_column(String(300))
    name_key: Mapped[str | None] = mapped_column(String(300))
    structure: Mapped[str | None] = mapped_column(Text)
    structure_format: Mapped[str | None] = mapped_column(String(10))
    form_label: Mapped[str | None] = mapped_column(String(120))
    form_inchikey: Mapped[str | None] = mapped_column(String(27))
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    resolution: Mapped[Resolution] = mapped_column(Word(Resolution))
    resolved_at: Mapped[datetime | None]
    role: Mapped[FindingRole] = mapped_column(Word(FindingRole))
    purity_percent: Mapped[float | None]
    techniques: Mapped[list[str]]
    confirmation: Mapped[Confirmation | None] = mapped_column(Word(Confirmation))
    isomer_resolved: Mapped[bool | None]
    grade: Mapped[Grade] = mapped_column(Word(Grade))
    report: Mapped[Report] = relationship(back_populates="findings")
    substance: Mapped[Substance | None] = relationship()

    @property
    def code(self) -> str:
        """The report and the place in it, counted from 1; of a mixture the component after it."""
        place = f"{report_code(self.report_id)}.{self.position + 1}"
        return f"{place}.{self.component}" if self.component else place


class HandlingChange(Base):
    """How a focal point handled a report anew: before and after, so that any past day is known."""

    __tablename__ = "handling_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    handling_before: Mapped[Handling] = mapped_column(HandlingType)
    handling_after: Mapped[Handling] = mapped_column(HandlingType)
    embargo_before: Mapped[date | None]
    embargo_after: Mapped[date | None]
    changed_by: Mapped[str] = mapped_column(String(254))
    changed_at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(Text)
    report: Mapped[Report] = relationship(back_populates="handling_changes")


class FormerResolution(Base):
    """What a finding was taken for until somebody took that back: a replay still sees it."""

    __tablename__ = "former_resolution"

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), index=True)
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    resolution: Mapped[Resolution] = mapped_column(Word(Resolution))
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)


class FindingMove(Base):
    """A finding that came to mean another substance, so that what it meant before is still known.

    `Finding.substance_id` is the truth of today. What a finding meant at a time is where the first
    move after that time took it from (app.intake.moves). Only ever added to.
    """

    __tablename__ = "finding_move"
    __table_args__ = (Index("ix_finding_move_finding", "finding_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    act_id: Mapped[int] = mapped_column(ForeignKey("registry_act.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    from_substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"))
    to_substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"))


class Activity(Base):
    """Samples analysed by an authority in a month: the denominator. Newer rows supersede older."""

    __tablename__ = "activity"
    __table_args__ = (Index("ix_activity_month", "authority_id", "country", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    country: Mapped[str] = mapped_column(String(2))
    month: Mapped[date]
    samples: Mapped[int]
    scope: Mapped[list[str]]
    handling: Mapped[Handling] = mapped_column(HandlingType)
    received_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

"""Tables of attachments. Content is kept once, by its hash, and for ever; taking an attachment off
its report leaves a tombstone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import Authority
from app.db import Base, Word
from app.intake.attachments.detection import Kind
from app.intake.attachments.spectrum import IonMode, Technique
from app.intake.models import Report


class StoredFile(Base):
    """The bytes of a file as sent, packed with zlib, under the SHA-256 of what was sent."""

    __tablename__ = "stored_file"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(60))  # as we found it, never as it was called
    stored_at: Mapped[datetime]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Attachment(Base):
    """A file on a report. It stays with the report through all versions, by its reference;
    `report_id` is the version it was sent with, whose handling it shares."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_report", "authority_id", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    reference: Mapped[str] = mapped_column(String(200))
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    finding: Mapped[int | None]  # the position of a finding; None for the report as a whole
    filename: Mapped[str] = mapped_column(String(140))
    format: Mapped[str] = mapped_column(String(20))
    kind: Mapped[Kind] = mapped_column(Word(Kind))
    note: Mapped[str | None] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_file.sha256"), index=True)
    added_by: Mapped[str] = mapped_column(String(254))
    added_at: Mapped[datetime]
    removed_by: Mapped[str | None] = mapped_column(String(254))
    removed_at: Mapped[datetime | None]

    authority: Mapped[Authority] = relationship(lazy="joined")
    report: Mapped[Report] = relationship()
    file: Mapped[StoredFile] = relationship()
    spectra: Mapped[list[StoredSpectrum]] = relationship(
        back_populates="attachment", order_by="StoredSpectrum.position"
    )

    @property
    def code(self) -> str:
        """The number people quote: AT-00042."""
        return f"AT-{self.id:05d}"


class StoredSpectrum(Base):
    """One spectrum of an attached file, as drawn; `essence` is what is compared (b"" for none).

    `x` and `y` are little-endian single precision, as many as there are points.
    """

    __tablename__ = "spectrum"
    __table_args__ = (UniqueConstraint("attachment_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(24), index=True)  # of its content
    technique: Mapped[Technique] = mapped_column(Word(Technique))
    ion_mode: Mapped[IonMode | None] = mapped_column(Word(IonMode))
    precursor_mz: Mapped[float | None]
    instrument: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    x_unit: Mapped[str] = mapped_column(String(20))
    y_unit: Mapped[str] = mapped_column(String(20))
    sticks: Mapped[bool]
    exact: Mapped[bool]
    points: Mapped[int]
    x: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    y: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    essence: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    attachment: Mapped[Attachment] = relationship(back_populates="spectra")

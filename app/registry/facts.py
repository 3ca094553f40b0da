"""What else is known of a substance: measures, uses, surveillance lists, reference standards.

    measure        a country controls it, or says that it does not: under which law, since when
    use            therapeutic, veterinary, scientific or industrial; it counts against haste
    surveillance   a list it is watched on
    standard       reference material: what kind of supplier has it, which laboratory holds it

The four have one shape - of what, where, what kind, from when to when, who says so - and so one
table. Nothing is overwritten: a correction is a new version, a withdrawal a tombstone, and
`received_at` / `superseded_at` let any past day be seen as it was known then.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.access.models import Authority
from app.db import Base, Word
from app.registry.models import Substance


class Topic(StrEnum):
    """What a fact is about."""

    MEASURE = "measure"
    USE = "use"
    SURVEILLANCE = "surveillance"
    STANDARD = "standard"


class MeasureKind(StrEnum):
    """How a country controls a substance or a class (CND resolution 55/1, paragraph 6)."""

    INDIVIDUAL_LISTING = "individual_listing"
    TEMPORARY = "temporary"
    EMERGENCY = "emergency"
    GENERIC = "generic"
    ANALOGUE = "analogue"
    NPS_ACT = "nps_act"
    MEDICINES_LAW = "medicines_law"
    CONSUMER_PROTECTION = "consumer_protection"
    HAZARDOUS_SUBSTANCES = "hazardous_substances"
    NONE = "none"


class UseKind(StrEnum):
    """What a substance is lawfully used for."""

    THERAPEUTIC = "therapeutic"
    VETERINARY = "veterinary"
    SCIENTIFIC = "scientific"
    INDUSTRIAL = "industrial"
    NONE_KNOWN = "none_known"


class ListKind(StrEnum):
    """Whose surveillance list it is."""

    WHO = "who"
    UNODC = "unodc"
    REGIONAL = "regional"
    NATIONAL = "national"


class SupplierKind(StrEnum):
    """What kind of supplier has the reference material; never which."""

    COMMERCIAL = "commercial"
    PHARMACOPOEIA = "pharmacopoeia"
    INTERNATIONAL_BODY = "international_body"
    NATIONAL_INSTITUTE = "national_institute"
    OTHER = "other"
    UNKNOWN = "unknown"


KINDS: dict[Topic, type[StrEnum]] = {
    Topic.MEASURE: MeasureKind,
    Topic.USE: UseKind,
    Topic.SURVEILLANCE: ListKind,
    Topic.STANDARD: SupplierKind,
}
PREFIXES = {
    Topic.MEASURE: "NM",
    Topic.USE: "US",
    Topic.SURVEILLANCE: "SL",
    Topic.STANDARD: "RS",
}


class Fact(Base):
    """One version of one thing that is known of a substance, or of a class of substances.

    `since` and `until` are as exact as they were given (YYYY, YYYY-MM or YYYY-MM-DD). `says` is the
    instrument of a measure, what a use is, the name of a list, or the form of a standard. `covers`
    is a class: "group:nitazenes", "family:nitazene", "definition:cn-nitazenes".
    """

    __tablename__ = "fact"
    __table_args__ = (
        UniqueConstraint("authority_id", "topic", "reference", "version"),
        Index("ix_fact_of", "topic", "substance_id"),
        Index("ix_fact_where", "topic", "country"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # what all versions share: the number people quote
    number: Mapped[int] = mapped_column(index=True)
    topic: Mapped[Topic] = mapped_column(Word(Topic))
    # None: shipped with the knowledge base
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("authority.id"))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"), index=True)
    reference: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    covers: Mapped[str | None] = mapped_column(String(80), index=True)
    country: Mapped[str | None] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(40))
    says: Mapped[str] = mapped_column(Text)
    since: Mapped[str | None] = mapped_column(String(10))
    until: Mapped[str | None] = mapped_column(String(10))
    held: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(Text)
    handling: Mapped[Handling] = mapped_column(HandlingType)
    substance: Mapped[Substance | None] = relationship()
    authority: Mapped[Authority | None] = relationship()

    @property
    def code(self) -> str:
        """The number people quote: NM-00042."""
        return f"{PREFIXES[self.topic]}-{self.number:05d}"

    def in_force(self, day: date) -> bool:
        """Whether it had begun and had not ended by that day; an unknown start counts as begun.

        >>> Fact(since="2026-02", until="2026").in_force(date(2026, 12, 31))
        True
        """
        told = day.isoformat()
        begun = self.since is None or self.since <= told
        return begun and (self.until is None or told[: len(self.until)] <= self.until)

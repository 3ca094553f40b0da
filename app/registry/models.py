"""Tables of the registry."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.db import Base, Word


class Standing(StrEnum):
    """What kind of thing a substance is to us. Only `nps` and `unclassified` raise signals."""

    NPS = "nps"
    MEDICINE = "medicine"
    CLASSIC = "classic"
    PRECURSOR = "precursor"
    ADULTERANT = "adulterant"
    UNCLASSIFIED = "unclassified"


WATCHED = (Standing.NPS, Standing.UNCLASSIFIED)


class Cluster(Base):
    """Substances of one family on one ring framework. Its key comes from structure alone."""

    __tablename__ = "cluster"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    family: Mapped[str] = mapped_column(String(60), index=True)
    group: Mapped[str] = mapped_column("unodc_group", String(40), index=True)
    framework: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    founded_at: Mapped[datetime]
    members: Mapped[list[Substance]] = relationship(
        back_populates="cluster", order_by="Substance.name"
    )


class Substance(Base):
    """One chemical entity: the connectivity of a normalised parent, or a variant kept apart."""

    __tablename__ = "substance"

    id: Mapped[int] = mapped_column(primary_key=True)
    # the connectivity; for a variant that regulators treat apart, with its stereo block
    key: Mapped[str] = mapped_column(String(25), unique=True)
    connectivity: Mapped[str] = mapped_column(String(14), index=True)
    inchikey: Mapped[str] = mapped_column(String(27), index=True)
    smiles: Mapped[str] = mapped_column(Text)
    formula: Mapped[str] = mapped_column(String(80))
    mass: Mapped[float]
    name: Mapped[str] = mapped_column(String(300), index=True)
    standing: Mapped[Standing] = mapped_column(Word(Standing), index=True)
    group: Mapped[str] = mapped_column("unodc_group", String(40), index=True)
    family: Mapped[str] = mapped_column(String(60), index=True)
    families: Mapped[list[str]]
    effect: Mapped[str] = mapped_column(String(40))
    cas: Mapped[str | None] = mapped_column(String(12))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    ruleset: Mapped[str] = mapped_column(String(20))
    rdkit_version: Mapped[str] = mapped_column(String(20))
    enrolled_at: Mapped[datetime] = mapped_column(index=True)
    # a substance known only from restricted reports is itself restricted; `found_by` always sees it
    handling: Mapped[Handling] = mapped_column(HandlingType, index=True)
    found_by: Mapped[int | None] = mapped_column(ForeignKey("authority.id"))
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    cluster: Mapped[Cluster] = relationship(back_populates="members", lazy="joined")
    names: Mapped[list[SubstanceName]] = relationship(
        back_populates="substance", order_by="SubstanceName.name"
    )
    controls: Mapped[list[ControlListing]] = relationship(
        back_populates="substance", order_by="ControlListing.convention"
    )

    @property
    def code(self) -> str:
        """The number people quote: TS-00042."""
        return f"TS-{self.id:05d}"

    @property
    def watched(self) -> bool:
        """Whether signals may be raised for it."""
        return self.standing in WATCHED


class SubstanceName(Base):
    """A name that means exactly one substance, or (without one) only a group of them."""

    __tablename__ = "substance_name"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    source: Mapped[str] = mapped_column(String(120))
    since: Mapped[datetime]
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    group: Mapped[str | None] = mapped_column("unodc_group", String(40))
    substance: Mapped[Substance | None] = relationship(back_populates="names")


class ControlListing(Base):
    """A listing in the schedules of the 1961 or 1971 Convention."""

    __tablename__ = "control_listing"
    __table_args__ = (UniqueConstraint("substance_id", "convention", "schedule"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"))
    convention: Mapped[int]
    schedule: Mapped[str] = mapped_column(String(4))
    year: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(200))
    substance: Mapped[Substance] = relationship(back_populates="controls")

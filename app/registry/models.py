"""Tables of the registry."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.handling import Handling, HandlingType
from app.db import Base, Word
from app.registry.names import CURATOR


class Standing(StrEnum):
    """What kind of thing a substance is to us. Only `nps` and `unclassified` raise signals."""

    NPS = "nps"
    MEDICINE = "medicine"
    CLASSIC = "classic"
    PRECURSOR = "precursor"
    ADULTERANT = "adulterant"
    UNCLASSIFIED = "unclassified"


WATCHED = (Standing.NPS, Standing.UNCLASSIFIED)


def code_of(number: int) -> str:
    """The number of a substance as people quote it: TS-00042."""
    return f"TS-{number:05d}"


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
    # a curator chose the name: neither the rules nor the shipped files change it
    name_chosen: Mapped[bool] = mapped_column(default=False, server_default=false())
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
    # one that was found to be another keeps its row and its number, and points to that other;
    # what it points to is never merged itself
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    # proposes merges, and is no identity; filled outside of the hot path
    tautomer_key: Mapped[str | None] = mapped_column(String(16), index=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    cluster: Mapped[Cluster] = relationship(back_populates="members", lazy="joined")
    names: Mapped[list[SubstanceName]] = relationship(
        back_populates="substance", order_by="SubstanceName.name"
    )
    controls: Mapped[list[ControlListing]] = relationship(
        back_populates="substance",
        order_by="ControlListing.convention",
        foreign_keys="ControlListing.substance_id",
    )
    identifiers: Mapped[list[ExternalIdentifier]] = relationship(
        back_populates="substance",
        order_by="ExternalIdentifier.scheme, ExternalIdentifier.id",
        foreign_keys="ExternalIdentifier.substance_id",
    )

    @property
    def code(self) -> str:
        """The number people quote: TS-00042."""
        return code_of(self.id)

    def answers_to(self, code: str) -> bool:
        """Whether a number, InChIKey or connectivity block means this very substance."""
        asked = code.upper()
        if asked.startswith("TS-"):
            return asked[3:].lstrip("0") == str(self.id)
        return asked[:14] == self.connectivity

    @property
    def watched(self) -> bool:
        """Whether signals may be raised for it."""
        return self.standing in WATCHED


class SubstanceName(Base):
    """A name that means exactly one substance, or only one of several, or none at all.

    A name without a substance means one of its members, of a family or of a group. A name of an
    authority (a laboratory's house code) counts for that authority's reports only, and goes first.
    """

    __tablename__ = "substance_name"
    __table_args__ = (
        UniqueConstraint("key", "authority_id"),
        # in a unique key no two NULLs are alike, so what counts for everybody needs one of its own
        Index(
            "uq_substance_name_shared",
            "key",
            unique=True,
            sqlite_where=text("authority_id IS NULL"),
            postgresql_where=text("authority_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    name: Mapped[str] = mapped_column(String(300))
    source: Mapped[str] = mapped_column(String(120))
    language: Mapped[str | None] = mapped_column(String(8))  # ISO 639-1, None where nobody said
    since: Mapped[datetime]
    # a name that only restricted reports bear is not for everybody
    handling: Mapped[Handling] = mapped_column(HandlingType, default=Handling.CLEAR)
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("authority.id"), index=True)
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    group: Mapped[str | None] = mapped_column("unodc_group", String(40))
    family: Mapped[str | None] = mapped_column(String(60))
    no_substance: Mapped[bool] = mapped_column(
        default=False
    )  # it names no substance: "no analysis"
    substance: Mapped[Substance | None] = relationship(back_populates="names")
    members: Mapped[list[Substance]] = relationship(
        secondary="name_member", order_by="Substance.name"
    )

    @property
    def for_everybody(self) -> bool:
        """Whether all may read it, and a substance may go by it."""
        return self.handling is Handling.CLEAR and self.authority_id is None

    @property
    def origin(self) -> str:
        """Who vouches for it, without naming a person."""
        return "secretariat" if self.source.startswith(CURATOR) else self.source


class NameMember(Base):
    """One substance of the isomer set, or of the few, that a name may mean."""

    __tablename__ = "name_member"

    name_id: Mapped[int] = mapped_column(
        ForeignKey("substance_name.id", ondelete="CASCADE"), primary_key=True
    )
    substance_id: Mapped[int] = mapped_column(
        ForeignKey("substance.id"), primary_key=True, index=True
    )


class Meant(StrEnum):
    """What a curator may say that a name means."""

    SUBSTANCE = "substance"
    ISOMER_SET = "isomer_set"
    FAMILY = "family"
    GROUP = "group"
    NOTHING = "nothing"


class NameDecision(Base):
    """What a curator said that a name means: from when, and until when if it was taken back."""

    __tablename__ = "name_decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300), index=True)
    written: Mapped[str] = mapped_column(String(300))
    handling: Mapped[Handling] = mapped_column(HandlingType)
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("authority.id"))
    meant: Mapped[Meant] = mapped_column(Word(Meant))
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    family: Mapped[str | None] = mapped_column(String(60))
    group: Mapped[str | None] = mapped_column("unodc_group", String(40))
    members: Mapped[list[Any]]  # substance ids, as decided
    made_name: Mapped[bool]  # False where the registry held the name already
    findings: Mapped[int]  # that followed when it was decided
    decided_by: Mapped[str] = mapped_column(String(254))
    decided_at: Mapped[datetime] = mapped_column(index=True)
    undone_by: Mapped[str | None] = mapped_column(String(254))
    undone_at: Mapped[datetime | None]
    substance: Mapped[Substance | None] = relationship(lazy="joined")


class OutsideAnswer(Base):
    """What PubChem said a name is, kept for a while. External and unreviewed."""

    __tablename__ = "outside_answer"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    asked: Mapped[str] = mapped_column(String(300))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    compounds: Mapped[list[Any]]  # {"cid", "inchikey", "smiles", "key" or "problem"}


def _its_own(context: Any) -> Any:
    return context.get_current_parameters()["substance_id"]


class ControlListing(Base):
    """A listing in the schedules of the 1961 or 1971 Convention.

    Where a substance was merged into another, the listing stands with that other and says of which
    substance it is.
    """

    __tablename__ = "control_listing"
    __table_args__ = (UniqueConstraint("of_substance_id", "convention", "schedule"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), index=True)
    of_substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), default=_its_own)
    convention: Mapped[int]
    schedule: Mapped[str] = mapped_column(String(4))
    year: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(200))
    substance: Mapped[Substance] = relationship(
        back_populates="controls", foreign_keys=[substance_id]
    )

    @property
    def of(self) -> str | None:
        """The number of the merged substance it is of; None when it is the substance's own."""
        return None if self.of_substance_id == self.substance_id else code_of(self.of_substance_id)


class Scheme(StrEnum):
    """Who gave an external identifier."""

    CAS = "cas"
    UNII = "unii"
    PUBCHEM_CID = "pubchem_cid"
    CHEBI = "chebi"


class ExternalIdentifier(Base):
    """What others call a substance, or one of its forms; verified as far as it can be."""

    __tablename__ = "external_identifier"
    __table_args__ = (UniqueConstraint("scheme", "value", "of_substance_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), index=True)
    of_substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), default=_its_own)
    scheme: Mapped[Scheme] = mapped_column(Word(Scheme))
    value: Mapped[str] = mapped_column(String(20), index=True)
    of_form: Mapped[str] = mapped_column(String(120))  # "hydrochloride"; empty: the parent itself
    source: Mapped[str] = mapped_column(String(200))
    added_by: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime]
    substance: Mapped[Substance] = relationship(
        back_populates="identifiers", foreign_keys=[substance_id]
    )

    @property
    def of(self) -> str | None:
        """The number of the merged substance it is of; None when it is the substance's own."""
        return None if self.of_substance_id == self.substance_id else code_of(self.of_substance_id)


class ActKind(StrEnum):
    """What can be done to the registry's substances."""

    MERGE = "merge"
    SPLIT = "split"
    UNDO = "undo"
    FOLLOW = "follow"  # findings that followed the registry by themselves
    PREFER = "prefer"  # a name chosen, or left to the rules again
    APART = "apart"  # said to be two, though a proposal would have them one
    IDENTIFY = "identify"
    UNIDENTIFY = "unidentify"
    CLASSIFY = "classify"  # the rules or the shipped files say something else by now


class RegistryAct(Base):
    """One thing done to substances: what, by whom, when, why, and all that undoing it needs."""

    __tablename__ = "registry_act"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ActKind] = mapped_column(Word(ActKind))
    at: Mapped[datetime]
    done_by: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(Text)
    substance_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)
    other_id: Mapped[int | None] = mapped_column(ForeignKey("substance.id"), index=True)  # whereto
    findings: Mapped[int] = mapped_column(default=0)  # how many it moved
    detail: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("registry_act.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(254))

    @property
    def code(self) -> str:
        """The number people quote: RA-00042."""
        return f"RA-{self.id:05d}"

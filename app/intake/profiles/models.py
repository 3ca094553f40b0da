"""The table of import profiles that authorities keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import Authority
from app.db import Base


class ImportProfile(Base):
    """One version of an authority's profile; the newest counts until it is superseded or removed.

    Older versions stay: a submission is read, and read again, as its profile then was.
    """

    __tablename__ = "import_profile"
    __table_args__ = (
        UniqueConstraint("authority_id", "name", "version"),
        Index("ix_import_profile_current", "authority_id", "superseded_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"))
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(8))
    updated_by: Mapped[str] = mapped_column(String(254))
    updated_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    authority: Mapped[Authority] = relationship(lazy="joined")

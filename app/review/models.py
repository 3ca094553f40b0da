"""Tables of the review room."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Word
from app.registry.models import Substance


class CaseState(StrEnum):
    """Where a review case stands."""

    OPEN = "open"
    CLOSED = "closed"


class ReviewCase(Base):
    """A substance put forward for consideration, and what came of it."""

    __tablename__ = "review_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    substance_id: Mapped[int] = mapped_column(ForeignKey("substance.id"), index=True)
    state: Mapped[CaseState] = mapped_column(Word(CaseState), index=True)
    question: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(String(254))
    opened_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(Text)
    closed_by: Mapped[str | None] = mapped_column(String(254))
    closed_at: Mapped[datetime | None]
    substance: Mapped[Substance] = relationship(lazy="joined")

    @property
    def code(self) -> str:
        """The number people quote: C-0042."""
        return f"C-{self.id:04d}"

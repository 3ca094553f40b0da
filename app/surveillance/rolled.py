"""Tables of the rollup: counted events kept from one assessment to the next.

A row holds the records of one month (of some hundred substances in it) as numpy wrote them
(app.surveillance.arrays): ten years of the world are then some thousand rows to read instead of ten
million, which is what makes an assessment take seconds. What is in them can be counted anew from
the reports at any time.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Word


class Part(StrEnum):
    """What the records of a row are."""

    CELLS = "cells"
    SHARED = "shared"
    VOLUME = "volume"
    SEEN = "seen"
    DAYS = "days"
    HARMS = "harms"
    SEIZED = "seized"
    WEIGHTS = "weights"


class Rollup(Base):
    """As of which day the kept records are; one row, or none before the first time."""

    __tablename__ = "rollup"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    rolled_at: Mapped[datetime]
    newest_substance: Mapped[int]
    watched: Mapped[str] = mapped_column(String(64))  # a digest of the watched ones up to it
    layout: Mapped[str] = mapped_column(String(64))  # a digest of how records are written
    mark: Mapped[str] = mapped_column(String(32))  # another one with every change of the records


class RolledMonth(Base):
    """The records of one month; of the substances from a number on, or of all (0)."""

    __tablename__ = "rolled_month"

    part: Mapped[Part] = mapped_column(Word(Part), primary_key=True)
    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    substance_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    records: Mapped[bytes] = mapped_column(LargeBinary)

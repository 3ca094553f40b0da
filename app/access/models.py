"""Tables of the access room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.roles import Actor, Role
from app.db import Base, Word


class Authority(Base):
    """A body that reports or subscribes: a laboratory, a ministry, an international secretariat."""

    __tablename__ = "authority"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    reports_for: Mapped[list[str]]
    created_at: Mapped[datetime]

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries it may report for: its own, and those it was given."""
        return reporting_for(self.country, self.reports_for)


class Person(Base):
    """Somebody with a login."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(Word(Role))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    authority: Mapped[Authority] = relationship(lazy="joined")

    def actor(self) -> Actor:
        """This person, as the one who asks."""
        return acting(self.role, self.email, self.authority)


class ApiKey(Base):
    """A machine's key: shown once, held as a SHA-256 digest, found by its public prefix."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role] = mapped_column(Word(Role))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    authority_id: Mapped[int] = mapped_column(ForeignKey("authority.id"), index=True)
    authority: Mapped[Authority] = relationship(lazy="joined")


class AuditEvent(Base):
    """Who did what to what, and when. Only ever added to."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(254), index=True)
    detail: Mapped[dict[str, Any]]


def reporting_for(country: str | None, others: Iterable[str]) -> tuple[str, ...]:
    """The countries an authority may report for: its own first."""
    own = (country,) if country else ()
    return own + tuple(c for c in others if c not in own)


def acting(role: Role, label: str, authority: Authority) -> Actor:
    """Somebody of that role who speaks for an authority, as the one who asks."""
    return Actor(
        role=role,
        label=label,
        authority_id=authority.id,
        authority_code=authority.code,
        countries=authority.countries,
    )

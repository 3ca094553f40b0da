"""The worker's jobs as rows: who holds one, when it last ran, what came of it.

A job is claimed by a conditional UPDATE with a lease, so two workers never run it at once and a
dead worker's job is free again when its lease ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, Text, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, insert_new


class Job(Base):
    """One recurring job of the worker."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    every_seconds: Mapped[int]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    leased_until: Mapped[datetime | None]
    last_started: Mapped[datetime | None]
    last_finished: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    last_result: Mapped[dict[str, Any] | None]
    runs: Mapped[int] = mapped_column(default=0)

    def overdue(self, now: datetime) -> bool:
        """Whether it should have finished by now: three intervals without a finish."""
        grace = timedelta(seconds=max(3 * self.every_seconds, 120))
        return self.last_finished is None or now - self.last_finished > grace


def ailing(session: Session, now: datetime) -> list[str]:
    """The jobs whose last run failed, or that have not run when they should have.

    One that has never begun is not among them: its worker has only just been started, or never was,
    which the status page says.
    """
    jobs = session.scalars(select(Job).where(Job.last_started.is_not(None)).order_by(Job.name))
    return [job.name for job in jobs if job.last_error or job.overdue(now)]


def declare(session: Session, name: str, every_seconds: int) -> None:
    """Make the job known, with how often it runs."""
    if not insert_new(session, Job, name=name, every_seconds=every_seconds, runs=0):
        session.execute(update(Job).where(Job.name == name).values(every_seconds=every_seconds))


def claim(session: Session, name: str, *, owner: str, now: datetime, lease: timedelta) -> bool:
    """Take the job for `lease`; False when another worker holds it."""
    free = or_(Job.leased_until.is_(None), Job.leased_until < now, Job.lease_owner == owner)
    taken = session.execute(
        update(Job)
        .where(Job.name == name, free)
        .values(lease_owner=owner, leased_until=now + lease, last_started=now)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def finish(
    session: Session,
    name: str,
    *,
    owner: str,
    now: datetime,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Record the outcome and let go of the lease, unless somebody else has taken it over."""
    session.execute(
        update(Job)
        .where(Job.name == name, Job.lease_owner == owner)
        .values(
            lease_owner=None,
            leased_until=None,
            last_finished=now,
            last_error=error,
            last_result=result,
            runs=Job.runs + 1,
        )
    )

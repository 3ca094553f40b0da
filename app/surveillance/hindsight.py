"""Pretending that history had been reported when it happened.

A register that was filled with history long after it happened knew nothing at the time. To replay
it, its old reports are taken as if each had come in some days after its event or its span had
ended, under the names they have today. The change is meant for a transaction that is rolled back,
and whoever shows the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from app.intake.models import Finding, Report

LATE = timedelta(days=365)  # a report that came in later than that was history when it came


def came_late(session: Session, *, last: date) -> tuple[int, int]:
    """How many reports of events until `last` came in as history, and how many there are."""
    until = select(func.count()).select_from(Report).where(Report.event_date <= last)
    late = sum(
        session.scalar(until.where(Report.event_end == day, Report.received_at > noon(day + LATE)))
        or 0
        for day in _ends(session)
    )
    return late, session.scalar(until) or 0


def assume_known(session: Session, *, days: int) -> int:
    """Pretend that what came in as history came in `days` after it ended; how many reports.

    Of a report in several versions the last alone stands, and names are taken as they are resolved
    today.
    """
    changed = 0
    for day in _ends(session):
        late = and_(Report.event_end == day, Report.received_at > noon(day + LATE))
        numbers = select(Report.id).where(late)
        known = noon(day + timedelta(days=days))
        session.execute(
            update(Finding)
            .where(Finding.report_id.in_(numbers), Finding.resolved_at.is_not(None))
            .values(resolved_at=known)
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(Report)
            .where(late, Report.superseded_at.is_not(None))
            .values(superseded_at=known)
            .execution_options(synchronize_session=False)
        )
        done = session.execute(
            update(Report)
            .where(late)
            .values(received_at=known)
            .execution_options(synchronize_session=False)
        )
        changed += done.rowcount  # type: ignore[attr-defined]
    return changed


def _ends(session: Session) -> Sequence[date]:
    return session.scalars(select(Report.event_end).distinct()).all()


def noon(day: date) -> datetime:
    """The middle of a day, in UTC."""
    return datetime.combine(day, time(12), UTC)

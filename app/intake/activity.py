"""Samples analysed a month: what a laboratory could have seen, not only what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import Problem
from app.intake.models import Activity, Submission, SubmissionRow
from app.intake.rows import Row
from app.intake.schema import ActivityIn, problems_of
from app.intake.words import Fate, Precision


def process_activity(
    session: Session, submission: Submission, rows: Sequence[Row], *, by: Actor, now: datetime
) -> Counter[Fate]:
    """Take in monthly sample counts; a newer count of a month supersedes the older one."""
    fates: Counter[Fate] = Counter()
    for row in rows:
        sent, problems = _read(row, by)
        fate = Fate.REJECTED if sent is None else Fate.ACCEPTED
        if sent is not None:
            _replace(session, submission, sent, now)
        session.add(
            SubmissionRow(
                submission_id=submission.id,
                row=row.number,
                fate=fate,
                notes=[p.as_dict() for p in problems],
            )
        )
        fates[fate] += 1
    return fates


def _read(row: Row, by: Actor) -> tuple[ActivityIn | None, tuple[Problem, ...]]:
    if row.fields is None or row.problems:
        return None, row.problems
    try:
        sent = ActivityIn.model_validate(row.fields)
    except ValidationError as error:
        return None, problems_of(error, row.number)
    if sent.country not in by.countries:
        text = f"{by.authority_code} does not report for {sent.country}"
        return None, (Problem("country", text, row.number, "foreign_country"),)
    if sent.month.precision is not Precision.MONTH:
        return None, (Problem("month", "write YYYY-MM", row.number, "month"),)
    return sent, ()


def _replace(session: Session, submission: Submission, sent: ActivityIn, now: datetime) -> None:
    session.execute(
        update(Activity)
        .where(
            Activity.authority_id == submission.authority_id,
            Activity.country == sent.country,
            Activity.month == sent.month.first,
            Activity.superseded_at.is_(None),
        )
        .values(superseded_at=now)
    )
    session.add(
        Activity(
            authority_id=submission.authority_id,
            submission_id=submission.id,
            country=sent.country,
            month=sent.month.first,
            samples=sent.samples,
            scope=sorted(set(sent.scope)),
            handling=sent.handling,
            received_at=now,
        )
    )

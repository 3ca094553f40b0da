"""Reading reports and receipts back, row by row, for those who may see rows (app.intake.sight)."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import Actor, Role
from app.db import LARGEST_ID, Page, id_of
from app.errors import NotFound
from app.intake.models import Finding, Report, Submission, SubmissionRow
from app.intake.sight import rows_for, still_open_to
from app.intake.words import Fate
from app.languages import N_

_REPORT = re.compile(r"RP-([0-9]{1,10})", re.IGNORECASE)


def report_by_code(session: Session, actor: Actor, today: date, code: str) -> Report:
    """One report in its version of that number. Raises NotFound, also for one not to be seen."""
    number = _REPORT.fullmatch(code)
    query = (
        select(Report)
        .where(
            Report.id == (id_of(number[1]) if number else -1),
            rows_for(actor, today),
            still_open_to(actor, today),
        )
        .options(selectinload(Report.findings).selectinload(Finding.substance))
    )
    report = session.scalar(query)
    if report is None:
        raise NotFound(N_("there is no report %(code)s that you may see"), code=code)
    return report


def versions(session: Session, actor: Actor, today: date, report: Report) -> list[Report]:
    """All versions of the same report that `actor` may see, oldest first."""
    query = (
        select(Report)
        .where(
            Report.authority_id == report.authority_id,
            Report.reference == report.reference,
            rows_for(actor, today),
            still_open_to(actor, today),
        )
        .order_by(Report.version)
    )
    return list(session.scalars(query))


def submissions(
    session: Session, actor: Actor, *, after: str | None = None, limit: int = 50
) -> Page[Submission]:
    """Submissions of the actor's own authority (all of them for an admin), newest first."""
    query = select(Submission).order_by(Submission.id.desc())
    if actor.role is not Role.ADMIN:
        query = query.where(Submission.authority_id == actor.authority_id)
    if (last := id_of(after)) is not None:
        query = query.where(Submission.id < last)
    found = list(session.scalars(query.limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def submission_by_code(session: Session, actor: Actor, code: str) -> Submission:
    """One submission of the actor's own authority (any for an admin). Raises NotFound."""
    query = select(Submission).where(Submission.code == code)
    if actor.role is not Role.ADMIN:
        query = query.where(Submission.authority_id == actor.authority_id)
    submission = session.scalar(query)
    if submission is None:
        raise NotFound(f"there is no submission {code} that you may see")
    return submission


def repeated_by(session: Session, submission: Submission) -> Submission | None:
    """The submission of the same authority that had brought the same content before."""
    return session.get(Submission, submission.repeats_id) if submission.repeats_id else None


def submission_rows(
    session: Session,
    submission: Submission,
    *,
    fate: Fate | None = None,
    after: int = 0,
    limit: int = 200,
) -> list[tuple[SubmissionRow, Report | None]]:
    """The fate of each row, in order, with the report it led to.

    What was sent again unchanged has the rows of the first time, and nothing became of them.
    """
    last = min(after, LARGEST_ID)
    home = submission.repeats_id or submission.id
    query = (
        select(SubmissionRow, Report)
        .outerjoin(Report, Report.id == SubmissionRow.report_id)
        .where(SubmissionRow.submission_id == home, SubmissionRow.row > last)
        .order_by(SubmissionRow.row)
        .limit(limit)
    )
    if submission.repeats_id and fate not in {None, Fate.UNCHANGED}:
        return []
    if fate is not None and not submission.repeats_id:
        query = query.where(SubmissionRow.fate == fate)
    found: list[tuple[SubmissionRow, Report | None]] = [
        (row, report) for row, report in session.execute(query)
    ]
    if submission.repeats_id:
        for row, _ in found:
            session.expunge(row)
            row.fate, row.notes = Fate.UNCHANGED, []
    return found


def simulated_present(session: Session) -> bool:
    """Whether any report here is simulated, which every page must then say."""
    return session.scalar(select(Report.id).where(Report.simulated).limit(1)) is not None

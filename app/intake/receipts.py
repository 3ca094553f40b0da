"""A receipt: the fate of each row, and what happened since to the report it led to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from app.access.roles import Actor
from app.intake.models import Finding, Report, Submission, SubmissionRow
from app.intake.queries import submission_rows
from app.intake.sight import rows_for, still_open_to
from app.intake.words import Fate, ReportType, Resolution

ROWS = 200  # of a page


@dataclass(frozen=True, slots=True)
class Since:
    """Something that happened to a report after it was sent: amended, withdrawn or resolved.

    `report` is the version that amends or withdraws it; a resolved finding has the `name` it was
    sent under and the number and name of its `substance`.
    """

    what: str
    at: datetime
    report: Report | None = None
    name: str | None = None
    substance: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One row: its fate, the report it led to, and what happened since.

    `hidden`: the report is not for this reader's eyes, and so neither is what the row says of it.
    """

    row: SubmissionRow
    report: Report | None
    since: tuple[Since, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Some rows of a receipt, and the row after which the next begin (None at the end)."""

    rows: list[ReceiptRow]
    next: int | None = None


def receipt_page(
    session: Session,
    actor: Actor,
    today: date,
    submission: Submission,
    *,
    fate: Fate | None = None,
    after: int = 0,
    limit: int = ROWS,
) -> ReceiptPage:
    """The rows of a submission in order, those of one `fate` when asked; what happened since."""
    found = submission_rows(session, submission, fate=fate, after=after, limit=limit + 1)
    shown = found[:limit]
    ids = {report.id for _, report in shown if report}
    seen = _visible(session, actor, today, ids)
    since = _since(session, submission, seen)
    rows = [_row(row, report, seen, since) for row, report in shown]
    return ReceiptPage(rows, shown[-1][0].row if len(found) > limit else None)


def fresh_page(session: Session, submission: Submission, limit: int = ROWS) -> ReceiptPage:
    """The first rows of what was sent a moment ago, for its sender: nothing happened since."""
    found = submission_rows(session, submission, limit=limit + 1)
    rows = [ReceiptRow(row, report, ()) for row, report in found[:limit]]
    return ReceiptPage(rows, found[limit - 1][0].row if len(found) > limit else None)


def _row(
    row: SubmissionRow, report: Report | None, seen: set[int], since: dict[int, list[Since]]
) -> ReceiptRow:
    if report is None:
        return ReceiptRow(row, None, ())
    if report.id not in seen:
        return ReceiptRow(row, None, (), hidden=True)
    return ReceiptRow(row, report, tuple(since.get(report.id, ())))


def _visible(session: Session, actor: Actor, today: date, ids: Iterable[int]) -> set[int]:
    query = select(Report.id).where(
        Report.id.in_(ids), rows_for(actor, today), still_open_to(actor, today)
    )
    return set(session.scalars(query))


def _since(session: Session, submission: Submission, ids: set[int]) -> dict[int, list[Since]]:
    found: dict[int, list[Since]] = {}
    for report_id, newest in _newest(session, ids).items():
        what = "withdrawn" if newest.type is ReportType.WITHDRAWAL else "amended"
        found.setdefault(report_id, []).append(Since(what, newest.received_at, newest))
    resolved = (
        select(Finding)
        .where(
            Finding.report_id.in_(ids),
            Finding.resolution == Resolution.CURATOR,
            Finding.resolved_at > submission.received_at,
        )
        .options(joinedload(Finding.substance))
        .order_by(Finding.id)
    )
    for finding in session.scalars(resolved):
        if finding.substance is not None and finding.resolved_at is not None:
            means = (finding.substance.code, finding.substance.name)
            one = Since("resolved", finding.resolved_at, None, finding.substance_name, means)
            found.setdefault(finding.report_id, []).append(one)
    return found


def _newest(session: Session, ids: set[int]) -> dict[int, Report]:
    """For each of these reports that has newer versions, the newest of them."""
    newer = aliased(Report)
    query = (
        select(Report.id, newer)
        .join(
            newer,
            (newer.authority_id == Report.authority_id)
            & (newer.reference == Report.reference)
            & (newer.version > Report.version),
        )
        .where(Report.id.in_(ids))
        .order_by(newer.version)  # the last one stays
    )
    return {report_id: report for report_id, report in session.execute(query)}

"""What the API says of a submission: its receipt, with the fate of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.access.roles import Actor
from app.api.shapes import link
from app.intake.models import Submission, report_code
from app.intake.receipts import ROWS, ReceiptPage, ReceiptRow
from app.intake.service import Line
from app.intake.taking import Receipt
from app.intake.words import Fate


class SinceOut(BaseModel):
    """What happened to a report after it was sent: amended, withdrawn, or a name resolved."""

    what: str
    at: datetime
    report: str | None = None
    version: int | None = None
    name: str | None = None
    substance: str | None = None


class RowOut(BaseModel):
    """The fate of one row, and what happened since to the report it led to."""

    row: int
    fate: str
    reference: str | None
    report: str | None
    notes: list[dict[str, Any]]
    since: list[SinceOut] = []


class ReceiptOut(BaseModel):
    """What became of a submission: as far as it is read, up to row `rows_done`.

    `repeats` is the submission that had brought the same content before.
    """

    id: str
    url: str
    state: str
    authority: str
    submitted_by: str
    channel: str
    filename: str | None
    received_at: datetime
    content_hash: str
    content_bytes: int
    rows_done: int
    repeats: str | None
    problem: str | None
    fates: dict[str, int]
    rows: list[RowOut]
    next: str | None = None


def receipt_out(
    submission: Submission,
    page: ReceiptPage | None = None,
    *,
    fate: Fate | None = None,
    repeats: Submission | None = None,
) -> ReceiptOut:
    """A receipt as the API shows it: the fate of each row, a page at a time."""
    page = page or ReceiptPage([])
    return _receipt(
        submission,
        submission.authority.code,
        [row_out(row) for row in page.rows],
        page.next,
        only=f"&fate={fate.value}" if fate else "",
        repeats=repeats.code if repeats else None,
    )


def fresh_receipt_out(receipt: Receipt, lines: Sequence[Line], by: Actor) -> ReceiptOut:
    """The same of what `by` sent a moment ago, out of what is known without asking for it again."""
    rows = [
        RowOut(
            row=line["row"],
            fate=line["fate"].value,
            reference=line["reference"],
            report=report_code(line["report_id"]) if line["report_id"] else None,
            notes=line["notes"],
        )
        for line in lines[:ROWS]
    ]
    following = rows[-1].row if len(lines) > ROWS else None
    return _receipt(receipt.submission, by.authority_code or "", rows, following)


def _receipt(
    submission: Submission,
    authority: str,
    rows: list[RowOut],
    following: int | None,
    *,
    only: str = "",
    repeats: str | None = None,
) -> ReceiptOut:
    path = f"/api/v1/submissions/{submission.code}"
    return ReceiptOut(
        id=submission.code,
        url=link(path),
        state=submission.state.value,
        authority=authority,
        submitted_by=submission.submitted_by,
        channel=submission.channel.value,
        filename=submission.filename,
        received_at=submission.received_at,
        content_hash=submission.content_hash,
        content_bytes=submission.content_bytes,
        rows_done=submission.rows_done,
        repeats=repeats,
        problem=submission.problem,
        fates=dict(Counter(submission.fates)),
        rows=rows,
        next=f"{link(path)}?after={following}{only}" if following else None,
    )


def row_out(row: ReceiptRow) -> RowOut:
    """One row of a receipt; what it says is left out where its report is not for the reader."""
    return RowOut(
        row=row.row.row,
        fate=row.row.fate.value,
        reference=None if row.hidden else row.row.reference,
        report=row.report.code if row.report else None,
        notes=[] if row.hidden else row.row.notes,
        since=[
            SinceOut(
                what=one.what,
                at=one.at,
                report=one.report.code if one.report else None,
                version=one.report.version if one.report else None,
                name=one.name,
                substance=one.substance[0] if one.substance else None,
            )
            for one in row.since
        ],
    )

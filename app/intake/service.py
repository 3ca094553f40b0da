"""Taking rows in: judged, compared with what is held, filed, and each told its fate.

`keeping` has kept what was sent before; `taking` calls `process` for one chunk of rows after the
other, each in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.bulk import insert_rows
from app.db import take_turns
from app.errors import shown
from app.intake.filing import file_reports, recognise_all
from app.intake.judging import Judged, judge
from app.intake.models import Submission, SubmissionRow
from app.intake.openness import settle_openness
from app.intake.release import narrow, record_narrowed
from app.intake.rows import Row
from app.intake.versions import REPLACING, Versions, compare, explain, held_versions, supersede
from app.intake.words import Fate

Line = dict[str, Any]  # of a receipt: the columns of a SubmissionRow


def process(
    session: Session,
    submission: Submission,
    judged: list[Judged],
    *,
    now: datetime,
    simulated: bool = False,
) -> list[Line]:
    """Take one chunk of judged rows into the register; the fate of every row, as it is recorded.

    One chunk of an authority at a time: two versions of a report sent at once must see each other.
    """
    take_turns(session, f"intake of {submission.authority_id}")
    compare(judged, held_versions(session, submission.authority_id, judged))
    explain(session, judged)
    narrowed = narrow(session, submission.authority_id, judged)
    recognised, known = recognise_all(session, judged, submission.authority_id)
    file_reports(session, recognised, known, submission=submission, simulated=simulated, now=now)
    record_narrowed(session, narrowed, now)
    _point_repeats_to_what_they_repeat(judged)
    supersede(session, submission.authority_id, judged, now)
    if any(one.fate in REPLACING for one in judged):
        settle_openness(session, now=now)
    lines = [line for one in judged for line in _receipt_lines(submission, one)]
    insert_rows(session, SubmissionRow, lines)
    return lines


def rehearse(
    session: Session,
    authority_id: int,
    rows: Sequence[Row],
    seen: Versions,
    *,
    by: Actor,
    now: datetime,
) -> list[Judged]:
    """What `process` would say of a chunk, without changing anything.

    `seen` holds what earlier chunks of the same rehearsal would have added.
    """
    judged = judge(rows, by, now.date())
    held = held_versions(session, authority_id, judged)
    for reference, versions in held.items():
        seen[reference] = versions | seen.get(reference, {})
    compare(judged, seen)
    explain(session, judged)
    narrow(session, authority_id, judged)
    recognise_all(session, judged, authority_id)
    return judged


def _point_repeats_to_what_they_repeat(judged: list[Judged]) -> None:
    """A report sent twice in one chunk has its number on both lines of the receipt."""
    stored = {
        (j.report.reference, j.report.version): j.held_id for j in judged if j.report and j.held_id
    }
    for one in judged:
        if one.fate is Fate.UNCHANGED and one.report and one.held_id is None:
            one.held_id = stored[one.report.reference, one.report.version]


def _receipt_lines(submission: Submission, one: Judged) -> Iterator[Line]:
    """The fate of each row; what there is to say stands at the first row of a report."""
    reference = one.row.fields.get("reference") if one.row.fields else None
    for number in one.row.numbers:
        yield {
            "submission_id": submission.id,
            "row": number,
            "fate": one.fate,
            "reference": None if reference is None else shown(reference, 200),
            "report_id": one.held_id,
            "notes": [note.as_dict() for note in one.notes] if number == one.row.number else [],
        }

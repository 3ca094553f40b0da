"""Taking submissions in: keep what was sent, then read it, row by row, into reports and findings.

A door calls `receive` and commits, so that nothing sent is ever lost; then `process` for one chunk
of rows after the other, then `conclude`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import Actor
from app.db import take_turns
from app.errors import Forbidden, Problem, Refused, shown
from app.intake.filing import file_report, remarks
from app.intake.identification import look_up, unreadable
from app.intake.models import Report, Submission, SubmissionPart, SubmissionRow
from app.intake.openness import settle_openness
from app.intake.schema import ReportIn, problems_of
from app.intake.words import Channel, Fate, ReportType, Resolution, SubmissionState

PART_BYTES = 1024 * 1024
LONGEST_KEY = 200
CLOCK_SLACK = timedelta(days=1)  # it is tomorrow already in the Pacific


@dataclass(frozen=True, slots=True)
class Row:
    """One report as read from a submission: its fields, or what is wrong with them.

    `numbers` are the rows it was read from, counted from 1; a file may use several for one.
    """

    numbers: tuple[int, ...]
    fields: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()

    @property
    def number(self) -> int:
        """The first of its rows."""
        return self.numbers[0]


@dataclass(slots=True)
class Judged:
    """A row on its way: read, then accepted or not."""

    row: Row
    report: ReportIn | None
    fate: Fate
    notes: list[Problem]
    hash: str = ""
    held_id: int | None = None
    resolutions: list[Resolution] = field(default_factory=list)


def receive(
    session: Session,
    content: Iterable[bytes],
    *,
    by: Actor,
    channel: Channel,
    now: datetime,
    filename: str | None = None,
    idempotency_key: str | None = None,
) -> tuple[Submission, bool]:
    """Keep what was sent, before it is read.

    The second value is False when the same Idempotency-Key brought the same content before, and
    that submission is returned instead; one that was never read to its end hands its key on, so
    that the second try is read.

    A key that came with other content before makes this submission a refused one. Raises Forbidden
    when `by` speaks for no authority, Refused for an overlong key.
    """
    if by.authority_id is None:
        raise Forbidden("reports are taken from authorities; sign in or send a key")
    if idempotency_key and (len(idempotency_key) > LONGEST_KEY or "\x00" in idempotency_key):
        raise Refused(f"Idempotency-Key: at most {LONGEST_KEY} characters of plain text")
    submission = Submission(
        code=f"SUB-{secrets.token_hex(6)}",
        authority_id=by.authority_id,
        submitted_by=by.label,
        channel=channel,
        filename=shown(filename[-255:], 255) if filename else None,
        idempotency_key=None,
        content_hash="",
        content_bytes=0,
        received_at=now,
        state=SubmissionState.RECEIVED,
        fates={},
    )
    session.add(submission)
    session.flush()
    _keep(session, submission, content)
    if idempotency_key is None:
        return submission, True
    # one keyed submission of an authority at a time, so that the second sees the first
    home = select(Authority.id).where(Authority.id == by.authority_id)
    session.execute(home.with_for_update(key_share=True))
    earlier = session.scalar(
        select(Submission).where(
            Submission.authority_id == by.authority_id,
            Submission.idempotency_key == idempotency_key,
        )
    )
    if earlier and earlier.content_hash != submission.content_hash:
        refuse(submission, f"Idempotency-Key was used for other content, in {earlier.code}")
        return submission, True
    if earlier is None or earlier.state is SubmissionState.RECEIVED:
        if earlier:
            earlier.idempotency_key = None
            session.flush()
        submission.idempotency_key = idempotency_key
        session.flush()
        return submission, True
    session.execute(delete(SubmissionPart).where(SubmissionPart.submission_id == submission.id))
    session.delete(submission)
    return earlier, False


def _keep(session: Session, submission: Submission, content: Iterable[bytes]) -> None:
    digest, size = hashlib.sha256(), 0
    for number, part in enumerate(content):
        digest.update(part)
        size += len(part)
        data = zlib.compress(part, 6)
        session.add(SubmissionPart(submission_id=submission.id, part=number, data=data))
        session.flush()
    submission.content_hash, submission.content_bytes = digest.hexdigest(), size


def sliced(content: bytes) -> Iterator[bytes]:
    """Content in parts of the size they are kept in."""
    for start in range(0, len(content), PART_BYTES):
        yield content[start : start + PART_BYTES]


def content_of(session: Session, submission: Submission) -> Iterator[bytes]:
    """What was sent, byte for byte."""
    query = (
        select(SubmissionPart.data)
        .where(SubmissionPart.submission_id == submission.id)
        .order_by(SubmissionPart.part)
    )
    for data in session.scalars(query):
        yield zlib.decompress(data)


def refuse(submission: Submission, problem: str) -> None:
    """Mark a submission as one that could not be read at all; what was sent stays."""
    submission.state = SubmissionState.REFUSED
    submission.problem = problem


def process(
    session: Session,
    submission: Submission,
    rows: Sequence[Row],
    *,
    by: Actor,
    now: datetime,
    simulated: bool = False,
) -> list[Judged]:
    """Read one chunk of rows into reports; the fate of every row is recorded.

    One chunk of an authority at a time: two versions of a report sent at once must see each other.
    """
    take_turns(session, f"intake of {submission.authority_id}")
    judged = [_judge(row, by, now.date()) for row in rows]
    _compare(session, submission.authority_id, judged)
    taken = [
        (one, one.report)
        for one in judged
        if one.report is not None and one.fate not in {Fate.REJECTED, Fate.UNCHANGED}
    ]
    known = look_up(session, [report for _, report in taken])
    filed = [
        (one, file_report(session, report, known, submission=submission, now=now))
        for one, report in taken
    ]
    for one, new in filed:
        new.report.content_hash, new.report.simulated = one.hash, simulated
        one.notes += remarks(one.row.number, new)
        one.resolutions = new.resolutions
        if one.fate is Fate.ACCEPTED and Resolution.QUEUED in new.resolutions:
            one.fate = Fate.QUEUED
    session.add_all(new.report for _, new in filed)
    session.flush()
    for one, new in filed:
        one.held_id = new.report.id
    _point_repeats_to_what_they_repeat(judged)
    _supersede(session, submission.authority_id, judged, now)
    if any(one.fate in {Fate.AMENDED, Fate.WITHDRAWN} for one in judged):
        settle_openness(session, now=now)
    session.add_all(line for one in judged for line in _receipt_lines(submission, one))
    session.flush()
    return judged


def _point_repeats_to_what_they_repeat(judged: list[Judged]) -> None:
    """A report sent twice in one chunk has its number on both lines of the receipt."""
    stored = {
        (j.report.reference, j.report.version): j.held_id for j in judged if j.report and j.held_id
    }
    for one in judged:
        if one.fate is Fate.UNCHANGED and one.report and one.held_id is None:
            one.held_id = stored[one.report.reference, one.report.version]


def _receipt_lines(submission: Submission, one: Judged) -> Iterator[SubmissionRow]:
    """The fate of each row; what there is to say stands at the first row of a report."""
    reference = one.row.fields.get("reference") if one.row.fields else None
    for number in one.row.numbers:
        yield SubmissionRow(
            submission_id=submission.id,
            row=number,
            fate=one.fate,
            reference=None if reference is None else shown(reference, 200),
            report_id=one.held_id,
            notes=[n.as_dict() for n in one.notes] if number == one.row.number else [],
        )


def conclude(submission: Submission, fates: Counter[Fate]) -> None:
    """Close the submission with the number of rows of each fate."""
    submission.state = SubmissionState.PROCESSED
    submission.fates = {fate.value: number for fate, number in sorted(fates.items())}


def _judge(row: Row, by: Actor, today: date) -> Judged:
    """Read one row and say what is wrong with it, before asking the database anything."""
    if row.fields is None or row.problems:
        return Judged(row, None, Fate.REJECTED, list(row.problems))
    try:
        report = ReportIn.model_validate(row.fields)
    except ValidationError as error:
        return Judged(row, None, Fate.REJECTED, list(problems_of(error, row.number)))
    wrong = [*_misplaced(report, by, today, row.number), *unreadable(report, row.number)]
    fate = Fate.REJECTED if wrong else Fate.ACCEPTED
    return Judged(row, report, fate, wrong, hash=content_hash(report))


def _misplaced(report: ReportIn, by: Actor, today: date, row: int) -> list[Problem]:
    wrong = []
    if report.country not in by.countries:
        own = ", ".join(by.countries) or "no country"
        text = f"{by.authority_code} reports for {own}, not for {report.country}"
        wrong.append(Problem("country", text, row, "foreign_country"))
    if report.event_date.first > today + CLOCK_SLACK:
        text = f"{report.event_date} lies in the future; today is {today}"
        wrong.append(Problem("event_date", text, row, "future_date"))
    elif report.period_end and report.period_end.first > today + CLOCK_SLACK:
        text = f"{report.period_end} lies in the future; count a period when it is over"
        wrong.append(Problem("period_end", text, row, "future_date"))
    return wrong


def content_hash(report: ReportIn) -> str:
    """SHA-256 of the report's canonical JSON: equal when, and only when, it says the same."""
    plain = report.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _compare(session: Session, authority_id: int, judged: list[Judged]) -> None:
    """Against what is held: same version and content is a no-op, other content a conflict, a higher
    version an amendment."""
    references = {j.report.reference for j in judged if j.report and j.fate is Fate.ACCEPTED}
    held: dict[str, dict[int, tuple[str, int | None]]] = {}
    query = select(Report.reference, Report.version, Report.content_hash, Report.id).where(
        Report.authority_id == authority_id, Report.reference.in_(references)
    )
    for reference, version, digest, report_id in session.execute(query):
        held.setdefault(reference, {})[version] = (digest, report_id)
    for one in judged:
        if one.report is None or one.fate is Fate.REJECTED:
            continue
        known = held.setdefault(one.report.reference, {})
        _settle(one, one.report, known)
        if one.fate not in {Fate.REJECTED, Fate.UNCHANGED}:
            known[one.report.version] = (one.hash, None)


def _settle(one: Judged, report: ReportIn, known: dict[int, tuple[str, int | None]]) -> None:
    newest = max(known, default=0)
    same = known.get(report.version)
    if same and same[0] == one.hash:
        one.fate, one.held_id = Fate.UNCHANGED, same[1]
    elif same:
        text = f"version {report.version} of {report.reference} is held with other content"
        _reject(one, "version", f"{text}; send a correction as version {newest + 1}")
    elif report.version < newest:
        _reject(one, "version", f"version {newest} of {report.reference} is held already")
    elif report.type is ReportType.WITHDRAWAL and not known:
        _reject(one, "reference", f"there is no report {report.reference} to withdraw")
    elif report.type is ReportType.WITHDRAWAL:
        one.fate = Fate.WITHDRAWN
    elif known:
        one.fate = Fate.AMENDED


def _reject(one: Judged, field: str, message: str) -> None:
    one.fate = Fate.REJECTED
    one.notes.append(Problem(field, message, one.row.number, "conflict"))


def _supersede(session: Session, authority_id: int, judged: list[Judged], now: datetime) -> None:
    """Newer versions end the time of the older ones, which stay."""
    for one in judged:
        if one.report is None or one.fate not in {Fate.AMENDED, Fate.WITHDRAWN}:
            continue
        session.execute(
            update(Report)
            .where(
                Report.authority_id == authority_id,
                Report.reference == one.report.reference,
                Report.version < one.report.version,
                Report.superseded_at.is_(None),
            )
            .values(superseded_at=now)
        )

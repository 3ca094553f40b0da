"""Putting files on reports and taking them off again.

A file is read before it is kept: what cannot be read is refused with the line that is wrong, and
the laboratory still has it. What was once taken is never deleted.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.access.roles import REPORTERS, Actor
from app.access.service import record
from app.db import insert_new, take_turns
from app.errors import Conflict, Forbidden, Problem, Refused, shown
from app.intake.attachments.detection import Format, file_name, format_of, read
from app.intake.attachments.models import Attachment, StoredFile, StoredSpectrum
from app.intake.attachments.queries import attachment_by_code
from app.intake.attachments.similarity import packed_essence
from app.intake.attachments.spectrum import MOST_BYTES, Spectrum
from app.intake.models import Report
from app.intake.queries import report_by_code
from app.intake.words import ReportType

MOST_FILES = 20  # on a report at a time
MOST_EVER = 100  # on a report, with those taken off, whose bytes are kept
LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was looked into and may be kept."""

    content: bytes
    sha256: str
    name: str
    form: Format
    spectra: list[Spectrum]


def opened(content: bytes, filename: str) -> Opened:
    """Look into a file; done before a transaction begins, since it may take a second.

    Raises Refused for one that may not be attached or is not what it is called, Unreadable for one
    that breaks off, naming the line.
    """
    if len(content) > MOST_BYTES:
        raise too_large()
    form = format_of(content)
    name = file_name(filename, form)
    digest = hashlib.sha256(content).hexdigest()
    return Opened(content, digest, name, form, read(content, form))


def attach(
    session: Session,
    code: str,
    file: Opened,
    *,
    by: Actor,
    now: datetime,
    finding: int | None = None,
    note: str = "",
) -> tuple[Attachment, bool]:
    """Put a file on a report, or on one of its findings; it shares the report's handling.

    The second value is False when the same file is there already. One that was sent with an older
    version of the report comes under the handling of this one, as its reporter has seen it anew.

    Raises NotFound for a report `by` may not see, Forbidden for another authority's, Conflict for
    one that does not stand any more, Refused when the report has no such finding or no room.
    """
    report = _own_standing(session, code, by, now.date())
    _require_finding(report, finding)
    take_turns(session, f"attachments of {report.authority_id}")
    there = _on(session, report)
    for other in there:
        if (other.sha256, other.finding, other.removed_at) == (file.sha256, finding, None):
            _come_along(session, other, report, by, now)
            return other, False
    _require_room(report, there)
    insert_new(
        session,
        StoredFile,
        sha256=file.sha256,
        size=len(file.content),
        media_type=file.form.media_type,
        stored_at=now,
        data=zlib.compress(file.content, 6),
    )
    new = Attachment(
        authority_id=report.authority_id,
        reference=report.reference,
        report_id=report.id,
        finding=finding,
        filename=file.name,
        format=file.form.name,
        kind=file.form.kind,
        note=shown(note.strip(), LONGEST_NOTE) or None,
        sha256=file.sha256,
        added_by=by.label,
        added_at=now,
        spectra=[_stored(one, file.sha256, at) for at, one in enumerate(file.spectra)],
    )
    session.add(new)
    session.flush()
    record(
        session, by, "attachment.add", new.code, now,
        report=report.code, sha256=file.sha256, format=file.form.name,
    )  # fmt: skip
    return new, True


def remove(session: Session, code: str, *, by: Actor, now: datetime) -> Attachment:
    """Take a file off its report; its bytes stay, out of everybody's sight.

    Raises NotFound for one `by` may not see or that is gone already, Forbidden for another's.
    """
    attachment = attachment_by_code(session, by, now.date(), code)
    _require_own(attachment.authority_id, attachment.code, by)
    attachment.removed_by, attachment.removed_at = by.label, now
    session.flush()
    record(
        session, by, "attachment.remove", attachment.code, now,
        report=attachment.report.code, sha256=attachment.sha256,
    )  # fmt: skip
    return attachment


def content_of(session: Session, attachment: Attachment) -> bytes:
    """The file as it was sent, byte for byte."""
    query = select(StoredFile).where(StoredFile.sha256 == attachment.sha256)
    stored = session.scalars(query.options(undefer(StoredFile.data))).one()
    return zlib.decompress(stored.data)


def too_large() -> Refused:
    """The error for a file beyond the limit."""
    sentence = f"the file is too large; the limit is {MOST_BYTES // 1024**2} MB"
    return Refused(sentence, (Problem("file", sentence, code="too_large"),))


def _own_standing(session: Session, code: str, by: Actor, today: date) -> Report:
    """The report of that number, which must be `by`'s own and the one that stands."""
    report = report_by_code(session, by, today, code)
    _require_own(report.authority_id, report.code, by)
    if report.superseded_at is not None:
        raise Conflict(f"{report.code} was amended since; attach to the version that stands")
    if report.type is ReportType.WITHDRAWAL:
        raise Conflict(f"{report.code} withdraws its report; there is nothing to attach to")
    return report


def _require_own(authority_id: int, code: str, by: Actor) -> None:
    if by.role not in REPORTERS or by.authority_id != authority_id:
        raise Forbidden(f"{code} is for the authority that reported it to change")


def _require_finding(report: Report, finding: int | None) -> None:
    positions = sorted({one.position for one in report.findings})
    if finding is not None and finding not in positions:
        held = ", ".join(map(str, positions)) or "none"
        text = f"{report.code} has no finding {finding}; it has: {held}"
        raise Refused(text, (Problem("finding", text),))


def _on(session: Session, report: Report) -> list[Attachment]:
    """All that was ever put on a report, in all its versions."""
    query = select(Attachment).where(
        Attachment.authority_id == report.authority_id,
        Attachment.reference == report.reference,
    )
    return list(session.scalars(query.order_by(Attachment.id)))


def _require_room(report: Report, there: list[Attachment]) -> None:
    if sum(one.removed_at is None for one in there) >= MOST_FILES:
        raise Refused(f"{report.code} has {MOST_FILES} files; take one off before adding another")
    if len(there) >= MOST_EVER:
        raise Refused(f"{report.code} has had {MOST_EVER} files; no more can be kept for it")


def _come_along(
    session: Session, attachment: Attachment, report: Report, by: Actor, now: datetime
) -> None:
    if attachment.report_id == report.id:
        return
    attachment.report_id = report.id
    session.flush()
    record(
        session, by, "attachment.carry", attachment.code, now,
        report=report.code, handling=report.handling.word,
    )  # fmt: skip


def carry(session: Session, code: str, *, by: Actor, now: datetime) -> Attachment:
    """Bring a file under the handling of the version that stands, which may be more open.

    Raises NotFound, Forbidden as `remove` does, Conflict when the report was withdrawn.
    """
    attachment = attachment_by_code(session, by, now.date(), code)
    _require_own(attachment.authority_id, attachment.code, by)
    standing = session.scalar(
        select(Report).where(
            Report.authority_id == attachment.authority_id,
            Report.reference == attachment.reference,
            Report.superseded_at.is_(None),
        )
    )
    if standing is None or standing.type is ReportType.WITHDRAWAL:
        raise Conflict(f"the report of {attachment.code} was withdrawn")
    _come_along(session, attachment, standing, by, now)
    return attachment


def _stored(spectrum: Spectrum, digest: str, at: int) -> StoredSpectrum:
    return StoredSpectrum(
        position=at,
        key=f"{digest[:20]}-{at}",
        technique=spectrum.technique,
        ion_mode=spectrum.ion_mode,
        precursor_mz=spectrum.precursor_mz,
        instrument=spectrum.instrument,
        name=spectrum.name,
        x_unit=spectrum.x_unit,
        y_unit=spectrum.y_unit,
        sticks=spectrum.sticks,
        exact=spectrum.exact,
        points=len(spectrum.x),
        x=spectrum.x.astype("<f4").tobytes(),
        y=spectrum.y.astype("<f4").tobytes(),
        essence=packed_essence(spectrum),
    )

"""Filing accepted reports: their rows, their findings, and what the laboratory should know of them.

Rows are plain dictionaries, inserted many at a time: an object for each costs more than everything
else that taking in a report does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.bulk import insert_rows, reserve_ids
from app.errors import Problem
from app.intake.grading import grade
from app.intake.identification import (
    Identified,
    Known,
    contradiction,
    look_up,
    recognise,
    settle,
    structure_of,
)
from app.intake.judging import Judged
from app.intake.models import Finding, Report, Submission
from app.intake.schema import FindingIn, ReportIn
from app.intake.words import Fate, Resolution
from app.registry.names import name_key
from app.registry.service import Meaning


@dataclass(frozen=True, slots=True)
class Recognised:
    """An accepted report, and what each of its findings was found to be."""

    judged: Judged
    sent: ReportIn
    found: list[list[Identified]]


def recognise_all(
    session: Session, judged: Sequence[Judged], authority_id: int
) -> tuple[list[Recognised], Known]:
    """What the accepted reports among these of an authority speak of; remarks are noted on them."""
    taken = [
        (one, one.report)
        for one in judged
        if one.report is not None and one.fate not in {Fate.REJECTED, Fate.UNCHANGED}
    ]
    known = look_up(
        session,
        [finding for _, sent in taken for finding in sent.findings],
        [read for one, _ in taken for read in one.read],
        authority_id,
    )
    recognised = []
    for one, sent in taken:
        found = [
            recognise(finding, read, known)
            for finding, read in zip(sent.findings, one.read, strict=True)
        ]
        one.resolutions = [part.resolution for parts in found for part in parts]
        if one.fate is Fate.ACCEPTED and Resolution.QUEUED in one.resolutions:
            one.fate = Fate.QUEUED
        one.notes += _remarks(one.row.number, sent, found, known)
        recognised.append(Recognised(one, sent, found))
    return recognised, known


def file_reports(
    session: Session,
    recognised: Sequence[Recognised],
    known: Known,
    *,
    submission: Submission,
    simulated: bool,
    now: datetime,
) -> None:
    """Store the reports and their findings; what is new to the registry becomes known to it."""
    if not recognised:
        return
    today = now.date()
    for one in recognised:
        held_back = one.sent.embargo_until and one.sent.embargo_until > today
        for finding, parts in zip(one.sent.findings, one.found, strict=True):
            settle(
                session,
                finding,
                parts,
                known,
                handling=Handling.RED if held_back else one.sent.handling,
                found_by=submission.authority_id,
                now=now,
            )
    ids = reserve_ids(session, Report, len(recognised))
    reports = []
    for one, report_id in zip(recognised, ids, strict=True):
        one.judged.held_id = report_id
        reports.append(_report(one, report_id, submission, simulated, now))
    findings = [row for one in recognised for row in _findings(one, now)]
    insert_rows(session, Report, reports)
    insert_rows(session, Finding, findings)


def _report(
    one: Recognised, report_id: int, submission: Submission, simulated: bool, now: datetime
) -> dict[str, Any]:
    sent = one.sent
    return {
        **sent.__dict__,
        "id": report_id,
        "authority_id": submission.authority_id,
        "submission_id": submission.id,
        "content_hash": one.judged.hash,
        "received_at": now,
        "superseded_at": None,
        "simulated": simulated,
        "event_date": sent.event_date.first,
        "event_end": (sent.period_end or sent.event_date).last,
        "precision": sent.event_date.precision,
    }


def _findings(one: Recognised, now: datetime) -> Iterator[dict[str, Any]]:
    for position, (sent, parts) in enumerate(zip(one.sent.findings, one.found, strict=True)):
        told = {
            **sent.__dict__,
            "id": None,
            "report_id": one.judged.held_id,
            "position": position,
            "name_key": name_key(sent.substance_name) if sent.substance_name else None,
            "structure_format": sent.structure_format if sent.structure else None,
            "techniques": [technique.value for technique in sent.techniques],
            "grade": grade(sent.confirmation, sent.techniques),
        }
        for part in parts:
            yield {
                **told,
                "component": part.component,
                "form_label": part.part.form_label if part.part else None,
                "form_inchikey": part.part.form_inchikey if part.part else None,
                "substance_id": part.substance_id,
                "resolution": part.resolution,
                "resolved_at": now if part.substance_id else None,
            }


def _remarks(
    row: int, sent: ReportIn, found: Sequence[Sequence[Identified]], known: Known
) -> Iterator[Problem]:
    """What the laboratory should know although the report was taken."""
    for number, (finding, parts) in enumerate(zip(sent.findings, found, strict=True)):
        where, name = f"findings[{number}]", finding.substance_name
        if name and (said := _of_name(name, finding, parts, known)):
            code, text = said
            yield Problem(f"{where}.substance_name", text, row, code)
        if len(parts) > 1:
            text = f"a mixture: {len(parts)} components, each counted"
            yield Problem(f"{where}.structure", text, row, "mixture")


def _of_name(
    name: str, finding: FindingIn, parts: Sequence[Identified], known: Known
) -> tuple[str, str] | None:
    """What there is to say of a name: a code and a sentence."""
    if parts[0].resolution is Resolution.QUEUED:
        return "name_queued", f'"{name}" is not a name we hold; a curator will resolve it'
    if parts[0].resolution is Resolution.GROUP_NAME:
        text = f'"{name}" means a group of substances; it counts for the group only'
        return "name_means_group", text
    ids = {part.substance_id for part in parts if part.substance_id}
    said = disagreement(finding, known.names.get(name_key(name)), ids)
    return ("name_disagrees", said) if said else None


def disagreement(finding: FindingIn, meaning: Meaning | None, found: set[int]) -> str | None:
    """How a name contradicts the structure; a name of what was found is not looked at further."""
    name, structure = finding.substance_name, structure_of(finding)
    if not name or not structure or (meaning and meaning.substance_id in found):
        return None
    blocks = contradiction(name, structure, finding.structure_format)
    if meaning and meaning.substance_id:
        said = f'"{name}" is the name of another substance'
        return f"{said}; {blocks or 'the structure was taken'}"
    return f"{blocks}; the structure was taken" if blocks else None

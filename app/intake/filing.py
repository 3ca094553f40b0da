"""Filing an accepted report: its row, its findings, and what the laboratory should know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.errors import Problem
from app.intake.grading import grade
from app.intake.identification import (
    Identified,
    Known,
    contradiction,
    identify,
    structure_of,
)
from app.intake.models import Finding, Report, Submission
from app.intake.schema import FindingIn, ReportIn
from app.intake.words import Resolution
from app.registry.names import name_key
from app.registry.service import Meaning


@dataclass(frozen=True, slots=True)
class Filed:
    """A report as it will be stored, and what each of its findings was found to be."""

    sent: ReportIn
    report: Report
    found: list[list[Identified]]
    known: Known

    @property
    def resolutions(self) -> list[Resolution]:
        """How each component of each finding found its substance."""
        return [part.resolution for parts in self.found for part in parts]


def file_report(
    session: Session, sent: ReportIn, known: Known, *, submission: Submission, now: datetime
) -> Filed:
    """Identify what was found and make the rows; the caller adds them to the session."""
    openness = sent.handling
    if sent.embargo_until and sent.embargo_until > now.date():
        openness = Handling.RED
    found = [
        identify(
            session,
            finding,
            known,
            handling=openness,
            found_by=submission.authority_id,
            now=now,
        )
        for finding in sent.findings
    ]
    plain = sent.model_dump(exclude={"event_date", "period_end", "findings"})
    report = Report(
        **plain,
        authority_id=submission.authority_id,
        submission_id=submission.id,
        received_at=now,
        event_date=sent.event_date.first,
        event_end=(sent.period_end or sent.event_date).last,
        precision=sent.event_date.precision,
        findings=_findings(sent, found, now),
    )
    return Filed(sent, report, found, known)


def remarks(row: int, filed: Filed) -> list[Problem]:
    """What the laboratory should know although the report was taken."""
    notes = []
    for number, (finding, parts) in enumerate(zip(filed.sent.findings, filed.found, strict=True)):
        where = f"findings[{number}]"
        name = finding.substance_name or ""
        meaning = filed.known.names.get(name_key(name)) if name else None
        ids = {part.substance_id for part in parts}
        if parts[0].resolution is Resolution.QUEUED:
            text = f'"{name}" is not a name we hold; a curator will resolve it'
            notes.append(Problem(f"{where}.substance_name", text, row, "name_queued"))
        elif parts[0].resolution is Resolution.GROUP_NAME:
            text = f'"{name}" means a group of substances; it counts for the group only'
            notes.append(Problem(f"{where}.substance_name", text, row, "name_means_group"))
        elif said := _disagreement(finding, meaning, ids):
            notes.append(Problem(f"{where}.substance_name", said, row, "name_disagrees"))
        if len(parts) > 1:
            text = f"a mixture: {len(parts)} components, each counted"
            notes.append(Problem(f"{where}.structure", text, row, "mixture"))
    return notes


def _disagreement(
    finding: FindingIn, meaning: Meaning | None, found: set[int | None]
) -> str | None:
    """How a name contradicts the structure; a name of what was found is not looked at further."""
    name, structure = finding.substance_name, structure_of(finding)
    if not name or not structure or (meaning and meaning.substance_id in found):
        return None
    blocks = contradiction(name, structure, finding.structure_format)
    if meaning and meaning.substance_id:
        said = f'"{name}" is the name of another substance'
        return f"{said}; {blocks or 'the structure was taken'}"
    return f"{blocks}; the structure was taken" if blocks else None


def _findings(sent: ReportIn, found: list[list[Identified]], now: datetime) -> list[Finding]:
    return [
        Finding(
            position=position,
            component=part.component,
            substance_name=finding.substance_name,
            name_key=name_key(finding.substance_name) if finding.substance_name else None,
            structure=finding.structure,
            structure_format=finding.structure_format if finding.structure else None,
            form_label=part.form_label,
            form_inchikey=part.form_inchikey,
            substance_id=part.substance_id,
            resolution=part.resolution,
            resolved_at=now if part.substance_id else None,
            role=finding.role,
            purity_percent=finding.purity_percent,
            techniques=[technique.value for technique in finding.techniques],
            confirmation=finding.confirmation,
            isomer_resolved=finding.isomer_resolved,
            grade=grade(finding.confirmation, finding.techniques),
        )
        for position, (finding, parts) in enumerate(zip(sent.findings, found, strict=True))
        for part in parts
    ]

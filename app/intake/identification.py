"""From what a finding says to the substance it means: by structure, exact name, or queued."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.errors import Problem
from app.intake.schema import FindingIn, ReportIn
from app.intake.words import Resolution
from app.registry.names import name_key
from app.registry.service import Held, Meaning, enrol, held_substances, meanings
from chem import Examination, StructureError, examine


@dataclass(frozen=True, slots=True)
class Identified:
    """One component of a finding and the substance it was found to be."""

    component: int
    substance_id: int | None
    resolution: Resolution
    form_label: str | None = None
    form_inchikey: str | None = None


@lru_cache(maxsize=8192)
def examined(structure: str, structure_format: str) -> Examination:
    """`chem.examine`, remembered: laboratories report the same few structures over and over."""
    return examine(structure, structure_format)


def unreadable(report: ReportIn, row: int) -> tuple[Problem, ...]:
    """What is wrong with the report's structures, in a chemist's words."""
    found = []
    for number, finding in enumerate(report.findings):
        if not _structure(finding):
            continue
        try:
            examined(_structure(finding), finding.structure_format)
        except StructureError as error:
            found.append(Problem(f"findings[{number}].structure", error.message, row, error.code))
    return tuple(found)


def known_names(session: Session, reports: Iterable[ReportIn]) -> dict[str, Meaning]:
    """The meaning of every name in these reports, asked for at once."""
    keys = {
        name_key(finding.substance_name or "") for report in reports for finding in report.findings
    }
    return meanings(session, keys - {""})


def known_structures(session: Session, reports: Iterable[ReportIn]) -> dict[str, Held]:
    """The substances already held among the structures in these reports, asked for at once."""
    return held_substances(
        session,
        {
            part.identity.connectivity
            for report in reports
            for finding in report.findings
            if _structure(finding)
            for part in examined(_structure(finding), finding.structure_format).components
        },
    )


def identify(
    session: Session,
    finding: FindingIn,
    names: dict[str, Meaning],
    held: dict[str, Held],
    *,
    handling: Handling,
    found_by: int,
    now: datetime,
) -> list[Identified]:
    """The substances a finding means; a mixture gives one for each component.

    A structure decides. A name alone is resolved exactly or queued, never guessed; a name that
    means a group (an isomer set, "synthetic cannabinoid") counts for the group and is not queued.
    """
    if _structure(finding):
        examination = examined(_structure(finding), finding.structure_format)
        single = len(examination.components) == 1
        return [
            Identified(
                component=number,
                substance_id=enrol(
                    session,
                    part,
                    held,
                    name=finding.substance_name if single else None,
                    handling=handling,
                    found_by=found_by,
                    now=now,
                ),
                resolution=Resolution.STRUCTURE,
                form_label=", ".join(part.salt) or None,
                form_inchikey=part.form_inchikey,
            )
            for number, part in enumerate(examination.components)
        ]
    meaning = names.get(name_key(finding.substance_name or ""))
    if meaning is None:
        return [Identified(0, None, Resolution.QUEUED)]
    if meaning.substance_id is None:
        return [Identified(0, None, Resolution.GROUP_NAME)]
    return [Identified(0, meaning.substance_id, Resolution.NAME)]


def remarks(
    report: ReportIn, found: list[list[Identified]], names: dict[str, Meaning], row: int
) -> list[Problem]:
    """What the laboratory should know although the report was taken."""
    notes = []
    for number, (finding, parts) in enumerate(zip(report.findings, found, strict=True)):
        where = f"findings[{number}]"
        name = finding.substance_name or ""
        meaning = names.get(name_key(name)) if name else None
        ids = {part.substance_id for part in parts}
        if parts[0].resolution is Resolution.QUEUED:
            text = f'"{name}" is not a name we hold; a curator will resolve it'
            notes.append(Problem(f"{where}.substance_name", text, row, "name_queued"))
        elif parts[0].resolution is Resolution.GROUP_NAME:
            text = f'"{name}" means a group of substances; it counts for the group only'
            notes.append(Problem(f"{where}.substance_name", text, row, "name_means_group"))
        elif meaning and meaning.substance_id and meaning.substance_id not in ids:
            text = f'"{name}" is the name of another substance; the structure was taken'
            notes.append(Problem(f"{where}.substance_name", text, row, "name_disagrees"))
        if len(parts) > 1:
            text = f"a mixture: {len(parts)} components, each counted"
            notes.append(Problem(f"{where}.structure", text, row, "mixture"))
    return notes


def _structure(finding: FindingIn) -> str:
    return (
        finding.structure.strip("\ufeff") if finding.structure and finding.structure.strip() else ""
    )

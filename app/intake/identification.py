"""From what a finding says to the substance it means: by structure, exact name, or queued."""

from __future__ import annotations

from collections.abc import Sequence
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
from chem.anatomy.agreement import disagreement
from chem.examine import Examined
from chem.variants import is_flat


@dataclass(frozen=True, slots=True)
class Identified:
    """One component of a finding and the substance it was found to be."""

    component: int
    substance_id: int | None
    resolution: Resolution
    form_label: str | None = None
    form_inchikey: str | None = None


@lru_cache(maxsize=4096)  # all that is ever reported; some 50 kB each
def examined(structure: str, structure_format: str) -> Examination:
    """`chem.examine`, remembered: laboratories report the same few structures over and over."""
    return examine(structure, structure_format)


def unreadable(report: ReportIn, row: int) -> tuple[Problem, ...]:
    """What is wrong with the report's structures, in a chemist's words."""
    found = []
    for number, finding in enumerate(report.findings):
        if not structure_of(finding):
            continue
        try:
            examined(structure_of(finding), finding.structure_format)
        except StructureError as error:
            found.append(Problem(f"findings[{number}].structure", error.message, row, error.code))
    return tuple(found)


@lru_cache(maxsize=8192)
def contradiction(name: str, structure: str, structure_format: str) -> str | None:
    """In which building blocks a name and a structure differ; None where nothing is sure."""
    parts = examined(structure, structure_format).components
    if len(parts) != 1:
        return None
    return disagreement(name, parts[0].parent, parts[0].classification)


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry holds of the names and structures in some reports."""

    names: dict[str, Meaning]  # by name key
    substances: dict[str, Held]  # by key; grows as new ones are enrolled


def look_up(session: Session, reports: Sequence[ReportIn]) -> Known:
    """What is known of everything these reports name, asked for at once."""
    findings = [finding for report in reports for finding in report.findings]
    keys = {name_key(finding.substance_name or "") for finding in findings}
    substance_keys = {
        part.identity.key
        for finding in findings
        if structure_of(finding)
        for part in examined(structure_of(finding), finding.structure_format).components
    }
    return Known(meanings(session, keys - {""}), held_substances(session, substance_keys))


def identify(
    session: Session,
    finding: FindingIn,
    known: Known,
    *,
    handling: Handling,
    found_by: int,
    now: datetime,
) -> list[Identified]:
    """The substances a finding means; a mixture gives one for each component.

    A structure decides; where it leaves the stereo open, the name tells which of the variants it is
    that regulators treat apart. A name alone is resolved exactly or queued, never guessed; one that
    means a group (an isomer set, "synthetic cannabinoid") counts for the group and is not queued.
    """
    meaning = known.names.get(name_key(finding.substance_name or ""))
    if structure_of(finding):
        examination = examined(structure_of(finding), finding.structure_format)
        single = len(examination.components) == 1
        return [
            Identified(
                component=number,
                substance_id=variant_told(part, meaning)
                or enrol(
                    session,
                    part,
                    known.substances,
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
    if meaning is None:
        return [Identified(0, None, Resolution.QUEUED)]
    if meaning.substance_id is None:
        return [Identified(0, None, Resolution.GROUP_NAME)]
    return [Identified(0, meaning.substance_id, Resolution.NAME)]


def variant_told(part: Examined, meaning: Meaning | None) -> int | None:
    """The variant that a name means, where the structure only leaves its stereo open."""
    if meaning is None or meaning.substance_key is None or not is_flat(part.identity.inchikey):
        return None
    is_variant = meaning.substance_key.startswith(f"{part.identity.connectivity}-")
    return meaning.substance_id if is_variant else None


def structure_of(finding: FindingIn) -> str:
    """The structure as sent, "" for none."""
    return (
        finding.structure.strip("\ufeff") if finding.structure and finding.structure.strip() else ""
    )

"""From what a finding says to the substance it means: by structure, exact name, or queued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.errors import Problem
from app.intake.recent import Recent
from app.intake.schema import FindingIn, ReportIn
from app.intake.words import Resolution
from app.registry.names import name_key
from app.registry.service import (
    VARIANT_KEY,
    Held,
    Meaning,
    counted_as,
    enrol,
    held_substances,
    meanings,
    open_up,
)
from chem import Examination, StructureError
from chem.anatomy.agreement import disagreement
from chem.examine import Examined, examine_all
from chem.variants import is_flat


@dataclass(frozen=True, slots=True)
class Part:
    """What taking in needs to remember of one component of a structure."""

    key: str
    variant: str  # stereo and isotopes too, for where a curator counts them apart
    connectivity: str
    flat: bool  # the stereo is left open
    form_label: str | None
    form_inchikey: str


@dataclass(slots=True)
class Identified:
    """One component of a finding and the substance it was found to be."""

    component: int
    substance_id: int | None
    resolution: Resolution
    part: Part | None = None


Written = tuple[str, str]  # a structure as sent, and the format it was said to be in
Read = tuple[Part, ...] | StructureError  # what was made of it

# laboratories report the same few structures over and over: what was made of each is remembered in
# short (some 500 bytes) for all that is ever reported, and in full (some 50 kB) for the latest
_SHORT: Recent[Written, Read] = Recent(50_000)
_FULL: Recent[Written, Examination] = Recent(1_000)
LONGEST_REMEMBERED = 500  # characters; a longer text is remembered by its digest


def written(finding: FindingIn) -> Written:
    """The structure of a finding; its text is empty where there is none."""
    return structure_of(finding), finding.structure_format


def read_structures(reports: Iterable[ReportIn]) -> dict[Written, Read]:
    """What is made of each structure in these reports; those not read before are read together."""
    found: dict[Written, Read] = {}
    missing: dict[str, list[str]] = {}
    for report in reports:
        for finding in report.findings:
            one = written(finding)
            if not one[0] or one in found:
                continue
            known = _SHORT.get(_remembered(*one))
            if known is None:
                missing.setdefault(one[1], []).append(one[0])
            found[one] = known if known is not None else ()
    for structure_format, texts in missing.items():
        found |= _read(texts, structure_format)
    return found


def _read(texts: Sequence[str], structure_format: str) -> Iterator[tuple[Written, Read]]:
    for text, outcome in zip(texts, examine_all(texts, structure_format), strict=True):
        key = _remembered(text, structure_format)
        short: Read
        if isinstance(outcome, StructureError):
            short = outcome
        else:
            _FULL.put(key, outcome)
            short = tuple(map(_part, outcome.components))
        _SHORT.put(key, short)
        yield (text, structure_format), short


def _remembered(text: str, structure_format: str) -> tuple[str, str]:
    if len(text) <= LONGEST_REMEMBERED:
        return text, structure_format
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), structure_format


def _part(component: Examined) -> Part:
    return Part(
        key=component.identity.key,
        variant=component.identity.inchikey[:VARIANT_KEY],
        connectivity=component.identity.connectivity,
        flat=is_flat(component.identity.inchikey),
        form_label=", ".join(component.salt) or None,
        form_inchikey=component.form_inchikey,
    )


def parts_of(text: str, structure_format: str) -> tuple[Part, ...]:
    """The components of a structure. Raises StructureError."""
    known = _SHORT.get(_remembered(text, structure_format))
    if known is None:
        ((_, known),) = _read([text], structure_format)
    if isinstance(known, StructureError):
        raise known
    return known


def examined(text: str, structure_format: str) -> Examination:
    """`chem.examine`, remembered for a while. Raises StructureError."""
    key = _remembered(text, structure_format)
    known = _FULL.get(key)
    if known is None:
        (outcome,) = examine_all([text], structure_format)
        if isinstance(outcome, StructureError):
            raise outcome
        _FULL.put(key, outcome)
        known = outcome
    return known


def unreadable(read: Sequence[Read | None], row: int) -> list[Problem]:
    """What is wrong with the structures of a report's findings, in a chemist's words."""
    return [
        Problem(f"findings[{number}].structure", found.message, row, found.code)
        for number, found in enumerate(read)
        if isinstance(found, StructureError)
    ]


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


def look_up(
    session: Session,
    findings: Iterable[FindingIn],
    read: Iterable[Read | None],
    authority_id: int | None = None,
) -> Known:
    """What is known of everything that these findings of an authority name and draw."""
    keys = {name_key(finding.substance_name) for finding in findings if finding.substance_name}
    substance_keys = {part.key for parts in read if isinstance(parts, tuple) for part in parts}
    names = meanings(session, keys - {""}, authority_id)
    return Known(names, held_substances(session, substance_keys))


def recognise(finding: FindingIn, read: Read | None, known: Known) -> list[Identified]:
    """The substances a finding means; a mixture gives one for each component.

    A structure decides; where it leaves the stereo open, the name tells which of the variants it is
    that regulators treat apart. A name alone is resolved exactly or queued, never guessed; one that
    means a group (an isomer set, "synthetic cannabinoid") counts for the group and is not queued.
    A structure that is new has no id yet; `settle` gives it one.
    """
    name = finding.substance_name
    meaning = known.names.get(name_key(name)) if name else None
    if isinstance(read, tuple):
        return [
            Identified(number, _meant(part, meaning, known.substances), Resolution.STRUCTURE, part)
            for number, part in enumerate(read)
        ]
    if meaning is None:
        return [Identified(0, None, Resolution.QUEUED)]
    if meaning.no_substance:
        return [Identified(0, None, Resolution.NOT_A_SUBSTANCE)]
    if meaning.substance_id is None:
        return [Identified(0, None, Resolution.GROUP_NAME)]
    return [Identified(0, meaning.substance_id, Resolution.NAME)]


def _meant(part: Part, meaning: Meaning | None, held: dict[str, Held]) -> int | None:
    if variant := variant_told(part, meaning):
        return variant
    found = held.get(counted_as(part.key, part.variant, held))
    return found.id if found else None


def variant_told(part: Part, meaning: Meaning | None) -> int | None:
    """The variant that a name means, where the structure only leaves its stereo open."""
    if meaning is None or meaning.substance_key is None or not part.flat:
        return None
    is_variant = meaning.substance_key.startswith(f"{part.connectivity}-")
    return meaning.substance_id if is_variant else None


def settle(
    session: Session,
    finding: FindingIn,
    found: Sequence[Identified],
    known: Known,
    *,
    handling: Handling,
    found_by: int,
    now: datetime,
) -> None:
    """Let the registry know what a finding brings: a new substance, or more openness for one."""
    name = finding.substance_name if len(found) == 1 else None
    for one in found:
        if one.part is None:
            continue
        if one.substance_id is None:
            whole = examined(structure_of(finding), finding.structure_format)
            one.substance_id = enrol(
                session,
                whole.components[one.component],
                known.substances,
                name=name,
                handling=handling,
                found_by=found_by,
                now=now,
            )
            continue
        key = counted_as(one.part.key, one.part.variant, known.substances)
        if (held := known.substances.get(key)) and held.id == one.substance_id:
            open_up(session, key, known.substances, name=name, handling=handling)


def structure_of(finding: FindingIn) -> str:
    """The structure as sent, "" for none."""
    text = finding.structure
    return text.strip("\ufeff") if text and not text.isspace() else ""

"""Which findings of a substance are to leave it, and the substance they are to mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.access.handling import Handling
from app.access.models import Authority
from app.db import LARGEST_ID, insert_new
from app.errors import Conflict, Problem, Refused, shown
from app.intake.identification import examined
from app.intake.models import Finding, Report
from app.registry.models import ActKind, Cluster, RegistryAct, Substance
from app.registry.names import name_key
from app.registry.service import VARIANT_KEY, cluster_values, substance_values
from chem import StructureError
from chem.examine import Examined
from chem.variants import is_flat

MOST_DRAWINGS = 2000  # distinct structures of one substance that are read again
MOST_REPORTS = 500
_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
_REPORT = re.compile(r"RP-([0-9]{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings of a substance are meant: those that fit everything that is said.

    `form` is the InChIKey of a form as submitted; `structure` a structure or InChIKey that the
    parent was drawn as, salts aside; `name` the name as reported; `authority` its code; `reports`
    report numbers, of which every version is taken.
    """

    form: str = ""
    structure: str = ""
    name: str = ""
    authority: str = ""
    reports: tuple[str, ...] = ()

    def told(self) -> dict[str, str]:
        """What is said, for the audit trail."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: ", ".join(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if value
        }


def which(session: Session, source: Substance, choice: Choice) -> ColumnElement[bool]:
    """The condition for these findings of `source`. Raises Refused where nothing is said."""
    if not choice.told():
        raise Refused("say which findings: by form, structure, name, authority or report numbers")
    said: list[ColumnElement[bool]] = [Finding.substance_id == source.id]
    if choice.form:
        said.append(Finding.form_inchikey == choice.form.strip().upper())
    if choice.structure:
        said.append(_drawn_as(session, source, choice.structure))
    if choice.name:
        said.append(Finding.name_key == name_key(choice.name))
    if choice.authority:
        said.append(Finding.report_id.in_(_of_authority(session, choice.authority)))
    if choice.reports:
        said.append(Finding.report_id.in_(_all_versions(choice.reports)))
    return and_(*said)


def _drawn_as(session: Session, source: Substance, structure: str) -> ColumnElement[bool]:
    """Findings whose parent was drawn just so, stereo and isotopes included, whatever the salt."""
    wanted = structure.strip().upper()
    if not _INCHIKEY.fullmatch(wanted):
        wanted = _read(structure).identity.inchikey
    drawing = (Finding.structure, Finding.structure_format, Finding.component)
    query = select(*drawing).where(
        Finding.substance_id == source.id, Finding.structure.is_not(None)
    )
    drawings = session.execute(query.distinct().limit(MOST_DRAWINGS + 1)).all()
    if len(drawings) > MOST_DRAWINGS:
        raise Refused(
            f"{source.code} was drawn in more than {MOST_DRAWINGS} ways; choose by form or name"
        )
    alike = [
        (text, written_as, component)
        for text, written_as, component in drawings
        if _inchikey(text or "", written_as, component) == wanted
    ]
    matches = [
        and_(
            Finding.structure == text,
            Finding.structure_format.is_not_distinct_from(written_as),
            Finding.component == component,
        )
        for text, written_as, component in alike
    ]
    return or_(*matches) if matches else Finding.id.is_(None)


def _inchikey(structure: str, structure_format: str | None, component: int) -> str | None:
    """The InChIKey of the parent as drawn; None for what would not be read any more."""
    try:
        parts = examined(structure, structure_format or "auto").components
    except StructureError:
        return None
    return parts[component].identity.inchikey if component < len(parts) else None


def _of_authority(session: Session, code: str) -> ColumnElement[int]:
    number = session.scalar(select(Authority.id).where(Authority.code == code.strip()))
    if number is None:
        raise _refused("authority", f'there is no authority "{shown(code, 40)}"')
    return select(Report.id).where(Report.authority_id == number).scalar_subquery()


def _all_versions(codes: tuple[str, ...]) -> ColumnElement[int]:
    """Every version of these reports."""
    if len(codes) > MOST_REPORTS:
        raise Refused(f"name at most {MOST_REPORTS} reports at once")
    numbers = []
    for code in codes:
        number = _REPORT.fullmatch(code.strip())
        if number is None or int(number[1]) > LARGEST_ID:
            raise Refused(f'"{shown(code, 20)}" is no report number; they look like RP-000042')
        numbers.append(int(number[1]))
    named = aliased(Report)
    same = select(named.authority_id, named.reference).where(named.id.in_(numbers))
    return (
        select(Report.id).where(tuple_(Report.authority_id, Report.reference).in_(same))
    ).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Sought:
    """The substance that a structure stands for: one that is held, or one to be made."""

    key: str
    part: Examined
    held: Substance | None


def sought(session: Session, source: Substance, structure: str) -> Sought:
    """What a split to this structure would lead to.

    A structure of the same connectivity as `source` stands for a variant that is counted apart:
    stereo and isotopes as drawn. Reports that draw it so count for it from then on. Raises Refused
    for a structure that says nothing apart, Conflict for one that was merged into another.
    """
    part = _read(structure)
    key = part.identity.key
    if key == source.key:
        key = part.identity.inchikey[:VARIANT_KEY]
        if is_flat(part.identity.inchikey):
            raise _refused(
                "structure",
                f"that is {source.code} itself; draw the stereochemistry or the isotope label of "
                "the variant that is to be counted apart",
            )
    held = session.scalar(select(Substance).where(Substance.key == key))
    if held is not None and held.merged_into_id is not None:
        merged = select(RegistryAct.id).where(
            RegistryAct.kind == ActKind.MERGE,
            RegistryAct.substance_id == held.id,
            RegistryAct.undone_at.is_(None),
        )
        if session.scalar(merged.limit(1)) is not None:
            raise Conflict(f"{held.code} was merged into another substance; undo the merge instead")
    return Sought(key, part, held)


def found_substance(
    session: Session,
    source: Substance,
    structure: str,
    chosen: ColumnElement[bool],
    *,
    now: datetime,
) -> tuple[Substance, bool]:
    """The substance of a structure, and whether it was made for this split."""
    wanted = sought(session, source, structure)
    held = wanted.held
    if held is None:
        reporter = _first_reporter(session, chosen)
        return _enrolled(session, wanted.part, wanted.key, reporter, now), True
    if held.merged_into_id is None:
        return held, False
    held.merged_into_id = None  # a split that was undone, made again
    session.flush()
    return held, True


def _enrolled(
    session: Session, part: Examined, key: str, found_by: int | None, now: datetime
) -> Substance:
    """A new substance, as restricted as can be until what moves to it says how open it is."""
    values = substance_values(part, name=None, handling=Handling.RED, found_by=found_by, now=now)
    if key != part.identity.key:
        identity = part.identity
        values |= {"key": key, "inchikey": identity.inchikey, "smiles": identity.smiles}
        values |= {"formula": identity.formula, "mass": identity.mass}
    insert_new(session, Cluster, **cluster_values(part, now=now))
    cluster = session.scalars(select(Cluster.id).where(Cluster.key == part.cluster_key)).one()
    insert_new(session, Substance, **values, cluster_id=cluster)
    return session.scalars(select(Substance).where(Substance.key == key)).one()


def _first_reporter(session: Session, chosen: ColumnElement[bool]) -> int | None:
    query = select(Report.authority_id).join(Finding, Finding.report_id == Report.id).where(chosen)
    return session.scalar(query.order_by(Report.received_at, Report.id).limit(1))


def _read(structure: str) -> Examined:
    """The one component of a structure. Raises Refused."""
    try:
        parts = examined(structure.strip(), "auto").components
    except StructureError as error:
        raise Refused(
            error.message, (Problem("structure", error.message, code=error.code),)
        ) from None
    if len(parts) != 1:
        raise _refused("structure", "that is a mixture; give the structure of one substance")
    return parts[0]


def _refused(field: str, message: str) -> Refused:
    return Refused(message, (Problem(field, message),))

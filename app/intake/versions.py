"""A report against what is held of it: sent again, corrected, taken back, or in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Select, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased, selectinload

from app.db import one_of, one_of_those
from app.intake.differences import differences, told
from app.intake.judging import Judged
from app.intake.models import Report
from app.intake.resending import as_sent
from app.intake.schema import ReportIn
from app.intake.words import Fate, ReportType

# of each reference: each version's content hash, and its id where it is stored already
Versions = dict[str, dict[int, tuple[str, int | None]]]

MOST_EXPLAINED = 100  # conflicts of one chunk
REPLACING = (Fate.AMENDED, Fate.WITHDRAWN)


def held_versions(session: Session, authority_id: int, judged: Sequence[Judged]) -> Versions:
    """What is held under the references of these reports."""
    references = {j.report.reference for j in judged if j.report and j.fate is Fate.ACCEPTED}
    held: Versions = {}
    connection = session.connection()
    asked = {"authority": authority_id, "references": list(references)}
    for reference, version, digest, report_id in connection.execute(
        _held(connection.dialect), asked
    ):
        held.setdefault(reference, {})[version] = (digest, report_id)
    return held


@lru_cache(maxsize=8)
def _held(dialect: Dialect) -> Select[Any]:
    """Built once and without objects: it is asked of every chunk of every submission."""
    report = Report.__table__.c
    return select(report.reference, report.version, report.content_hash, report.id).where(
        report.authority_id == bindparam("authority"),
        one_of_those(dialect, report.reference, "references"),
    )


def compare(judged: Sequence[Judged], held: Versions) -> None:
    """Same version and content is a no-op, other content a conflict, a higher version an amendment.

    `held` takes in what these reports add to it, so that they are compared with each other too.
    """
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
        one.contradicts = same[1]
        text = f"version {report.version} of {report.reference} is held with other content"
        one.reject("version", f"{text}; send a correction as version {newest + 1}")
    elif report.version < newest:
        one.reject("version", f"version {newest} of {report.reference} is held already")
    elif report.type is ReportType.WITHDRAWAL and not known:
        one.reject("reference", f"there is no report {report.reference} to withdraw")
    elif report.type is ReportType.WITHDRAWAL:
        one.fate = Fate.WITHDRAWN
    elif known:
        one.fate = Fate.AMENDED


def explain(session: Session, judged: Sequence[Judged]) -> None:
    """Say of conflicts with what is held in which fields they differ."""
    conflicts = {one.contradicts: one for one in judged if one.contradicts and one.report}
    some = list(conflicts)[:MOST_EXPLAINED]
    if not some:
        return
    query = select(Report).where(Report.id.in_(some)).options(selectinload(Report.findings))
    for held in session.scalars(query):
        one = conflicts[held.id]
        if one.report is None:
            continue
        found = told(differences(as_sent(held), one.report))
        (note,) = one.notes
        if found:
            text = note.message.replace("other content", f"other content ({found})", 1)
            one.notes = [replace(note, message=text)]


def supersede(session: Session, authority_id: int, judged: Sequence[Judged], now: datetime) -> None:
    """The newest version of each report that was replaced ends the time of those before it."""
    replaced = {j.report.reference for j in judged if j.report and j.fate in REPLACING}
    if not replaced:
        return
    later = aliased(Report)
    newest = (
        select(func.max(later.version))
        .where(later.authority_id == Report.authority_id, later.reference == Report.reference)
        .scalar_subquery()
    )
    session.execute(
        update(Report)
        .where(
            Report.authority_id == authority_id,
            one_of(session, Report.reference, replaced),
            Report.superseded_at.is_(None),
            Report.version < newest,
        )
        .values(superseded_at=now)
        .execution_options(synchronize_session=False)
    )

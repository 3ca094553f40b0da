"""Single events that rules look at one by one: recent harms, and seizures with their quantities."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.intake.models import Report
from app.intake.words import CausalRole, EventKind, PhysicalForm, ReportType, Unit
from app.surveillance.sightings import HARMS, known_reports

GRAMS = {Unit.KG: 1000.0, Unit.G: 1.0, Unit.MG: 0.001}  # weights alone are compared


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of one substance, as it was known; `until` is its last day."""

    substance_id: int
    report: str  # its number: RP-000042
    country: str
    kind: EventKind
    day: date
    until: date
    level: Handling
    confirmed: bool
    simulated: bool
    cases: int
    causal_role: CausalRole | None
    form: PhysicalForm | None
    grams: float | None  # where a weight was given


def harms(session: Session, *, as_of: date, since: date) -> list[Occurrence]:
    """Deaths and acute poisonings whose last day is `since` or later, by day."""
    recent = select(Report.id).where(Report.event_end >= since, Report.event_kind.in_(HARMS))
    return _occurrences(session, as_of, recent)


def weighed_since(session: Session, *, as_of: date, since: date) -> set[int]:
    """The watched substances of which a weight was seized on `since` or later."""
    recent = select(Report.id).where(Report.event_end >= since, *_WEIGHED)
    return {one.substance_id for one in _occurrences(session, as_of, recent)}


def weighed(
    session: Session, *, as_of: date, substances: Collection[int]
) -> dict[int, list[Occurrence]]:
    """All seizures of a weight of these substances, by day."""
    found: dict[int, list[Occurrence]] = {number: [] for number in substances}
    if not found:
        return found
    for one in _occurrences(session, as_of, select(Report.id).where(*_WEIGHED), substances):
        found[one.substance_id].append(one)
    return found


_WEIGHED = (
    Report.event_kind == EventKind.SEIZURE,
    Report.type == ReportType.EVENT,
    Report.quantity > 0,
    Report.unit.in_(GRAMS),
)


def _occurrences(
    session: Session, as_of: date, among: Select[int], substances: Collection[int] | None = None
) -> list[Occurrence]:
    known = known_reports(session, as_of, among=lambda number: number.in_(among))
    query = (
        select(known)
        .where(known.c.type == ReportType.EVENT)
        .order_by(known.c.event_date, known.c.report_id)
    )
    if substances is not None:
        query = query.where(known.c.substance_id.in_(substances))
    return list(_read(session.execute(query).mappings()))


def _read(rows: Iterable[Mapping[Any, Any]]) -> Iterable[Occurrence]:
    for row in rows:
        weight = GRAMS.get(row["unit"])
        yield Occurrence(
            substance_id=row["substance_id"],
            report=f"RP-{row['report_id']:06d}",
            country=row["country"],
            kind=row["event_kind"],
            day=row["event_date"],
            until=row["event_end"],
            level=Handling(row["level"]),
            confirmed=bool(row["confirmed"]),
            simulated=bool(row["simulated"]),
            cases=row["count"],
            causal_role=row["causal_role"],
            form=row["physical_form"],
            grams=row["quantity"] * weight if weight and row["quantity"] else None,
        )

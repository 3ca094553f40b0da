"""Single events that rules look at one by one: recent harms, and seizures with their quantities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import ColumnElement, and_

from app.access.handling import Handling
from app.intake.models import Report, report_code
from app.intake.words import CausalRole, EventKind, PhysicalForm, ReportType, Unit
from app.surveillance.arrays import FORMS, KINDS, ROLES, Records

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


def weighed() -> ColumnElement[bool]:
    """Whether a report is of a seizure whose weight is told."""
    return and_(
        Report.event_kind == EventKind.SEIZURE,
        Report.type == ReportType.EVENT,
        Report.quantity > 0,
        Report.unit.in_(GRAMS),
    )


def occurrences(rows: Records) -> Iterator[Occurrence]:
    """Records of single events (`arrays.SINGLE`) as what they are, by day and number."""
    ordered = rows[np.lexsort([rows["report"], rows["first"]])]
    columns = (ordered[name].tolist() for name in _FIELDS)
    for (
        number,
        report,
        country,
        kind,
        day,
        until,
        level,
        sure,
        made_up,
        cases,
        role,
        form,
        g,
    ) in zip(*columns, strict=True):
        yield Occurrence(
            substance_id=number,
            report=report_code(report),
            country=country.decode(),
            kind=KINDS[kind],
            day=date.fromordinal(day),
            until=date.fromordinal(until),
            level=Handling(level),
            confirmed=bool(sure),
            simulated=bool(made_up),
            cases=cases,
            causal_role=ROLES[role] if role < len(ROLES) else None,
            form=FORMS[form] if form < len(FORMS) else None,
            grams=g or None,
        )


_FIELDS = (
    "substance", "report", "country", "kind", "first", "end", "level", "confirmed", "simulated",
    "cases", "role", "form", "grams",
)  # fmt: skip

"""Reading reports as cases: only what is compared, and no object per stored row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.intake.duplicates.cases import Case, CaseKey
from app.intake.models import Finding, Report
from app.intake.sight import current
from app.intake.words import Precision, ReportType
from app.registry.models import Standing, Substance

T = TypeVar("T")

AT_ONCE = 400  # keys in one statement

_COMPARED = (
    Report.id,
    Report.authority_id,
    Report.reference,
    Report.event_kind,
    Report.country,
    Report.event_date,
    Report.precision,
    Report.received_at,
    Report.simulated,
    Report.origin,
    Report.transit,
    Report.destination,
    Report.subdivision,
    Report.quantity,
    Report.unit,
    Report.physical_form,
    Report.matrix,
    Report.age_band,
    Report.sex,
    Report.outcome,
)
# what else makes a record complete
_TOLD = (
    Report.agency,
    Report.trace,
    Report.sold_as,
    Report.causal_role,
    Report.route,
    Report.concentration,
)


@dataclass(frozen=True, slots=True)
class Sighted:
    """A case with what decides which others it is compared with."""

    case: Case
    new: bool
    day: date  # the first day of an event dated by its month
    simulated: bool
    elsewhere: frozenset[str]  # origin, transit, destination
    keys: frozenset[str]  # substances it may meet others by: cutting agents are in everything


def comparable_reports() -> ColumnElement[bool]:
    """Single events as they stand, dated to the month or better: a year says too little."""
    return and_(current(), Report.type == ReportType.EVENT, Report.precision != Precision.YEAR)


def sighted(
    session: Session, wanted: ColumnElement[bool], new: ColumnElement[bool] | None = None
) -> Iterator[Sighted]:
    """The comparable reports that are wanted, in the order of their numbers."""
    is_new = literal(False) if new is None else new
    found = (
        select(
            *_COMPARED,
            *_TOLD,
            is_new.label("is_new"),
            Finding.substance_id,
            Finding.name_key,
            Substance.standing,
        )
        .join(Finding, Finding.report_id == Report.id)
        .outerjoin(Substance, Substance.id == Finding.substance_id)
        .where(comparable_reports(), wanted)
        .order_by(Report.id)
    )
    for _, rows in groupby(session.execute(found), key=lambda row: row.id):
        yield _sighted(list(rows))


def cases_of(session: Session, keys: Iterable[CaseKey]) -> dict[CaseKey, Case]:
    """The reports of these cases in their newest version; those withdrawn are not in it."""
    return {
        seen.case.key: seen.case
        for some in portions(sorted(set(keys)))
        for seen in sighted(session, among(Report.authority_id, Report.reference, some))
    }


def among(
    authority_id: InstrumentedAttribute[int],
    reference: InstrumentedAttribute[str],
    keys: Iterable[CaseKey],
) -> ColumnElement[bool]:
    """Whether a row is of one of these cases."""
    return tuple_(authority_id, reference).in_([tuple(key) for key in keys])


def portions(items: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The items, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _sighted(rows: list[Any]) -> Sighted:
    first = rows[0]
    substances = {
        _key(row.substance_id, row.name_key): row.standing is not Standing.ADULTERANT
        for row in rows
        if row.substance_id or row.name_key
    }
    told = first[3 : len(_COMPARED) + len(_TOLD)]
    case = Case(
        report_id=first.id,
        key=CaseKey(first.authority_id, first.reference),
        kind=first.event_kind,
        country=first.country,
        day=first.event_date if first.precision is Precision.DAY else None,
        substances=frozenset(substances),
        received_at=first.received_at,
        filled=sum(value is not None for value in told) + len(rows),
        subdivision=first.subdivision,
        quantity=first.quantity,
        unit=first.unit,
        form=first.physical_form,
        matrix=first.matrix,
        age=first.age_band,
        sex=first.sex,
        outcome=first.outcome,
    )
    places = {first.origin, first.transit, first.destination} - {None, first.country}
    return Sighted(
        case=case,
        new=bool(first.is_new),
        day=first.event_date,
        simulated=first.simulated,
        elsewhere=frozenset(places),
        keys=frozenset(key for key, meets in substances.items() if meets),
    )


def _key(substance_id: int | None, name_key: str | None) -> str:
    return f"s{substance_id}" if substance_id else f"n{name_key}"

"""The queue of names that nobody has resolved, and what was decided about names.

Every query keeps to the reports that the reader may see one by one (app.intake.sight).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    desc,
    distinct,
    func,
    select,
)
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.access.models import Authority
from app.access.roles import Actor
from app.db import Page, id_of
from app.intake.curation import decisions_for
from app.intake.models import Finding, Report
from app.intake.sight import current, rows_for
from app.intake.words import EventKind, Resolution
from app.registry.models import NameDecision
from app.registry.names import name_key

WIDESPREAD = 2  # countries; the same unknown name from two may be the new substance itself
FORMS_SHOWN = 5


class Order(StrEnum):
    """How the queue is sorted, after the names that several countries report."""

    WIDEST = "widest"
    MOST = "most"
    OLDEST = "oldest"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class QueuedName:
    """A name nobody has resolved yet, as the reports that bear it write it."""

    key: str
    written: str
    findings: int
    reports: int
    countries: int
    first_received: datetime
    most_open: Handling  # of the reports that bear it
    forms: tuple[str, ...] = ()  # the most frequent spellings, the first is `written`
    kinds: dict[EventKind, int] = field(default_factory=dict)  # reports
    authorities: tuple[tuple[str, int], ...] = ()  # code and id

    @property
    def widespread(self) -> bool:
        """Whether several countries report it: NEW_UNKNOWN, an alert for curators."""
        return self.countries >= WIDESPREAD


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many names wait, and how many of them several countries report."""

    names: int
    widespread: int


def queued_names(
    session: Session,
    actor: Actor,
    today: date,
    *,
    text: str | None = None,
    key: str | None = None,
    kind: EventKind | None = None,
    widespread: bool = False,
    order: Order = Order.WIDEST,
    after: str | None = None,
    limit: int = 50,
) -> Page[QueuedName]:
    """Names waiting for a curator, those of several countries first.

    `after` is how many to skip: figures move while one reads.
    """
    countries, findings = func.count(distinct(Report.country)), func.count(Finding.id)
    first = func.min(Report.received_at)
    openness = effective_handling(Report.handling, Report.embargo_until, today)
    query = (
        select(
            Finding.name_key,
            func.min(Finding.substance_name),
            findings,
            func.count(distinct(Report.id)),
            countries,
            first,
            func.min(openness),
        )
        .join(Report)
        .where(_waiting(actor, today))
        .group_by(Finding.name_key)
    )
    if text and name_key(text):
        query = query.where(Finding.name_key.contains(name_key(text), autoescape=True))
    if key is not None:
        query = query.where(Finding.name_key == key)
    if kind:
        query = query.having(func.sum(case((Report.event_kind == kind, 1), else_=0)) > 0)
    if widespread:
        query = query.having(countries >= WIDESPREAD)
    sorting: dict[Order, tuple[Any, ...]] = {
        Order.WIDEST: (desc(countries), desc(findings)),
        Order.MOST: (desc(findings),),
        Order.OLDEST: (first.asc(),),
        Order.NEWEST: (first.desc(),),
    }
    skipped = id_of(after) or 0
    query = query.order_by(
        case((countries >= WIDESPREAD, 0), else_=1), *sorting[order], Finding.name_key
    )
    rows = session.execute(query.offset(skipped).limit(limit + 1)).all()
    names = [
        QueuedName(key or "", written or "", found, sent, wide, since, Handling(most_open))
        for key, written, found, sent, wide, since, most_open in rows[:limit]
    ]
    more = str(skipped + limit) if len(rows) > limit else None
    return Page(_told(session, actor, today, names), more)


def waiting(session: Session, actor: Actor, today: date) -> Waiting:
    """How much waits for a curator."""
    by_name = (
        select(func.count(distinct(Report.country)).label("countries"))
        .select_from(Finding)
        .join(Report)
        .where(_waiting(actor, today))
        .group_by(Finding.name_key)
        .subquery()
    )
    wide = func.sum(case((by_name.c.countries >= WIDESPREAD, 1), else_=0))
    names, widespread = session.execute(select(func.count(), wide).select_from(by_name)).one()
    return Waiting(names, int(widespread or 0))


def clear_form(session: Session, actor: Actor, today: date, key: str) -> str | None:
    """How a report that is for everybody writes a waiting name; None when none such bears it."""
    openness = effective_handling(Report.handling, Report.embargo_until, today)
    return session.scalar(
        select(Finding.substance_name)
        .join(Report)
        .where(_waiting(actor, today), Finding.name_key == key, openness == int(Handling.CLEAR))
        .order_by(Finding.id)
        .limit(1)
    )


def decisions(
    session: Session, actor: Actor, *, after: str | None = None, limit: int = 20
) -> Page[tuple[NameDecision, str | None]]:
    """What was decided about names, newest first, with the code of the authority it counts for."""
    query = (
        select(NameDecision, Authority.code)
        .outerjoin(Authority, Authority.id == NameDecision.authority_id)
        .where(decisions_for(actor))
        .order_by(NameDecision.id.desc())
    )
    if (last := id_of(after)) is not None:
        query = query.where(NameDecision.id < last)
    found: list[tuple[NameDecision, str | None]] = [
        (decision, code) for decision, code in session.execute(query.limit(limit + 1))
    ]
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1][0].id))


def _waiting(actor: Actor, today: date) -> ColumnElement[bool]:
    """Findings that wait, in reports that stand and that the actor may see (`ix_finding_queue`)."""
    return and_(Finding.resolution == Resolution.QUEUED, current(), rows_for(actor, today))


def _told(session: Session, actor: Actor, today: date, names: list[QueuedName]) -> list[QueuedName]:
    """These names with their spellings, kinds of event and authorities: one query for each."""
    here = and_(_waiting(actor, today), Finding.name_key.in_([name.key for name in names]))
    forms: dict[str | None, list[str]] = {}
    for key, form in session.execute(_forms(here)):
        forms.setdefault(key, []).append(form)
    kinds: dict[str | None, dict[EventKind, int]] = {}
    for key, kind, number in session.execute(
        select(Finding.name_key, Report.event_kind, func.count(distinct(Report.id)))
        .join(Report)
        .where(here)
        .group_by(Finding.name_key, Report.event_kind)
        .order_by(Report.event_kind)
    ):
        kinds.setdefault(key, {})[kind] = number
    senders: dict[str | None, list[tuple[str, int]]] = {}
    for key, code, number in session.execute(
        select(Finding.name_key, Authority.code, Authority.id)
        .join(Report, Report.id == Finding.report_id)
        .join(Authority, Authority.id == Report.authority_id)
        .where(here)
        .distinct()
        .order_by(Authority.code)
    ):
        senders.setdefault(key, []).append((code, number))
    return [
        QueuedName(
            name.key, forms[name.key][0], name.findings, name.reports, name.countries,
            name.first_received, name.most_open, tuple(forms[name.key]), kinds[name.key],
            tuple(senders[name.key]),
        )
        for name in names
    ]  # fmt: skip


def _forms(here: ColumnElement[bool]) -> Select[Any, Any]:
    """The most frequent spellings of each name, so many that a page can hold them."""
    place = func.row_number().over(
        partition_by=Finding.name_key, order_by=(func.count().desc(), Finding.substance_name)
    )
    counted = (
        select(Finding.name_key, Finding.substance_name, place.label("place"))
        .join(Report)
        .where(here)
        .group_by(Finding.name_key, Finding.substance_name)
        .subquery()
    )
    return (
        select(counted.c.name_key, counted.c.substance_name)
        .where(counted.c.place <= FORMS_SHOWN)
        .order_by(counted.c.name_key, counted.c.place)
    )

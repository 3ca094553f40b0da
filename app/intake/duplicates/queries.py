"""Reading pairs and groups back, for those who may see both reports one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.access.handling import Handling
from app.access.models import Authority
from app.access.roles import SECRETARIAT, Actor
from app.db import Page, id_of
from app.errors import NotFound
from app.intake.duplicates.cases import CaseKey
from app.intake.duplicates.models import (
    DuplicateGroup,
    DuplicateMember,
    DuplicatePair,
    PairStatus,
)
from app.intake.models import Finding, Report
from app.intake.sight import may_enter, reports_of, rows_for, still_open_to
from app.intake.words import ReportType

_CODE = re.compile(r"DP-([0-9]{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Counted:
    """A group as one reader may know it: its reports they may see, the counted one first."""

    group: DuplicateGroup
    reports: tuple[Report, ...]
    pair: str | None = None  # the code of a pair, for the secretariat

    def counts(self, report: Report) -> bool:
        """Whether it is this report, in whatever version, that is counted."""
        return _case(report) == _case(self.reports[0])

    def beside(self, report: Report) -> list[Report]:
        """The others."""
        return [other for other in self.reports if _case(other) != _case(report)]


def pairs(
    session: Session,
    actor: Actor,
    today: date,
    *,
    status: PairStatus = PairStatus.PROPOSED,
    authority: str | None = None,
    substance_id: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[DuplicatePair]:
    """Pairs of reports that `actor` may both see, the heaviest first.

    One that waits for a decision is listed once it has been compared in the newest versions.
    Reads through `ix_duplicate_pair_queue`.
    """
    first, second = aliased(Report), aliased(Report)
    query = _seen(actor, today, first, second).where(DuplicatePair.status == status)
    if status is PairStatus.PROPOSED:
        query = query.where(*_as_they_stand(first, second))
    if authority:
        home = select(Authority.id).where(Authority.code == authority)
        query = query.where(or_(first.authority_id.in_(home), second.authority_id.in_(home)))
    if substance_id is not None:
        found = reports_of(substance_id)
        query = query.where(or_(first.id.in_(found), second.id.in_(found)))
    if (last := id_of(after)) is not None:
        weight = select(DuplicatePair.weight).where(DuplicatePair.id == last).scalar_subquery()
        query = query.where(
            or_(
                DuplicatePair.weight < weight,
                and_(DuplicatePair.weight == weight, DuplicatePair.id > last),
            )
        )
    query = query.order_by(DuplicatePair.weight.desc(), DuplicatePair.id).limit(limit + 1)
    found_pairs = list(session.scalars(query))
    if len(found_pairs) <= limit:
        return Page(found_pairs)
    return Page(found_pairs[:limit], str(found_pairs[limit - 1].id))


def waiting(session: Session, actor: Actor, today: date) -> int:
    """How many pairs wait for a decision that `actor` could make."""
    first, second = aliased(Report), aliased(Report)
    return _proposed(
        session, first, second,
        *_as_they_stand(first, second),
        rows_for(actor, today, first),
        rows_for(actor, today, second),
    )  # fmt: skip


def pair_by_code(session: Session, actor: Actor, today: date, code: str) -> DuplicatePair:
    """One pair. Raises NotFound, also when `actor` may not see both reports."""
    number = _CODE.fullmatch(code)
    first, second = aliased(Report), aliased(Report)
    query = _seen(actor, today, first, second).where(
        DuplicatePair.id == (id_of(number[1]) if number else -1)
    )
    pair = session.scalar(query)
    if pair is None:
        raise NotFound(f"there is no pair {code} that you may see")
    return pair


def counted_with(session: Session, actor: Actor, today: date, report: Report) -> Counted | None:
    """The group a report stands in, as far as `actor` may see it; None where no other is theirs."""
    mine = aliased(DuplicateMember)
    query = (
        select(Report, DuplicateMember.place)
        .join(DuplicateMember, _is_case(DuplicateMember, Report))
        .join(mine, mine.group_id == DuplicateMember.group_id)
        .where(
            mine.authority_id == report.authority_id,
            mine.reference == report.reference,
            mine.until.is_(None),
            DuplicateMember.until.is_(None),
            Report.superseded_at.is_(None),
            Report.type == ReportType.EVENT,
            rows_for(actor, today),
        )
        .options(selectinload(Report.findings).selectinload(Finding.substance))
        .add_columns(DuplicateMember.group_id)
    )
    rows = sorted(session.execute(query), key=lambda row: (_level(row[0], today), row[1]))
    if len(rows) < 2:
        return None
    reports = tuple(row[0] for row in rows)
    group = session.get_one(DuplicateGroup, rows[0][2])
    linked = _pair_between(session, reports) if actor.role in SECRETARIAT else None
    return Counted(group, reports, linked)


def undecided(session: Session, actor: Actor, today: date, substance_id: int) -> int:
    """Pairs that may be one event and nobody has decided, both in the reader's figures."""
    first, second = aliased(Report), aliased(Report)
    found = reports_of(substance_id)
    return _proposed(
        session, first, second,
        may_enter(first, actor, today),
        may_enter(second, actor, today),
        first.id.in_(found),
        second.id.in_(found),
    )  # fmt: skip


def _proposed(
    session: Session, first: type[Report], second: type[Report], *such: ColumnElement[bool]
) -> int:
    """How many proposed pairs are such, of the reports `first` and `second`."""
    query = (
        select(func.count(DuplicatePair.id))
        .join(first, first.id == DuplicatePair.first_id)
        .join(second, second.id == DuplicatePair.second_id)
        .where(DuplicatePair.status == PairStatus.PROPOSED, *such)
    )
    return session.scalar(query) or 0


def _seen(
    actor: Actor, today: date, first: type[Report], second: type[Report]
) -> Select[DuplicatePair]:
    """Pairs whose reports `actor` may both see, in the versions compared and as they are now."""
    findings = selectinload(Report.findings).selectinload(Finding.substance)
    return (
        select(DuplicatePair)
        .join(first, DuplicatePair.first)
        .join(second, DuplicatePair.second)
        .where(
            *(rows_for(actor, today, side) for side in (first, second)),
            *(still_open_to(actor, today, side) for side in (first, second)),
        )
        .options(
            selectinload(DuplicatePair.first).options(findings),
            selectinload(DuplicatePair.second).options(findings),
        )
    )


def _as_they_stand(first: type[Report], second: type[Report]) -> tuple[ColumnElement[bool], ...]:
    return first.superseded_at.is_(None), second.superseded_at.is_(None)


def _case(report: Report) -> CaseKey:
    return CaseKey(report.authority_id, report.reference)


def _is_case(member: type[DuplicateMember], report: type[Report]) -> ColumnElement[bool]:
    return and_(member.authority_id == report.authority_id, member.reference == report.reference)


def _level(report: Report, today: date) -> int:
    """The handling that counts today, as `app.intake.duplicates.counting` orders members."""
    held = report.embargo_until is not None and report.embargo_until > today
    return int(Handling.RED if held else report.handling)


def _pair_between(session: Session, reports: tuple[Report, ...]) -> str | None:
    ids = [report.id for report in reports]
    pair = session.scalar(
        select(DuplicatePair)
        .where(DuplicatePair.first_id.in_(ids), DuplicatePair.second_id.in_(ids))
        .order_by(DuplicatePair.weight.desc())
        .limit(1)
    )
    return pair.code if pair else None

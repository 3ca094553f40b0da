"""Writing pairs down, and what a correction does to one that is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.roles import SYSTEM
from app.access.service import record
from app.intake.duplicates.cases import Case, CaseKey, comparable
from app.intake.duplicates.models import LINKED, DuplicatePair, PairStatus
from app.intake.duplicates.reading import cases_of
from app.intake.duplicates.scoring import Comparison, Verdict, compare

Pair = tuple[CaseKey, CaseKey]


@dataclass(frozen=True, slots=True)
class Scored:
    """Two cases and how they compare."""

    one: Case
    other: Case
    comparison: Comparison

    @property
    def ordered(self) -> tuple[Case, Case]:
        """The two, the smaller key first: a pair is held once."""
        return (self.one, self.other) if self.one.key < self.other.key else (self.other, self.one)

    @property
    def cases(self) -> Pair:
        """The keys of the two, the smaller first."""
        first, second = self.ordered
        return first.key, second.key


@dataclass(slots=True)
class Kept:
    """What became of the pairs of a chunk."""

    proposed: int = 0
    linked: int = 0
    touched: set[CaseKey] = field(default_factory=set)  # reports whose links may have changed


def keep(
    session: Session,
    scored: Mapping[Pair, Scored],
    held: Mapping[Pair, DuplicatePair],
    *,
    now: datetime,
) -> Kept:
    """Hold the pairs that are not held yet."""
    kept = Kept()
    for cases, pair in scored.items():
        if cases in held:
            continue
        row = new_pair(pair, now=now)
        session.add(row)
        if row.status is PairStatus.AUTO:
            kept.linked += 1
            kept.touched.update(cases)
        else:
            kept.proposed += 1
    session.flush()
    return kept


def new_pair(pair: Scored, *, now: datetime) -> DuplicatePair:
    """A pair as it is first held."""
    first, second = pair.ordered
    linked = pair.comparison.verdict is Verdict.LINK
    return DuplicatePair(
        first_authority_id=first.key.authority_id,
        first_reference=first.key.reference,
        second_authority_id=second.key.authority_id,
        second_reference=second.key.reference,
        first_id=first.report_id,
        second_id=second.report_id,
        weight=pair.comparison.weight,
        evidence=pair.comparison.as_dict(),
        method=pair.comparison.method,
        status=PairStatus.AUTO if linked else PairStatus.PROPOSED,
        found_at=now,
        compared_at=now,
    )


def lapse_or_renew(
    session: Session,
    held: Mapping[Pair, DuplicatePair],
    scored: Mapping[Pair, Scored],
    *,
    now: datetime,
) -> set[CaseKey]:
    """Compare held pairs again after a correction; the reports whose links may have changed."""
    cases = cases_of(session, {key for pair in held.values() for key in pair.cases})
    touched: set[CaseKey] = set()
    for keys, row in held.items():
        one, other = cases.get(keys[0]), cases.get(keys[1])
        before = row.status
        if one is None or other is None:
            _lapse(session, row, now=now)
        elif keys in scored:
            _renew(session, row, scored[keys], now=now)
        else:
            _renew(session, row, Scored(one, other, compare(one, other)), now=now)
        if before in LINKED or row.status in LINKED:
            touched.update(keys)
    return touched


def _lapse(session: Session, row: DuplicatePair, *, now: datetime) -> None:
    """One of the two was withdrawn. That they were told apart is remembered."""
    if row.status not in (PairStatus.REJECTED, PairStatus.LAPSED):
        _change(session, row, PairStatus.LAPSED, now=now)


def _renew(session: Session, row: DuplicatePair, pair: Scored, *, now: datetime) -> None:
    """What a person confirmed stays confirmed; what a person told apart stays so, unless what was
    compared has changed."""
    before, comparison = row.evidence["fields"], pair.comparison
    first, second = pair.ordered
    row.first_id, row.second_id = first.report_id, second.report_id
    row.weight, row.evidence = comparison.weight, comparison.as_dict()
    row.method, row.compared_at = comparison.method, now
    changed = [f["level"] for f in before] != [f["level"] for f in row.evidence["fields"]]
    if row.status is PairStatus.CONFIRMED or (row.status is PairStatus.REJECTED and not changed):
        return
    became = _status(row, pair)
    if became is not row.status:
        _change(session, row, became, now=now)


def _status(row: DuplicatePair, pair: Scored) -> PairStatus:
    verdict = pair.comparison.verdict
    if verdict is Verdict.DISTINCT or not _may_be_one(pair):
        told_apart = row.status is PairStatus.REJECTED
        return PairStatus.REJECTED if told_apart else PairStatus.LAPSED
    handled = row.decided_at is not None or row.undone_at is not None
    if verdict is Verdict.LINK and not handled:
        return PairStatus.AUTO
    return PairStatus.PROPOSED


def _may_be_one(pair: Scored) -> bool:
    """Still of a substance that both found, and of like kind."""
    return comparable(pair.one, pair.other) and bool(pair.one.substances & pair.other.substances)


def _change(session: Session, row: DuplicatePair, status: PairStatus, *, now: datetime) -> None:
    """A correction changed what is held of a pair, which is said on the audit trail."""
    was, row.status = row.status, status
    record(session, SYSTEM, "duplicates.follow", row.code, now, was=was, became=status)

"""Handling a report anew: a focal point releases it or holds it back, without a new version.

The report is handled as it was told last; each change stays on record with what was before, so that
how a report was handled on any past day can be answered. A release widens who may see a report and
gives its reason. The laboratory's next version states its own handling, and what the focal point
narrowed it does not widen again: see `floors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import Handling
from app.access.roles import Actor, Role
from app.access.service import record
from app.db import take_turns
from app.errors import Conflict, Forbidden, Problem, Refused
from app.intake.judging import Judged
from app.intake.models import HandlingChange, Report
from app.intake.openness import settle_openness
from app.intake.schema import ReportIn
from app.intake.versions import REPLACING
from app.intake.words import ReportType

LONGEST_REASON = 500
KEPT_BY = "focal point"
KEPT = "kept as narrow as the focal point left the version before"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a report is handled: its level, and until when it is held at red."""

    handling: Handling
    embargo_until: date | None = None

    def wider_than(self, other: Manner) -> bool:
        """Whether somebody may see the report that could not, now or at some time before."""
        earliest = date.min
        return self.handling < other.handling or (self.embargo_until or earliest) < (
            other.embargo_until or earliest
        )

    def at_least(self, floor: Manner) -> Manner:
        """No wider than `floor` in either respect."""
        until = [day for day in (self.embargo_until, floor.embargo_until) if day]
        return Manner(max(self.handling, floor.handling), max(until, default=None))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to change: the level (None leaves it), the embargo (`embargo` False leaves it)."""

    handling: Handling | None = None
    embargo: bool = False
    embargo_until: date | None = None

    def for_(self, now: Manner) -> Manner:
        """How something handled like this is handled then."""
        until = self.embargo_until if self.embargo else now.embargo_until
        return Manner(now.handling if self.handling is None else self.handling, until)


def manner_of(report: Report) -> Manner:
    """How it is handled now."""
    return Manner(report.handling, report.embargo_until)


def may_rehandle(by: Actor, report: Report) -> bool:
    """Only the focal point of the authority that reported it."""
    return by.role is Role.FOCAL_POINT and by.authority_id == report.authority_id


def rehandle(
    session: Session, chosen: Sequence[Report], wish: Wish, *, by: Actor, reason: str, now: datetime
) -> list[Report]:
    """Handle these reports anew, all or none; those for which that changes anything.

    Raises Forbidden for anybody but the focal point of their authority, Conflict for a version that
    no longer stands, Refused for an embargo that is over or a release without its reason.
    """
    _wait_for_intake(session, chosen)
    for report in chosen:
        _refuse_others(report, by)
    changes = [(r, manner_of(r), wish.for_(manner_of(r))) for r in chosen]
    changes = [(report, before, to) for report, before, to in changes if before != to]
    said = _checked_reason(reason, any(to.wider_than(before) for _, before, to in changes))
    if changes and wish.embargo_until and wish.embargo_until <= now.date():
        wrong = f"{wish.embargo_until} is not in the future; leave it out to end an embargo"
        raise Refused(f"embargo_until: {wrong}", (Problem("embargo_until", wrong),))
    for report, before, to in changes:
        session.add(_change(report.id, before, to, by=by.label, reason=said, now=now))
        report.handling, report.embargo_until = to.handling, to.embargo_until
        action = "report.release" if to.wider_than(before) else "report.restrict"
        record(
            session, by, action, report.code, now,
            reference=report.reference, before=_said(before), after=_said(to), reason=said,
        )  # fmt: skip
    session.flush()
    if changes:
        settle_openness(session, now=now)
    return [report for report, _, _ in changes]


def _wait_for_intake(session: Session, chosen: Sequence[Report]) -> None:
    """A new version that is being filed at this moment is waited for, and then seen."""
    for authority_id in sorted({report.authority_id for report in chosen}):
        take_turns(session, f"intake of {authority_id}")
    query = select(Report).where(Report.id.in_([report.id for report in chosen]))
    session.scalars(query.execution_options(populate_existing=True)).all()


def changes_of(session: Session, report: Report) -> list[HandlingChange]:
    """How this version was handled anew, oldest first."""
    query = select(HandlingChange).where(HandlingChange.report_id == report.id)
    return list(session.scalars(query.order_by(HandlingChange.id)))


def own_standing(session: Session, by: Actor, ids: Iterable[int]) -> list[Report]:
    """The standing reports of the actor's own authority among these."""
    query = (
        select(Report)
        .where(
            Report.id.in_(sorted(set(ids))),
            Report.authority_id == by.authority_id,
            Report.superseded_at.is_(None),
            Report.type != ReportType.WITHDRAWAL,
        )
        .options(selectinload(Report.findings))
        .order_by(Report.id)
    )
    return list(session.scalars(query))


def floors(session: Session, authority_id: int, references: Iterable[str]) -> dict[str, Manner]:
    """How widely the next version of each reference may be handled at most.

    There is a floor where the newest word of a focal point on any version of a reference left it
    narrower than the laboratory had sent that version; after a release there is none.
    """
    wanted = sorted(set(references))
    newest = (
        select(func.max(HandlingChange.id))
        .join(Report)
        .where(Report.authority_id == authority_id, Report.reference.in_(wanted))
        .group_by(Report.reference)
    )
    last = {
        change.report_id: change
        for change in session.scalars(select(HandlingChange).where(HandlingChange.id.in_(newest)))
    }
    first = (
        select(func.min(HandlingChange.id))
        .where(HandlingChange.report_id.in_(last))
        .group_by(HandlingChange.report_id)
    )
    query = (
        select(HandlingChange, Report.reference).join(Report).where(HandlingChange.id.in_(first))
    )
    found = {}
    for change, reference in session.execute(query):
        sent = Manner(change.handling_before, change.embargo_before)
        left = last[change.report_id]
        kept = Manner(left.handling_after, left.embargo_after)
        if sent.wider_than(kept):
            found[reference] = kept
    return found


def held(sent: ReportIn, floor: Manner | None) -> ReportIn:
    """The report as it may be filed: no wider than the floor, otherwise as sent.

    What it is compared by (its content hash) is taken of what was sent, before this.
    """
    if floor is None:
        return sent
    kept = _stated(sent).at_least(floor)
    update = {"handling": kept.handling, "embargo_until": kept.embargo_until}
    return sent.model_copy(update=update)


def narrow(
    session: Session, authority_id: int, judged: Sequence[Judged]
) -> list[tuple[Judged, ReportIn]]:
    """Hold what replaces a version to its floor before it is filed; each with what was sent."""
    replacing = [(one, one.report) for one in judged if one.report and one.fate in REPLACING]
    if not replacing:
        return []
    found = floors(session, authority_id, (sent.reference for _, sent in replacing))
    narrowed = []
    for one, sent in replacing:
        kept = held(sent, found.get(sent.reference))
        if _stated(kept) != _stated(sent):
            one.report = kept
            text = f"handled as {_said(_stated(kept))}: your focal point narrowed it before"
            one.notes.append(Problem("handling", text, one.row.number, "handling_kept"))
            narrowed.append((one, sent))
    return narrowed


def record_narrowed(
    session: Session, narrowed: Sequence[tuple[Judged, ReportIn]], now: datetime
) -> None:
    """Keep how those were sent, once they are filed."""
    session.add_all(
        _change(one.held_id, _stated(sent), _stated(one.report), by=KEPT_BY, reason=KEPT, now=now)
        for one, sent in narrowed
        if one.held_id and one.report
    )


def _stated(sent: ReportIn) -> Manner:
    return Manner(sent.handling, sent.embargo_until)


def _refuse_others(report: Report, by: Actor) -> None:
    if not may_rehandle(by, report):
        raise Forbidden(
            f"{report.code} is handled anew by the focal point of the authority that reported it"
        )
    if report.superseded_at or report.type is ReportType.WITHDRAWAL:
        raise Conflict(f"{report.code} no longer stands; handle the newest version")


def _checked_reason(reason: str, release: bool) -> str:
    said = " ".join(reason.split())
    wrong = None
    if len(said) > LONGEST_REASON or not said.isprintable():
        wrong = f"say it in at most {LONGEST_REASON} characters of plain text"
    elif release and not said:
        wrong = "a release needs a reason; it is kept on the audit trail"
    if wrong:
        raise Refused(f"reason: {wrong}", (Problem("reason", wrong),))
    return said


def _change(
    report_id: int, before: Manner, after: Manner, *, by: str, reason: str, now: datetime
) -> HandlingChange:
    return HandlingChange(
        report_id=report_id,
        handling_before=before.handling,
        handling_after=after.handling,
        embargo_before=before.embargo_until,
        embargo_after=after.embargo_until,
        changed_by=by,
        changed_at=now,
        reason=reason,
    )


def _said(manner: Manner) -> str:
    held = f", embargo until {manner.embargo_until}" if manner.embargo_until else ""
    return f"{manner.handling.word}{held}"

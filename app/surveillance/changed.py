"""Which reports may count otherwise on one day than they did on an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, union
from sqlalchemy.orm import Session, aliased

from app.clock import end_of_day
from app.db import one_of_ids
from app.intake.duplicates.counting import led_by_members, led_by_reports
from app.intake.duplicates.models import DuplicateMember
from app.intake.models import Finding, FindingMove, FormerResolution, HandlingChange, Report
from app.intake.words import Resolution


def changed_reports(session: Session, *, after: date, until: date) -> tuple[int, ...]:
    """The numbers of all reports that may count otherwise on `until` than at the end of `after`.

    With a report come all its versions, and all reports of an event that it is, or was, a part of:
    they are counted together. What has changed is found through indexes, so this costs in
    proportion to it. Some of the reports may count as before.
    """
    end = end_of_day(after)
    changed = set(session.scalars(_changed(after, end, until)))
    changed |= set(session.scalars(_beside(session, changed, end)))
    return tuple(sorted(session.scalars(_versions(session, changed))))


def _changed(after: date, end: datetime, until: date) -> CompoundSelect[Any]:
    received = select(Report.id).where(Report.received_at > end)  # ix_report_known
    dated_later = select(Report.id).where(  # ix_report_event_date
        Report.event_date > after, Report.event_date <= until
    )
    released = select(Report.id).where(  # ix_report_embargo
        Report.embargo_until > after, Report.embargo_until <= until
    )
    rehandled = select(HandlingChange.report_id).where(  # ix_handling_change_changed_at
        HandlingChange.changed_at > end
    )
    curated = select(Finding.report_id).where(  # ix_finding_curated
        Finding.resolution == Resolution.CURATOR, Finding.resolved_at > end
    )
    regrouped = (  # ix_duplicate_member_since, ix_duplicate_member_until
        select(Report.id)
        .join(DuplicateMember, led_by_members(Report, DuplicateMember))
        .where(or_(DuplicateMember.since > end, DuplicateMember.until > end))
    )
    return union(
        received, dated_later, released, rehandled, curated, *meant_else_since(end), regrouped
    )


def meant_else_since(moment: datetime) -> tuple[Select[int], Select[int]]:
    """Reports of which a finding meant something else at a time than it does now: those of which a
    resolution was taken back since, and those whose findings were moved since."""
    return (
        select(Finding.report_id)
        .join(FormerResolution, FormerResolution.finding_id == Finding.id)
        .where(FormerResolution.until > moment),  # ix_former_resolution_until
        select(Finding.report_id)
        .join(FindingMove, FindingMove.finding_id == Finding.id)
        .where(FindingMove.at > moment),  # ix_finding_move_at
    )


def _beside(session: Session, ids: Iterable[int], end: datetime) -> Select[int]:
    """The reports in a group with one of these, then or since."""
    mine, other = aliased(DuplicateMember), aliased(DuplicateMember)
    one, beside = aliased(Report), aliased(Report)
    return (
        select(beside.id)
        .select_from(one)
        .join(mine, led_by_reports(one, mine))
        .join(other, other.group_id == mine.group_id)
        .join(beside, led_by_members(beside, other))
        .where(one_of_ids(session, one.id, ids), _since(mine, end), _since(other, end))
    )


def _versions(session: Session, ids: Iterable[int]) -> Select[int]:
    one, version = aliased(Report), aliased(Report)
    same = and_(version.authority_id == one.authority_id, version.reference == one.reference)
    found = select(version.id).select_from(one).join(version, same)
    return found.where(one_of_ids(session, one.id, ids)).distinct()


def _since(member: type[DuplicateMember], end: datetime) -> ColumnElement[bool]:
    return or_(member.until.is_(None), member.until > end)

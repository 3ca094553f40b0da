"""Which member of a group enters a figure: an event that came in twice is counted once.

Of the members a reader's figures may hold, the most open one is counted, and among equally open
ones the most complete (the master), with its own country, day and harm. So every reader counts the
event once, none learns of a member that is not for them, and nobody's figures lose it because the
master is more restricted than another member.

A member is passed over for a substance only where the one counted names that substance too: what
only one of two laboratories found in it is still counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import aliased

from app.access.handling import effective_handling
from app.intake.duplicates.models import DuplicateMember
from app.intake.models import Finding, Report
from app.intake.words import ReportType

# said so, and not "is an event", for which SQLite would build an index over all reports each time
NO_EVENTS = (ReportType.AGGREGATE, ReportType.WITHDRAWAL)

Among = Callable[[type[Report]], ColumnElement[bool]]
FoundIn = Callable[[Select[int]], Subquery]

# made once: an alias works out its columns when it is first used, which every figure would pay for.
# A query of them correlates to nothing, so that it may stand anywhere inside another of its kind.
_MEMBER, _BESIDE = aliased(DuplicateMember), aliased(DuplicateMember)
_MINE, _OTHER, _NAMED = aliased(Report), aliased(Report), aliased(Finding)


def passed_over(among: Among, today: date, *, as_of: datetime | None = None) -> Select[int]:
    """Numbers of reports whose event is counted by another member.

    `among` says of a report whether it may enter the figure. `as_of` looks at the groups of then.
    The groups are few, so the database finds them once and looks each report up among them.
    """
    return _beside_one_counted(among, today, as_of).with_only_columns(_MINE.id)


def passed_over_for_substance(
    among: Among,
    today: date,
    *,
    as_of: datetime | None = None,
    found_in: FoundIn | None = None,
) -> Select[int, int]:
    """Reports and substances in them that are counted by another member.

    `found_in` says what was found in some reports, as (report_id, substance_id); today's findings
    unless said. Who asks of a past day has to say what they meant then.
    """
    pairs = _beside_one_counted(among, today, as_of)
    pair = pairs.with_only_columns(_MINE.id.label("over"), _OTHER.id.label("beside"))
    # the offset and the sum lead from the few pairs to their findings, never the other way
    few = pair.offset(0).subquery("few")
    if found_in is None:
        named: Any = _NAMED
        substance_id, report_id = named.substance_id, named.report_id
    else:
        named = found_in(select(few.c.beside))
        substance_id, report_id = named.c.substance_id, named.c.report_id
    return (
        select(few.c.over, func.coalesce(substance_id, 0))  # 0: none, and no null in NOT IN
        .join(named, report_id == few.c.beside + 0)
        .distinct()
        .correlate(None)
    )


def grouped_reports(as_of: datetime, *, few: bool = False) -> Select[int, int, int]:
    """The reports (in all versions) that were held in a group at a time: number, group, place.

    `few`: who asks names a few reports by number, which lead to their groups and not the reverse
    (ix_duplicate_member_case).
    """
    member, mine = aliased(DuplicateMember), aliased(Report)
    return (
        select(mine.id.label("report_id"), member.group_id, member.place)
        .select_from(member)
        .join(mine, led_by_reports(mine, member) if few else led_by_members(mine, member))
        .where(_standing(member, as_of))
    )


def led_by_reports(report: type[Report], member: type[DuplicateMember]) -> ColumnElement[bool]:
    """The members that a report is, found by ix_duplicate_member_case.

    The report's side is written so that no index on it serves: SQLite would else walk through all
    members and look each up among the reports.
    """
    return and_(
        member.authority_id == report.authority_id + 0,
        member.reference == report.reference.concat(""),
    )


def _beside_one_counted(among: Among, today: date, as_of: datetime | None) -> Select[Any]:
    """Members with another that comes before them."""
    level = effective_handling(_MINE.handling, _MINE.embargo_until, today)
    its_level = effective_handling(_OTHER.handling, _OTHER.embargo_until, today)
    comes_first = or_(its_level < level, and_(its_level == level, _BESIDE.place < _MEMBER.place))
    return (
        select(_MINE.id)
        .select_from(_MEMBER)
        .join(_BESIDE, and_(_BESIDE.group_id == _MEMBER.group_id, _BESIDE.id != _MEMBER.id))
        .join(_MINE, led_by_members(_MINE, _MEMBER))
        .join(_OTHER, led_by_members(_OTHER, _BESIDE))
        .where(
            _standing(_MEMBER, as_of),
            _standing(_BESIDE, as_of),
            _MINE.type.not_in(NO_EVENTS),
            _OTHER.type.not_in(NO_EVENTS),
            among(_MINE),
            among(_OTHER),
            comes_first,
        )
        .correlate(None)
    )


def led_by_members(report: type[Report], member: type[DuplicateMember]) -> ColumnElement[bool]:
    """The versions of a member, found by the unique key of report.

    The member's side is written so that no index on it serves: SQLite, which cannot know that the
    groups are few, would else walk through all reports and look each up among the members.
    """
    return and_(
        report.authority_id == member.authority_id + 0,
        report.reference == member.reference.concat(""),
    )


def _standing(member: type[DuplicateMember], as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return member.until.is_(None)
    return and_(member.since <= as_of, or_(member.until.is_(None), member.until > as_of))

"""Comparing what came in since the last time with everything it may meet.

Owns its transactions, as `app.intake.taking` does: comparing a year of reports takes a while, and
only what came of it is written, a chunk at a time. A run that is stopped loses at most its chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import nlargest

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.access.roles import SYSTEM
from app.clock import Clock
from app.db import Database, take_turns
from app.intake.duplicates.candidates import DAYS_APART, Meetings
from app.intake.duplicates.cases import Case, CaseKey
from app.intake.duplicates.groups import TURNS, settle
from app.intake.duplicates.models import DuplicatePair, DuplicateRun
from app.intake.duplicates.pairs import Scored, keep, lapse_or_renew
from app.intake.duplicates.reading import Sighted, comparable_reports, sighted
from app.intake.duplicates.scoring import Verdict, compare_likely
from app.intake.duplicates.weights import weights
from app.intake.models import Finding, Report
from app.intake.words import Resolution

CHUNK = 200_000  # report numbers
MOST_PROPOSED = 10  # pairs of one newcomer that are put before a person, the heaviest first
STILL_DECIDING = timedelta(hours=1)  # a name may be resolved as of before we looked


@dataclass(slots=True)
class Found:
    """What a run came to."""

    reports: int = 0  # compared with others
    compared: int = 0  # pairs
    proposed: int = 0
    linked: int = 0
    bounded: int = 0  # reports with more neighbours, or more likely pairs, than are followed


@dataclass(slots=True)
class _Chunk:
    """What is new: the reports of these numbers, and those whose name was resolved since."""

    after: int
    up_to: int
    since: datetime | None
    scored: dict[tuple[CaseKey, CaseKey], Scored] = field(default_factory=dict)
    reports: int = 0
    compared: int = 0
    bounded: int = 0

    def new(self, report: type[Report] = Report) -> ColumnElement[bool]:
        """Whether a report is new."""
        arrived = and_(report.id > self.after, report.id <= self.up_to)
        if self.since is None:
            return arrived
        resolved = select(Finding.report_id).where(
            Finding.resolution == Resolution.CURATOR, Finding.resolved_at > self.since
        )
        return or_(arrived, and_(report.id <= self.after, report.id.in_(resolved)))


def find_duplicates(database: Database, *, clock: Clock, afresh: bool = False) -> Found:
    """Compare the reports that are new; with `afresh`, all. A new table of weights means all, too.

    What a person decided stays, unless a correction changed what was decided on.
    """
    found, began = Found(), clock()
    with database.transaction() as session:
        high = _high_water(session)
    with database.reading() as session:
        last = None if afresh else _last_run(session)
    after, since = (last.up_to, last.ran_at - STILL_DECIDING) if last else (0, None)
    while after < high or since is not None:
        chunk = _Chunk(after, min(after + CHUNK, high), since)
        with database.reading() as session:
            _compare(session, chunk)
        with database.transaction() as session:
            _write(session, chunk, found, ran_at=began, now=clock())
        after, since = chunk.up_to, None
    return found


def _high_water(session: Session) -> int:
    """The highest report number, once nobody is still writing a lower one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE report IN SHARE MODE"))
    return session.scalar(select(func.max(Report.id))) or 0


def _last_run(session: Session) -> DuplicateRun | None:
    return session.scalar(
        select(DuplicateRun)
        .where(DuplicateRun.method == weights().version)
        .order_by(DuplicateRun.id.desc())
        .limit(1)
    )


def _compare(session: Session, chunk: _Chunk) -> None:
    """Month of event by month of event, so that no more than a season is held at once."""
    for first, last in _months(session, chunk):
        meetings = Meetings(_season(session, chunk, first, last))
        for newcomer, others in meetings.pairs():
            chunk.reports += 1
            chunk.compared += len(others)
            chunk.bounded += _score(chunk, newcomer.case, [other.case for other in others])
        chunk.bounded += meetings.bounded


def _months(session: Session, chunk: _Chunk) -> Iterator[tuple[date, date]]:
    """First and last day of each month in which something new happened, as `event_date` says."""
    year, month = func.extract("year", Report.event_date), func.extract("month", Report.event_date)
    found = select(year, month).where(comparable_reports(), chunk.new()).distinct()
    for y, m in sorted((int(y), int(m)) for y, m in session.execute(found)):
        first = date(y, m, 1)
        yield first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _season(session: Session, chunk: _Chunk, first: date, last: date) -> Iterator[Sighted]:
    """What is new in a month, and what it may meet within the days before and after.

    Reads through `ix_report_event_date`, and the unique key of finding by its report.
    """
    newcomer, theirs = aliased(Report), aliased(Finding)
    of_newcomers = (
        select(theirs.substance_id, theirs.name_key)
        .join(newcomer, newcomer.id == theirs.report_id)
        .where(chunk.new(newcomer), newcomer.event_date.between(first, last))
    )
    names = of_newcomers.subquery()
    own = aliased(Finding)
    shares = (
        select(own.id)
        .where(
            own.report_id == Report.id,
            or_(
                own.substance_id.in_(
                    select(names.c.substance_id).where(names.c.substance_id.is_not(None))
                ),
                and_(
                    own.substance_id.is_(None),
                    own.name_key.in_(
                        select(names.c.name_key).where(names.c.substance_id.is_(None))
                    ),
                ),
            ),
        )
        .exists()
    )
    around = Report.event_date.between(
        first - timedelta(days=DAYS_APART), last + timedelta(days=DAYS_APART)
    )
    in_month = Report.event_date.between(first, last)
    return sighted(
        session, and_(around, shares, Report.id <= chunk.up_to), and_(chunk.new(), in_month)
    )


def _score(chunk: _Chunk, newcomer: Case, others: list[Case]) -> int:
    """Keep what is linked and the heaviest of what a person should see; 1 when some were left."""
    likely = []
    for other in others:
        comparison = compare_likely(newcomer, other)
        if comparison is not None:
            likely.append(Scored(newcomer, other, comparison))
    for_people = [pair for pair in likely if pair.comparison.verdict is not Verdict.LINK]
    heaviest = nlargest(MOST_PROPOSED, for_people, key=lambda pair: pair.comparison.weight)
    linked = [pair for pair in likely if pair.comparison.verdict is Verdict.LINK]
    for pair in (*linked, *heaviest):
        chunk.scored[pair.cases] = pair
    return int(len(heaviest) < len(for_people))


def _write(
    session: Session, chunk: _Chunk, found: Found, *, ran_at: datetime, now: datetime
) -> None:
    """Pairs, then groups, then how far we are: together or not at all."""
    take_turns(session, TURNS)
    held = _held_pairs(session, chunk)
    touched = lapse_or_renew(session, held, chunk.scored, now=now)
    kept = keep(session, chunk.scored, held, now=now)
    settle(session, touched | kept.touched, by=SYSTEM, now=now)
    if chunk.after < chunk.up_to or chunk.scored:
        session.add(
            DuplicateRun(
                method=weights().version,
                ran_at=ran_at,
                up_to=chunk.up_to,
                reports=chunk.reports,
                compared=chunk.compared,
                bounded=chunk.bounded,
            )
        )
    found.reports += chunk.reports
    found.compared += chunk.compared
    found.bounded += chunk.bounded
    found.proposed += kept.proposed
    found.linked += kept.linked


def _held_pairs(session: Session, chunk: _Chunk) -> dict[tuple[CaseKey, CaseKey], DuplicatePair]:
    """Pairs held with one of the reports that are new: a new version, or a name resolved."""
    newer = aliased(Report)
    sides = (
        (DuplicatePair.first_authority_id, DuplicatePair.first_reference),
        (DuplicatePair.second_authority_id, DuplicatePair.second_reference),
    )
    return {
        pair.cases: pair
        for authority_id, reference in sides
        for pair in session.scalars(
            select(DuplicatePair)
            .join(newer, and_(newer.authority_id == authority_id, newer.reference == reference))
            .where(chunk.new(newer))
        )
    }

"""The reports behind a score, criterion by criterion: those counted, and those one may read.

What is counted is a figure, as open as figures are; which reports they are is told of rows alone
that the reader may see one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Subquery, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.access.handling import figure_clearance
from app.access.roles import Actor
from app.intake.models import Report
from app.intake.sight import rows_for
from app.intake.words import EventKind, ReportType
from app.surveillance.criteria import RATE, control_began, declared
from app.surveillance.priority import Entry
from app.surveillance.ranking import Known, PriorityList
from app.surveillance.ruleset import ruleset
from app.surveillance.sightings import CAUSAL, HARMS, Cell, sightings_of
from app.surveillance.windows import months_before, quarter_edges

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Sighting:
    """One report, as far as a line about it needs."""

    code: str
    country: str
    kind: EventKind
    type: ReportType
    first: date
    until: date
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """The reports that some criteria rest on: how many, how many of them readable, the newest."""

    criteria: tuple[str, ...]
    says: str
    counted: int
    readable: int
    shown: tuple[Sighting, ...]

    @property
    def more(self) -> int:
        """Readable reports beyond those shown."""
        return self.readable - len(self.shown)


@dataclass(frozen=True, slots=True)
class _Wanted:
    criteria: tuple[str, ...]
    says: str
    which: ColumnElement[bool]


def reports_behind(
    session: Session, actor: Actor, of: PriorityList, item: Entry, *, shown: int = SHOWN
) -> list[Behind]:
    """What each criterion of today's list rests on; the severity of a class rests on no report."""
    known = of.known[item.substance_id]
    seen = sightings_of(
        session, [item.substance_id], as_of=of.as_of, ceiling=figure_clearance(actor)
    )
    wanted = _wanted(seen, of, known, item)
    # only told of one by one if the row itself is open, whatever the figure may hold
    open_rows = rows_for(actor, of.as_of)
    sums = [
        part
        for one in wanted
        for part in (
            func.sum(case((one.which, 1), else_=0)),
            func.sum(case((and_(one.which, open_rows), 1), else_=0)),
        )
    ]
    joined = select(*sums).select_from(seen).join(Report, Report.id == seen.c.report_id)
    counts = [int(n or 0) for n in session.execute(joined).one()]
    return [
        Behind(
            one.criteria,
            one.says,
            counted,
            readable,
            tuple(_newest(session, seen, and_(one.which, open_rows), shown)) if readable else (),
        )
        for one, counted, readable in zip(wanted, counts[::2], counts[1::2], strict=True)
    ]


def _newest(
    session: Session, seen: Subquery, which: ColumnElement[bool], shown: int
) -> list[Sighting]:
    rows = (
        select(
            seen.c.report_id, seen.c.country, seen.c.event_kind, seen.c.type, seen.c.event_date,
            seen.c.event_end, seen.c.confirmed,
        )
        .join(Report, Report.id == seen.c.report_id)
        .where(which)
        .order_by(seen.c.event_date.desc(), seen.c.report_id.desc())
        .limit(shown)
    )  # fmt: skip
    return [
        Sighting(f"RP-{number:06d}", country, kind, type_, first, until, bool(confirmed))
        for number, country, kind, type_, first, until, confirmed in session.execute(rows)
    ]


def _wanted(seen: Subquery, of: PriorityList, known: Known, item: Entry) -> list[_Wanted]:
    """Which sightings each criterion counts; the same bounds as app.surveillance.criteria."""
    anchors, c, as_of = ruleset().priority, seen.c, of.as_of
    event = c.type == ReportType.EVENT
    recent = and_(event, c.event_date >= months_before(as_of, anchors.recent_months))
    found = [_Wanted(("P1", "P2", "P3"), f"events of {anchors.recent_months} months", recent)]
    if item.pillars[0].criteria[0].label == RATE:
        who = declared(of.among.exposures, known.subject.classes, anchors)
        rate = and_(recent, c.authority_id.in_(who))
        found = [
            _Wanted(("P1",), "events of authorities that declared their samples", rate),
            _Wanted(("P2", "P3"), found[0].says, recent),
        ]
    totals = and_(
        c.type == ReportType.AGGREGATE,
        c.event_end >= months_before(as_of, anchors.volume_months),
    )
    edge = quarter_edges(as_of, anchors.quarters)[0]
    ends = case((event, c.event_date), else_=c.event_end)
    last, first = _span(known.cells, as_of)
    return [
        *found,
        _Wanted(("P4",), "totals, of which the latest year of each country counts", totals),
        _Wanted(("S1",), f"sightings in {anchors.quarters} quarters", ends >= edge),
        _Wanted(("S2",), "the last sighting", ends >= last),
        _Wanted(("S3",), "the first sighting", c.event_date <= first),
        _Wanted(("S4",), "sightings in countries that control it", _outlasting(seen, known)),
        _Wanted(("H1",), "deaths", and_(event, c.event_kind == EventKind.DEATH)),
        _Wanted(("H2",), "events of harm", and_(event, c.event_kind.in_(HARMS))),
        _Wanted(("H3",), "acute toxicity", and_(event, c.event_kind == EventKind.ACUTE_TOXICITY)),
        _Wanted(
            ("H4",), "deaths it caused or contributed to",
            and_(event, c.event_kind == EventKind.DEATH, c.harm_role.in_(CAUSAL)),
        ),
    ]  # fmt: skip


def _outlasting(seen: Subquery, known: Known) -> ColumnElement[bool]:
    anchors = ruleset().priority
    ways = [
        and_(seen.c.country == country, seen.c.event_date > control_began(day, anchors))
        for country, day in known.subject.controls.items()
    ]
    return or_(false(), *ways)


def _span(cells: Sequence[Cell], as_of: date) -> tuple[date, date]:
    """The day of the last sighting and that of the first."""
    last = max(min(c.until if not c.events else c.last, as_of) for c in cells)
    return last, min(c.first for c in cells)

"""What was known on a day: stored reports, grouped by the database into cells.

A report is known as of day D when it had been received by the end of D and was not yet superseded;
its finding, when it had been resolved to a substance by then, and as the substance that it meant
then: what is merged or split later changes nothing of the past. Events and aggregates are told
apart in every cell and never added up: an aggregate says *that* a substance was there, an event
counts.

Reads go through `ix_report_known` and `ix_finding_substance_id`; one statement each, and no object
per stored row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.access.handling import Handling, effective_handling
from app.clock import end_of_day
from app.countries import REGIONS, countries
from app.intake.duplicates.counting import passed_over_for_substance
from app.intake.models import Activity, Finding, FormerResolution, Report
from app.intake.moves import any_moved_since, findings_at
from app.intake.sight import open_since
from app.intake.words import CausalRole, EventKind, FindingRole, Grade, ReportType
from app.registry.models import WATCHED, Substance

# a nitazene in heroin is reported as its adulterant; cutting agents are not watched substances
COUNTED_ROLES = (
    FindingRole.MAIN,
    FindingRole.MINOR,
    FindingRole.ADULTERANT,
    FindingRole.UNKNOWN,
)
CONFIRMED = (Grade.A, Grade.B)
CAUSAL = (CausalRole.SOLE, CausalRole.CONTRIBUTORY)
HARMS = (EventKind.ACUTE_TOXICITY, EventKind.DEATH)


@dataclass(frozen=True, slots=True)
class Cell:
    """Reports of one substance that are alike in everything the rules look at.

    The database splits cells at the edges of the windows asked for, so a cell lies inside a window
    or outside it, never across. A date given as a month or a year is its first and its last day.
    """

    substance_id: int
    country: str
    authority_id: int
    type: ReportType
    kind: EventKind | None  # told of harms only, as the role, and only when asked for
    causal_role: CausalRole | None
    handling: Handling  # effective: red while an embargo lasts
    simulated: bool
    reports: int  # distinct reports; for events, the number of events
    confirmed: int  # those of grade A or B
    cases: int  # persons or items in events; reports in aggregates
    deaths: int  # in single events, with the substance as sole or contributory cause
    first: date  # earliest first day
    first_end: date  # earliest last day: the first sighting was no later than this
    last: date  # latest first day
    until: date  # latest last day
    received_at: datetime  # when the first of them came in

    @property
    def region(self) -> str | None:
        """The M49 region of the country."""
        return region_or_none(self.country)

    @property
    def events(self) -> int:
        """Events in it: none when it is an aggregate."""
        return self.reports if self.type is ReportType.EVENT else 0


@dataclass(frozen=True, slots=True)
class Exposure:
    """Samples that an authority analysed in a month; an empty scope means for everything."""

    authority_id: int
    country: str
    month: date
    samples: int
    scope: frozenset[str]
    level: Handling = Handling.CLEAR


def region_or_none(country: str) -> str | None:
    """The M49 region of a country code; Antarctica and the like have none."""
    known = countries().get(country)
    return known.region if known and known.region in REGIONS else None


def cells(
    session: Session,
    *,
    as_of: date,
    edges: Sequence[date],
    harms_apart: bool = False,
    ceiling: Handling = Handling.RED,
    still_open: date | None = None,
) -> list[Cell]:
    """Every known sighting of a watched substance, handled at most as `ceiling`, in cells.

    `edges` are first days of windows, in any order. With `harms_apart` deaths and acute toxicity
    have cells of their own, by causal role, and the confirmed apart from the others; without, there
    are far fewer cells. For a past day, `still_open` is today: what was narrowed since is left out.
    """
    known = known_reports(session, as_of, edges)
    key = (
        known.c.substance_id,
        known.c.country,
        known.c.authority_id,
        known.c.type,
        known.c.level,
        known.c.simulated,
    )
    harm = (known.c.harm, known.c.harm_role) if harms_apart else ()
    figures = (
        func.count(),
        func.sum(known.c.confirmed),
        func.sum(known.c.count),
        func.sum(known.c.deaths),
        func.min(known.c.event_date),
        func.min(known.c.event_end),
        func.max(known.c.event_date),
        func.max(known.c.event_end),
        func.min(known.c.received_at),
    )
    grouped = (
        select(*(harm or (null(), null())), *key, *figures)
        .where(known.c.level <= int(ceiling), *open_later(known, ceiling, still_open))
        .group_by(*key, known.c.window, *harm, *((known.c.harm_confirmed,) if harms_apart else ()))
    )
    return [_cell(*row) for row in session.execute(grouped)]


def sightings_of(
    session: Session, substances: Collection[int], *, as_of: date, ceiling: Handling
) -> Subquery:
    """The reports that the cells of some substances are made of; a row as in `known_reports`."""
    known = known_reports(session, as_of, substances=substances)
    return select(known).where(known.c.level <= int(ceiling)).subquery("sightings")


def exposures(
    session: Session, *, as_of: date, since: date, ceiling: Handling = Handling.RED
) -> list[Exposure]:
    """The samples analysed in months from `since` on, as declared by the end of `as_of`."""
    declared = select(
        Activity.authority_id,
        Activity.country,
        Activity.month,
        Activity.samples,
        Activity.scope,
        Activity.handling,
    ).where(
        *_held(Activity.received_at, Activity.superseded_at, as_of),
        Activity.month >= since,
        Activity.month <= as_of,
        Activity.handling <= ceiling,
    )
    return [
        Exposure(authority, country, month, samples, frozenset(scope), level)
        for authority, country, month, samples, scope, level in session.execute(declared)
    ]


def data_version(session: Session, as_of: date) -> int:
    """The highest number of a report received by the end of `as_of`; 0 when there is none."""
    newest = select(func.max(Report.id)).where(Report.received_at <= end_of_day(as_of))
    return session.scalar(newest) or 0


def open_later(
    known: Subquery, ceiling: Handling, today: date | None
) -> tuple[ColumnElement[bool], ...]:
    return () if today is None else (open_since(known.c, ceiling, today),)


def known_reports(
    session: Session,
    as_of: date,
    edges: Sequence[date] = (),
    *,
    among: Callable[[Any], ColumnElement[bool]] | None = None,
    substances: Collection[int] | None = None,
    events: bool = True,
) -> Subquery:
    """One row for each report and watched substance known as of a day, with its best grade.

    Two findings of the same substance in a report are one sighting, and so are two reports that
    were held to be one event on that day (app.intake.duplicates.counting). `among` says of a
    report's number whether it is asked for; left out, all are. Aggregates are never one event with
    others: where they alone are asked for (no `events`), nobody looks for those.
    """
    resolved = resolved_findings(session, as_of, among, substances)
    found = (
        select(
            resolved.c.report_id,
            resolved.c.substance_id,
            func.max(resolved.c.confirmed).label("confirmed"),
        )
        .group_by(resolved.c.report_id, resolved.c.substance_id)
        .subquery("found")
    )
    counted_elsewhere = passed_over_for_substance(
        lambda report: stood(report, as_of),
        as_of,
        as_of=end_of_day(as_of),
        found_in=lambda reports: resolved_findings(session, as_of, lambda n: n.in_(reports)),
    )
    level = effective_handling(Report.handling, Report.embargo_until, as_of)
    is_harm = Report.event_kind.in_(HARMS)
    caused = and_(
        Report.type == ReportType.EVENT,
        Report.event_kind == EventKind.DEATH,
        Report.causal_role.in_(CAUSAL),
    )
    return (
        select(
            found.c.report_id,
            found.c.substance_id,
            found.c.confirmed,
            Report.country,
            Report.authority_id,
            Report.type,
            Report.event_kind,
            Report.causal_role,
            Report.quantity,
            Report.unit,
            Report.physical_form,
            case((is_harm, Report.event_kind)).label("harm"),
            case((is_harm, Report.causal_role)).label("harm_role"),
            case((is_harm, found.c.confirmed)).label("harm_confirmed"),
            Report.simulated,
            Report.count,
            case((caused, Report.count), else_=0).label("deaths"),
            Report.event_date,
            Report.event_end,
            Report.received_at,
            Report.superseded_at,
            Report.reference,
            level.label("level"),
            _window(edges).label("window"),
        )
        .join(found, found.c.report_id == Report.id)
        .where(
            stood(Report, as_of),
            *(
                (tuple_(found.c.report_id, found.c.substance_id).not_in(counted_elsewhere),)
                if events
                else (Report.type == ReportType.AGGREGATE,)
            ),
        )
        .subquery("known")
    )


def stood(report: type[Report], as_of: date) -> ColumnElement[bool]:
    """Whether a report was there at the end of a day, and of something that had happened."""
    return and_(
        *_held(report.received_at, report.superseded_at, as_of),
        report.type != ReportType.WITHDRAWAL,
        report.event_date <= as_of,
    )


def sighting(finding: Any, as_of: date) -> tuple[ColumnElement[bool], ...]:
    return finding.resolved_at <= end_of_day(as_of), finding.role.in_(COUNTED_ROLES)


def resolved_findings(
    session: Session,
    as_of: date,
    among: Callable[[Any], ColumnElement[bool]] | None = None,
    substances: Collection[int] | None = None,
) -> Subquery:
    """Findings of watched substances, or of these alone, as they were taken on a day.

    `among` says of a report's number whether its findings are asked for; left out, all are.

    One that was moved since (substances merged or split) meant what it meant then; where none was,
    as on most days, today's column and its index answer alone. One whose resolution was taken back
    since still had it (`ix_former_resolution_until`).
    """
    end = end_of_day(as_of)
    meant: Any = findings_at(end).c if any_moved_since(session, end) else Finding
    watched: ColumnElement[bool] = Substance.standing.in_(WATCHED)
    if substances is not None:
        watched = and_(watched, Substance.id.in_(substances))

    def found_in(substance: Any) -> Any:
        # of a few reports, a sum: else SQLite begins with the substances and reads all findings
        return substance if among is None else substance + 0

    still = (
        select(meant.report_id, meant.substance_id, confirmed(meant))
        .join(Substance, Substance.id == found_in(meant.substance_id))
        .where(watched, *sighting(meant, as_of), *_asked(among, meant.report_id))
    )
    once = (
        select(Finding.report_id, FormerResolution.substance_id, confirmed(Finding))
        .join(FormerResolution, FormerResolution.finding_id == Finding.id)
        .join(Substance, Substance.id == found_in(FormerResolution.substance_id))
        .where(
            watched,
            Finding.role.in_(COUNTED_ROLES),
            FormerResolution.since <= end,
            FormerResolution.until > end,
            *_asked(among, Finding.report_id),
        )
    )
    return union_all(still, once).subquery("resolved")


def _asked(
    among: Callable[[Any], ColumnElement[bool]] | None, report_id: Any
) -> tuple[ColumnElement[bool], ...]:
    return () if among is None else (among(report_id),)


def confirmed(finding: Any) -> ColumnElement[int]:
    return case((finding.grade.in_(CONFIRMED), 1), else_=0).label("confirmed")


def _window(edges: Sequence[date]) -> ColumnElement[int]:
    """How many edges lie on or before the event; for an aggregate, with those it stretches over."""
    if not edges:
        return literal(0)
    latest_first = sorted(edges, reverse=True)
    count = len(latest_first)
    begins = case(
        *((Report.event_date >= edge, count - n) for n, edge in enumerate(latest_first)), else_=0
    )
    ends = case(
        *((Report.event_end >= edge, count - n) for n, edge in enumerate(latest_first)), else_=0
    )
    is_aggregate = Report.type == ReportType.AGGREGATE
    return begins + case((is_aggregate, (count + 1) * (ends + 1)), else_=0)


def _held(
    received_at: InstrumentedAttribute[datetime],
    superseded_at: InstrumentedAttribute[datetime | None],
    as_of: date,
) -> tuple[ColumnElement[bool], ...]:
    end = end_of_day(as_of)
    return received_at <= end, or_(superseded_at.is_(None), superseded_at > end)


def _cell(*row: Any) -> Cell:
    kind, role, substance, country, authority, type_, level, simulated, *figures = row
    reports, confirmed, cases, deaths, *times = figures
    return Cell(
        substance,
        country,
        authority,
        type_,
        kind,
        role,
        Handling(level),
        bool(simulated),
        int(reports),
        int(confirmed),
        int(cases),
        int(deaths),
        *times,
    )

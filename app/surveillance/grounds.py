"""The reports that a signal rests on: those that the rule counted, and of them those one may read.

How many were counted is a figure, as open as its view is. Which reports they are is told of rows
alone that the reader may see one by one, in the version that was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Subquery, func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from app.access.roles import Actor
from app.clock import end_of_day
from app.countries import countries
from app.db import Page, one_of_ids
from app.intake.duplicates.counting import grouped_reports, passed_over
from app.intake.models import Finding, Report
from app.intake.sight import rows_for, still_open_to
from app.intake.words import Precision, ReportType
from app.registry.models import code_of
from app.surveillance.evidence import FIRSTS, WORLD, Evidence
from app.surveillance.models import NodeId, NodeKind, Rule
from app.surveillance.nodes import kin, nodes
from app.surveillance.queries import SeenEpisode, position
from app.surveillance.sightings import HARMS, sightings_of
from app.surveillance.spots import may_cluster

SHOWN = 20
OF_REPORTS = (*FIRSTS, Rule.CLUSTER_OF_HARM)  # a report may tell of several harms


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a signal rests on, as far as one reader may read it.

    `counted` is what the rule counted: events, for a first every report of its scope, for a cluster
    of harm the reports of its harms, for growth in totals the reports that those totals count.
    `readable` are the reports among them that the reader may see, `by_member` how many of those
    each substance is in, by its number. Of an event that came in twice that report is listed which
    is counted (app.intake.duplicates.counting), for a family as for one substance.
    """

    counted: int
    of_events: bool
    readable: int
    by_member: Mapping[str, int]
    page: Page[Report]


def grounds_of(
    session: Session,
    actor: Actor,
    seen: SeenEpisode,
    today: date,
    *,
    after: str | None = None,
    limit: int = SHOWN,
) -> Grounds | None:
    """The reports behind the view that this reader is shown, the newest first.

    None for a name that means no substance: who sent it is a matter of curation. Raises Refused for
    a cursor that is none of ours.
    """
    evidence = Evidence.from_dict(seen.view.evidence)
    substances = _members(session, seen.episode.node)
    if substances is None:
        return None
    known = sightings_of(session, substances, as_of=evidence.as_of, ceiling=seen.view.handling)
    # only told of one by one if the row itself is open, and has not been closed since
    readable = (
        select(known.c.report_id, known.c.substance_id, known.c.event_date)
        .join(Report, Report.id == known.c.report_id)
        .where(
            *_counted(session, known, evidence),
            rows_for(actor, today),
            still_open_to(actor, today),
        )
        .subquery("readable")
    )
    by_member = select(readable.c.substance_id, func.count()).group_by(readable.c.substance_id)
    in_all = select(func.count(func.distinct(readable.c.report_id)))
    of_events = evidence.rule not in OF_REPORTS and evidence.details.get("basis") != "totals"
    return Grounds(
        counted=evidence.numbers["events" if of_events else "reports"],
        of_events=of_events,
        readable=session.scalar(in_all) or 0,
        by_member={code_of(number): many for number, many in session.execute(by_member)},
        page=_page(session, readable, after, limit),
    )


def _page(session: Session, readable: Subquery, after: str | None, limit: int) -> Page[Report]:
    key = readable.c.event_date, readable.c.report_id
    wanted = select(*key).distinct().order_by(*(column.desc() for column in key)).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(tuple_(*key) < tuple_(*position(after)))
    found = [(day, number) for day, number in session.execute(wanted)]
    numbers = [number for _, number in found[:limit]]
    rows = session.scalars(
        select(Report)
        .where(Report.id.in_(numbers))
        .options(selectinload(Report.findings).selectinload(Finding.substance))
    )
    by_number = {report.id: report for report in rows}
    last = found[limit - 1] if len(found) > limit else None
    cursor = f"{last[0].isoformat()}.{last[1]}" if last else None
    return Page([by_number[number] for number in numbers], cursor)


def _members(session: Session, node: NodeId) -> tuple[int, ...] | None:
    """The substances that a node is made of today, as the rules take it; None for a bare name."""
    if node.kind is NodeKind.NAME:
        return None
    if node.substance_id is not None:
        return (node.substance_id,)
    return next((one.members for one in nodes(kin(session)) if one.id == node), ())


def _counted(session: Session, known: Subquery, evidence: Evidence) -> list[ColumnElement[bool]]:
    """Which sightings a rule counted, by the bounds that its evidence tells of."""
    c, rule, details = known.c, evidence.rule, evidence.details
    in_scope: list[ColumnElement[bool]] = []
    if evidence.scope != WORLD:
        in_scope = [c.country.in_(_countries(evidence.scope))]
    if rule in FIRSTS:
        return in_scope
    if details.get("basis") == "totals":
        first, last = (date.fromisoformat(day) for day in details["span"])
        is_total = c.type == ReportType.AGGREGATE
        of_span = [*in_scope, is_total, c.event_date == first, c.event_end == last]
        # each source has its own growth, and the one with most is told of
        sums = select(c.authority_id).where(*of_span).group_by(c.authority_id)
        return [*of_span, c.authority_id.in_(sums.having(func.sum(c.count) == details["count"]))]
    event = [*in_scope, c.type == ReportType.EVENT]
    if rule is Rule.QUANTITY:
        return [*event, c.report_id.in_([int(code[3:]) for code in details.get("reports", ())])]
    if rule is Rule.CLUSTER_OF_HARM:
        days = c.event_date.between(evidence.first, evidence.last)
        said = select(c.report_id, c.causal_role, c.event_date, c.event_end)
        harms = session.execute(said.where(*event, c.event_kind.in_(HARMS), days))
        return [c.report_id.in_([number for number, *of in harms if may_cluster(*of)])]
    if rule is not Rule.NEW_SPREAD:  # the curve of months: an event of which only the year is known
        event.append(Report.precision != Precision.YEAR)  # is in none of them
    if rule in (Rule.FAMILY, Rule.BLOCK):
        beside = _counted_beside(session, known, evidence, event)
        event.append(~one_of_ids(session, c.report_id, beside))
    return [*event, c.event_date >= evidence.since]


def _counted_beside(
    session: Session, known: Subquery, evidence: Evidence, event: Sequence[ColumnElement[bool]]
) -> Sequence[int]:
    """Reports whose event the curve of a family counts by another that names another member.

    Asked in steps, the few in a group of duplicates first: in one statement PostgreSQL works the
    curve out again for each of them.
    """
    as_of = end_of_day(evidence.as_of)
    grouped = grouped_reports(as_of).subquery("grouped")
    few = session.scalars(select(grouped.c.report_id)).all()
    months = evidence.details.get("months")  # views from before curves were kept have none
    begins = date.fromisoformat(f"{months[0]}-01") if months else evidence.since
    curve = session.scalars(
        select(known.c.report_id)
        .join(Report, Report.id == known.c.report_id)
        .where(*event, known.c.event_date >= begins, one_of_ids(session, known.c.report_id, few))
    ).all()
    return session.scalars(
        passed_over(
            lambda report: one_of_ids(session, report.id, curve), evidence.as_of, as_of=as_of
        )
    ).all()


def _countries(scope: str) -> list[str]:
    """The countries of a region, or the country itself."""
    inside = [code for code, one in countries().items() if one.region == scope]
    return inside or [scope]

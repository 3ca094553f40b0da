"""The priority list for one reader: what to consider for review, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.handling import figure_clearance
from app.access.roles import Actor
from app.registry.models import WATCHED, ControlListing, Substance
from app.registry.queries import known_to
from app.surveillance import sightings
from app.surveillance.priority import Entry, Subject, entry, ranked, setting
from app.surveillance.ruleset import ruleset
from app.surveillance.sightings import Cell, Period
from app.surveillance.windows import months_before, quarter_edges

# Before the quarters looked back on, cells are split by years: harm is aged as the latest of its
# year and so weighs at most a quarter too much; what is older than ten years weighs a tenth.
YEARS = 10


@dataclass(frozen=True, slots=True)
class PriorityList:
    """Substances for consideration, and apart from them those under international control."""

    ranked: tuple[Entry, ...]
    controlled: tuple[Entry, ...]
    as_of: date
    made_at: datetime
    ruleset: str
    active_countries: int
    active_quarters: int


def priority_list(session: Session, actor: Actor, *, as_of: date, now: datetime) -> PriorityList:
    """Rank every watched substance by what `actor` may know of it as of a day."""
    rules = ruleset()
    anchors = rules.priority
    ceiling = figure_clearance(actor)
    years = {months_before(as_of, 12 * back) for back in range(1, YEARS + 1)}
    edges = sorted(years.union(quarter_edges(as_of, anchors.quarters)))
    cells = sightings.cells(session, as_of=as_of, edges=edges, harms_apart=True, ceiling=ceiling)
    periods = sightings.periods(
        session, as_of=as_of, since=months_before(as_of, anchors.volume_months), ceiling=ceiling
    )
    exposures = sightings.exposures(
        session, as_of=as_of, since=months_before(as_of, anchors.recent_months), ceiling=ceiling
    )
    among = setting(cells, exposures, as_of=as_of, anchors=anchors)
    seen: dict[int, list[Cell]] = {}
    for cell in cells:
        seen.setdefault(cell.substance_id, []).append(cell)
    counted: dict[int, list[Period]] = {}
    for period in periods:
        counted.setdefault(period.substance_id, []).append(period)
    entries = [
        entry(subject, seen[number], counted.get(number, []), among, anchors)
        for number, subject in _subjects(session, actor).items()
        if number in seen
    ]
    return PriorityList(
        ranked=ranked(e for e in entries if not e.controlled),
        controlled=ranked(e for e in entries if e.controlled),
        as_of=as_of,
        made_at=now,
        ruleset=rules.version,
        active_countries=among.active_countries,
        active_quarters=len(among.active_quarters),
    )


def _subjects(session: Session, actor: Actor) -> dict[int, Subject]:
    """The watched substances the actor may know of; controlled when a Convention lists them."""
    listed = exists().where(ControlListing.substance_id == Substance.id)
    rows = select(
        Substance.id, Substance.group, Substance.family, Substance.families, listed
    ).where(Substance.standing.in_(WATCHED), known_to(actor))
    return {
        number: Subject(number, frozenset({group, family, *families}), bool(controlled))
        for number, group, family, families, controlled in session.execute(rows)
    }

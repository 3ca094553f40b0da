"""The priority list for one reader: what to consider for review, and why."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.handling import figure_clearance
from app.access.roles import Actor
from app.intake.dates import PartialDate
from app.registry.fact_queries import control_dates
from app.registry.models import WATCHED, ControlListing, Substance
from app.registry.queries import known_to
from app.surveillance import sightings, spans
from app.surveillance.criteria import Setting, Subject, setting
from app.surveillance.priority import Entry, entry, ranked
from app.surveillance.ruleset import USUAL_PRESET, Weights, ruleset
from app.surveillance.severity import severity_of
from app.surveillance.sightings import Cell
from app.surveillance.spans import Period
from app.surveillance.standing import Standing, before_others, standings
from app.surveillance.windows import months_before, quarter_edges

# Before the quarters looked back on, cells are split by years: harm is aged as the latest of its
# year and so weighs at most a quarter too much; what is older than ten years weighs a tenth.
YEARS = 10


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of one substance on the day, to this reader."""

    subject: Subject
    cells: tuple[Cell, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class PriorityList:
    """Substances for consideration, and apart from them those under international control."""

    ranked: tuple[Entry, ...]
    controlled: tuple[Entry, ...]
    as_of: date
    made_at: datetime
    ruleset: str
    preset: str
    among: Setting
    known: Mapping[int, Known]

    @property
    def weights(self) -> Weights:
        """The weights of the pillars."""
        return ruleset().presets[self.preset]

    @property
    def active_countries(self) -> int:
        """Countries with an event of any watched substance in the recent months."""
        return self.among.active_countries

    @property
    def active_quarters(self) -> int:
        """Quarters looked back on with a sighting of any."""
        return len(self.among.active_quarters)

    @property
    def data_version(self) -> str:
        """Changes when any figure of this reader's list does, and tells nothing else."""
        told = [(e.substance_id, e.score, e.ceiling) for e in (*self.ranked, *self.controlled)]
        return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()

    def standings(self) -> dict[int, Standing]:
        """How sure the rank of each is; of those for consideration alone."""
        return standings(self.ranked, self.weights, ruleset().standing, as_of=self.as_of)

    def before(self, one: int, other: int) -> float | None:
        """P(one comes before the other), of two for consideration; None when one is not there."""
        if {one, other} - {e.substance_id for e in self.ranked} or one == other:
            return None
        limits = ruleset().standing
        found = before_others(self.ranked, [one, other], self.weights, limits, as_of=self.as_of)
        return found[0][1]

    def of(self, substance_id: int) -> Entry | None:
        """The entry of one substance, in either list."""
        entries = (*self.ranked, *self.controlled)
        return next((e for e in entries if e.substance_id == substance_id), None)


def priority_list(
    session: Session,
    actor: Actor,
    *,
    as_of: date,
    now: datetime,
    preset: str = USUAL_PRESET,
) -> PriorityList:
    """Rank every watched substance by what `actor` may know of it as of a day.

    A past day is shown by what was known then and is not closed to the reader since; what a
    substance is (its class, its control) is as it stands today, the measures of countries are those
    of the day.
    """
    rules = ruleset()
    anchors, weights = rules.priority, rules.presets[preset]
    ceiling, still_open = figure_clearance(actor), now.date() if as_of < now.date() else None
    years = {months_before(as_of, 12 * back) for back in range(1, YEARS + 1)}
    cells = sightings.cells(
        session,
        as_of=as_of,
        edges=sorted(years.union(quarter_edges(as_of, anchors.quarters))),
        harms_apart=True,
        ceiling=ceiling,
        still_open=still_open,
    )
    volume_since = months_before(as_of, anchors.volume_months)
    periods = spans.periods(
        session, as_of=as_of, since=volume_since, ceiling=ceiling, still_open=still_open
    )
    since = months_before(as_of, anchors.recent_months)
    exposures = sightings.exposures(session, as_of=as_of, since=since, ceiling=ceiling)
    subjects = _subjects(session, actor, as_of)
    groups = {number: subject.group for number, subject in subjects.items()}
    among = setting(cells, exposures, as_of=as_of, anchors=anchors, groups=groups)
    known = _known(subjects, cells, periods)
    entries = [
        entry(one.subject, one.cells, one.periods, among, anchors, weights=weights)
        for one in known.values()
    ]
    return PriorityList(
        ranked=ranked(e for e in entries if not e.controlled),
        controlled=ranked(e for e in entries if e.controlled),
        as_of=as_of,
        made_at=now,
        ruleset=rules.version,
        preset=preset,
        among=among,
        known=known,
    )


def _known(
    subjects: Mapping[int, Subject], cells: list[Cell], periods: list[Period]
) -> dict[int, Known]:
    """What was seen of each substance, by its id."""
    seen, counted = defaultdict[int, list[Cell]](list), defaultdict[int, list[Period]](list)
    for cell in cells:
        seen[cell.substance_id].append(cell)
    for period in periods:
        counted[period.substance_id].append(period)
    return {
        number: Known(subject, tuple(seen[number]), tuple(counted[number]))
        for number, subject in subjects.items()
        if number in seen
    }


def _subjects(session: Session, actor: Actor, as_of: date) -> dict[int, Subject]:
    """The watched substances the actor may know of; controlled when a Convention lists them."""
    listed = exists().where(ControlListing.substance_id == Substance.id)
    rows = select(
        Substance.id, Substance.group, Substance.family, Substance.families, listed
    ).where(Substance.standing.in_(WATCHED), known_to(actor))
    controls = _controls(session, actor, as_of)
    return {
        number: Subject(
            number,
            frozenset({group, family, *families}),
            bool(controlled),
            group,
            severity_of(group, {family, *families}),
            _first_controls(
                controls,
                [f"substance:{number}", f"group:{group}", *(f"family:{f}" for f in families)],
            ),
        )
        for number, group, family, families, controlled in session.execute(rows)
    }


def _controls(session: Session, actor: Actor, as_of: date) -> dict[str, dict[str, date]]:
    """By what is controlled, the day on which each country's control had surely begun."""
    found: defaultdict[str, dict[str, date]] = defaultdict(dict)
    for of, country, since in control_dates(session, actor, as_of):
        begun = PartialDate.read(since).last
        if begun <= as_of:
            found[of][country] = min(begun, found[of].get(country, begun))
    return found


def _first_controls(controls: Mapping[str, dict[str, date]], names: list[str]) -> dict[str, date]:
    """The earliest control of each country, of the substance or of a class it belongs to."""
    first: dict[str, date] = {}
    for name in names:
        for country, begun in controls.get(name, {}).items():
            first[country] = min(begun, first.get(country, begun))
    return first

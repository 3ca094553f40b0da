"""The priority list: every number of it, and for one substance what its place rests on."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.access.roles import Role
from app.api import api
from app.api.asking import Asked, Preset, SubstanceCode, ask
from app.api.contract import answer, listing, promise
from app.api.shapes import link
from app.db import Page
from app.entrance import actor, allow, database, now, today
from app.registry.models import Substance
from app.registry.queries import substance_by_code
from app.surveillance.explanation import Explanation, explain
from app.surveillance.priority import Entry
from app.surveillance.ranking import PriorityList, priority_list
from app.surveillance.ruleset import USUAL_PRESET
from app.surveillance.standing import Firmness, Standing


class CriterionOut(BaseModel):
    """One measured quantity; `low` and `high` are its 95 % limits, in `unit`."""

    id: str
    label: str
    raw: float | None
    unit: str
    low: float | None
    high: float | None
    value: float | None  # 0 to 100
    weight: float
    contribution: float  # points of the score


class PillarOut(BaseModel):
    """Prevalent, persistent or harmful; the contributions of its criteria add up to its own."""

    name: str
    value: float | None
    weight: float
    contribution: float
    unknown: float  # points of the score that what is not known of it could add
    criteria: list[CriterionOut]


class StandingOut(BaseModel):
    """Where it stands when uncertain figures and weights vary."""

    expected: float
    low: int  # 90 % rank interval
    high: int
    top_10: float  # probability of being among the first ten
    top_20: float
    tier: Firmness  # of being among the first twenty


class PriorityOut(BaseModel):
    """One substance for consideration, and where its score comes from."""

    rank: int
    substance: str
    substance_name: str
    url: str
    score: float
    ceiling: float
    geometric: float | None  # the score if no pillar made up for another
    standing: StandingOut | None  # of substances not under international control
    pillars: list[PillarOut]
    flags: list[str]
    controlled: bool
    preset: str
    as_of: date
    ruleset: str
    data_version: str


class CounterfactualOut(BaseModel):
    """Its place if one thing were otherwise; without rank when nothing of it would be left."""

    change: str
    preset: str | None
    score: float | None
    rank: int | None
    moved: int | None  # places down; negative: up
    decisive: bool


class SightingOut(BaseModel):
    """One report behind a criterion."""

    id: str
    url: str
    country: str
    event_kind: str
    type: str
    event_date: date
    event_end: date
    confirmed: bool


class BehindOut(BaseModel):
    """The reports that criteria rest on: counted, readable one by one, and the newest of those."""

    criteria: list[str]
    says: str
    counted: int
    readable: int
    reports: list[SightingOut]


class GainedOut(BaseModel):
    """What a pillar gained since the earlier day, in points of the score."""

    pillar: str
    points: float


class EarlierOut(BaseModel):
    """The same list a month before, as it was known then; no rank: not in it."""

    as_of: date
    rank: int | None
    score: float | None
    gained: list[GainedOut]


class ExplainedOut(PriorityOut):
    """One substance of the list, and what its place rests on."""

    among: int
    before: float | None  # probability of coming before the substance asked `against`
    depends_on: list[str]
    counterfactuals: list[CounterfactualOut]
    evidence: list[BehindOut]
    earlier: EarlierOut


class WeighedAsked(Asked):
    """Under which weights of the pillars."""

    preset: Preset | None = None


class ExplainedAsked(WeighedAsked):
    """Under which weights, and beside which other substance."""

    against: (
        Annotated[SubstanceCode, Field(description="how often it comes before this one")] | None
    ) = None


class PriorityAsked(WeighedAsked):
    """Which of the two lists, and under which weights."""

    controlled: Literal["0", "1", "true", "false"] | None = None


@api.get("/priority")
@allow(Role.PUBLIC)
@promise("Priority list", answers=PriorityOut, listed=True, asks=PriorityAsked)
def list_priority() -> Response:
    """Substances for consideration, most prevalent, persistent and harmful first.

    `controlled=1` lists those under international control instead. The list is whole.
    """
    asked = ask(PriorityAsked)
    apart = asked.controlled in {"1", "true"}
    with database().reading() as session:
        ranks = priority_list(
            session, actor(), as_of=today(), now=now(), preset=asked.preset or USUAL_PRESET
        )
        entries = ranks.controlled if apart else ranks.ranked
        standing = {} if apart else ranks.standings()
        names = dict(session.execute(select(Substance.id, Substance.name)).all())
    version = ranks.data_version
    return listing(
        Page(list(entries)),
        lambda item: _item(
            ranks, item, standing.get(item.substance_id), names[item.substance_id], version
        ),
    )


@api.get("/priority/<code>")
@allow(Role.PUBLIC)
@promise("One substance of the priority list", answers=ExplainedOut, asks=ExplainedAsked)
def show_priority(code: str) -> Response:
    """What the place of one substance rests on, down to the reports that you may read."""
    asked = ask(ExplainedAsked)
    with database().reading() as session:
        substance = substance_by_code(session, actor(), code)
        other = substance_by_code(session, actor(), asked.against) if asked.against else None
        found = explain(
            session,
            actor(),
            substance,
            preset=asked.preset or USUAL_PRESET,
            as_of=today(),
            now=now(),
        )
        before = found.of.before(substance.id, other.id) if other else None
        return answer(_explained(found, substance.name, before))


def _item(
    ranks: PriorityList, item: Entry, standing: Standing | None, name: str, version: str
) -> PriorityOut:
    code = f"TS-{item.substance_id:05d}"
    return PriorityOut(
        rank=item.rank,
        substance=code,
        substance_name=name,
        url=link(f"/priority/{code}"),
        score=item.score,
        ceiling=item.ceiling,
        geometric=item.geometric,
        standing=_standing(standing) if standing else None,
        pillars=[
            PillarOut(
                name=pillar.name,
                value=pillar.value,
                weight=pillar.weight,
                contribution=pillar.contribution,
                unknown=pillar.unknown,
                criteria=[
                    CriterionOut(
                        id=c.id, label=c.label, raw=c.raw, unit=c.unit, low=c.low, high=c.high,
                        value=c.value, weight=c.weight, contribution=c.contribution,
                    )
                    for c in pillar.criteria
                ],
            )
            for pillar in item.pillars
        ],
        flags=list(item.flags),
        controlled=item.controlled,
        preset=ranks.preset,
        as_of=ranks.as_of,
        ruleset=ranks.ruleset,
        data_version=version,
    )  # fmt: skip


def _standing(standing: Standing) -> StandingOut:
    return StandingOut(
        expected=standing.expected,
        low=standing.low,
        high=standing.high,
        top_10=standing.within[0],
        top_20=standing.within[1],
        tier=standing.firmness,
    )


def _explained(found: Explanation, name: str, first: float | None) -> ExplainedOut:
    item = _item(found.of, found.entry, found.standing, name, found.of.data_version)
    before = found.earlier.entry
    return ExplainedOut(
        **item.model_dump(),
        among=found.among,
        before=first,
        depends_on=found.depends_on,
        counterfactuals=[
            CounterfactualOut(
                change=one.change, preset=one.preset, score=one.score, rank=one.rank,
                moved=one.moved, decisive=one.decisive,
            )
            for one in found.counterfactuals
        ],
        evidence=[
            BehindOut(
                criteria=list(one.criteria),
                says=one.says,
                counted=one.counted,
                readable=one.readable,
                reports=[
                    SightingOut(
                        id=row.code, url=link(f"/reports/{row.code}"), country=row.country,
                        event_kind=row.kind.value, type=row.type.value, event_date=row.first,
                        event_end=row.until, confirmed=row.confirmed,
                    )
                    for row in one.shown
                ],
            )
            for one in found.behind
        ],
        earlier=EarlierOut(
            as_of=found.earlier.as_of,
            rank=before.rank if before else None,
            score=before.score if before else None,
            gained=[
                GainedOut(pillar=name, points=points)
                for name, points in found.earlier.gained(found.entry)
            ],
        ),
    )  # fmt: skip

"""Assessing a day: run the rules on what was known, and open, raise or close episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import Handling
from app.db import insert_new
from app.errors import Conflict
from app.registry.models import WATCHED, Standing, Substance
from app.surveillance import episodes, rules, sightings
from app.surveillance.episodes import Decision, Present, Reason, View
from app.surveillance.evidence import FIRSTS, WORLD, Evidence, Key
from app.surveillance.models import Assessment, Episode, EpisodeState, EpisodeView, Rule, Tier
from app.surveillance.queries import last_assessment
from app.surveillance.ruleset import Ruleset, ruleset
from app.surveillance.sightings import Cell
from app.surveillance.windows import months_before
from app.surveillance.wording import sentence

Signal = tuple[int, Rule, str]  # a substance, a rule, a scope


@dataclass(frozen=True, slots=True)
class Change:
    """One piece of news about an episode, for the audience of one handling level."""

    episode_id: int
    substance_id: int
    rule: Rule
    scope: str
    handling: Handling  # the level of the view that changed
    tier: Tier
    reason: str  # opened, raised, wider or closed
    sentence: str
    countries: tuple[str, ...]
    simulated: bool  # of the episode, fixed when it opened: an exercise is told of as one


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an assessment found, and what of it is news."""

    assessment: Assessment
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Watched:
    name: str
    effect: str


def assess(session: Session, *, as_of: date, now: datetime) -> Outcome:
    """Run the rules on what was known at the end of `as_of`, and move the episodes accordingly.

    The same day and data again change nothing and give no news. Raises Conflict for a day before
    the last one assessed: episodes only move forward, and the past is for replay.
    """
    began = perf_counter()
    last = last_assessment(session)
    if last is not None and as_of < last.as_of:
        raise Conflict(
            f"the register was assessed as of {last.as_of} already and episodes only move forward; "
            f"to see what was known on {as_of}, replay it"
        )
    limits = ruleset()
    still_open = _open_episodes(session)
    closings = _last_closings(session)
    cells = sightings.cells(session, as_of=as_of, edges=rules.edges(as_of, limits))
    watched = _watched(session)

    by_substance = _by_substance(cells)
    fired = _fired(by_substance, watched, as_of, limits)
    changes: list[Change] = []
    for signal, episode in sorted(still_open.items()):
        mine = by_substance.get(signal[0], [])
        effect = watched[signal[0]].effect if signal[0] in watched else ""
        news = fired.get(signal, {})
        decision = _next(episode, mine, news, effect=effect, as_of=as_of, limits=limits)
        changes += _apply(session, episode, decision, as_of)
    for signal in sorted(fired.keys() - still_open.keys()):
        closing = closings.get(signal)
        rests_on = _received(by_substance[signal[0]], signal[2])
        if not episodes.may_open(
            signal[1], closing, as_of=as_of, rests_on=rests_on, limits=limits.episodes
        ):
            continue
        opened = _open(session, signal, fired[signal], as_of, limits)
        if opened is not None:
            decision = episodes.opening(fired[signal], as_of=as_of)
            changes += _apply(session, opened, decision, as_of)

    assessment = Assessment(
        as_of=as_of,
        ruleset=limits.version,
        data_version=sightings.data_version(session, as_of),
        ran_at=now,
        milliseconds=round((perf_counter() - began) * 1000),
        counts={
            "substances": len(by_substance),
            "cells": len(cells),
            "fired": len(fired),
            **_episodes_by_reason(changes),
        },
    )
    session.add(assessment)
    session.flush()
    return Outcome(assessment, tuple(changes))


def _open_episodes(session: Session) -> dict[Signal, Episode]:
    """Every open episode, locked until the end so that two workers do not tell the same news."""
    held = (
        select(Episode)
        .where(Episode.state != EpisodeState.CLOSED)
        .options(selectinload(Episode.views))
        .with_for_update(of=Episode)
        .execution_options(populate_existing=True)
    )
    return {(e.substance_id, e.rule, e.scope): e for e in session.scalars(held)}


def _last_closings(session: Session) -> dict[Signal, episodes.Closing]:
    """How each signal was last closed, those left out whose ground had gone."""
    closed = (
        select(
            Episode.substance_id, Episode.rule, Episode.scope, Episode.closed_on, Episode.outcome
        )
        .where(Episode.state == EpisodeState.CLOSED, Episode.outcome.not_in(episodes.GROUND_GONE))
        .order_by(Episode.id)
    )
    return {
        (substance_id, rule, scope): episodes.Closing(closed_on, outcome or "")
        for substance_id, rule, scope, closed_on, outcome in session.execute(closed)
        if closed_on is not None
    }


def _received(cells: Iterable[Cell], scope: str) -> date | None:
    """When the oldest knowledge behind a signal came in: the earliest receipt in its scope."""
    there = [
        cell.received_at.date() for cell in cells if scope in {WORLD, cell.region, cell.country}
    ]
    return min(there, default=None)


def _watched(session: Session) -> dict[int, _Watched]:
    rows = select(Substance.id, Substance.name, Substance.standing, Substance.effect).where(
        Substance.standing.in_(WATCHED)
    )
    return {
        number: _Watched(name, rules.NO_FAMILY if kind is Standing.UNCLASSIFIED else effect)
        for number, name, kind, effect in session.execute(rows)
    }


def _by_substance(cells: Iterable[Cell]) -> dict[int, list[Cell]]:
    grouped: dict[int, list[Cell]] = {}
    for cell in cells:
        grouped.setdefault(cell.substance_id, []).append(cell)
    return grouped


def _fired(
    by_substance: Mapping[int, list[Cell]],
    watched: Mapping[int, _Watched],
    as_of: date,
    limits: Ruleset,
) -> dict[Signal, dict[Handling, Evidence]]:
    """Every signal that fires. A substance without a fresh sighting cannot, and is passed over."""
    fresh = months_before(as_of, limits.first.fresh_months)
    fired: dict[Signal, dict[Handling, Evidence]] = {}
    for substance_id, cells in by_substance.items():
        if any(cell.until >= fresh for cell in cells):
            effect = watched[substance_id].effect
            told = rules.views(cells, as_of=as_of, rules=limits, effect=effect)
            for (rule, scope), levels in told.items():
                fired[substance_id, rule, scope] = levels
    return fired


def _next(
    episode: Episode,
    cells: list[Cell],
    fired: Mapping[Handling, Evidence],
    *,
    effect: str,
    as_of: date,
    limits: Ruleset,
) -> Decision:
    present = Present(
        rule=episode.rule,
        opened_on=episode.opened_on,
        quiet_since=episode.quiet_since,
        views={view.handling: _view(view) for view in episode.views},
    )
    if not cells and episode.substance.merged_into_id is not None:
        return episodes.next_of_merged(present)
    if episode.rule not in FIRSTS:
        return episodes.next_of_spread(present, fired, as_of=as_of, limits=limits.episodes)
    key: Key = (episode.rule, episode.scope)
    stands = rules.standing(
        cells, key, as_of=as_of, opened_on=episode.opened_on, rules=limits, effect=effect
    )
    return episodes.next_of_first(present, fired, stands, as_of=as_of, limits=limits.episodes)


def _open(
    session: Session,
    signal: Signal,
    fired: Mapping[Handling, Evidence],
    as_of: date,
    limits: Ruleset,
) -> Episode | None:
    """A new episode, still without views; None when another worker has just opened it."""
    substance_id, rule, scope = signal
    insert_new(
        session,
        Episode,
        rule=rule,
        substance_id=substance_id,
        scope=scope,
        state=EpisodeState.OPEN,
        simulated=fired[max(fired)].simulated,
        opened_on=as_of,
        evaluated_on=as_of,
        ruleset=limits.version,
    )
    episode = session.scalars(
        select(Episode).where(
            Episode.substance_id == substance_id,
            Episode.rule == rule,
            Episode.scope == scope,
            Episode.state != EpisodeState.CLOSED,
        )
    ).one()
    return None if episode.views else episode


def _apply(session: Session, episode: Episode, decision: Decision, as_of: date) -> list[Change]:
    """Write a decision down; the news in it."""
    name = episode.substance.name
    before = {view.handling: view for view in episode.views}
    lost = {
        level: _change(episode, _view(view), Reason.CLOSED, name) for level, view in before.items()
    }
    for level in before.keys() - decision.views.keys():
        episode.views.remove(before[level])
    session.flush()
    for level, view in sorted(decision.views.items()):
        row = before.get(level)
        if row is None:
            row = EpisodeView(handling=level)
            episode.views.append(row)
        row.tier = view.evidence.tier
        row.since = view.since
        row.sentence = sentence(view.evidence, name)
        row.evidence = _stored(view)
    episode.evaluated_on = as_of
    episode.quiet_since = decision.quiet_since
    if decision.outcome is not None:
        episode.state = EpisodeState.CLOSED
        episode.closed_on = as_of
        episode.outcome = decision.outcome
    session.flush()
    return [
        _change(episode, decision.views[level], reason, name)
        if level in decision.views
        else lost[level]
        for level, reason in decision.news
    ]


def _change(episode: Episode, view: View, reason: Reason, name: str) -> Change:
    return Change(
        episode_id=episode.id,
        substance_id=episode.substance_id,
        rule=episode.rule,
        scope=episode.scope,
        handling=view.evidence.level,
        tier=view.evidence.tier,
        reason=reason.value,
        sentence=sentence(view.evidence, name),
        countries=view.evidence.countries,
        simulated=episode.simulated,
    )


def _view(row: EpisodeView) -> View:
    told = row.evidence["told"]
    return View(
        evidence=Evidence.from_dict(row.evidence),
        since=row.since,
        told_tier=Tier(told["tier"]),
        told_regions=frozenset(told["regions"]),
    )


def _stored(view: View) -> dict[str, Any]:
    told = {"tier": int(view.told_tier), "regions": sorted(view.told_regions)}
    return {**view.evidence.as_dict(), "told": told}


def _episodes_by_reason(changes: Iterable[Change]) -> dict[str, int]:
    """How many episodes were opened, raised, grew wider and closed, whoever was told."""
    counted = Counter(reason for _, reason in {(c.episode_id, c.reason) for c in changes})
    return {reason.value: counted[reason.value] for reason in Reason}

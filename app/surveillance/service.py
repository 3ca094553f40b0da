"""Assessing a day: run the rules on what was known, and open, raise or close episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.access.handling import Handling
from app.db import insert_all_new
from app.errors import Conflict
from app.registry.models import Substance
from app.surveillance import episodes, inhibition, sightings
from app.surveillance.collecting import no_collecting
from app.surveillance.episodes import Decision, Present, Reason, View
from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import FIRSTS, Evidence, Signal
from app.surveillance.models import (
    Assessment,
    Episode,
    EpisodeState,
    EpisodeView,
    NodeId,
    Rule,
    Tier,
)
from app.surveillance.queries import last_assessment
from app.surveillance.ruleset import ruleset
from app.surveillance.unknowns import settled
from app.surveillance.wording import sentence


@dataclass(frozen=True, slots=True)
class Change:
    """One piece of news about an episode, for the audience of one handling level."""

    episode_id: int
    substance_id: int | None  # none for a family, a building block, an unresolved name
    rule: Rule
    scope: str
    handling: Handling  # the level of the view that changed
    tier: Tier
    reason: str  # opened, raised, wider, doubled or closed
    sentence: str
    countries: tuple[str, ...]
    simulated: bool  # of the episode, fixed when it opened: an exercise is told of as one
    # the open episode of its family under which it is listed: told to those alone who were not told
    # of that
    left_to: int | None = None
    late: bool = False  # it opened before, and is told to those alone who were not told then


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an assessment found, and what of it is news."""

    assessment: Assessment
    changes: tuple[Change, ...]


@no_collecting()
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
    closings = _last_closings(session, as_of - timedelta(days=limits.episodes.cooldown_days))
    seen = evaluate(session, as_of=as_of, limits=limits)
    named = _named_meanwhile(session, still_open.keys(), seen)
    changes: list[Change] = []
    for signal, episode in sorted(still_open.items()):
        _rename(episode, signal, seen)
        changes += _apply(episode, _next(episode, signal, seen, named), as_of)
    opening = [
        signal
        for signal in sorted(seen.fired.keys() - still_open.keys())
        if _may_open(signal, closings.get(signal), seen)
    ]
    new: dict[int, Episode] = {}
    for signal, opened in _open(session, opening, seen):
        decision = episodes.opening(seen.fired[signal], as_of=as_of)
        changes += _apply(opened, decision, as_of)
        new[opened.id] = opened
    counted = _episodes_by_reason(changes)
    changes = _left_to_families(session, [*still_open.values(), *new.values()], new, changes)

    assessment = Assessment(
        as_of=as_of,
        ruleset=limits.version,
        data_version=sightings.data_version(session, as_of),
        ran_at=now,
        milliseconds=round((perf_counter() - began) * 1000),
        counts={**seen.counts, **counted},
    )
    session.add(assessment)
    session.flush()
    return Outcome(assessment, tuple(changes))


# of a substance, no more than is looked at
_SUBSTANCE = joinedload(Episode.substance).load_only(Substance.name, Substance.merged_into_id)


def _open_episodes(session: Session) -> dict[Signal, Episode]:
    """Every open episode, locked until the end so that two workers do not tell the same news."""
    held = (
        select(Episode)
        .where(Episode.state != EpisodeState.CLOSED)
        .options(
            _SUBSTANCE,
            selectinload(Episode.views),
            selectinload(Episode.inhibited_by).selectinload(Episode.views),
        )
        .with_for_update(of=Episode)
        .execution_options(populate_existing=True)
    )
    return {signal_of(e): e for e in session.scalars(held)}


def signal_of(episode: Episode) -> Signal:
    """The signal that an episode is an interval of."""
    return Signal(episode.node, episode.rule, episode.scope)


def _last_closings(session: Session, lately: date) -> dict[Signal, episodes.Closing]:
    """How each signal was last closed, those left out whose ground had gone; how grave it was is
    told of what was closed after `lately`."""
    closed = (
        select(
            Episode.id,
            Episode.node_kind,
            Episode.node_key,
            Episode.rule,
            Episode.scope,
            Episode.closed_on,
            Episode.outcome,
        )
        .where(Episode.state == EpisodeState.CLOSED, Episode.outcome.not_in(episodes.GROUND_GONE))
        .order_by(Episode.id)
    )
    views = select(EpisodeView).join(Episode).where(Episode.closed_on > lately)
    grave: dict[int, tuple[Tier, int]] = {}
    for view in session.scalars(views):
        tier, deaths = grave.get(view.episode_id, (Tier.WATCH, 0))
        told = view.evidence["numbers"]["deaths"]
        grave[view.episode_id] = max(tier, view.tier), max(deaths, told)
    return {
        Signal(NodeId(kind, key), rule, scope): episodes.Closing(
            closed_on, outcome or "", *grave.get(number, ())
        )
        for number, kind, key, rule, scope, closed_on, outcome in session.execute(closed)
        if closed_on is not None
    }


def _named_meanwhile(
    session: Session, still_open: Iterable[Signal], seen: Evaluation
) -> set[Signal]:
    """The open signals of unknown names that have a meaning by now."""
    silent = {
        s.node.key: s for s in still_open if s.rule is Rule.NEW_UNKNOWN and s not in seen.held
    }
    return {silent[key] for key in settled(session, silent, as_of=seen.as_of)}


def _rename(episode: Episode, signal: Signal, seen: Evaluation) -> None:
    """Call a node what it is called today, if all who are shown the episode may know that.

    An unknown name is called as those write it who may be told of at the lowest level; once that
    level sinks, what only higher ones wrote must go.
    """
    levels = seen.fired.get(signal)
    shown = [view.handling for view in episode.views]
    if levels and shown and min(levels) <= min(shown):
        _write(episode, node_name=seen.names.get(signal.node, episode.node_name))


def _next(
    episode: Episode, signal: Signal, seen: Evaluation, named: Collection[Signal]
) -> Decision:
    present = Present(
        rule=episode.rule,
        opened_on=episode.opened_on,
        quiet_since=episode.quiet_since,
        views={view.handling: _view(view) for view in episode.views},
    )
    if episode.substance and episode.substance.merged_into_id and not seen.knows(signal.node):
        return episodes.next_of_merged(present)
    if signal in named:
        return episodes.next_of_resolved(present)
    as_of, limits = seen.as_of, seen.limits.episodes
    if episode.rule not in FIRSTS:
        held = seen.held.get(signal, {})
        return episodes.next_of_lasting(present, held, as_of=as_of, limits=limits)
    fired, stands = seen.fired.get(signal, {}), seen.standing(signal, episode.opened_on)
    return episodes.next_of_first(present, fired, stands, as_of=as_of, limits=limits)


def _may_open(signal: Signal, closing: episodes.Closing | None, seen: Evaluation) -> bool:
    return episodes.may_open(
        signal.rule,
        closing,
        as_of=seen.as_of,
        rests_on=seen.rests_on(signal) if closing else None,
        evidence=seen.fired[signal][max(seen.fired[signal])],
        limits=seen.limits.episodes,
    )


def _open(
    session: Session, signals: Sequence[Signal], seen: Evaluation
) -> list[tuple[Signal, Episode]]:
    """New episodes, still without views; those left out that another worker has just opened."""
    if not signals:
        return []
    newest = session.scalar(select(func.max(Episode.id))) or 0
    insert_all_new(session, Episode, [_new(signal, seen) for signal in signals])
    opened = (
        select(Episode)
        .where(Episode.id > newest, Episode.state != EpisodeState.CLOSED)
        .options(_SUBSTANCE, selectinload(Episode.views))
    )
    there = {signal_of(episode): episode for episode in session.scalars(opened)}
    found = ((signal, there.get(signal)) for signal in signals)
    return [(signal, one) for signal, one in found if one is not None and not one.views]


def _new(signal: Signal, seen: Evaluation) -> dict[str, Any]:
    fired = seen.fired[signal]
    return {
        "rule": signal.rule,
        "node_kind": signal.node.kind,
        "node_key": signal.node.key,
        "node_name": seen.names.get(signal.node),
        "substance_id": signal.node.substance_id,
        "scope": signal.scope,
        "state": EpisodeState.OPEN,
        "simulated": fired[max(fired)].simulated,
        "opened_on": seen.as_of,
        "evaluated_on": seen.as_of,
        "ruleset": seen.limits.version,
    }


def _apply(episode: Episode, decision: Decision, as_of: date) -> list[Change]:
    """Write a decision down, to be flushed with all others; the news in it."""
    name = episode.name
    before = {view.handling: view for view in episode.views}
    lost = {
        level: _change(episode, _view(before[level]), Reason.CLOSED, name)
        for level, _ in decision.news
        if level not in decision.views
    }
    for level in before.keys() - decision.views.keys():
        episode.views.remove(before[level])
    for level, view in sorted(decision.views.items()):
        row = before.get(level)
        if row is None:
            row = EpisodeView(handling=level)
            episode.views.append(row)
        _write(row, tier=view.evidence.tier, since=view.since, evidence=_stored(view),
               sentence=sentence(view.evidence, name))  # fmt: skip
    _write(episode, evaluated_on=as_of, quiet_since=decision.quiet_since)
    if decision.outcome is not None:
        _write(episode, state=EpisodeState.CLOSED, closed_on=as_of, outcome=decision.outcome)
    return [
        _change(episode, decision.views[level], reason, name)
        if level in decision.views
        else lost[level]
        for level, reason in decision.news
    ]


def _write(row: Episode | EpisodeView, **values: Any) -> None:
    """What differs alone: most episodes are today as they were this morning."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _left_to_families(
    session: Session, there: Sequence[Episode], new: Collection[int], changes: Sequence[Change]
) -> list[Change]:
    """The changes, with those marked that are left to the signal of a family; and what it kept.

    What grew while it was listed is told as opened: nobody was told of the less that there was.
    """
    grown = {c.episode_id for c in changes if c.reason in inhibition.GROWN}
    let_go = inhibition.settle(there, new=new, grown=grown)
    session.flush()
    by_id = {episode.id: episode for episode in there}
    freed = {(episode.id, view.handling): (episode, view) for episode, view in let_go}
    told = []
    for change in changes:
        which = change.episode_id, change.handling
        if which in freed and change.reason in (Reason.WIDER, Reason.DOUBLED):
            told.append(replace(change, reason=Reason.OPENED.value))
        elif change.reason == Reason.OPENED:
            of = inhibition.left_to(by_id[change.episode_id], change.handling)
            told.append(replace(change, left_to=of))
        else:
            told.append(change)
        freed.pop(which, None)
    late = (
        replace(_change(episode, _view(view), Reason.OPENED, episode.name), late=True)
        for episode, view in freed.values()
    )
    return [*told, *late]


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
    told, evidence = row.evidence["told"], Evidence.from_dict(row.evidence)
    # views from before weights were kept: what they showed is what was told
    weight = told.get("weight", evidence.weight or 0)
    return View(
        evidence=evidence,
        since=row.since,
        told_tier=Tier(told["tier"]),
        told_regions=frozenset(told["regions"]),
        told_weight=weight,
        told_on=date.fromisoformat(told["on"]) if "on" in told else row.since,
    )


def _stored(view: View) -> dict[str, Any]:
    told = {
        "tier": int(view.told_tier),
        "regions": sorted(view.told_regions),
        "weight": view.told_weight,
        "on": view.told_on.isoformat(),
    }
    return {**view.evidence.as_dict(), "told": told}


def _episodes_by_reason(changes: Iterable[Change]) -> dict[str, int]:
    """How many episodes were opened, raised, grew and closed, whoever was told."""
    counted = Counter(reason for _, reason in {(c.episode_id, c.reason) for c in changes})
    return {reason.value: counted[reason.value] for reason in Reason}

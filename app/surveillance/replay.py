"""What the rules would have said, month by month, with what was known then and no more.

Each month-end is evaluated by the same rules as a live day (app.surveillance.evaluation), and
episodes open, linger and close as they would have, in memory; nothing is stored. What was received,
resolved, withdrawn or merged later is not known yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.surveillance.episodes import LAPSED, Closing, may_open
from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import FIRSTS, Evidence, Signal
from app.surveillance.hindsight import noon
from app.surveillance.models import Rule, Tier
from app.surveillance.priority import Entry, ranked
from app.surveillance.ranking import priority_list
from app.surveillance.ruleset import EpisodeLimits, ruleset
from app.surveillance.unknowns import settled
from app.surveillance.windows import month_ends


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a signal in the replay of one month.

    `what` is opened, raised or closed, or "open before" for what was there when the replay began.
    `rank` and `score` are those of the substance among all that are watched, controlled or not, at
    that month-end.
    """

    month: date
    what: str
    signal: Signal
    name: str
    tier: Tier
    evidence: Evidence
    rank: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """A signal that fires or lingers."""

    evidence: Evidence
    tier: Tier
    since: date
    quiet_since: date | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """One replayed month: what happened, and what the priority list was at its end.

    `ranked` are all watched substances, the first the highest; today's control is not held against
    them, since it came later. `counts` are reports of the last twelve months:
    each event is one, whatever was found at it, and so is each in a total that ends in them.
    """

    end: date
    steps: tuple[Step, ...]
    ranked: tuple[int, ...]
    counts: Mapping[int, int]


def replay(session: Session, actor: Actor, *, first: date, last: date) -> Iterator[Month]:
    """The months from that of `first` to that of `last`; `actor` is whose priority list it is.

    The month before is evaluated as well, so that what was there at the beginning is not taken for
    news of it.
    """
    limits = ruleset()
    going: dict[Signal, _Open] = {}
    closed: dict[Signal, Closing] = {}
    before: list[Step] = []
    for place, end in enumerate(month_ends(first, last, before=1)):
        seen = evaluate(session, as_of=end, limits=limits)
        names = [s.node.key for s in going if s.rule is Rule.NEW_UNKNOWN and s not in seen.held]
        named = settled(session, names, as_of=end)
        steps, going = _moved(going, seen, closed, limits.episodes, named)
        if place == 0:
            before = [replace(step, what="open before") for step in steps]
            continue
        lists = priority_list(session, actor, as_of=end, now=noon(end))
        entries = ranked((*lists.ranked, *lists.controlled))
        placed = {entry.substance_id: entry for entry in entries}
        yield Month(
            end=end,
            steps=tuple(_ranked(step, placed) for step in (*before, *steps)),
            ranked=tuple(placed),
            counts=seen.sighted.recent,
        )
        before = []


def _ranked(step: Step, placed: Mapping[int, Entry]) -> Step:
    entry = placed.get(step.signal.node.substance_id or 0)
    return replace(step, rank=entry.rank, score=entry.score) if entry else step


def _moved(
    going: Mapping[Signal, _Open],
    seen: Evaluation,
    closed: dict[Signal, Closing],
    limits: EpisodeLimits,
    named: Collection[str],
) -> tuple[list[Step], dict[Signal, _Open]]:
    """What happened to the signals at a month-end, and those that are open after it.

    `named` are the unknown names that have a meaning by now. What closes because its ground has
    gone may open again, as in `episodes.may_open`.
    """
    steps: list[Step] = []
    after: dict[Signal, _Open] = {}
    for signal, was in going.items():
        gone = _ground_has_gone(signal, was, seen, named)
        now = None if gone else _next(signal, was, seen, limits)
        if now is None:
            if not gone:
                deaths = was.evidence.numbers["deaths"]
                closed[signal] = Closing(seen.as_of, LAPSED, was.tier, deaths)
            steps.append(_step(seen, "closed", signal, was.evidence, was.tier))
            continue
        after[signal] = now
        if now.tier > was.tier:
            steps.append(_step(seen, "raised", signal, now.evidence, now.tier))
    for signal, levels in seen.fired.items():
        evidence = levels[max(levels)]
        opens = may_open(
            signal.rule, closed.get(signal), as_of=seen.as_of, limits=limits, evidence=evidence
        )
        if signal in after or not opens:
            continue
        after[signal] = _Open(evidence, evidence.tier, since=seen.as_of)
        steps.append(_step(seen, "opened", signal, evidence, evidence.tier))
    return steps, after


def _ground_has_gone(signal: Signal, was: _Open, seen: Evaluation, named: Collection[str]) -> bool:
    if signal.rule in FIRSTS:
        return not seen.standing(signal, was.since)
    return signal.rule is Rule.NEW_UNKNOWN and signal.node.key in named


def _next(signal: Signal, was: _Open, seen: Evaluation, limits: EpisodeLimits) -> _Open | None:
    """An open signal a month on; None when it closes."""
    is_first = signal.rule in FIRSTS
    if is_first and (seen.as_of - was.since).days >= limits.first_open_days:
        return None
    levels = seen.held.get(signal)
    if levels:
        evidence = levels[max(levels)]
        return _Open(evidence, max(was.tier, evidence.tier), was.since)
    if is_first:
        return was
    quiet_since = was.quiet_since or seen.as_of
    if (seen.as_of - quiet_since).days >= limits.quiet_days:
        return None
    return replace(was, quiet_since=quiet_since)


def _step(seen: Evaluation, what: str, signal: Signal, evidence: Evidence, tier: Tier) -> Step:
    return Step(seen.as_of, what, signal, seen.name_of(signal.node), tier, evidence)

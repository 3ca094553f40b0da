"""When an episode opens, rises, goes quiet and closes: decisions on plain data.

    no episode ── fires ──▶ open ──────── 180 days ───────▶ closed (lapsed)       a first
                             │  └── its ground is gone ──▶ closed (withdrawn)    a first
                             ├── 90 days without firing ─▶ closed (lapsed)       any other
                             ├── it is another substance ▶ closed (merged)       either
                             └── its name has a meaning ─▶ closed (resolved)     NEW_UNKNOWN

People close with an outcome of their own. A first that was closed never opens again for the same
place, unless its ground had gone (withdrawn, merged): then it had not been one. Any other may,
after a cooldown; what is urgent and was not when it closed, or with more deaths, and a name whose
meaning was taken back, at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.access.handling import Handling
from app.surveillance.evidence import FIRSTS, Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.rules import sparing
from app.surveillance.ruleset import EpisodeLimits

LAPSED = "lapsed"
WITHDRAWN = "withdrawn"
MERGED = "merged"
RESOLVED = "resolved"
GROUND_GONE = (WITHDRAWN, MERGED, RESOLVED)
REFUTED = ("not_confirmed", "duplicate", "data_error")  # it was not so
OUTCOMES = ("confirmed", *REFUTED)  # those that people give


class Reason(StrEnum):
    """Why people are told, the weightiest first."""

    OPENED = "opened"
    CLOSED = "closed"
    RAISED = "raised"
    WIDER = "wider"
    DOUBLED = "doubled"


@dataclass(frozen=True, slots=True)
class View:
    """What one audience is shown, and the most it was ever told, so that no news is told twice.

    `told_weight` is the largest `Evidence.weight` that was told of, `told_on` the day of the last
    news. Both stay as they are while nothing is told, however much comes in.
    """

    evidence: Evidence
    since: date
    told_tier: Tier
    told_regions: frozenset[str]
    told_weight: float
    told_on: date


@dataclass(frozen=True, slots=True)
class Present:
    """An open episode before an assessment."""

    rule: Rule
    opened_on: date
    quiet_since: date | None
    views: Mapping[Handling, View]


@dataclass(frozen=True, slots=True)
class Decision:
    """The episode after an assessment, and what is news about it to which audience."""

    views: Mapping[Handling, View]
    news: tuple[tuple[Handling, Reason], ...] = ()
    quiet_since: date | None = None
    outcome: str | None = None  # set when it closes


@dataclass(frozen=True, slots=True)
class Closing:
    """When and with what outcome a signal's last episode was closed, and how grave it was then."""

    on: date
    outcome: str
    tier: Tier = Tier.WATCH
    deaths: int = 0


def may_open(
    rule: Rule,
    closing: Closing | None,
    *,
    as_of: date,
    limits: EpisodeLimits,
    rests_on: date | None = None,
    evidence: Evidence | None = None,
) -> bool:
    """Whether a signal that fires may open an episode, given how its last one closed.

    Nothing is first twice; but where a first was closed because it was none (an error, a
    duplicate), and what it can rest on (`rests_on`: a confirmed report, else all there is) came in
    later, the true one opens, though nobody took the wrong report back. What is urgent waits for no
    cooldown (signals 2.4), as long as its `evidence` is not what somebody has just closed.
    """
    if closing is None:
        return True
    if rule in FIRSTS:
        refuted = closing.outcome in REFUTED
        return refuted and rests_on is not None and rests_on > closing.on
    rested = (as_of - closing.on).days >= limits.cooldown_days
    return rested or (evidence is not None and _is_graver(evidence, closing))


def _is_graver(evidence: Evidence, closing: Closing) -> bool:
    """Whether it is urgent by something that was not there when it closed; one that lapsed had
    nothing left."""
    more = evidence.tier > closing.tier or evidence.numbers["deaths"] > closing.deaths
    return evidence.tier is Tier.URGENT and (more or closing.outcome == LAPSED)


def opening(fired: Mapping[Handling, Evidence], *, as_of: date) -> Decision:
    """A new episode."""
    return Decision(
        views={level: _first_view(evidence, as_of) for level, evidence in fired.items()},
        news=tuple((level, Reason.OPENED) for level in sorted(fired)),
    )


def next_of_first(
    present: Present,
    fired: Mapping[Handling, Evidence],
    stands: Mapping[Handling, Evidence],
    *,
    as_of: date,
    limits: EpisodeLimits,
) -> Decision:
    """What becomes of an open first: `fired` is what is news today, `stands` what still holds."""
    if (as_of - present.opened_on).days >= limits.first_open_days:
        return _closing(present, LAPSED)
    if not stands:
        return _closing(present, WITHDRAWN)
    shown = {
        level: evidence
        for level, evidence in stands.items()
        if any(v <= level for v in (*present.views, *fired))
    }
    return _told(present.views, sparing(shown or stands), as_of, limits)


def next_of_lasting(
    present: Present,
    fired: Mapping[Handling, Evidence],
    *,
    as_of: date,
    limits: EpisodeLimits,
) -> Decision:
    """What becomes of an open episode of any other rule.

    `fired` is what suffices to keep it open: a statistic opens at one value and closes below a
    lower one, so that an edge does not flap.
    """
    if fired:
        kept = _lingering(present, fired, as_of, limits)
        return _told(present.views, {**kept, **fired}, as_of, limits)
    quiet_since = present.quiet_since or as_of
    if (as_of - quiet_since).days >= limits.quiet_days:
        return _closing(present, LAPSED)
    return Decision(views=present.views, quiet_since=quiet_since)


def next_of_merged(present: Present) -> Decision:
    """The substance was merged into another, for which its sightings count from now on."""
    return _closing(present, MERGED)


def next_of_resolved(present: Present) -> Decision:
    """Somebody has said what the unknown name means; from now on that is what is watched."""
    return _closing(present, RESOLVED)


def seen_by(views: Mapping[Handling, View], audience: Handling) -> Handling | None:
    """The level of the view that an audience is shown: the highest it is cleared for."""
    return max((level for level in views if level <= audience), default=None)


def _lingering(
    present: Present, fired: Mapping[Handling, Evidence], as_of: date, limits: EpisodeLimits
) -> dict[Handling, Evidence]:
    """Views of audiences for whom it stopped firing: they stay as long as a quiet episode does."""
    return {
        level: view.evidence
        for level, view in present.views.items()
        if level < min(fired) and (as_of - view.evidence.as_of).days < limits.quiet_days
    }


def _told(
    before: Mapping[Handling, View],
    after: Mapping[Handling, Evidence],
    as_of: date,
    limits: EpisodeLimits,
) -> Decision:
    """Carry over what each audience knew, and find what is news to it."""
    views: dict[Handling, View] = {}
    for level, evidence in after.items():
        shown = seen_by(before, level)
        if shown is None:
            views[level] = _first_view(evidence, as_of)
        else:
            known = before[shown]
            views[level] = replace(
                known,
                evidence=evidence,
                told_tier=max(known.told_tier, evidence.tier),
                told_regions=known.told_regions | evidence.regions,
            )
    news: dict[Handling, Reason] = {}
    for audience in Handling:
        told = _news(before, views, audience, as_of, limits)
        if told is not None:
            level, reason = told
            news[level] = min(reason, news.get(level, reason), key=list(Reason).index)
    for level in news.keys() & views.keys():
        view = views[level]
        weight = max(view.told_weight, view.evidence.weight or 0)
        views[level] = replace(view, told_weight=weight, told_on=as_of)
    return Decision(views=views, news=tuple(sorted(news.items())))


def _first_view(evidence: Evidence, as_of: date) -> View:
    return View(evidence, as_of, evidence.tier, evidence.regions, evidence.weight or 0, as_of)


def _news(
    before: Mapping[Handling, View],
    after: Mapping[Handling, View],
    audience: Handling,
    as_of: date,
    limits: EpisodeLimits,
) -> tuple[Handling, Reason] | None:
    was, is_now = seen_by(before, audience), seen_by(after, audience)
    if is_now is None:
        return None if was is None else (was, Reason.CLOSED)
    if was is None:
        return is_now, Reason.OPENED
    evidence = after[is_now].evidence
    if evidence.tier > before[was].told_tier:
        return is_now, Reason.RAISED
    if evidence.rule not in FIRSTS and evidence.regions - before[was].told_regions:
        return is_now, Reason.WIDER
    if _doubled(before[was], evidence, as_of, limits):
        return is_now, Reason.DOUBLED
    return None


def _doubled(known: View, evidence: Evidence, as_of: date, limits: EpisodeLimits) -> bool:
    """Whether there is so much more of it than people were told that they are told again.

    Not again within some days, unless it is urgent (signals 2.4).
    """
    if evidence.weight is None or not known.told_weight:
        return False
    rested = (as_of - known.told_on).days >= limits.doubled_days
    much_more = evidence.weight >= limits.doubled_ratio * known.told_weight
    return much_more and (rested or evidence.tier is Tier.URGENT)


def _closing(present: Present, outcome: str) -> Decision:
    return Decision(
        views=present.views,
        news=tuple((level, Reason.CLOSED) for level in sorted(present.views)),
        quiet_since=present.quiet_since,
        outcome=outcome,
    )

"""RE_EMERGENCE: a substance is back after a silence that was none of chance.

The silence is the gap that ended in the last months. It was real when the rate before it made it
surprising, given how much was looked for meanwhile (signals 2.1). Where all events before lie
further back than the curves, the sightings themselves tell of it, by calendar time: who looked for
how much so long ago is not known. A total of a year, and an event of which only the year is known,
break a silence to their last day; and what few know not to have been silent is told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.access.handling import Handling
from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.exposure import Basis
from app.surveillance.models import NodeKind, Rule
from app.surveillance.months import month_of
from app.surveillance.ruleset import Ruleset, SilenceRule, plain
from app.surveillance.sighted import Earlier, SeenBefore
from app.surveillance.statistics.silence import chance_of_silence


@dataclass(frozen=True, slots=True)
class _Silence:
    """A gap between events; months count from the first of the arrays, below nought before it."""

    begins: int
    ends: int
    events_before: int
    chance: float | None  # that there was none in it by chance; None where nobody looked
    exposure: str  # what looking was measured by


def returning(
    seen: Curves, rules: Ruleset, earlier: Earlier
) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every substance that is back, with the evidence; each suffices to open an episode.

    `earlier` is what was seen before the months in which a substance is news (`turn`).
    """
    limits = rules.silence
    newest = seen.tally.months - limits.within_months
    # what may be back: seen in the last months, and not in those next to them
    there = seen.events > 0
    gone = max(newest - limits.gap_months + limits.within_months, 0)
    back = there[:, newest:].any(axis=1) & ~there[:, gone:newest].any(axis=1)
    for place in np.flatnonzero(back).tolist():
        node = seen.nodes[place]
        if node.kind is not NodeKind.SUBSTANCE:
            continue
        mine, known = (earlier.of(node.members[0], of) for of in (seen.level, max(Handling)))
        silence = _in_the_curve(seen, place, newest, mine) or _before_the_curve(
            seen, place, newest, mine, limits
        )
        if silence is None or not _is_gap(silence, known, seen, limits):
            continue
        span = seen.since({place: silence.ends})[place]
        enough = span.events >= limits.events or span.deaths >= 1
        if silence.chance is None or silence.chance > limits.chance or not enough:
            continue
        evidence = evidence_of(
            seen,
            Rule.RE_EMERGENCE,
            span,
            since=span.first,
            rules=rules,
            thresholds=plain(limits),
            details={
                "silent_months": silence.ends - silence.begins,
                "silent_from": seen.label(silence.begins),
                "chance": round(silence.chance, 6),
                "events_before": silence.events_before,
                "exposure": silence.exposure,
                "months": seen.months,
                "events": [int(n) for n in seen.events[place]],
            },
        )
        yield Signal(node.id, Rule.RE_EMERGENCE, WORLD), evidence, True


def _is_gap(silence: _Silence, known: SeenBefore | None, seen: Curves, limits: SilenceRule) -> bool:
    """Whether it lasted long enough, also by what only the most cleared know of."""
    begins = max(silence.begins, _after(known, seen))
    return silence.ends - begins >= limits.gap_months


def _after(earlier: SeenBefore | None, seen: Curves) -> int:
    """The month after the last sighting of any kind."""
    return -seen.tally.since if earlier is None else earlier.last + 1 - seen.tally.since


def _in_the_curve(
    seen: Curves, place: int, newest: int, earlier: SeenBefore | None
) -> _Silence | None:
    """The silence since the last sighting, where there are events before it in the curve."""
    with_events = np.flatnonzero(seen.events[place])
    before, after = with_events[with_events < newest], with_events[with_events >= newest]
    if not len(before):
        return None
    begins, ends = max(int(before[-1]) + 1, _after(earlier, seen)), int(after[0])
    exposure = seen.discounted[place]
    events = seen.events[place, :begins].sum()
    chance = chance_of_silence(
        float(events), float(exposure[:begins].sum()), float(exposure[begins:ends].sum())
    )
    return _Silence(begins, ends, int(events), chance, seen.basis(place))


def _before_the_curve(
    seen: Curves, place: int, newest: int, earlier: SeenBefore | None, limits: SilenceRule
) -> _Silence | None:
    """The silence since the last sighting, where that is none of an event in the curve."""
    if earlier is None or not earlier.events:
        return None
    since = seen.tally.since
    begins = _after(earlier, seen)
    ends = int(np.flatnonzero(seen.events[place, newest:])[0]) + newest
    watched = max(begins - (earlier.first - since), limits.watched_months)
    silent = float(max(0, ends - begins))
    chance = chance_of_silence(float(earlier.events), float(watched), silent)
    return _Silence(begins, ends, earlier.events, chance, Basis.CONSTANT.word)


def turn(as_of: date, limits: SilenceRule) -> int:
    """The first of the months in which a substance that is back is news."""
    return month_of(as_of) + 1 - limits.within_months

"""What another rule set would have said of the last months, before anybody puts it in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import Signal
from app.surveillance.models import Tier
from app.surveillance.ruleset import Ruleset
from app.surveillance.windows import month_ends, months_before


@dataclass(frozen=True, slots=True)
class Difference:
    """A signal of which two rule sets say different things at some month-end.

    `now` and `then` are the tiers under the rule set in force and under the other, None where it
    does not fire. Told of is the first month-end at which they differ.
    """

    month: date
    signal: Signal
    name: str
    now: Tier | None
    then: Tier | None


@dataclass(frozen=True, slots=True)
class Preview:
    """How often each rule set fired over all month-ends, and every difference between them."""

    months: int
    fired_now: int
    fired_then: int
    differences: tuple[Difference, ...]


def preview(
    session: Session, in_force: Ruleset, other: Ruleset, *, as_of: date, months: int
) -> Preview:
    """Evaluate the last month-ends, and `as_of`, under both. Nothing is written."""
    found: dict[Signal, Difference] = {}
    now_total = then_total = 0
    days = [*month_ends(months_before(as_of, months), months_before(as_of, 1)), as_of]
    for day in days:
        now = evaluate(session, as_of=day, limits=in_force)
        then = evaluate(session, as_of=day, limits=other)
        now_total, then_total = now_total + len(now.fired), then_total + len(then.fired)
        for difference in _differences(day, now, then):
            found.setdefault(difference.signal, difference)
    ordered = sorted(found.values(), key=lambda one: (one.month, one.signal))
    return Preview(len(days), now_total, then_total, tuple(ordered))


def _differences(day: date, now: Evaluation, then: Evaluation) -> Iterator[Difference]:
    for signal in now.fired.keys() | then.fired.keys():
        tiers = _tier(now, signal), _tier(then, signal)
        if tiers[0] != tiers[1]:
            yield Difference(day, signal, then.name_of(signal.node), *tiers)


def _tier(seen: Evaluation, signal: Signal) -> Tier | None:
    levels = seen.fired.get(signal)
    return levels[max(levels)].tier if levels else None

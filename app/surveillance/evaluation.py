"""What all rules say of one day: the signals that fire, and those that suffice to stay open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import chain

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.registry.models import WATCHED, Standing, Substance
from app.surveillance import rules, spans
from app.surveillance.collecting import no_collecting
from app.surveillance.counted import Counted
from app.surveillance.curves import Curves, curves
from app.surveillance.evidence import FIRSTS, WORLD, Evidence, Key, Signal
from app.surveillance.harming import harming
from app.surveillance.models import (
    Episode,
    EpisodeState,
    NodeId,
    NodeKind,
    Rule,
    Tier,
    of_substance,
)
from app.surveillance.occurrences import occurrences
from app.surveillance.returning import returning, turn
from app.surveillance.rising import rising
from app.surveillance.rolled import Part
from app.surveillance.rollup import asked_since
from app.surveillance.ruleset import Ruleset
from app.surveillance.said import Said
from app.surveillance.sighted import Earlier, Sighted, sighted
from app.surveillance.spans import Total
from app.surveillance.spots import clusters_of_harm
from app.surveillance.spotting import maybe_clustered
from app.surveillance.stockpile import Stockpile, quantities
from app.surveillance.totals import growth_in_totals, volumes
from app.surveillance.unknowns import fresh_since, new_unknowns, unresolved
from app.surveillance.windows import months_before

Levels = dict[Handling, Evidence]


@dataclass(frozen=True, slots=True)
class Watched:
    """A watched substance by its name, and by what it does (`rules.NO_FAMILY` when not known)."""

    name: str
    effect: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rules found, as known at the end of `as_of`.

    `fired` suffices to open an episode, `held` to keep one open. `names` are those of the nodes
    that are no substances, `stood` what was said of firsts that are still ones.
    """

    as_of: date
    limits: Ruleset
    fired: Mapping[Signal, Levels]
    held: Mapping[Signal, Levels]
    sighted: Sighted
    watched: Mapping[int, Watched]
    names: Mapping[NodeId, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    stood: Said = field(default_factory=Said)

    def knows(self, node: NodeId) -> bool:
        """Whether anything counts for a node today."""
        return node.substance_id in self.sighted.earliest[max(Handling)]

    def name_of(self, node: NodeId) -> str:
        """What people call a node."""
        known = self.watched.get(node.substance_id or 0)
        return known.name if known else self.names.get(node, node.key)

    def standing(self, signal: Signal, opened_on: date) -> Levels:
        """The evidence that a first announced on a day is still one; {} when it is not."""
        number = signal.node.substance_id or 0
        return rules.standing(self._still_first(number, opened_on), (signal.rule, signal.scope))

    def _still_first(
        self, number: int, opened_on: date
    ) -> Mapping[Handling, Mapping[Key, Evidence]]:
        """What is still first of a substance since a day; of the same cells as before the same."""
        cells = self.sighted.cells.get(number, [])
        effect = self.watched[number].effect if number in self.watched else ""
        before = self.sighted.before.get(number, frozenset())
        levels = self.sighted.levels.get(number, frozenset())
        return self.stood.again(
            (number, opened_on),
            (cells, effect, before, levels),
            lambda: rules.still_first(
                cells,
                as_of=self.as_of,
                opened_on=opened_on,
                rules=self.limits,
                effect=effect,
                before=before,
                levels=levels,
            ),
        )

    def rests_on(self, signal: Signal) -> date | None:
        """When that came in on which a first can rest by itself: the newest confirmed report in its
        scope, else the oldest of all.

        None of other signals, which rest on what was known before as well.
        """
        if signal.rule not in FIRSTS:
            return None
        number = signal.node.substance_id or 0
        there = [
            cell.received_at.date()
            for cell in self.sighted.cells.get(number, ())
            if signal.scope in {WORLD, cell.region, cell.country}
        ]
        return self.sighted.confirmed_on(number, signal.scope) or min(there, default=None)


@no_collecting()
def evaluate(session: Session, *, as_of: date, limits: Ruleset, anew: bool = False) -> Evaluation:
    """Run every rule on what was known at the end of `as_of`. Nothing is written.

    What is known comes through the rollup where it serves; `anew`, from the reports alone.
    """
    days = _looks_back_to(session, as_of, limits)
    asked = asked_since(as_of, limits, days)
    counted = Counted(session, as_of, since=asked, anew=anew)
    seen = sighted(
        counted, as_of=as_of, edges=rules.edges(as_of, limits), turn=turn(as_of, limits.silence)
    )
    watched = _watched(session)
    ruled = as_of, limits.version, limits.first, limits.spread, limits.tiers
    said, stood = (counted.once(what, ruled, Said) for what in ("firsts", "standing"))
    fired = dict(_fired(seen, watched, as_of, limits, said))
    fired |= dict(_grown_in_totals(session, watched, as_of, limits))
    curved = _Curved(watched, seen.earlier)
    known = curves(
        session,
        counted,
        as_of=as_of,
        months=limits.growth.history_months,
        window=limits.harm.window_months,
        earliest=seen.earliest,
    )
    for curve in known:
        curved.add(curve, limits)
    fired |= _each_group_once(_unless_spread_tells(curved.fired(), fired))
    fired |= dict(_spotted(counted, as_of, limits))
    unknown = unresolved(session, as_of=as_of, since=fresh_since(as_of, limits))
    for signal, levels, written in new_unknowns(unknown, as_of=as_of, rules=limits):
        fired[signal] = rules.sparing(levels)
        curved.names[signal.node] = written
    return Evaluation(
        as_of=as_of,
        limits=limits,
        fired=fired,
        held=fired | curved.held(),
        sighted=seen,
        watched=watched,
        names=curved.names,
        counts={
            "substances": len(seen.earliest[max(Handling)]),
            "cells": sum(map(len, seen.cells.values())),
            "fired": len(fired),
        },
        stood=stood,
    )


def _looks_back_to(session: Session, as_of: date, limits: Ruleset) -> date:
    """From when on days are asked for: of firsts that may be or are still announced."""
    announced = select(func.min(Episode.opened_on)).where(
        Episode.state != EpisodeState.CLOSED, Episode.rule.in_(FIRSTS)
    )
    days = [rules.looks_back_to(as_of, limits)]
    if (oldest := session.scalar(announced)) is not None:
        days.append(months_before(oldest, limits.first.fresh_months))
    return min(days)


def _grown_in_totals(
    session: Session, watched: Mapping[int, Watched], as_of: date, limits: Ruleset
) -> Iterable[tuple[Signal, Levels]]:
    """Growth in what sources count by the year or the quarter; the full knowledge decides."""
    of_each, of_all = spans.totals(session, as_of=as_of)
    by_substance: dict[int, list[Total]] = {}
    for total in of_each:
        by_substance.setdefault(total.substance_id or 0, []).append(total)
    levels = sorted({total.level for total in of_each})
    among = {lvl: volumes(total for total in of_all if total.level <= lvl) for lvl in levels}
    for number, mine in by_substance.items():
        if watched[number].effect == rules.NO_FAMILY:
            continue
        found: dict[str, Levels] = {}
        for level in sorted({total.level for total in mine}):
            grown = growth_in_totals(
                mine,
                among[level],
                as_of=as_of,
                limits=limits.totals,
                ruleset=limits.version,
                level=level,
            )
            for scope, evidence in grown.items():
                found.setdefault(scope, {})[level] = evidence
        highest = max(total.level for total in mine)
        for scope, told in found.items():
            if highest in told:
                yield Signal(of_substance(number), Rule.GROWTH, scope), rules.sparing(told)


def _spotted(counted: Counted, as_of: date, limits: Ruleset) -> Iterable[tuple[Signal, Levels]]:
    """Clusters of harm and unusual quantities."""
    harms = maybe_clustered(counted.harms(), as_of=as_of, rules=limits)
    pile = counted.once(
        "weights",
        (as_of, limits.version, limits.quantity, limits.tiers),
        lambda: Stockpile.of(counted.kept(Part.WEIGHTS), as_of=as_of, rules=limits),
    )
    less, more = counted.less(Part.WEIGHTS), counted.more(Part.WEIGHTS)
    for signal, levels in chain(
        clusters_of_harm(occurrences(harms), as_of=as_of, rules=limits),
        quantities(pile, less, more, counted.seized(), as_of=as_of, rules=limits),
    ):
        yield signal, rules.sparing(levels)


def _unless_spread_tells(
    grown: Mapping[Signal, Levels], fired: Mapping[Signal, Levels]
) -> dict[Signal, Levels]:
    """Without the growth of a young substance whose spread is told of: it is the same news, unless
    it is graver, by deaths of before the spread."""
    return {
        signal: levels
        for signal, levels in grown.items()
        if signal.rule is not Rule.GROWTH
        or _gravest(levels) > _gravest(fired.get(signal._replace(rule=Rule.NEW_SPREAD), {}))
    }


def _gravest(levels: Levels) -> int:
    return max((evidence.tier for evidence in levels.values()), default=0)


KINDS_TOLD = (NodeKind.FAMILY, NodeKind.GROUP, NodeKind.CLUSTER, NodeKind.BLOCK)


def _each_group_once(grown: Mapping[Signal, Levels]) -> dict[Signal, Levels]:
    """Of families, clusters and blocks that grow by the same members, the first alone."""
    told: set[frozenset[str]] = set()
    kept: dict[Signal, Levels] = {}
    kinds = {kind: place for place, kind in enumerate(KINDS_TOLD)}
    for signal in sorted(grown, key=lambda s: (kinds.get(s.node.kind, -1), s)):
        levels = grown[signal]
        if signal.node.kind in kinds:
            highest = levels[max(levels)].details
            members = frozenset(member["id"] for member in highest["members"])
            if members in told:
                continue
            told.add(members)
        kept[signal] = levels
    return kept


class _Curved:
    """What the rules on curves say, level by level; the full knowledge decides in the end."""

    def __init__(self, watched: Mapping[int, Watched], earlier: Earlier) -> None:
        self.watched, self.earlier = watched, earlier
        self.names: dict[NodeId, str] = {}
        self._levels: dict[Signal, Levels] = {}
        self._opens: dict[Signal, set[Handling]] = {}
        self._highest = Handling.CLEAR

    def add(self, seen: Curves, limits: Ruleset) -> None:
        """Run the rules on what one audience knows; the audiences come from the lowest up."""
        self._highest = seen.level
        self.names = self.names or {node.id: node.name for node in seen.nodes}
        back = returning(seen, limits, self.earlier)
        found = chain(rising(seen, limits), back, harming(seen, limits))
        for signal, evidence, opens in found:
            number = signal.node.substance_id
            known = number is None or self.watched[number].effect != rules.NO_FAMILY
            told = evidence if known else replace(evidence, tier=Tier.WATCH)
            self._levels.setdefault(signal, {})[seen.level] = told
            if opens:
                self._opens.setdefault(signal, set()).add(seen.level)

    def fired(self) -> dict[Signal, Levels]:
        """Signals that suffice to open an episode, at the levels at which they do."""
        return {
            signal: rules.sparing({level: self._levels[signal][level] for level in levels})
            for signal, levels in self._opens.items()
            if self._highest in levels
        }

    def held(self) -> dict[Signal, Levels]:
        """Signals that suffice to keep one open."""
        return {
            signal: rules.sparing(levels)
            for signal, levels in self._levels.items()
            if self._highest in levels
        }


def _watched(session: Session) -> dict[int, Watched]:
    rows = select(Substance.id, Substance.name, Substance.standing, Substance.effect).where(
        Substance.standing.in_(WATCHED)
    )
    return {
        number: Watched(name, rules.NO_FAMILY if kind is Standing.UNCLASSIFIED else effect)
        for number, name, kind, effect in session.execute(rows)
    }


def _fired(
    seen: Sighted, watched: Mapping[int, Watched], as_of: date, limits: Ruleset, said: Said
) -> Iterable[tuple[Signal, Levels]]:
    """Firsts and spreads. A substance without a fresh sighting cannot, and is passed over; of one
    with the same cells as before the same is said."""
    fresh = months_before(as_of, limits.first.fresh_months)
    for number, cells in seen.cells.items():
        if any(cell.until >= fresh for cell in cells):
            effect, before = watched[number].effect, seen.before[number]
            told = said.again(
                number,
                (cells, effect, before),
                partial(
                    rules.views, cells, as_of=as_of, rules=limits, effect=effect, before=before
                ),
            )
            for (rule, scope), levels in told.items():
                yield Signal(of_substance(number), rule, scope), levels

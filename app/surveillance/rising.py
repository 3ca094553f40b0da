"""GROWTH, FAMILY, BLOCK: what is reported more often than its own past and the samples explain.

One statistic for all nodes (statistics.emergence). A substance that emerges is GROWTH. Of a family,
a group or a cluster the same is FAMILY, of a building block BLOCK, where it is more than the growth
of one member (signals 5.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from math import isfinite
from typing import Any

import numpy as np

from app.registry.models import code_of
from app.surveillance.arrays import Floats, Integers
from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.exposure import Basis
from app.surveillance.harmful import NO_CLASS
from app.surveillance.models import NodeKind, Rule
from app.surveillance.nodes import Node
from app.surveillance.ruleset import GrowthRule, Ruleset, plain
from app.surveillance.statistics.doubling import doubling_time
from app.surveillance.statistics.emergence import (
    Emergence,
    EmergenceLimits,
    judged,
    without_bursts,
)
from app.surveillance.statistics.growth import (
    LIMITS,
    NO_ONSET,
    glr,
    pooled_dispersion,
    predictive,
    rate_ratio,
    windows,
)
from app.surveillance.statistics.multiplicity import benjamini_hochberg
from app.surveillance.stretches import ReporterMonths, Span

RULE_OF = {
    NodeKind.SUBSTANCE: Rule.GROWTH,
    NodeKind.FAMILY: Rule.FAMILY,
    NodeKind.GROUP: Rule.FAMILY,
    NodeKind.CLUSTER: Rule.FAMILY,
    NodeKind.BLOCK: Rule.BLOCK,
}
MOST_MEMBERS = 30  # named in the evidence, those with the most events first


def rising(seen: Curves, rules: Ruleset) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every node whose rate is raised, with the evidence, and whether it suffices to open.

    What does not suffice to open may still keep an episode open (`growth.keep_statistic`).
    """
    samples = _samples(seen)
    ratio = glr(seen.events, samples, dispersion=_dispersion(seen, samples))
    raised = (ratio.onset != NO_ONSET) & (ratio.statistic > rules.growth.keep_statistic)
    spans = seen.since(
        {place: int(ratio.onset[place]) for place in np.flatnonzero(raised).tolist()}
    )
    sightings, reporters = np.zeros((2, len(raised)), np.int64)
    for place, span in spans.items():
        sightings[place], reporters[place] = span.sightings, span.reporters
    found = judged(
        ratio,
        sightings=sightings,
        reporters=reporters,
        age=seen.tally.months - 1 - seen.first_seen,
        limits=_limits(rules.growth),
    )
    told = _details(seen, found, list(spans))
    unburst = _without_bursts(seen, spans, found)
    for place, span in spans.items():
        node = seen.nodes[place]
        if node.kind is NodeKind.GROUP and node.key in NO_CLASS:
            continue  # what belongs nowhere does not emerge together
        details = told[place]
        opens = span.events >= rules.growth.least_events and bool(found.emerging[place])
        if node.kind is NodeKind.SUBSTANCE:
            details["unburst"] = _plain(unburst[place])
            opens = opens and unburst[place] > rules.growth.unburst_statistic
        if node.kind is not NodeKind.SUBSTANCE:
            shared = _shared(seen, node, int(found.ratio.onset[place]), rules)
            details |= shared
            if shared["largest_share"] > rules.family.largest_share:
                continue  # it is the growth of that member
            opens = _opens_as_one(float(found.ratio.statistic[place]), span, shared, rules)
        if span.events:
            rule = RULE_OF[node.kind]
            yield (
                Signal(node.id, rule, WORLD),
                _evidence(seen, rule, span, details, rules),
                opens,
            )


def _samples(seen: Curves) -> Floats:
    """Discounted exposure in samples, or in what stands for them [nodes, months].

    The statistic has a prior of half an event in 500 samples. Where exposure is no count of samples
    a unit of it stands for as many as make the pooled rate of its kind of nodes one in 1000, as the
    prior has it, and for one at least (signals 1.4: estimated from the data). Else the prior would
    outweigh the past of a small register, and what is steady would look like growth.
    """
    kinds = np.array([node.kind.value for node in seen.nodes])
    units = np.ones(len(kinds))
    usual = LIMITS.prior_events / LIMITS.prior_samples
    for basis in set(Basis) - {Basis.DECLARED}:
        for kind in np.unique(kinds):
            mine = (seen.exposure.basis == basis) & (kinds == kind)
            seen_at_all = mine & seen.events.any(axis=1)
            looked = seen.discounted[seen_at_all].sum()
            if looked:
                units[mine] = max(1.0, seen.events[seen_at_all].sum() / looked / usual)
    return seen.discounted * units[:, None]


def _dispersion(seen: Curves, samples: Floats) -> Floats:
    """How much more than by chance counts scatter, once for each kind of node (signals 1.4)."""
    kinds = np.array([node.kind.value for node in seen.nodes])
    found = np.zeros(len(kinds))
    for kind in np.unique(kinds):
        mine = kinds == kind
        found[mine] = pooled_dispersion(seen.events[mine], samples[mine])
    return found


def _limits(rule: GrowthRule) -> EmergenceLimits:
    return EmergenceLimits(
        young_months=rule.young_months,
        young_statistic=rule.young_statistic,
        established_statistic=rule.established_statistic,
        sightings=rule.sightings,
        reporters=rule.reporters,
        unburst_statistic=rule.unburst_statistic,
    )


def _chances(seen: Curves) -> dict[str, Floats]:
    """The number shown beside the statistic: p of the last months, and q within its kind of node.

    Only nodes with an event in those months are tests; q labels and ranks, it is no gate.
    """
    last = windows(seen.events, seen.discounted)
    said = predictive(last.current, last.current_exposure, last.baseline, last.baseline_exposure)
    ratio = rate_ratio(last.current, last.current_exposure, last.baseline, last.baseline_exposure)
    q = np.full(len(seen.nodes), np.nan)
    kinds = np.array([node.kind.value for node in seen.nodes])
    tested = said.testable & (last.current > 0)
    for kind in np.unique(kinds):
        mine = tested & (kinds == kind)
        q[mine] = benjamini_hochberg(said.mid_p[mine])
    year = slice(-12, None)
    doubling = doubling_time(seen.events[:, year], seen.discounted[:, year])
    return {
        "p": said.p,
        "q": q,
        "low": ratio.low,
        "high": ratio.high,
        "doubling_months": np.where(doubling.value > 0, doubling.value, np.nan),
    }


def _details(seen: Curves, found: Emergence, places: list[int]) -> dict[int, dict[str, Any]]:
    """What the statistics say of each of these nodes."""
    ratio, chances = found.ratio, _chances(seen)
    columns = {
        "statistic": ratio.statistic,
        "threshold": found.threshold,
        "rate_ratio": ratio.rate_ratio,
        "low": chances.pop("low"),
        "high": chances.pop("high"),
        "expected": ratio.expected,
        **chances,
    }
    shown = {name: list(map(_plain, each[places].tolist())) for name, each in columns.items()}
    intervals = [list(ends) for ends in zip(shown.pop("low"), shown.pop("high"), strict=True)]
    events = seen.events[places].astype(int).tolist()
    told = {}
    for at, place in enumerate(places):
        onset = int(ratio.onset[place])
        expected = ratio.expected[place] * _share(seen.discounted[place], onset)
        told[place] = {
            "basis": "events",
            "onset": seen.label(onset),
            **{name: column[at] for name, column in shown.items()},
            "rate_ratio_interval": intervals[at],
            "sightings": int(found.sightings[place]),
            "reporters": int(found.reporters[place]),
            "exposure": seen.basis(place),
            "months": seen.months,
            "events": events[at],
            "baseline": expected.round(4).tolist(),
            "complete": seen.complete,
        }
    return told


def _without_bursts(seen: Curves, places: Iterable[int], found: Emergence) -> dict[int, float]:
    """The statistic of each substance if its two largest reporter-months were usual ones."""
    chosen = [place for place in places if seen.nodes[place].kind is NodeKind.SUBSTANCE]
    mine = np.array(chosen, np.int64)
    names = ("authority", "month", "events")
    cells, of = seen.tally.of(mine, np.zeros_like(mine), seen.level, names)
    whose = ReporterMonths.of(cells, of, seen.tally.since)
    counted = seen.exposure.counts(mine[whose.node], whose.reporter)
    events = np.where(counted, whose.events, 0)
    since = whose.month >= found.ratio.onset[mine][whose.node]
    begins = np.searchsorted(whose.node, np.arange(len(mine) + 1)).tolist()
    expected = found.ratio.expected[mine].tolist()
    told = {}
    for place, begin, end, usual in zip(chosen, begins, begins[1:], expected, strict=False):
        counts, late = events[begin:end], since[begin:end]
        told[place] = without_bursts(
            counts[late & (counts > 0)], counts[~late & (counts > 0)], usual
        )
    return told


def _share(exposure: Floats, onset: int) -> Floats:
    """The expected events since the onset, spread over all months by their exposure."""
    since = exposure[onset:].sum()
    return exposure / since if since else np.zeros_like(exposure)


def _shared(seen: Curves, node: Node, onset: int, rules: Ruleset) -> dict[str, Any]:
    """The members behind a node: who takes part, who is new, and how much one alone explains."""
    places = seen.tally.place_of[list(node.members)]
    events = seen.events[places]
    since, before = events[:, onset:].sum(1), events[:, :onset].sum(1)
    exposure = seen.discounted[places]
    looked_before = exposure[:, :onset].sum(1)
    ratio = np.divide(
        exposure[:, onset:].sum(1),
        looked_before,
        out=np.zeros(len(places)),
        where=looked_before > 0,
    )
    excess = np.maximum(since - before * ratio, 0)
    newest = seen.tally.months - rules.family.new_months
    first = seen.first_seen[places]
    fresh = (first >= newest) & (first < seen.tally.months)
    order = np.lexsort([np.array(node.members), -since])
    taking_part = [int(place) for place in order if since[place] > 0]
    return {
        "kind": node.kind.value,
        "members": [
            {
                "id": code_of(node.members[place]),
                "name": seen.nodes[places[place]].name,
                "events": int(since[place]),
                "first": seen.label(int(first[place])) if first[place] >= 0 else None,
                "new": bool(fresh[place]),
            }
            for place in taking_part[:MOST_MEMBERS]
        ],
        "members_in_all": len(taking_part),
        "new_members": int(fresh.sum()),
        "new_taking_part": int((fresh & (since > 0)).sum()),
        "largest_share": _plain(excess.max() / excess.sum()) if excess.sum() else 1.0,
        "turnover_p": _turnover(first, seen.tally.months),
    }


def _turnover(first: Integers, months: int) -> float | None:
    """How surprising the members first seen in the last quarter are, against the eight before."""
    new = int(((first >= months - 3) & (first < months)).sum())
    earlier = int(((first >= months - 27) & (first < months - 3)).sum())
    return _plain(float(predictive(new, 1.0, earlier, 8.0).p))


def _opens_as_one(statistic: float, span: Span, shared: dict[str, Any], rules: Ruleset) -> bool:
    limits = rules.family
    return (
        statistic > limits.statistic
        and span.events >= limits.events
        and (shared["new_members"] >= limits.new_members or len(span.countries) >= limits.countries)
        and shared["members_in_all"] > 1
    )


def _evidence(
    seen: Curves, rule: Rule, span: Span, details: dict[str, Any], rules: Ruleset
) -> Evidence:
    return evidence_of(
        seen,
        rule,
        span,
        since=date.fromisoformat(f"{details['onset']}-01"),
        rules=rules,
        thresholds=plain(rules.growth if rule is Rule.GROWTH else rules.family),
        details=details,
        may_be_urgent=rule is not Rule.BLOCK,  # what it carries is a hint for the chemist
    )


def _plain(number: float) -> float | None:
    return round(float(number), 6) if isfinite(number) else None

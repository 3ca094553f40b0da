"""GROWTH in totals: does a substance take a larger share of a source's counts than before?

Many authorities publish what they count by the year or the quarter and never single events. A
source's counts of all substances in a period are its exposure, so that a busier laboratory system
is no emergence. Totals have a signal of their own (its scope is the country of the source) and are
never added to events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from app.access.handling import Handling
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.ruleset import TotalLimits, plain
from app.surveillance.spans import Total
from app.surveillance.statistics.growth import predictive, rate_ratio

Source = tuple[int, str]  # an authority and the country it counts for
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Volumes:
    """Counts of all substances by source and span: what a substance's own are measured against."""

    by_source: Mapping[Source, Mapping[Span, int]]

    def before(self, source: Source, span: Span, limits: TotalLimits) -> list[Span]:
        """The spans of about the same length that ended before `span`, the latest first."""
        length = _days(span)
        alike = (
            other
            for other in self.by_source.get(source, {})
            if other[1] < span[0] and abs(_days(other) - length) <= length * limits.span_tolerance
        )
        return sorted(alike, reverse=True)[: limits.baseline_spans]


def volumes(totals: Iterable[Total]) -> Volumes:
    """What each source counted in each of its spans, over all substances and kinds."""
    found: defaultdict[Source, defaultdict[Span, int]] = defaultdict(lambda: defaultdict(int))
    for total in totals:
        found[total.authority_id, total.country][total.first, total.until] += total.count
    return Volumes({source: dict(spans) for source, spans in found.items()})


def growth_in_totals(
    mine: Sequence[Total],
    among: Volumes,
    *,
    as_of: date,
    limits: TotalLimits,
    ruleset: str,
    level: Handling = Handling.RED,
) -> dict[str, Evidence]:
    """The evidence of growth by country, from the totals of one substance. Empty: none.

    Looked at is the latest span of each source, as long as it ended within `fresh_months`. It fires
    where the count is large enough, its share at least `ratio` times that of the spans before, and
    so many were unlikely: the Gamma-Poisson predictive p of signals 1.4, with the source's counts
    of everything as exposure. Without an earlier span of the source nothing can be said.
    """
    by_source: defaultdict[Source, defaultdict[Span, int]] = defaultdict(lambda: defaultdict(int))
    simulated: set[Source] = set()
    for total in mine:
        if total.level <= level:
            source = total.authority_id, total.country
            by_source[source][total.first, total.until] += total.count
            simulated |= {source} if total.simulated else set()
    found: dict[str, Evidence] = {}
    for source, spans in by_source.items():
        latest = max(spans, key=lambda span: (span[1], -_days(span)))
        if latest[1] < as_of - timedelta(days=limits.fresh_days):
            continue
        evidence = _of_span(
            source, latest, spans, among, as_of=as_of, limits=limits, ruleset=ruleset, level=level
        )
        if evidence and source in simulated:
            evidence = replace(evidence, simulated=True)
        if evidence and _weight(evidence) > _weight(found.get(source[1])):
            found[source[1]] = evidence
    return found


def _of_span(
    source: Source,
    span: Span,
    spans: Mapping[Span, int],
    among: Volumes,
    *,
    as_of: date,
    limits: TotalLimits,
    ruleset: str,
    level: Handling,
) -> Evidence | None:
    count, volume = spans[span], among.by_source[source][span]
    earlier = among.before(source, span, limits)
    if not earlier or count < limits.least:
        return None
    base, base_volume = (
        sum(spans.get(other, 0) for other in earlier),
        sum(among.by_source[source][other] for other in earlier),
    )
    p = predictive(count, volume, base, base_volume).p.item()
    share, share_before = count / volume, (base + 0.5) / base_volume
    if p > limits.p or share < limits.ratio * share_before:
        return None
    ratio = rate_ratio(count, volume, base, base_volume)
    return Evidence(
        rule=Rule.GROWTH,
        scope=source[1],
        tier=Tier(limits.tier),
        level=level,
        countries=(source[1],),
        numbers={"reports": count, "confirmed": 0, "events": 0, "deaths": 0},
        first=min(spans)[0],
        first_end=min(spans)[1],
        last=span[0],
        since=span[0],
        as_of=as_of,
        ruleset=ruleset,
        thresholds=plain(limits),
        details={
            "basis": "totals",
            "span": [span[0].isoformat(), span[1].isoformat()],
            "count": count,
            "of": volume,
            "before": base,
            "before_of": base_volume,
            "spans_before": len(earlier),
            "rate_ratio": share / share_before,
            "rate_ratio_interval": [_plain(ratio.low), _plain(ratio.high)],
            "p": p,
        },
    )


def _weight(evidence: Evidence | None) -> int:
    return evidence.numbers["reports"] if evidence else 0


def _days(span: Span) -> int:
    return (span[1] - span[0]).days + 1


def _plain(value: object) -> float | None:
    number = float(np.asarray(value))
    return number if np.isfinite(number) else None

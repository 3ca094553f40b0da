"""Re-estimating how often reports of one event agree, from pairs whose truth nobody knows.

Expectation and maximisation over the levels of compared pairs, with u held fixed: it is measured
on random pairs, which are nearly all different events (Winkler 1988; Fellegi & Sunter 1969).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

Levels = Mapping[str, str | None]
Shares = dict[str, dict[str, float]]

SMALLEST = 1e-6  # a level never seen is rare, not impossible


@dataclass(frozen=True, slots=True)
class Estimate:
    """Shares of levels among pairs of one event, and how many of the pairs those are."""

    m: Shares
    share: float


def estimate_m(
    pairs: Sequence[Levels], *, u: Shares, m: Shares, share: float, rounds: int = 200
) -> Estimate:
    """Shares `m` from compared pairs, beginning with a guess at `m` and at the share of duplicates.

    Fields are taken as independent. A field that a pair does not tell is left out for that pair.
    """
    patterns = Counter(tuple(sorted(pair.items(), key=lambda item: item[0])) for pair in pairs)
    for _ in range(rounds):
        matched = [_matched(dict(pattern), u, m, share) for pattern in patterns]
        total = sum(p * n for p, n in zip(matched, patterns.values(), strict=True))
        renewed = _shares(patterns, matched, m)
        moved = max(
            abs(renewed[field][level] - value) for field in m for level, value in m[field].items()
        )
        m, share = renewed, total / len(pairs)
        if moved < 1e-6:
            break
    return Estimate(m, share)


def _matched(pattern: Levels, u: Shares, m: Shares, share: float) -> float:
    """Probability that a pair with these levels is one event."""
    told = [(field, level) for field, level in pattern.items() if level is not None]
    same = share * prod(m[field][level] for field, level in told)
    different = (1 - share) * prod(u[field][level] for field, level in told)
    return same / (same + different)


def _shares(
    patterns: Counter[tuple[tuple[str, str | None], ...]], matched: Sequence[float], before: Shares
) -> Shares:
    weighed: defaultdict[tuple[str, str], float] = defaultdict(float)
    told: defaultdict[str, float] = defaultdict(float)
    for (pattern, number), probability in zip(patterns.items(), matched, strict=True):
        for field, level in pattern:
            if level is not None:
                weighed[field, level] += number * probability
                told[field] += number * probability
    return {
        field: {
            level: max(weighed[field, level] / told[field], SMALLEST) if told[field] else value
            for level, value in levels.items()
        }
        for field, levels in before.items()
    }

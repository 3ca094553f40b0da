"""Which linked reports are one event.

Complete link: every pair in a group must be linked. Chains of like cases are what an outbreak
looks like, and they are not merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from app.intake.duplicates.cases import Case, CaseKey

K = TypeVar("K", CaseKey, str)


def complete_link(links: Mapping[tuple[K, K], float]) -> list[frozenset[K]]:
    """Groups of two and more from linked pairs and the strength of each link.

    The strongest link is followed first, equal ones in the order of their names, so that the order
    in which links are given changes nothing. A link that would need one that is missing is left.

    >>> complete_link({("a", "b"): 14.0, ("b", "c"): 13.0})
    [frozenset({'a', 'b'})]
    """
    linked = {frozenset(pair) for pair in links}
    home: dict[K, frozenset[K]] = {}
    for one, other in _strongest_first(links):
        mine, theirs = home.get(one, frozenset({one})), home.get(other, frozenset({other}))
        if mine is theirs or mine == theirs:
            continue
        if all(frozenset((a, b)) in linked for a in mine for b in theirs):
            merged = mine | theirs
            home.update(dict.fromkeys(merged, merged))
    return sorted(set(home.values()), key=sorted)


def _strongest_first(links: Mapping[tuple[K, K], float]) -> list[tuple[K, K]]:
    named = sorted((min(pair), max(pair), strength) for pair, strength in links.items())
    named.sort(key=lambda link: link[2], reverse=True)
    return [(one, other) for one, other, _ in named]


def in_order(cases: Iterable[Case]) -> list[Case]:
    """The master first: a death before all else, then who says most, then who came first."""
    return sorted(cases, key=lambda c: (not c.fatal, -c.filled, c.received_at, c.report_id))

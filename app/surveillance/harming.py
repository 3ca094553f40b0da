"""HARM: a larger part of a substance's reports tells of harm than of its peers' in the class.

Deaths and acute poisonings, deaths by causal role, against the other substances of its group,
country by country and year by year, since where autopsies are made every substance looks deadly
(signals 2.2). It says how reports are made up, and nothing of the risk of one use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from app.surveillance.arrays import Integers
from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.harmful import NO_CLASS
from app.surveillance.models import NodeKind, Rule
from app.surveillance.months import first_day
from app.surveillance.ruleset import HarmRule, Ruleset, plain
from app.surveillance.statistics.disproportionality import (
    information_component,
    stratified_expected,
)
from app.surveillance.statistics.harm import class_share, harm_fraction


def harming(seen: Curves, rules: Ruleset) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every substance whose harms stand out in its class; each suffices to open an episode."""
    begin = seen.tally.months - rules.harm.window_months
    found = dict(_standing_out(seen, rules.harm))
    for place, span in seen.since(dict.fromkeys(found, begin)).items():
        yield (
            Signal(seen.nodes[place].id, Rule.HARM, WORLD),
            evidence_of(
                seen,
                Rule.HARM,
                span,
                since=first_day(seen.tally.since + begin),
                rules=rules,
                thresholds=plain(rules.harm),
                details=found[place],
            ),
            True,
        )


def _standing_out(seen: Curves, limits: HarmRule) -> Iterator[tuple[int, dict[str, Any]]]:
    """The places of these substances, and what is said of their harms."""
    total, harms = seen.strata.up_to(seen.level)
    if not total.size:
        return
    for numbers in _classes(seen):
        mine, mine_harms = total[numbers], harms[numbers]
        others, other_harms = mine.sum(0) - mine, mine_harms.sum(0) - mine_harms
        observed, events = mine_harms.sum(1), mine.sum(1)
        enough = (observed >= limits.harms) & (events >= limits.events) & (others.sum(1) > 0)
        expected = stratified_expected(
            mine_harms, mine - mine_harms, other_harms, others - other_harms
        )
        tested = np.flatnonzero(enough)
        said = information_component(observed[tested], expected[tested])
        stands_out = said.testable & (said.lower > limits.ic025)
        for at, which in zip(np.flatnonzero(stands_out), tested[stands_out], strict=True):
            harmful, reports = float(other_harms[which].sum()), float(others[which].sum())
            usual = class_share(harmful, reports)
            fraction = harm_fraction(float(observed[which]), float(events[which]), usual)
            yield (
                int(seen.tally.place_of[numbers[which]]),
                {
                    "harms": round(float(observed[which]), 2),
                    "of": int(events[which]),
                    "fraction": round(fraction.mean, 4),
                    "fraction_interval": [round(fraction.lower, 4), round(fraction.upper, 4)],
                    "usual": round(usual, 4),
                    "expected": round(float(expected[which]), 4),
                    "ic": round(float(said.value[at]), 4),
                    "ic025": round(float(said.lower[at]), 4),
                    "compared_with": int((events > 0).sum()) - 1,
                },
            )


def _classes(seen: Curves) -> list[Integers]:
    """The numbers of substances by their group; those of none are not compared."""
    return [
        np.array(node.members)
        for node in seen.nodes
        if node.kind is NodeKind.GROUP and node.key not in NO_CLASS
    ]

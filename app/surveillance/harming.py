"""HARM: a larger part of a substance's reports tells of harm than of its peers' in the class.

Deaths and acute poisonings, deaths by causal role, against the other substances of its group,
country by country and year by year, since where autopsies are made every substance looks deadly
(signals 2.2). It says how reports are made up, and nothing of the risk of one use.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.harmful import NO_CLASS
from app.surveillance.models import NodeKind, Rule
from app.surveillance.months import first_day
from app.surveillance.ruleset import Ruleset, plain
from app.surveillance.statistics.disproportionality import (
    information_component,
    stratified_expected,
)
from app.surveillance.statistics.harm import class_share, harm_fraction


def harming(seen: Curves, rules: Ruleset) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every substance whose harms stand out in its class; each suffices to open an episode."""
    limits = rules.harm
    tally = seen.tally
    begin = tally.months - limits.window_months
    total, harms = seen.strata.up_to(seen.level)
    if not total.size:
        return
    for members in _classes(seen).values():
        numbers = np.array([seen.nodes[place].members[0] for place in members])
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
            place = members[which]
            harmful, reports = float(other_harms[which].sum()), float(others[which].sum())
            usual = class_share(harmful, reports)
            fraction = harm_fraction(float(observed[which]), float(events[which]), usual)
            yield (
                Signal(seen.nodes[place].id, Rule.HARM, WORLD),
                evidence_of(
                    seen,
                    Rule.HARM,
                    seen.since(place, begin),
                    since=first_day(tally.since + begin),
                    rules=rules,
                    thresholds=plain(limits),
                    details={
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
                ),
                True,
            )


def _classes(seen: Curves) -> dict[str, list[int]]:
    """Substances by their group; those of none are not compared."""
    place_of = {
        node.members[0]: place
        for place, node in enumerate(seen.nodes)
        if node.kind is NodeKind.SUBSTANCE
    }
    return {
        node.key: [place_of[number] for number in node.members]
        for node in seen.nodes
        if node.kind is NodeKind.GROUP and node.key not in NO_CLASS
    }

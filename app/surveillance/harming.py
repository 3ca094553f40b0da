"""HARM: a larger part of a substance's reports tells of harm than of its peers' in the class.

Deaths and acute poisonings, deaths by causal role, against the other substances of its group,
country by country and year by year, since where autopsies are made every substance looks deadly
(signals 2.2). It says how reports are made up, and nothing of the risk of one use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from app.intake.words import EventKind
from app.surveillance.counts import Cells
from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.harmful import NO_CLASS
from app.surveillance.models import NodeKind, Rule
from app.surveillance.months import first_day
from app.surveillance.ruleset import Ruleset
from app.surveillance.statistics.disproportionality import (
    information_component,
    stratified_expected,
)
from app.surveillance.statistics.harm import class_share, harm_fraction

Floats = NDArray[np.float64]


def harming(seen: Curves, rules: Ruleset) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every substance whose harms stand out in its class; each suffices to open an episode."""
    limits = rules.harm
    places = [p for p, node in enumerate(seen.nodes) if node.kind is NodeKind.SUBSTANCE]
    begin = seen.monthly.months - limits.window_months
    cells = seen.monthly.cells
    cells = cells.where((cells.month - seen.monthly.since >= begin) & np.isin(cells.node, places))
    if not len(cells):
        return
    total, harms = _tables(seen, cells)
    of_class = _classes(seen, places)
    for members in of_class.values():
        all_total, all_harms = total[members].sum(0), harms[members].sum(0)
        for place in members:
            mine, mine_harms = total[place], harms[place]
            observed, events = float(mine_harms.sum()), float(mine.sum())
            others, other_harms = all_total - mine, all_harms - mine_harms
            if observed < limits.harms or events < limits.events or not others.sum():
                continue
            expected = float(
                stratified_expected(
                    mine_harms, mine - mine_harms, other_harms, others - other_harms
                )
            )
            said = information_component(observed, expected)
            if not said.testable or said.lower <= limits.ic025:
                continue
            usual = class_share(float(other_harms.sum()), float(others.sum()))
            fraction = harm_fraction(observed, events, usual)
            yield (
                Signal(seen.nodes[place].id, Rule.HARM, WORLD),
                evidence_of(
                    seen,
                    Rule.HARM,
                    seen.since(place, begin),
                    since=first_day(seen.monthly.since + begin),
                    rules=rules,
                    thresholds=asdict(limits),
                    details={
                        "harms": round(observed, 2),
                        "of": int(events),
                        "fraction": round(fraction.mean, 4),
                        "fraction_interval": [round(fraction.lower, 4), round(fraction.upper, 4)],
                        "usual": round(usual, 4),
                        "expected": round(expected, 4),
                        "ic": round(float(said.value), 4),
                        "ic025": round(float(said.lower), 4),
                        "compared_with": int((total[members].sum(1) > 0).sum()) - 1,
                    },
                ),
                True,
            )


def _tables(seen: Curves, cells: Cells) -> tuple[Floats, Floats]:
    """Events, and those that tell of harm (deaths by causal role), by node and stratum."""
    years = (cells.month - seen.monthly.since) // 12
    _, stratum = np.unique(np.char.add(cells.country, years.astype("S")), return_inverse=True)
    shape = len(seen.nodes), int(stratum.max()) + 1
    total, harms = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (cells.node, stratum), cells.events)
    toxic = cells.of_kind(EventKind.ACUTE_TOXICITY)
    fatal = cells.of_kind(EventKind.DEATH)
    np.add.at(harms, (cells.node[toxic], stratum[toxic]), cells.events[toxic])
    # a death event has one death or more; its part in them is what it counts for, one at most
    part = np.minimum(cells.weighted_deaths[fatal], cells.events[fatal])
    np.add.at(harms, (cells.node[fatal], stratum[fatal]), part)
    return total, harms


def _classes(seen: Curves, places: list[int]) -> dict[str, list[int]]:
    """Substances by their group; those of none are not compared."""
    place_of = {seen.nodes[place].members[0]: place for place in places}
    return {
        node.key: [place_of[number] for number in node.members]
        for node in seen.nodes
        if node.kind is NodeKind.GROUP and node.key not in NO_CLASS
    }

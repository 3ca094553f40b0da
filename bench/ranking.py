"""How sure the order of a priority list is, against drawing and sorting as many bare numbers."""

from __future__ import annotations

from datetime import date

import numpy as np

from app.surveillance.criteria import Criterion
from app.surveillance.posteriors import (
    LinearScale,
    LogScale,
    Posterior,
    SaturatingScale,
    Scale,
    beta_posterior,
    gamma_posterior,
)
from app.surveillance.priority import PILLARS, Entry, Pillar
from app.surveillance.ruleset import USUAL_PRESET, ruleset
from app.surveillance.smaa import BLOCK, Drawing, acceptabilities
from app.surveillance.standing import alternatives
from bench.figure import Figure, seconds

SUBSTANCES = 1500
AS_OF = date(2026, 11, 20)


def measure() -> list[Figure]:
    """A list of 1,500 substances, drawn as often as the ruleset says."""
    limits = ruleset().standing
    how = Drawing(
        ruleset().presets[USUAL_PRESET], limits.concentration, limits.draws, AS_OF.toordinal()
    )
    entries = _entries()

    def simulated() -> None:
        answer = acceptabilities(alternatives(entries), how)
        answer.intervals(limits.interval)
        answer.expected_ranks()

    def floor() -> None:
        random = np.random.default_rng(1)
        for _ in range(-(-limits.draws // BLOCK)):
            np.argsort(random.random((BLOCK, SUBSTANCES), dtype=np.float32), axis=1)

    taken, least = seconds(simulated, 3), seconds(floor, 3)
    return [
        Figure(
            f"ranks of {SUBSTANCES:,} substances, {limits.draws:,} draws",
            f"{taken:.2f} s",
            f"{least:.2f} s",
            taken / least,
            "draw as many numbers and sort them",
        )
    ]


def _entries() -> list[Entry]:
    """Substances whose posteriors all differ: the worst case for tables that equals share."""
    random = np.random.default_rng(0)
    found = []
    for number in range(1, SUBSTANCES + 1):
        events, total = int(random.geometric(0.05)), int(random.integers(200, 90_000)) / 1000
        fatal = float(random.gamma(0.5, 3))
        criteria = (
            (
                _criterion("P1", gamma_posterior(events, total), LogScale(0.05, 20)),
                _criterion("P2", beta_posterior(events % 40, 40), LinearScale(0.3)),
            ),
            (_criterion("S1", beta_posterior(events % 9, 8), LinearScale(1)),),
            (
                _criterion("H1", gamma_posterior(fatal, 1.7), SaturatingScale(5)),
                _criterion("H2", beta_posterior(fatal, events + fatal + 9), LinearScale(0.5)),
                _criterion("H3", gamma_posterior(fatal * 2, 1.2), SaturatingScale(25)),
            ),
        )
        pillars = tuple(
            Pillar(name, 50.0, 1 / 3, 50 / 3, 0.0, parts)
            for name, parts in zip(PILLARS, criteria, strict=True)
        )
        found.append(Entry(number, number, 50.0, 50.0, 50.0, pillars, (), False))
    return found


def _criterion(id: str, posterior: Posterior, scale: Scale) -> Criterion:
    return Criterion(id, id, 1.0, "", 50.0, share=1 / 3, posterior=posterior, scale=scale)

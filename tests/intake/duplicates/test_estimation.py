"""Shares of levels are found again in pairs whose truth is not told."""

from __future__ import annotations

from random import Random

import pytest

from app.intake.duplicates.estimation import estimate_m
from app.intake.duplicates.weights import weights

TRUE_M = {
    "date": {
        "same_day": 0.45,
        "within_3_days": 0.35,
        "within_14_days": 0.15,
        "more_than_14_days": 0.05,
    },
    "place": {"same": 0.95, "different": 0.05},
    "form": {"same": 0.75, "different": 0.25},
    "found_with": {"same": 0.5, "different": 0.5},
}
SHARE = 0.1


def shares(which: str) -> dict[str, dict[str, float]]:
    return {
        name: {
            level: getattr(value, which) for level, value in weights().fields[name].levels.items()
        }
        for name in TRUE_M
    }


def draw(random: Random, among: dict[str, dict[str, float]]) -> dict[str, str | None]:
    """One pair; every tenth field is not told."""
    return {
        name: None
        if random.random() < 0.1
        else random.choices(list(levels), list(levels.values()))[0]
        for name, levels in among.items()
    }


def test_known_shares_are_recovered_from_a_bad_guess() -> None:
    random, u = Random(20261121), shares("u")
    pairs = [draw(random, TRUE_M if random.random() < SHARE else u) for _ in range(30_000)]
    found = estimate_m(pairs, u=u, m=shares("m"), share=0.02)
    assert found.share == pytest.approx(SHARE, abs=0.01)
    for name, levels in TRUE_M.items():
        assert sum(found.m[name].values()) == pytest.approx(1, abs=0.001)
        for level, value in levels.items():
            assert found.m[name][level] == pytest.approx(value, abs=0.05), (name, level)

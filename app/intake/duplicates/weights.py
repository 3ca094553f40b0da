"""The weights of agreements, read from `weights.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from math import log2
from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of comparing a field."""

    m: float  # share of pairs of one event at this level
    u: float  # share of pairs of different events at this level

    @property
    def weight(self) -> float:
        """Bits of evidence for one event; below zero, against it."""
        return log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared, and how its levels weigh."""

    name: str
    label: str
    note: str
    levels: dict[str, Level]
    bits: dict[str | None, float]  # the weight of each level; 0 where one does not say


@dataclass(frozen=True, slots=True)
class Weights:
    """One version of the table, with the limits of what follows from a weight."""

    version: str
    source: str
    prior_odds: float
    link: float
    look: float
    fatal_needs: int
    fields: dict[str, Field]

    def posterior(self, weight: float) -> float:
        """Probability of one event after a weight: 0.5 where it just outweighs the prior odds."""
        return 1 / (1 + 2 ** -(weight + log2(self.prior_odds)))


@cache
def weights() -> Weights:
    """The table in force."""
    return read_weights(WEIGHTS.read_text(encoding="utf-8"))


def read_weights(text: str) -> Weights:
    """A table from TOML; KeyError or TypeError where it is not one."""
    table = tomllib.loads(text)
    fields = {name: _field(name, **said) for name, said in table.pop("field").items()}
    return Weights(fields=fields, **table)


def _field(name: str, label: str, note: str, **shares: dict[str, float]) -> Field:
    levels = {level: Level(**share) for level, share in shares.items()}
    bits: dict[str | None, float] = {level: share.weight for level, share in levels.items()}
    return Field(name, label, note, levels, bits | {None: 0.0})

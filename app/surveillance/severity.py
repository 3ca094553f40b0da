"""The severity of a class: what experts judge its members' harm to have been, as reviewed data.

`data/severity.toml` says of each class how severe, why, after which source and by whom. It stands
in, a little, for what is not yet known of a new member; it is no evidence of harm.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

WORST = 4


@dataclass(frozen=True, slots=True)
class Severity:
    """A class, as "group:nitazenes" or "family:nbome", and its degree from 0 to WORST."""

    of: str
    degree: int
    reason: str
    source: str
    reviewer: str

    @property
    def name(self) -> str:
        """The class alone: nitazenes, nbome."""
        return self.of.partition(":")[2]


@cache
def severities() -> dict[str, Severity]:
    """All classes that were judged, by their name."""
    with (files("app.surveillance") / "data" / "severity.toml").open("rb") as text:
        judged = [Severity(**entry) for entry in tomllib.load(text)["class"]]
    return {one.of: one for one in judged}


def severity_of(group: str, families: Iterable[str]) -> Severity | None:
    """The degree of a substance's class: of its families the most severe, else of its group."""
    judged = severities()
    of_family = [judged[f"family:{f}"] for f in families if f"family:{f}" in judged]
    if of_family:
        return max(of_family, key=lambda one: (one.degree, one.of))
    return judged.get(f"group:{group}")

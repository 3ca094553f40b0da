"""Harm: how much a substance had to do with a death, and how many of its reports tell of harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.surveillance.statistics.shares import Share, posterior

# What a death counts for, by the role of the substance in it; a judgement, after the toxicological
# significance score of Elliott and Maskell 2023. Show the raw counts beside.
CAUSALITY: Mapping[str, float] = MappingProxyType(
    {"sole": 1.0, "contributory": 0.5, "present": 0.1, "unknown": 0.25}
)
PRIOR_REPORTS = 5.0  # what is known of the class weighs as much as so many reports


def weighted(roles: Iterable[str]) -> float:
    """The sum of what each event counts for. Raises ValueError for a role that is none.

    >>> weighted(["sole", "contributory", "unknown"])
    1.75
    """
    named = list(roles)
    unknown = sorted(set(named) - set(CAUSALITY))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no role; use one of {', '.join(CAUSALITY)}")
    return sum(CAUSALITY[role] for role in named)


def class_share(harmful: float, reports: float) -> float:
    """The share of harmful reports in a class, (h + ½)/(n + 1): never quite 0 or 1."""
    if not 0 <= harmful <= reports:
        raise ValueError(f"{harmful} of {reports} is no share")
    return (harmful + 0.5) / (reports + 1)


def harm_fraction(
    harmful: float,
    reports: float,
    class_share: float,
    *,
    weight: float = PRIOR_REPORTS,
    coverage: float = 0.9,
) -> Share:
    """The share of a substance's reports that tell of harm, drawn towards that of its class.

    Beta(κπ + h, κ(1-π) + n - h) with κ = `weight` and π = `class_share`: three deaths of three
    reports are not 100 %. Its mean is (h + κπ)/(n + κ). Without reports it is what the class is.
    """
    if not 0 < class_share < 1:
        raise ValueError("the share of the class lies between 0 and 1 (see class_share)")
    return posterior(harmful, reports, weight * class_share, weight * (1 - class_share), coverage)

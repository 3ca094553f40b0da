"""The thresholds of the rules and the anchors of the priority list, as data with a version.

Each value in `data/ruleset.toml` names its unit and its source; here they become plain dataclasses
that the rules are handed, so that a test or a replay may hand them others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from app.errors import Problem, Refused
from app.surveillance.models import Rule, Tier

LONGEST_VERSION = 20  # characters, as assessments and episodes keep it


@dataclass(frozen=True, slots=True)
class FirstLimits:
    """When an earliest sighting is news, and when it is believed."""

    fresh_months: int
    presumptive_reports: int


@dataclass(frozen=True, slots=True)
class SpreadLimits:
    """When a young substance is spreading."""

    age_months: int
    window_months: int
    countries: int
    events: int


@dataclass(frozen=True, slots=True)
class TierLimits:
    """How much each rule asks for, and what raises it."""

    first_country: int
    first_region: int
    first_world: int
    new_spread: int
    re_emergence: int
    growth: int
    harm: int
    cluster_of_harm: int
    quantity: int
    family: int
    block: int
    new_unknown: int
    urgent_deaths: int
    raising_effects: tuple[str, ...]

    def base(self, rule: Rule) -> Tier:
        """The tier of `rule` before anything raises it."""
        return Tier(getattr(self, rule.value.lower()))


@dataclass(frozen=True, slots=True)
class GrowthRule:
    """When a rate is raised, and when a raised one has ended.

    The windows and priors of the statistic itself are in `statistics.growth.GrowthLimits`.
    """

    young_months: int
    young_statistic: float
    established_statistic: float
    sightings: int
    reporters: int
    unburst_statistic: float
    least_events: int
    keep_statistic: float
    history_months: int


@dataclass(frozen=True, slots=True)
class FamilyRule:
    """When a family or a building block emerges as a whole."""

    statistic: float
    events: int
    new_members: int
    countries: int
    largest_share: float
    new_months: int


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """When a silence was one, and when it has ended."""

    chance: float
    gap_months: int
    events: int
    within_months: int
    watched_months: int


@dataclass(frozen=True, slots=True)
class HarmRule:
    """When the harms of a substance stand out in its class."""

    ic025: float
    harms: int
    events: int
    window_months: int


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """When harms in one country are a cluster."""

    harms: int
    days: int
    fresh_days: int
    history_days: int
    p: float


@dataclass(frozen=True, slots=True)
class QuantityRule:
    """When a seizure is far larger than those before it."""

    prior: int
    deviations: float
    fresh_days: int


@dataclass(frozen=True, slots=True)
class UnknownRule:
    """When an unresolved name is news."""

    countries: int
    fresh_months: int


@dataclass(frozen=True, slots=True)
class TotalLimits:
    """When the share of a substance in a source's totals has grown."""

    tier: int
    least: int
    ratio: float
    p: float
    baseline_spans: int
    span_tolerance: float
    fresh_days: int


@dataclass(frozen=True, slots=True)
class EpisodeLimits:
    """How long episodes stay open, in days, and how much more of one is news."""

    first_open_days: int
    quiet_days: int
    cooldown_days: int
    doubled_ratio: float
    doubled_days: int


@dataclass(frozen=True, slots=True)
class Anchors:
    """Fixed anchors of the value functions; their meaning and units are in the data file."""

    recent_months: int
    rate_anchors: tuple[float, float]
    event_anchors: tuple[float, float]
    declared_months: int
    declared_share: float
    least_samples: int
    volume_anchors: tuple[float, float]
    volume_months: int
    share_anchor: float
    least_active_countries: int
    region_values: tuple[float, ...]
    quarters: int
    recency_months: float
    duration_months: float
    half_life_months: float
    death_constant: float
    toxicity_constant: float
    role_sole: float
    role_contributory: float
    role_present: float
    role_unknown: float
    harm_prior: float
    harm_prior_events: float
    harm_anchor: float
    control_grace_months: int
    control_values: tuple[float, ...]
    component_anchor: float
    prior_share: float
    prior_events: int
    least_pillar: float


@dataclass(frozen=True, slots=True)
class StandingLimits:
    """How the order is simulated, and which of it is called robust."""

    draws: int
    concentration: float
    interval: float
    tops: tuple[int, ...]
    robust: float
    contested: float
    places: int


@lru_cache(maxsize=64)
def plain(limits: Any) -> Mapping[str, Any]:
    """The limits of a rule as evidence holds them: made once, and not to be changed."""
    return asdict(limits)


# weights of the pillars prevalent, persistent and harmful
Weights = tuple[float, float, float]
USUAL_PRESET = "equal"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One version of all thresholds."""

    version: str
    first: FirstLimits
    spread: SpreadLimits
    tiers: TierLimits
    growth: GrowthRule
    family: FamilyRule
    silence: SilenceRule
    harm: HarmRule
    cluster: ClusterRule
    quantity: QuantityRule
    unknown: UnknownRule
    totals: TotalLimits
    episodes: EpisodeLimits
    priority: Anchors
    presets: dict[str, Weights]
    standing: StandingLimits


@cache
def ruleset() -> Ruleset:
    """The thresholds in force."""
    return _from_toml(tomllib.loads(ruleset_text()))


def ruleset_text() -> str:
    """The file of the thresholds in force, with the unit and the source of each."""
    return (files("app.surveillance") / "data" / "ruleset.toml").read_text(encoding="utf-8")


def read_ruleset(path: Path) -> Ruleset:
    """The thresholds in a file. Raises Refused, naming what is missing, too much or impossible."""
    try:
        return parse_ruleset(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} is no TOML: {error}") from None


def parse_ruleset(text: str, called: str) -> Ruleset:
    """The thresholds in a text. Raises Refused, naming what is missing, too much or impossible."""
    try:
        found = _from_toml(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Refused(f"{called} is no TOML: {error}") from None
    except KeyError as error:
        raise Refused(f"{called}: the section or value {error} is missing") from None
    except (TypeError, AttributeError) as error:
        said = str(error).replace("__init__() got an unexpected keyword argument", "does not know")
        raise Refused(f"{called}: {said}") from None
    if problems := list(_impossible(found)):
        raise Refused(f"{called}: {problems[0]}", tuple(problems))
    return found


def _impossible(found: Ruleset) -> Iterator[Problem]:
    """Values that no rule could be run with: of another kind than those in force, or beyond all."""
    usual = ruleset()
    if not isinstance(found.version, str) or not 0 < len(found.version) <= LONGEST_VERSION:
        yield Problem("version", f"is a text of 1 to {LONGEST_VERSION} characters, in quotes")
    for section in fields(usual):
        held = getattr(usual, section.name)
        if not is_dataclass(held):
            continue
        for one in fields(held):
            value, named = getattr(getattr(found, section.name), one.name), getattr(held, one.name)
            wrong = _wrong(value, named, one.name if section.name != "tiers" else "tier")
            if wrong:
                yield Problem(f"{section.name}.{one.name}", wrong)


def _wrong(value: Any, usual: Any, name: str) -> str | None:
    if isinstance(usual, tuple):
        alike = isinstance(value, tuple) and all(_is_like(v, usual[0]) for v in value)
        as_many = isinstance(usual[0], str) or (alike and len(value) == len(usual))
        return None if alike and as_many else f"is a list such as {list(usual)}"
    if not _is_like(value, usual):
        return f"is a {'whole ' if isinstance(usual, int) else ''}number such as {usual}"
    low, high = _bounds(name)
    return None if low <= value <= high else f"lies between {low} and {high}"


def _is_like(value: Any, usual: Any) -> bool:
    if isinstance(usual, str):
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, int) or (isinstance(usual, float) and isfinite(value))


def _bounds(name: str) -> tuple[int, int]:
    """What a value may be, by the unit that its name ends with."""
    if name == "tier":
        return min(Tier), max(Tier)
    if name == "history_months":  # the baseline reaches back 36 months
        return 36, 240
    if name.endswith("months"):
        return 0, 240
    if name.endswith("days"):
        return 0, 3660
    return -1_000, 1_000_000


def _from_toml(data: dict[str, Any]) -> Ruleset:
    return Ruleset(
        version=data["version"],
        first=FirstLimits(**_values(data["first"])),
        spread=SpreadLimits(**_values(data["spread"])),
        tiers=TierLimits(**_values(data["tiers"])),
        growth=GrowthRule(**_values(data["growth"])),
        family=FamilyRule(**_values(data["family"])),
        silence=SilenceRule(**_values(data["silence"])),
        harm=HarmRule(**_values(data["harm"])),
        cluster=ClusterRule(**_values(data["cluster"])),
        quantity=QuantityRule(**_values(data["quantity"])),
        unknown=UnknownRule(**_values(data["unknown"])),
        totals=TotalLimits(**_values(data["totals"])),
        episodes=EpisodeLimits(**_values(data["episodes"])),
        priority=Anchors(**_values(data["priority"])),
        presets=_values(data["presets"]),
        standing=StandingLimits(**_values(data["standing"])),
    )


def _values(section: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The values alone; a misspelt or missing name is refused by the dataclass."""
    values = {name: entry["value"] for name, entry in section.items()}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}

"""Evidence: what a rule saw when it fired, whole enough to be derived again and put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from app.access.handling import Handling
from app.countries import REGIONS, countries
from app.surveillance.models import NodeId, Rule, Tier

WORLD = "world"
FIRSTS = (Rule.FIRST_WORLD, Rule.FIRST_REGION, Rule.FIRST_COUNTRY)

Key = tuple[Rule, str]  # a rule and its scope: one signal of a node


class Signal(NamedTuple):
    """A rule, the node it fires for, and the place: what an episode is an interval of."""

    node: NodeId
    rule: Rule
    scope: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a rule fired, for reports handled at most as `level`, as known on `as_of`.

    `countries` are those the signal is about: the ones that were first, or the ones that spread.
    `numbers` are counts in the scope: `reports`, `confirmed` (grade A or B) and `events` ever for a
    first, or in the window for any other rule; `deaths` always in the window. The window runs from
    `since` to `as_of`, both included. The first sighting lay between `first` and `first_end`, the
    same day when the date was given to the day; `last` is the first day of the latest.

    `details` are what a statistic rests on and says (onset, rate ratio, p, exposure used, members,
    reports), plain enough for JSON. They change with every new report and so are no news.
    """

    rule: Rule
    scope: str
    tier: Tier
    level: Handling
    countries: tuple[str, ...]
    numbers: Mapping[str, int]
    first: date
    first_end: date
    last: date
    since: date
    as_of: date
    ruleset: str
    simulated: bool = False
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """The signal it belongs to."""
        return self.rule, self.scope

    @property
    def regions(self) -> frozenset[str]:
        """The M49 regions of its countries."""
        known = countries()
        found = {known[code].region for code in self.countries if code in known}
        return frozenset(found & set(REGIONS))

    @property
    def weight(self) -> float | None:
        """The one count that says how much there is of it; None for what is so or is not so.

        Countries of a spread and of an unknown name, deaths and acute poisonings of a harm (deaths
        by their causal role in HARM), reports of growth in totals, events of any other rate or
        return. A first and a single large seizure cannot grow.
        """
        match self.rule:
            case Rule.FIRST_WORLD | Rule.FIRST_REGION | Rule.FIRST_COUNTRY | Rule.QUANTITY:
                return None
            case Rule.NEW_SPREAD | Rule.NEW_UNKNOWN:
                return float(len(self.countries))
            case Rule.HARM:
                return float(self.details.get("harms", self.numbers["events"]))
            case _:
                in_totals = self.details.get("basis") == "totals"
                return float(self.numbers["reports" if in_totals else "events"])

    def says_more_than(self, other: Evidence) -> bool:
        """Whether it differs in what people are told: tier, countries, counts or dates."""
        return _said(self) != _said(other)

    def as_dict(self) -> dict[str, Any]:
        """The plain form that is stored and served."""
        return {
            "rule": self.rule.value,
            "scope": self.scope,
            "tier": int(self.tier),
            "handling": self.level.word,
            "countries": list(self.countries),
            "numbers": dict(self.numbers),
            "first": self.first.isoformat(),
            "first_end": self.first_end.isoformat(),
            "last": self.last.isoformat(),
            "window": {"from": self.since.isoformat(), "to": self.as_of.isoformat()},
            "as_of": self.as_of.isoformat(),
            "ruleset": self.ruleset,
            "simulated": self.simulated,
            "thresholds": dict(self.thresholds),
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Evidence:
        """The evidence of a stored plain form."""
        return cls(
            rule=Rule(stored["rule"]),
            scope=stored["scope"],
            tier=Tier(stored["tier"]),
            level=Handling.of(stored["handling"]),
            countries=tuple(stored["countries"]),
            numbers=dict(stored["numbers"]),
            first=date.fromisoformat(stored["first"]),
            first_end=date.fromisoformat(stored["first_end"]),
            last=date.fromisoformat(stored["last"]),
            since=date.fromisoformat(stored["window"]["from"]),
            as_of=date.fromisoformat(stored["as_of"]),
            ruleset=stored["ruleset"],
            simulated=stored["simulated"],
            thresholds=dict(stored["thresholds"]),
            details=dict(stored.get("details", {})),
        )


def _said(evidence: Evidence) -> tuple[Any, ...]:
    return (
        evidence.tier,
        evidence.countries,
        dict(evidence.numbers),
        evidence.first,
        evidence.first_end,
        evidence.simulated,
    )

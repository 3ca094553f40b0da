"""How an alert is worded: plain functions from what is open and new to headline and detail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.access.handling import Handling
from app.countries import country_name
from app.registry.models import Substance
from app.surveillance.models import Rule, Tier

LONGEST_NAME = 200  # of a substance in a headline; some systematic names never end

RULE_TITLES = {
    Rule.FIRST_WORLD: "First report worldwide",
    Rule.FIRST_REGION: "First report in a region",
    Rule.FIRST_COUNTRY: "First report in a country",
    Rule.NEW_SPREAD: "New spread",
}
RULE_ORDER = tuple(Rule)

_PLAIN_WORD = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One open episode as one audience sees it; `news` is what just changed for them."""

    code: str
    rule: Rule
    scope: str
    tier: Tier
    handling: Handling
    sentence: str
    countries: tuple[str, ...]
    news: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The form kept in an edition's detail."""
        return {
            "code": self.code,
            "rule": self.rule.value,
            "scope": self.scope,
            "tier": self.tier.word,
            "handling": self.handling.word,
            "sentence": self.sentence,
            "countries": list(self.countries),
            "news": self.news,
        }


def in_order(shown: Sequence[Shown]) -> list[Shown]:
    """What is new first; then the highest tier; then the rules in their order."""
    return sorted(
        shown,
        key=lambda e: (e.news is None, -e.tier, RULE_ORDER.index(e.rule), e.scope, e.code),
    )


def headline(name: str, shown: Sequence[Shown]) -> str:
    """One line for a subject or a list, from episodes `in_order`.

    "Protonitazene: new spread in 3 countries"; "…: first report in Chile, now urgent";
    "…: no signal open any more" when nothing is left.
    """
    name = _capitalised(shortened(name))
    if not shown:
        return f"{name}: no signal open any more"
    lead = shown[0]
    alike = [e for e in shown if e.rule is lead.rule and (e.news is None) == (lead.news is None)]
    since = {"raised": f", now {lead.tier.word}", "doubled": ", doubled since you were told"}
    return f"{name}: {_event(lead, alike)}{since.get(lead.news or '', '')}"


def with_news(sentence: str, news: str | None) -> str:
    """The sentence of a signal, and that there is twice as much of it where that is the news."""
    return (
        f"{sentence} The evidence has doubled since you were told."
        if news == "doubled"
        else sentence
    )


def _event(lead: Shown, alike: Sequence[Shown]) -> str:
    places = sorted({place(e.scope) for e in alike})
    match lead.rule:
        case Rule.FIRST_WORLD:
            return "first report worldwide"
        case Rule.NEW_SPREAD:
            count = len({c for e in alike for c in e.countries})
            return f"new spread in {_number_of_countries(count)}" if count else "new spread"
        case Rule.FIRST_REGION:
            return f"first {_reports(places)} in {listed(places)}"
        case Rule.FIRST_COUNTRY:
            many = len(places) > 3
            return f"first {_reports(places)} in " + (
                _number_of_countries(len(places)) if many else listed(places)
            )
        case _:
            return str(lead.rule.value).replace("_", " ").lower()


def _reports(places: Sequence[str]) -> str:
    return "report" if len(places) == 1 else "reports"


def _number_of_countries(count: int) -> str:
    return "1 country" if count == 1 else f"{count} countries"


def place(scope: str) -> str:
    """A scope as people say it: "world" is worldwide, "DE" is Germany, "Europe" is itself."""
    special = {"world": "worldwide", "Americas": "the Americas"}
    return special.get(scope) or country_name(scope)


def signal_name(rule: str, scope: str) -> str:
    """A signal by its rule and place: "First report in a region: Asia"."""
    title = RULE_TITLES.get(Rule(rule), rule)
    return title if scope == "world" else f"{title}: {place(scope)}"


def listed(words: Sequence[str]) -> str:
    """`["a", "b", "c"]` as "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def shortened(name: str) -> str:
    """A substance name that leaves room for the rest of the headline."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _capitalised(name: str) -> str:
    """A name that begins a line: "Protonitazene", but "n-butyl …" and "α-PVP" as they are."""
    return name[0].upper() + name[1:] if _PLAIN_WORD.match(name) else name


def nothing_left(name: str) -> str:
    """The sentence of an alert whose signals have all ended."""
    return f"No signal about {shortened(name)} is open any more."


def detail(substance: Substance, shown: Sequence[Shown], rulesets: Sequence[str]) -> dict[str, Any]:
    """What an edition says for machines; all that a feed needs, as it was when it was told."""
    return {
        "substance": substance.code,
        "name": substance.name,
        "inchikey": substance.inchikey,
        "connectivity": substance.connectivity,
        "smiles": substance.smiles,
        "group": substance.group,
        "family": substance.family,
        "effect": substance.effect,
        "controlled": [
            {"convention": c.convention, "schedule": c.schedule, "year": c.year}
            for c in substance.controls
        ],
        "ruleset": max(rulesets, default=None),
        "episodes": [e.as_dict() for e in shown],
    }

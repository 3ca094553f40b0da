"""Each rule in plain words, with the thresholds that it uses and where they come from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from app.languages import N_, plain
from app.surveillance.models import Rule
from app.surveillance.ruleset import ruleset_text


@dataclass(frozen=True, slots=True)
class Threshold:
    """One value of the rule set, as the data file has it."""

    name: str
    value: Any
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule for people: what it notices, how, and what it cannot know."""

    rule: Rule
    notices: str
    how: str
    beware: str
    thresholds: tuple[Threshold, ...]


# sections of the rule set that say when a signal fires, and how much it asks for
SECTIONS = (
    "first", "spread", "silence", "growth", "totals", "family", "harm", "cluster", "quantity",
    "unknown", "tiers",
)  # fmt: skip

_FIRST = N_(
    "The earliest event is not older than the months below, and one report identified the "
    "substance well, or two laboratories did so poorly. A total of a year in which it stood "
    "makes it no first."
)
_EXPECTED = N_(
    "The events of each month are held against its own past and against how much was looked for: "
    "samples analysed where they are declared, else all that the same laboratories reported. The "
    "newest months are discounted by what cannot have come in yet. Among all starts in the last "
    "year the one with the largest likelihood ratio is the estimated onset."
)

# rule -> what it notices, how, what to beware of, the sections of the rule set that it uses
_TEXTS: dict[Rule, tuple[str, str, str, tuple[str, ...]]] = {
    Rule.FIRST_WORLD: (
        N_("A substance is reported for the first time in this register."),
        _FIRST,
        N_("First here is not first anywhere: others may have seen it and not have said so."),
        ("first",),
    ),
    Rule.FIRST_REGION: (
        N_("A substance is reported for the first time from a region of the world."),
        _FIRST,
        N_("A region without reports may not be looking."),
        ("first",),
    ),
    Rule.FIRST_COUNTRY: (
        N_("A substance is reported for the first time from a country."),
        _FIRST,
        N_("A country without reports may not be looking."),
        ("first",),
    ),
    Rule.NEW_SPREAD: (
        N_("A substance that is new turns up in several countries."),
        N_(
            "Two numbers and no model: so many countries and events within some months, of a "
            "substance first seen not long ago."
        ),
        N_("It says nothing of substances that have been known for longer; see growth."),
        ("spread",),
    ),
    Rule.RE_EMERGENCE: (
        N_("A substance is back after a silence."),
        N_(
            "The silence was real when the rate before it, and all that was looked for meanwhile, "
            "make it unlikely to be chance. A year in whose totals it stands was not silent."
        ),
        N_("Laboratories that stopped looking for it make a silence too."),
        ("silence",),
    ),
    Rule.GROWTH: (
        N_("A substance is reported more often than before, beyond what more samples explain."),
        N_(
            "%(expected)s It must still be there if the two largest reporter-months were as those "
            "before, so that bursts of one laboratory or two are none. Of sources that count by "
            "the year or the quarter, the share of the substance in all they counted is compared "
            "with that of the spans before."
        ),
        N_(
            "A laboratory that begins to see a substance looks like growth unless it declares what"
            " it can find. More reports are not more use."
        ),
        ("growth", "totals"),
    ),
    Rule.HARM: (
        N_(
            "Deaths and acute poisonings are a larger part of the reports of a substance than of "
            "others of its class."
        ),
        N_(
            "Deaths count by the part the substance had in them. What is expected is worked out "
            "within each country and year, and shrunken where there is little."
        ),
        N_(
            "Seizures and autopsies are different samples; this is no risk of use. Where few "
            "laboratories do autopsies, they decide."
        ),
        ("harm",),
    ),
    Rule.CLUSTER_OF_HARM: (
        N_("Several deaths or acute poisonings with a substance in one country within days."),
        N_(
            "So many within so few days, and more than were usual there before. It is urgent when "
            "the deaths are its doing."
        ),
        N_("One death told of twice would be two; possible duplicates are shown beside it."),
        ("cluster",),
    ),
    Rule.QUANTITY: (
        N_("A seizure far larger than those before it."),
        N_(
            "Weights are compared with weights of the same form, on a logarithmic scale, by median"
            " and median deviation."
        ),
        N_("A large seizure says little of use, and units are often in error."),
        ("quantity",),
    ),
    Rule.FAMILY: (
        N_("A family, a group or a cluster emerges as a whole, before any one member does."),
        N_(
            "%(expected)s An event with several members counts once. It is told of when no member "
            "alone explains the growth, and several are new or several countries take part."
        ),
        N_("Families are made by rules of structure; a member that no rule knows is not counted."),
        ("growth", "family"),
    ),
    Rule.BLOCK: (
        N_("A building block (a tail, a head, a substituent) emerges across several substances."),
        N_("As for families, with the substances that carry the block."),
        N_("Blocks are cut from structures of a few families only."),
        ("growth", "family"),
    ),
    Rule.NEW_UNKNOWN: (
        N_("Several countries report the same name, and nobody knows what it is."),
        N_("The name is compared exactly, after spaces, hyphens and the like are made alike."),
        N_("One name may mean different things in different places."),
        ("unknown",),
    ),
}


def rulebook() -> list[RuleText]:
    """Every rule, in the order in which they are declared and in the language spoken."""
    data = tomllib.loads(ruleset_text())
    return [_rule_text(rule, data) for rule in Rule]


def thresholds() -> dict[str, list[Threshold]]:
    """What can be changed of the rules by a single number, by section."""
    data = tomllib.loads(ruleset_text())
    return {
        section: [
            Threshold(f"{section}.{name}", entry["value"], entry["unit"], entry["source"])
            for name, entry in data[section].items()
            if isinstance(entry["value"], int | float)
        ]
        for section in SECTIONS
    }


def _rule_text(rule: Rule, data: dict[str, Any]) -> RuleText:
    notices, how, beware, sections = _TEXTS[rule]
    found = [
        Threshold(f"{section}.{name}", entry["value"], entry["unit"], entry["source"])
        for section in sections
        for name, entry in data[section].items()
    ]
    tier = data["tiers"][rule.value.lower()]
    found.append(
        Threshold(f"tiers.{rule.value.lower()}", tier["value"], tier["unit"], tier["source"])
    )
    said = plain(how) % {"expected": plain(_EXPECTED)}
    return RuleText(rule, plain(notices), said, plain(beware), tuple(found))

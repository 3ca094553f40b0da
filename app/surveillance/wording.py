"""Evidence in plain words: the sentence people read, and what would make the rule silent."""

from __future__ import annotations

from app.access.handling import Handling
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule
from app.surveillance.phrases import count, number, on
from app.surveillance.sentences import SENTENCES

# What a reader below the highest level must know to take the sentence for no more than it is. Said
# whether or not there is more, so that its presence betrays nothing.
BASIS = {
    Handling.CLEAR: "Counts public reports only.",
    Handling.GREEN: "Counts reports shared with the community only.",
    Handling.AMBER: "Counts reports shared with authorities only.",
    Handling.RED: "",
}


# What would have to be otherwise, for the rules whose numbers hang together too much for a count.
OTHERWISE = {
    Rule.GROWTH: "Would not fire if the rate had grown less than its thresholds ask, if more "
    "samples had been analysed than is known, or if several of the reports were one event.",
    Rule.RE_EMERGENCE: "Would not fire if a report from the silent months were known, or if "
    "fewer events had followed it.",
    Rule.HARM: "Would not fire if a few of the harms were not its doing, or if its harmless finds "
    "had been reported as fully as those of its class.",
    Rule.CLUSTER_OF_HARM: "Would not fire if one of the cases were not its doing, lay outside the "
    "window, or had been reported twice.",
    Rule.QUANTITY: "Would not fire if the quantity were in error, or if earlier seizures of this "
    "size were known.",
    Rule.FAMILY: "Would not fire if one member explained the growth, or if fewer members and "
    "countries took part in it.",
    Rule.BLOCK: "Would not fire if one member explained the growth, or if fewer members and "
    "countries took part in it.",
    Rule.NEW_UNKNOWN: "Would not fire if the name were resolved, or if the countries meant "
    "different things by it.",
}


def sentence(evidence: Evidence, name: str) -> str:
    """What happened, for people: who, how often, since when."""
    happened = SENTENCES[evidence.rule](evidence, name)
    parts = [happened, _deaths(evidence), BASIS[evidence.level]]
    return " ".join(part for part in parts if part)


def would_not_fire(evidence: Evidence) -> str:
    """The least that would have to be otherwise for the rule to be silent."""
    numbers, limits = evidence.numbers, evidence.thresholds
    if evidence.details.get("basis") == "totals":
        return (
            f"Would not fire if its share had grown to less than {limits['ratio']:g} times what it "
            f"was, or if fewer than {number(limits['least'])} had been counted."
        )
    if evidence.rule in OTHERWISE:
        return OTHERWISE[evidence.rule]
    if evidence.rule is not Rule.NEW_SPREAD:
        older = f"a report from before {on(evidence.since)} were known"
        if numbers["reports"] == 1:
            return f"Would not fire if its only report were withdrawn, or if {older}."
        return f"Would not fire if {older}."
    countries = len(evidence.countries)
    fewer_countries = countries - limits["countries"] + 1
    fewer_events = numbers["events"] - limits["events"] + 1
    if fewer_events < fewer_countries:
        return (
            f"Would not fire if {number(fewer_events)} of the {number(numbers['events'])} "
            "events had not been reported."
        )
    return (
        f"Would not fire if {number(fewer_countries)} of the {number(countries)} "
        "countries had not reported."
    )


def _deaths(evidence: Evidence) -> str:
    deaths = evidence.numbers["deaths"]
    if not deaths or evidence.rule is Rule.CLUSTER_OF_HARM:  # which has said so
        return ""
    verb = "was" if deaths == 1 else "were"
    return (
        f"{count(deaths, 'death').capitalize()} that it caused or contributed to "
        f"{verb} reported since {on(evidence.since)}."
    )

"""Evidence in plain words. "First" means first in this register: others may have seen more."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from app.access.handling import Handling
from app.countries import country_name, in_a_sentence
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# What a reader below the highest level must know to take the sentence for no more than it is. Said
# whether or not there is more, so that its presence betrays nothing.
BASIS = {
    Handling.CLEAR: "Counts public reports only.",
    Handling.GREEN: "Counts reports shared with the community only.",
    Handling.AMBER: "Counts reports shared with authorities only.",
    Handling.RED: "",
}


def sentence(evidence: Evidence, substance: str) -> str:
    """What happened, for people: who, how often, since when."""
    parts = [_what(evidence, substance), _deaths(evidence), BASIS[evidence.level]]
    return " ".join(part for part in parts if part)


def would_not_fire(evidence: Evidence) -> str:
    """The least that would have to be otherwise for the rule to be silent."""
    numbers, limits = evidence.numbers, evidence.thresholds
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
            f"Would not fire if {_number(fewer_events)} of the {_number(numbers['events'])} "
            "events had not been reported."
        )
    return (
        f"Would not fire if {_number(fewer_countries)} of the {_number(countries)} "
        "countries had not reported."
    )


def on(day: date) -> str:
    """A day in words: 1 November 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _what(evidence: Evidence, substance: str) -> str:
    names = [in_a_sentence(code) for code in sorted(evidence.countries, key=country_name)]
    dated = _dated(evidence.first, evidence.first_end)
    match evidence.rule:
        case Rule.FIRST_COUNTRY:
            return (
                f"The first report of {substance} from {_join(names)} in this register "
                f"is of an event {dated}."
            )
        case Rule.FIRST_REGION:
            return (
                f"The first report of {substance} from {_region(evidence.scope)} in this register "
                f"came from {_join(names)}, of an event {dated}."
            )
        case Rule.FIRST_WORLD:
            return (
                f"The first report of {substance} in this register "
                f"came from {_join(names)}, of an event {dated}."
            )
        case Rule.NEW_SPREAD:
            months = evidence.thresholds["window_months"]
            return (
                f"{substance[:1].upper()}{substance[1:]} was reported by {len(names)} countries "
                f"({', '.join(names)}) in the last {months} months; "
                f"it was first reported in this register {dated}."
            )


def _deaths(evidence: Evidence) -> str:
    deaths = evidence.numbers["deaths"]
    if not deaths:
        return ""
    noun = "death" if deaths == 1 else "deaths"
    verb = "was" if deaths == 1 else "were"
    return (
        f"{_number(deaths).capitalize()} {noun} that it caused or contributed to "
        f"{verb} reported since {on(evidence.since)}."
    )


def _dated(first: date, end: date) -> str:
    """No more exactly than the date was given."""
    if first == end:
        return f"on {on(first)}"
    whole_years = (first.month, first.day, end.month, end.day) == (1, 1, 12, 31)
    if whole_years and first.year == end.year:
        return f"in {first.year}"
    ends_month = end.day == monthrange(end.year, end.month)[1]
    if first.day == 1 and ends_month and (first.year, first.month) == (end.year, end.month):
        return f"in {MONTHS[first.month - 1]} {first.year}"
    return f"between {on(first)} and {on(end)}"


def _region(scope: str) -> str:
    return "the Americas" if scope == "Americas" else scope


def _number(number: int) -> str:
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

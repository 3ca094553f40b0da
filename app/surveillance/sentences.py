"""What happened, rule by rule: one function for each, from the evidence and a name to a sentence.

"First" means first in this register: others may have seen more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app.countries import in_a_sentence
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule
from app.surveillance.phrases import (
    count,
    dated,
    grams,
    join,
    month,
    number,
    on,
    percent,
    places,
    region,
    some,
    times,
    upper,
)

LISTED = 5  # members named in a sentence
# what a rate is held against, by what exposure was taken from
EXPECTED_BY = {
    "declared": "its own past and the samples analysed let expect",
    "reports": "its own past and all that the same laboratories reported let expect",
    "active": "its own past and the laboratories at work let expect",
    "constant": "its own past lets expect",
}
NODE_WORDS = {
    "family": "The family",
    "group": "The group",
    "cluster": "The cluster",
    "block": "The building block",
}


def first_country(evidence: Evidence, name: str) -> str:
    """First in a country."""
    return (
        f"The first report of {name} from {join(places(evidence.countries))} in this register "
        f"is of an event {dated(evidence.first, evidence.first_end)}."
    )


def first_region(evidence: Evidence, name: str) -> str:
    """First in a region."""
    return (
        f"The first report of {name} from {region(evidence.scope)} in this register came from "
        f"{join(places(evidence.countries))}, of an event "
        f"{dated(evidence.first, evidence.first_end)}."
    )


def first_world(evidence: Evidence, name: str) -> str:
    """First anywhere."""
    return (
        f"The first report of {name} in this register came from "
        f"{join(places(evidence.countries))}, of an event "
        f"{dated(evidence.first, evidence.first_end)}."
    )


def new_spread(evidence: Evidence, name: str) -> str:
    """New, and in several countries."""
    names = places(evidence.countries)
    return (
        f"{upper(name)} was reported by {len(names)} countries ({some(names)}) in the last "
        f"{evidence.thresholds['window_months']} months; it was first reported in this register "
        f"{dated(evidence.first, evidence.first_end)}."
    )


def growth(evidence: Evidence, name: str) -> str:
    """Growing, in events or in totals."""
    told = evidence.details
    if told["basis"] == "totals":
        return _growth_in_totals(evidence, name)
    return (
        f"{upper(name)} is reported {_times(evidence)} as often as "
        f"{EXPECTED_BY[told['exposure']]}, since {month(told['onset'])}: {_events(evidence)} in "
        f"{_countries(evidence)} where {_expected(told['expected'])} expected."
    )


def re_emergence(evidence: Evidence, name: str) -> str:
    """Back after a silence that is no chance."""
    silent = count(evidence.details["silent_months"], "month")
    return (
        f"{upper(name)} is back after {silent} without a report: {_events(evidence)} from "
        f"{some(places(evidence.countries))} since {on(evidence.since)}."
    )


def harm(evidence: Evidence, name: str) -> str:
    """More often harmful than others of its class."""
    told = evidence.details
    return (
        f"Of the {told['of']:,} events with {name} in the last "
        f"{evidence.thresholds['window_months']} months, an estimated {percent(told['fraction'])} "
        "are deaths or acute poisonings, deaths counted by its part in them, against "
        f"{percent(told['usual'])} for the other substances of its class."
    )


def cluster_of_harm(evidence: Evidence, name: str) -> str:
    """Several harms at one place and time."""
    deaths = evidence.numbers["deaths"]
    caused = ""
    if deaths:
        are = "is a death" if deaths == 1 else "are deaths"
        caused = f"; {number(deaths)} of them {are} that it caused or contributed to"
    return (
        f"{upper(number(evidence.numbers['events']))} deaths or acute poisonings with {name} in "
        f"{join(places(evidence.countries))} within {count(evidence.details['days'], 'day')}, the "
        f"first {dated(evidence.first, evidence.first_end)}{caused}."
    )


def quantity(evidence: Evidence, name: str) -> str:
    """A seizure far larger than those before."""
    told = evidence.details
    alike = " in the same form" if told["form"] else ""
    return (
        f"A seizure of {grams(told['grams'])} of {name} in {join(places(evidence.countries))} "
        f"{dated(evidence.first, evidence.first_end)}; half of its earlier seizures{alike} were "
        f"of {grams(told['median_grams'])} or less."
    )


def of_several(evidence: Evidence, name: str) -> str:
    """A family or a building block grows, and no member alone explains it."""
    told = evidence.details
    members = [member["name"] for member in told["members"]]
    in_all = told["members_in_all"]
    others = in_all - min(LISTED, len(members))
    listed = join(members)
    if in_all > LISTED + 1:
        listed = f"{', '.join(members[:LISTED])} and {count(others, 'other')}"
    usual = "family" if evidence.rule is Rule.FAMILY else "block"
    what = NODE_WORDS[told.get("kind", usual)]
    new = told.get("new_taking_part", 0)
    fresh = ""
    if new:
        months = evidence.thresholds["new_months"]
        who = "all" if new == in_all else number(new)
        fresh = f", {who} of them first reported in the last {months} months"
    return (
        f"{what} {name} is reported {_times(evidence)} as often as expected since "
        f"{month(told['onset'])}, and no single member explains it: {_events(evidence)} "
        f"with {count(in_all, 'substance')}{fresh} ({listed}), in {_countries(evidence)}."
    )


def new_unknown(evidence: Evidence, name: str) -> str:
    """A name nobody knows, from several countries."""
    return (
        f'"{name}", a name that nobody has resolved, was reported by {_countries(evidence)} '
        f"({some(places(evidence.countries))}) in the last {evidence.thresholds['fresh_months']} "
        "months; it may be a new substance."
    )


SENTENCES: dict[Rule, Callable[[Evidence, str], str]] = {
    Rule.FIRST_WORLD: first_world,
    Rule.FIRST_REGION: first_region,
    Rule.FIRST_COUNTRY: first_country,
    Rule.NEW_SPREAD: new_spread,
    Rule.RE_EMERGENCE: re_emergence,
    Rule.GROWTH: growth,
    Rule.HARM: harm,
    Rule.CLUSTER_OF_HARM: cluster_of_harm,
    Rule.QUANTITY: quantity,
    Rule.FAMILY: of_several,
    Rule.BLOCK: of_several,
    Rule.NEW_UNKNOWN: new_unknown,
}


def _growth_in_totals(evidence: Evidence, name: str) -> str:
    told = evidence.details
    first, end = (date.fromisoformat(day) for day in told["span"])
    spans = "span" if told["spans_before"] == 1 else count(told["spans_before"], "span")
    before = f"{_times(evidence)} its share in the {spans} before"
    if not told["before"]:
        before = f"not once in the {spans} before"
    return (
        f"{upper(name)} was counted {told['count']:,} times in {in_a_sentence(evidence.scope)} "
        f"{dated(first, end)}, of {told['of']:,} reports in all: {before}."
    )


def _times(evidence: Evidence) -> str:
    return times(evidence.details["rate_ratio"])


def _expected(events: float) -> str:
    if events < 0.1:
        return "fewer than 0.1 were"
    return f"{events:.1f} were" if events < 10 else f"{events:,.0f} were"


def _events(evidence: Evidence) -> str:
    return count(evidence.numbers["events"], "event")


def _countries(evidence: Evidence) -> str:
    return count(len(evidence.countries), "country", "countries")

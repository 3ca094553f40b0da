"""What happened, rule by rule: one function for each, from the evidence and a name to a sentence.

"First" means first in this register: others may have seen more. Sentences are in the language
spoken (app.languages); names stand where no grammar touches them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app.countries import in_a_sentence
from app.languages import _, decimal, ngettext
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule
from app.surveillance.phrases import (
    countries,
    dated,
    events,
    grams,
    join,
    month,
    number,
    on,
    others,
    percent,
    places,
    region,
    some,
    times,
    upper,
)

LISTED = 5  # members named in a sentence


def first_country(evidence: Evidence, name: str) -> str:
    """First in a country."""
    return _(
        "The first report of %(name)s from %(places)s in this register is of an event %(when)s.",
        name=name,
        places=join(places(evidence.countries)),
        when=dated(evidence.first, evidence.first_end),
    )


def first_region(evidence: Evidence, name: str) -> str:
    """First in a region."""
    return _(
        "The first report of %(name)s from %(region)s in this register came from %(places)s, of "
        "an event %(when)s.",
        name=name,
        region=region(evidence.scope),
        places=join(places(evidence.countries)),
        when=dated(evidence.first, evidence.first_end),
    )


def first_world(evidence: Evidence, name: str) -> str:
    """First anywhere."""
    return _(
        "The first report of %(name)s in this register came from %(places)s, of an event %(when)s.",
        name=name,
        places=join(places(evidence.countries)),
        when=dated(evidence.first, evidence.first_end),
    )


def new_spread(evidence: Evidence, name: str) -> str:
    """New, and in several countries."""
    names = places(evidence.countries)
    return _(
        "%(name)s was reported by %(number)s countries (%(places)s) in the last %(months)s months; "
        "it was first reported in this register %(when)s.",
        name=upper(name),
        number=len(names),
        places=some(names),
        months=evidence.thresholds["window_months"],
        when=dated(evidence.first, evidence.first_end),
    )


def growth(evidence: Evidence, name: str) -> str:
    """Growing, in events or in totals."""
    told = evidence.details
    if told["basis"] == "totals":
        return _growth_in_totals(evidence, name)
    return _(
        "%(name)s is reported %(times)s as often as %(basis)s, since %(month)s: %(events)s in "
        "%(countries)s where %(expected)s expected.",
        name=upper(name),
        times=_times(evidence),
        basis=_expected_by(told["exposure"]),
        month=month(told["onset"]),
        events=_events(evidence),
        countries=_countries(evidence),
        expected=_expected(told["expected"]),
    )


def re_emergence(evidence: Evidence, name: str) -> str:
    """Back after a silence that is no chance."""
    silent = evidence.details["silent_months"]
    return ngettext(
        "%(name)s is back after %(silent)s month without a report: %(events)s from %(places)s "
        "since %(day)s.",
        "%(name)s is back after %(silent)s months without a report: %(events)s from %(places)s "
        "since %(day)s.",
        silent,
        name=upper(name),
        silent=number(silent),
        events=_events(evidence),
        places=some(places(evidence.countries)),
        day=on(evidence.since),
    )


def harm(evidence: Evidence, name: str) -> str:
    """More often harmful than others of its class."""
    told = evidence.details
    return _(
        "Of the %(of)s events with %(name)s in the last %(months)s months, an estimated "
        "%(fraction)s are deaths or acute poisonings, deaths counted by its part in them, against "
        "%(usual)s for the other substances of its class.",
        of=decimal(told["of"]),
        name=name,
        months=evidence.thresholds["window_months"],
        fraction=percent(told["fraction"]),
        usual=percent(told["usual"]),
    )


def cluster_of_harm(evidence: Evidence, name: str) -> str:
    """Several harms at one place and time."""
    days = evidence.details["days"]
    said = ngettext(
        "%(harms)s deaths or acute poisonings with %(name)s in %(places)s within %(days)s day, "
        "the first %(when)s",
        "%(harms)s deaths or acute poisonings with %(name)s in %(places)s within %(days)s days, "
        "the first %(when)s",
        days,
        harms=upper(number(evidence.numbers["events"])),
        name=name,
        places=join(places(evidence.countries)),
        days=number(days),
        when=dated(evidence.first, evidence.first_end),
    )
    deaths = evidence.numbers["deaths"]
    if not deaths:
        return f"{said}."
    caused = ngettext(
        "%(number)s of them is a death that it caused or contributed to",
        "%(number)s of them are deaths that it caused or contributed to",
        deaths,
        number=number(deaths),
    )
    return f"{said}; {caused}."


def quantity(evidence: Evidence, name: str) -> str:
    """A seizure far larger than those before."""
    told = evidence.details
    values = {
        "mass": grams(told["grams"]),
        "name": name,
        "places": join(places(evidence.countries)),
        "when": dated(evidence.first, evidence.first_end),
        "median": grams(told["median_grams"]),
    }
    if told["form"]:
        return _(
            "A seizure of %(mass)s of %(name)s in %(places)s %(when)s; half of its earlier "
            "seizures in the same form were of %(median)s or less.",
            **values,
        )
    return _(
        "A seizure of %(mass)s of %(name)s in %(places)s %(when)s; half of its earlier seizures "
        "were of %(median)s or less.",
        **values,
    )


def of_several(evidence: Evidence, name: str) -> str:
    """A family or a building block grows, and no member alone explains it."""
    told = evidence.details
    members = [member["name"] for member in told["members"]]
    in_all = told["members_in_all"]
    listed = join(members)
    if in_all > LISTED + 1:
        listed = join([", ".join(members[:LISTED]), others(in_all - min(LISTED, len(members)))])
    usual = "family" if evidence.rule is Rule.FAMILY else "block"
    return _(
        "%(what)s is reported %(times)s as often as expected since %(month)s, and no single member "
        "explains it: %(events)s with %(substances)s (%(listed)s), in %(countries)s.",
        what=_node(told.get("kind", usual), name),
        times=_times(evidence),
        month=month(told["onset"]),
        events=_events(evidence),
        substances=_substances(evidence),
        listed=listed,
        countries=_countries(evidence),
    )


def new_unknown(evidence: Evidence, name: str) -> str:
    """A name nobody knows, from several countries."""
    return _(
        '"%(name)s", a name that nobody has resolved, was reported by %(countries)s (%(places)s) '
        "in the last %(months)s months; it may be a new substance.",
        name=name,
        countries=_countries(evidence),
        places=some(places(evidence.countries)),
        months=evidence.thresholds["fresh_months"],
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
    spans = told["spans_before"]
    values = {
        "name": upper(name),
        "count": decimal(told["count"]),
        "place": in_a_sentence(evidence.scope),
        "when": dated(first, end),
        "of": decimal(told["of"]),
        "times": _times(evidence),
        "spans": number(spans),
    }
    if not told["before"]:
        return ngettext(
            "%(name)s was counted %(count)s times in %(place)s %(when)s, of %(of)s reports in all: "
            "not once in the span before.",
            "%(name)s was counted %(count)s times in %(place)s %(when)s, of %(of)s reports in all: "
            "not once in the %(spans)s spans before.",
            spans,
            **values,
        )
    return ngettext(
        "%(name)s was counted %(count)s times in %(place)s %(when)s, of %(of)s reports in all: "
        "%(times)s its share in the span before.",
        "%(name)s was counted %(count)s times in %(place)s %(when)s, of %(of)s reports in all: "
        "%(times)s its share in the %(spans)s spans before.",
        spans,
        **values,
    )


def _expected_by(exposure: str) -> str:
    """What a rate is held against, by what exposure was taken from."""
    words = {
        "declared": _("its own past and the samples analysed let expect"),
        "reports": _("its own past and all that the same laboratories reported let expect"),
        "active": _("its own past and the laboratories at work let expect"),
        "constant": _("its own past lets expect"),
    }
    return words[exposure]


def _node(kind: str, name: str) -> str:
    words = {
        "family": _("The family %(name)s", name=name),
        "group": _("The group %(name)s", name=name),
        "cluster": _("The cluster %(name)s", name=name),
        "block": _("The building block %(name)s", name=name),
    }
    return words[kind]


def _substances(evidence: Evidence) -> str:
    """How many take part, and how many of them are new."""
    told = evidence.details
    in_all, new = told["members_in_all"], told.get("new_taking_part", 0)
    said = ngettext("%(number)s substance", "%(number)s substances", in_all, number=number(in_all))
    if not new:
        return said
    months = evidence.thresholds["new_months"]
    if new == in_all:
        return _(
            "%(substances)s, all of them first reported in the last %(months)s months",
            substances=said,
            months=months,
        )
    return _(
        "%(substances)s, %(new)s of them first reported in the last %(months)s months",
        substances=said,
        new=number(new),
        months=months,
    )


def _times(evidence: Evidence) -> str:
    return times(evidence.details["rate_ratio"])


def _expected(count: float) -> str:
    """How many were expected, as "12.3 were"."""
    if count < 0.1:
        return _("fewer than %(number)s were", number=decimal(0.1, 1))
    return _("%(number)s were", number=decimal(count, 1 if count < 10 else 0))


def _events(evidence: Evidence) -> str:
    return events(evidence.numbers["events"])


def _countries(evidence: Evidence) -> str:
    return countries(len(evidence.countries))

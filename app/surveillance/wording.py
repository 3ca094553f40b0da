"""Evidence in plain words: the sentence people read, and what would make the rule silent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from app.access.handling import Handling
from app.languages import _, decimal, ngettext
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule
from app.surveillance.phrases import number, on, upper
from app.surveillance.sentences import SENTENCES

_log = logging.getLogger(__name__)

# rules of which no single number says what would silence them
STATISTICAL = frozenset(
    {
        Rule.GROWTH,
        Rule.RE_EMERGENCE,
        Rule.HARM,
        Rule.CLUSTER_OF_HARM,
        Rule.QUANTITY,
        Rule.FAMILY,
        Rule.BLOCK,
        Rule.NEW_UNKNOWN,
    }
)


def basis(level: Handling) -> str:
    """What a reader below the highest level must know to take the sentence for no more than it is.

    Said whether or not there is more, so that its presence betrays nothing.
    """
    words = {
        Handling.CLEAR: _("Counts public reports only."),
        Handling.GREEN: _("Counts reports shared with the community only."),
        Handling.AMBER: _("Counts reports shared with authorities only."),
        Handling.RED: "",
    }
    return words[level]


def sentence(evidence: Evidence, name: str) -> str:
    """What happened, for people: who, how often, since when."""
    happened = SENTENCES[evidence.rule](evidence, name)
    parts = [happened, _deaths(evidence), basis(evidence.level)]
    return " ".join(part for part in parts if part)


def said_again(kept: Mapping[str, Any], name: str) -> str | None:
    """The sentence of evidence that was kept, in the language spoken.

    None where it lacks what the sentence needs by now: the one it was told in is all there is.
    """
    try:
        return sentence(Evidence.from_dict(kept), name)
    except (LookupError, TypeError, ValueError) as error:
        _log.warning("a sentence is told as it was kept: %r", error)
        return None


def would_not_fire(evidence: Evidence) -> str:
    """The least that would have to be otherwise for the rule to be silent."""
    numbers, limits = evidence.numbers, evidence.thresholds
    if evidence.details.get("basis") == "totals":
        return _(
            "Would not fire if its share had grown to less than %(ratio)s times what it was, or if "
            "fewer than %(least)s had been counted.",
            ratio=decimal(limits["ratio"], 0 if limits["ratio"] == int(limits["ratio"]) else 1),
            least=number(limits["least"]),
        )
    if evidence.rule in STATISTICAL:
        return _otherwise(evidence.rule)
    if evidence.rule is not Rule.NEW_SPREAD:
        return _no_first(evidence)
    countries = len(evidence.countries)
    fewer_countries = countries - limits["countries"] + 1
    fewer_events = numbers["events"] - limits["events"] + 1
    if fewer_events < fewer_countries:
        return _(
            "Would not fire if %(fewer)s of the %(number)s events had not been reported.",
            fewer=number(fewer_events),
            number=number(numbers["events"]),
        )
    return _(
        "Would not fire if %(fewer)s of the %(number)s countries had not reported.",
        fewer=number(fewer_countries),
        number=number(countries),
    )


def _no_first(evidence: Evidence) -> str:
    day = on(evidence.since)
    if evidence.numbers["reports"] == 1:
        return _(
            "Would not fire if its only report were withdrawn, or if a report from before %(day)s "
            "were known.",
            day=day,
        )
    return _("Would not fire if a report from before %(day)s were known.", day=day)


def _otherwise(rule: Rule) -> str:
    """What would have to be otherwise where the numbers hang together too much for a count."""
    members = _(
        "Would not fire if one member explained the growth, or if fewer members and countries took "
        "part in it."
    )
    words = {
        Rule.GROWTH: _(
            "Would not fire if the rate had grown less than its thresholds ask, if more samples "
            "had been analysed than is known, or if several of the reports were one event."
        ),
        Rule.RE_EMERGENCE: _(
            "Would not fire if a report from the silent months were known, or if fewer events had "
            "followed it."
        ),
        Rule.HARM: _(
            "Would not fire if a few of the harms were not its doing, or if its harmless finds had "
            "been reported as fully as those of its class."
        ),
        Rule.CLUSTER_OF_HARM: _(
            "Would not fire if one of the cases were not its doing, lay outside the window, or had "
            "been reported twice."
        ),
        Rule.QUANTITY: _(
            "Would not fire if the quantity were in error, or if earlier seizures of this size "
            "were known."
        ),
        Rule.FAMILY: members,
        Rule.BLOCK: members,
        Rule.NEW_UNKNOWN: _(
            "Would not fire if the name were resolved, or if the countries meant different things "
            "by it."
        ),
    }
    return words[rule]


def _deaths(evidence: Evidence) -> str:
    deaths = evidence.numbers["deaths"]
    if not deaths or evidence.rule is Rule.CLUSTER_OF_HARM:  # which has said so
        return ""
    return ngettext(
        "%(number)s death that it caused or contributed to was reported since %(day)s.",
        "%(number)s deaths that it caused or contributed to were reported since %(day)s.",
        deaths,
        number=upper(number(deaths)),
        day=on(evidence.since),
    )

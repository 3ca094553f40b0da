"""What each rule notices, in a few words: the one list of titles, for pages, mail and feeds."""

from __future__ import annotations

from app.languages import N_, plain
from app.surveillance.models import Rule

RULE_TITLES = {
    Rule.FIRST_WORLD: N_("First report worldwide"),
    Rule.FIRST_REGION: N_("First report in a region"),
    Rule.FIRST_COUNTRY: N_("First report in a country"),
    Rule.NEW_SPREAD: N_("New spread"),
    Rule.RE_EMERGENCE: N_("Back after silence"),
    Rule.GROWTH: N_("Growing"),
    Rule.HARM: N_("Harmful beyond its class"),
    Rule.CLUSTER_OF_HARM: N_("Cluster of harm"),
    Rule.QUANTITY: N_("Unusual quantity"),
    Rule.FAMILY: N_("Growing as a whole"),
    Rule.BLOCK: N_("Building block growing"),
    Rule.NEW_UNKNOWN: N_("Unknown name in several countries"),
}


def rule_title(rule: Rule | str) -> str:
    """The title of a rule in the language spoken."""
    return plain(RULE_TITLES[Rule(rule)])

"""Headlines as people would write them."""

import pytest

from app.notification.wording import Shown, headline, in_order, signal_name
from app.surveillance.models import Rule, Tier
from tests.notification.making import CLEAR


def shown(rule, scope, countries=(), tier=Tier.ALERT, news="opened"):
    return Shown("E-00001", rule, scope, tier, CLEAR, "", tuple(countries), news)


@pytest.mark.parametrize(
    ("episodes", "says"),
    [
        ([shown(Rule.FIRST_WORLD, "world")], "X: first report worldwide"),
        ([shown(Rule.FIRST_REGION, "Asia")], "X: first report in Asia"),
        (
            [shown(Rule.FIRST_REGION, "Asia"), shown(Rule.FIRST_REGION, "Europe")],
            "X: first reports in Asia and Europe",
        ),
        (
            [shown(Rule.FIRST_COUNTRY, c) for c in ("DE", "CL", "EE")],
            "X: first reports in Chile, Estonia and Germany",
        ),
        (
            [shown(Rule.FIRST_COUNTRY, c) for c in ("DE", "CL", "EE", "FR")],
            "X: first reports in 4 countries",
        ),
        (
            [shown(Rule.FIRST_COUNTRY, c) for c in ("NL", "GB", "DE")],
            "X: first reports in Germany, the Netherlands and the United Kingdom",
        ),
        ([shown(Rule.CLUSTER_OF_HARM, "NL")], "X: cluster of harm in the Netherlands"),
        ([shown(Rule.NEW_SPREAD, "world", ["DE"])], "X: new spread in 1 country"),
        ([shown(Rule.NEW_SPREAD, "world", ["DE", "FR"])], "X: new spread in 2 countries"),
        (
            [shown(Rule.NEW_SPREAD, "world", ["DE", "FR"], Tier.URGENT, "raised")],
            "X: new spread in 2 countries, now urgent",
        ),
        (
            [
                shown(Rule.NEW_SPREAD, "world", ["DE", "FR"], Tier.URGENT, None),
                shown(Rule.FIRST_COUNTRY, "CL", tier=Tier.WATCH),
            ],
            "X: first report in Chile",
        ),
        ([], "X: no signal open any more"),
    ],
)
def test_the_headline_names_what_is_new_and_where(episodes, says):
    assert headline("X", in_order(episodes)) == says


def test_a_name_without_end_leaves_room_for_the_news():
    assert len(headline("1-" * 150, [shown(Rule.FIRST_WORLD, "world")])) < 300


@pytest.mark.parametrize(
    ("name", "begins"),
    [("protonitazene", "Protonitazene:"), ("n-Butyl X", "n-Butyl X:"), ("α-PVP", "α-PVP:")],
)
def test_a_line_begins_with_a_capital_unless_chemistry_says_otherwise(name, begins):
    assert headline(name, []).startswith(begins)


def test_a_signal_is_named_by_its_rule_and_place():
    assert signal_name("FIRST_REGION", "Americas") == "First report in a region: the Americas"
    assert signal_name("FIRST_WORLD", "world") == "First report worldwide"

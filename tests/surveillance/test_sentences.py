"""What people are told, from evidence as it is at the edges: long lists, little, very much."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.access.handling import Handling
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.wording import sentence, would_not_fire

GROWN: dict[str, Any] = {
    "basis": "events", "onset": "2026-03", "rate_ratio": 823.2, "expected": 0.02,
    "exposure": "reports",
}  # fmt: skip
COUNTED: dict[str, Any] = {
    "basis": "totals", "span": ["2016-01-01", "2016-12-31"], "count": 90, "of": 10_000, "before": 0,
    "spans_before": 1, "rate_ratio": 3.21,
}  # fmt: skip


def members(named: int, in_all: int, new: int, kind: str) -> dict[str, Any]:
    return {
        "kind": kind, "onset": "2026-03", "rate_ratio": 5.2, "members_in_all": in_all,
        "members": [{"name": f"M{n}"} for n in range(named)], "new_taking_part": new,
    }  # fmt: skip


def said(rule: Rule, name: str = "4F-MPH", *, deaths: int = 0, **changed: Any) -> str:
    return sentence(evidence(rule, deaths=deaths, **changed), name)


def evidence(rule: Rule, *, deaths: int = 0, **changed: Any) -> Evidence:
    values: dict[str, Any] = {
        "rule": rule, "scope": "world", "tier": Tier.ALERT, "level": Handling.RED,
        "countries": ("DE", "US"), "first": date(2026, 3, 1), "first_end": date(2026, 3, 31),
        "last": date(2026, 9, 1), "since": date(2026, 3, 1), "as_of": date(2026, 10, 31),
        "ruleset": "1", "numbers": {"reports": 5, "confirmed": 3, "events": 5, "deaths": deaths},
        "thresholds": {"window_months": 24, "new_months": 12, "ratio": 2.0, "least": 5},
    }  # fmt: skip
    return Evidence(**(values | changed))


def test_a_rate_is_held_against_what_was_looked_at_and_is_no_more_exact_than_known() -> None:
    assert said(Rule.GROWTH, details=GROWN) == (
        "4F-MPH is reported 823 times as often as its own past and all that the same laboratories "
        "reported let expect, since March 2026: five events in two countries where fewer than 0.1 "
        "were expected."
    )
    other = GROWN | {"exposure": "declared", "rate_ratio": 2.34, "expected": 12.345}
    assert "2.3 times as often as its own past and the samples analysed let expect" in (
        said(Rule.GROWTH, details=other)
    )
    assert "where 12 were expected" in said(Rule.GROWTH, details=other)


def test_totals_of_one_span_before() -> None:
    told = said(Rule.GROWTH, scope="US", details=COUNTED)
    assert told.endswith("of 10,000 reports in all: not once in the span before.")
    told = said(Rule.GROWTH, scope="US", details=COUNTED | {"before": 4})
    assert told.endswith("3.2 times its share in the span before.")
    assert "less than 2 times what it was, or if fewer than five" in would_not_fire(
        evidence(Rule.GROWTH, details=COUNTED)
    )


def test_of_many_members_some_are_named_and_the_others_counted() -> None:
    assert said(Rule.FAMILY, "nitazenes", details=members(30, 45, 12, "group")) == (
        "The group nitazenes is reported 5.2 times as often as expected since March 2026, and no "
        "single member explains it: five events with 45 substances, 12 of them first reported in "
        "the last 12 months (M0, M1, M2, M3, M4 and 40 others), in two countries."
    )
    few = said(Rule.BLOCK, "pent-4-enyl", details=members(2, 2, 0, "block"))
    assert few.startswith("The building block pent-4-enyl is reported")
    assert "with two substances (M0 and M1), in two countries." in few


def test_shares_of_harm_are_estimates_and_never_a_flat_nought() -> None:
    details = {"of": 11, "fraction": 0.384, "usual": 0.003}
    assert said(Rule.HARM, details=details, deaths=1).endswith(
        "Of the 11 events with 4F-MPH in the last 24 months, an estimated 38 % are deaths or acute "
        "poisonings, deaths counted by its part in them, against less than 1 % for the other "
        "substances of its class. One death that it caused or contributed to was reported since "
        "1 March 2026."
    )


@pytest.mark.parametrize(
    ("deaths", "told"),
    [
        (0, "in March 2026."),
        (1, "; one of them is a death that it caused or contributed to."),
        (3, "; three of them are deaths that it caused or contributed to."),
    ],
)
def test_a_cluster_says_why_it_is_urgent(deaths: int, told: str) -> None:
    assert said(
        Rule.CLUSTER_OF_HARM, countries=("US",), deaths=deaths, details={"days": 1}
    ).endswith(told)


def test_long_lists_of_countries_end_in_a_number() -> None:
    many = ("AR", "BR", "CA", "CL", "DE", "FR", "GB", "IE", "MX", "NO", "PE", "PL", "SE", "US")
    told = said(Rule.NEW_SPREAD, countries=many, thresholds={"window_months": 6})
    assert "by 14 countries (Argentina, Brazil, " in told and " and four others) in the" in told

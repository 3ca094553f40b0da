"""Laws that hold for every history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.access.handling import Handling
from app.intake.words import CausalRole, EventKind, ReportType
from app.surveillance.evidence import Evidence
from app.surveillance.rules import views
from app.surveillance.ruleset import ruleset
from app.surveillance.sightings import Cell
from tests.surveillance.making import AS_OF, cell, days_ago, morning


def cells(oldest: int = 500, youngest: int = 0) -> st.SearchStrategy[Cell]:
    return st.builds(
        lambda country, days, late, grade, reports, handling, kind, role, type_: cell(
            country,
            days_ago(days),
            received_at=morning(min(AS_OF, days_ago(days) + timedelta(days=late))),
            grade=grade,
            reports=reports,
            handling=handling,
            kind=kind,
            causal_role=role,
            type=type_,
        ),
        st.sampled_from(["DE", "FR", "SE", "US", "BR", "JP"]),
        st.integers(youngest, oldest),
        st.integers(0, 60),
        st.sampled_from("ABC"),
        st.integers(1, 3),
        st.sampled_from(Handling),
        st.sampled_from([EventKind.SEIZURE, EventKind.DEATH]),
        st.sampled_from([None, *CausalRole]),
        st.sampled_from([ReportType.EVENT, ReportType.EVENT, ReportType.AGGREGATE]),
    )


histories = st.lists(cells(), max_size=8)


def found(history: list[Cell], as_of: date = AS_OF) -> Any:
    return views(history, as_of=as_of, rules=ruleset())


def evidence(history: list[Cell]) -> list[Evidence]:
    return [e for levels in found(history).values() for e in levels.values()]


@given(history=histories, other=st.randoms(use_true_random=False))
def test_the_order_of_the_cells_changes_nothing(history: list[Cell], other: Any) -> None:
    shuffled = list(history)
    other.shuffle(shuffled)
    assert found(shuffled) == found(history)


@given(history=histories, later=st.lists(cells(oldest=900), min_size=1, max_size=4))
def test_what_arrives_tomorrow_cannot_change_what_was_flagged_today(
    history: list[Cell], later: list[Cell]
) -> None:
    tomorrow = [replace(c, received_at=morning(AS_OF + timedelta(days=1))) for c in later]
    assert found(history + tomorrow) == found(history)


@given(history=histories, days=st.integers(0, 180), country=st.sampled_from(["DE", "US", "KE"]))
def test_another_recent_event_never_lowers_the_highest_tier(
    history: list[Cell], days: int, country: str
) -> None:
    before = max((e.tier for e in evidence(history)), default=0)
    after = max((e.tier for e in evidence([*history, cell(country, days_ago(days))])), default=0)
    assert after >= before


@given(history=histories)
def test_a_view_rests_on_what_its_audience_may_know(history: list[Cell]) -> None:
    for told in evidence(history):
        visible = {c.country for c in history if c.handling <= told.level}
        assert set(told.countries) <= visible
        assert told.numbers["reports"] <= sum(
            c.reports for c in history if c.handling <= told.level
        )


@given(history=histories)
def test_each_view_says_more_than_the_one_below(history: list[Cell]) -> None:
    for levels in found(history).values():
        told = [levels[level] for level in sorted(levels)]
        assert all(above.says_more_than(below) for below, above in pairwise(told))

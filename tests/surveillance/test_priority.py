"""Prevalent, persistent, harmful: what a score is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import exp, log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gamma

from app.access.roles import ANYBODY
from app.db import Database
from app.intake.words import CausalRole, EventKind, ReportType
from app.registry.models import ControlListing, Standing
from app.surveillance.criteria import Criterion, Subject, latest_volume, setting
from app.surveillance.posteriors import LogScale, worth
from app.surveillance.priority import (
    AGGREGATES_ONLY,
    HARM_IN_AGGREGATES,
    HARM_UNKNOWN,
    NO_EXPOSURE,
    Entry,
    entry,
    ranked,
    reweighed,
    weak_pillar,
)
from app.surveillance.ranking import priority_list
from app.surveillance.ruleset import Weights, ruleset
from app.surveillance.severity import severity_of
from app.surveillance.sightings import Cell, Exposure
from app.surveillance.spans import Period
from app.surveillance.windows import months_before
from tests.surveillance.making import (
    AMBER,
    ANALYST,
    AS_OF,
    NOW,
    a_report,
    a_substance,
    an_activity,
    cell,
    days_ago,
    death,
    morning,
)
from tests.surveillance.test_rules_properties import cells

ANCHORS = ruleset().priority
SUBJECT = Subject(1, frozenset({"nitazenes"}), controlled=False)
JUDGED = replace(SUBJECT, group="nitazenes", severity=severity_of("nitazenes", ()))


def scored(
    *known: Cell,
    periods: tuple[Period, ...] = (),
    exposures: tuple[Exposure, ...] = (),
    subject: Subject = SUBJECT,
    others: tuple[Cell, ...] = (),
    weights: Weights | None = None,
) -> Entry:
    """Of substance 1, beside the cells of substance 2 of the same group."""
    groups = {1: subject.group, 2: subject.group}
    among = setting((*known, *others), exposures, as_of=AS_OF, anchors=ANCHORS, groups=groups)
    return entry(subject, known, periods, among, ANCHORS, weights=weights)


def criterion(found: Entry, number: str) -> Criterion:
    return next(c for p in found.pillars for c in p.criteria if c.id == number)


def year(number: int, count: int, country: str = "US", quarter: int | None = None) -> Period:
    first, until = date(number, 1, 1), date(number, 12, 31)
    if quarter:
        first, until = date(number, 3 * quarter - 2, 1), date(number, 3 * quarter, 28)
    return Period(1, country, 1, EventKind.COLLECTED_SAMPLE, first, until, count)


@pytest.mark.parametrize(("amount", "value"), [(0, 0), (0.05, 0), (1, 50), (20, 100), (5000, 100)])
def test_the_log_scale_has_fixed_ends(amount: float, value: float) -> None:
    assert worth(amount, LogScale(0.05, 20.0)) == pytest.approx(value)


@given(
    history=st.lists(cells(), min_size=1, max_size=8),
    other=st.randoms(),
    subject=st.sampled_from([SUBJECT, JUDGED, replace(JUDGED, controls={"DE": days_ago(400)})]),
    weights=st.sampled_from(list(ruleset().presets.values())),
)
def test_contributions_add_up_to_the_score(
    history: list[Cell], other: Any, subject: Subject, weights: Weights
) -> None:
    found = scored(*history, subject=subject, weights=weights)
    assert sum(p.contribution for p in found.pillars) == found.score
    for pillar in found.pillars:
        assert sum(c.contribution for c in pillar.criteria) == pillar.contribution
        assert all(c.value is None or 0 <= c.value <= 100 for c in pillar.criteria)
        for c in pillar.criteria:
            if c.low is not None and c.high is not None and c.raw is not None:
                assert c.low <= c.raw <= c.high
    assert 0 <= found.score <= found.ceiling <= 100
    assert (HARM_UNKNOWN in found.flags) == (found.pillars[2].unknown > 0)
    assert reweighed(found, weights) == found
    shuffled = list(history)
    other.shuffle(shuffled)
    assert scored(*shuffled, subject=subject, weights=weights) == found


def test_without_exposure_events_are_counted_and_it_is_said() -> None:
    found = scored(cell(reports=4), cell(day=months_before(AS_OF, 13), reports=90))
    assert (criterion(found, "P1").raw, criterion(found, "P1").label) == (4, "Events")
    assert NO_EXPOSURE in found.flags


def test_with_exposure_it_is_a_rate() -> None:
    months = [date(2026, month, 1) for month in range(1, 11)]
    exposures = tuple(Exposure(1, "DE", month, 100, frozenset({"nitazenes"})) for month in months)
    found = scored(cell(reports=4), exposures=exposures)
    assert criterion(found, "P1").raw == pytest.approx(4.0)
    assert NO_EXPOSURE not in found.flags
    for unfit in (
        exposures[:8],
        tuple(Exposure(1, "DE", m, 100, frozenset({"cathinones"})) for m in months),
        tuple(Exposure(7, "DE", m, 100, frozenset()) for m in months),
    ):
        assert criterion(scored(cell(reports=4), exposures=unfit), "P1").label == "Events"


def test_share_and_regions() -> None:
    found = scored(cell("DE"), cell("FR"), cell("US"))
    assert criterion(found, "P2").value == pytest.approx(100)
    assert criterion(found, "P3").value == 50
    assert criterion(scored(cell("DE")), "P2").value == pytest.approx(100 / 3)


def test_aggregates_speak_for_volume_and_quarters_and_never_for_events() -> None:
    counts = cell(
        "US",
        date(2025, 1, 1),
        end=date(2025, 12, 31),
        type=ReportType.AGGREGATE,
        cases=1000,
        received_at=morning(days_ago(99)),
    )
    found = scored(counts, periods=(year(2025, 1000),))
    assert criterion(found, "P1").raw == 0
    assert criterion(found, "P4").value == pytest.approx(75)
    assert criterion(found, "S1").raw == 5
    assert criterion(found, "S2").raw == pytest.approx(324 / 30.4375)
    assert AGGREGATES_ONLY in found.flags


def test_without_aggregates_volume_has_no_value_and_no_weight() -> None:
    found = scored(cell())
    assert (criterion(found, "P4").value, criterion(found, "P4").weight) == (None, 0)
    assert criterion(found, "P1").weight == pytest.approx(1 / 9)


def test_the_latest_year_counts_once() -> None:
    quarters = tuple(year(2025, 30, quarter=q) for q in (1, 2, 3, 4))
    periods = (
        year(2024, 900),
        year(2025, 100),
        *quarters,
        year(2023, 7, "NZ"),
        year(2024, 5, "NZ"),
    )
    assert latest_volume(periods, as_of=AS_OF, anchors=ANCHORS) == (105, date(2025, 12, 31))
    assert latest_volume(quarters, as_of=AS_OF, anchors=ANCHORS) == (120, date(2025, 12, 28))
    assert latest_volume((year(2021, 9),), as_of=AS_OF, anchors=ANCHORS) is None


def test_persistence_is_shrunken_and_rests_on_active_quarters() -> None:
    found = scored(*(cell(day=months_before(AS_OF, 3 * back)) for back in range(1, 5)))
    assert criterion(found, "S1").value == pytest.approx(100 * 4.5 / 5)
    assert criterion(found, "S3").raw == pytest.approx(12, abs=0.1)


def test_deaths_weigh_by_cause_and_age() -> None:
    recent = death(cases=2, causal_role=CausalRole.CONTRIBUTORY)
    old = death(day=months_before(AS_OF, 36), cases=4)
    found = criterion(scored(recent, old), "H1")
    assert found.raw == pytest.approx(1 + 2, abs=0.01)
    assert found.value == pytest.approx(100 * (1 - exp(-3 / 5)), abs=0.1)


def test_one_death_among_two_events_does_not_read_as_a_half() -> None:
    found = scored(death(), cell())
    assert criterion(found, "H2").raw == pytest.approx(1.5 / 12)


def test_harm_nobody_could_report_on_is_unknown_and_not_low() -> None:
    found = scored(cell(reports=50))
    assert HARM_UNKNOWN in found.flags
    assert found.pillars[2].value is None
    assert found.ceiling == pytest.approx(found.score + 100 / 3)
    told = scored(cell(), death(type=ReportType.AGGREGATE, cases=40))
    assert HARM_IN_AGGREGATES in told.flags
    assert criterion(told, "H1").raw == 0


def test_a_substance_that_outlasts_national_control_says_so() -> None:
    began = date(2024, 1, 1)
    controls = {"DE": began, "FR": began, "US": began}
    subject = replace(SUBJECT, controls=controls)
    early, late = cell("DE", date(2024, 5, 1)), cell("DE", date(2024, 9, 1))
    assert criterion(scored(cell("SE"), subject=subject), "S4").value is None  # none that reports
    assert criterion(scored(early, subject=subject), "S4").value == 0
    assert criterion(scored(early, late, subject=subject), "S4").value == 50
    both = scored(late, cell("FR"), subject=subject)
    assert (criterion(both, "S4").raw, criterion(both, "S4").value) == (2, 100)


def test_deaths_are_held_beside_those_of_the_class_in_the_same_country_and_year() -> None:
    others = (cell("US", substance_id=2, reports=90), death("US", substance_id=2, reports=10))
    deadly = scored(death("US", reports=8), subject=JUDGED, others=others)
    found = criterion(deadly, "H4")
    expected = 8 * 18 / 108
    assert found.raw == pytest.approx(log2(8.5 / (expected + 0.5)))
    low = log2(gamma.ppf(0.025, 8.5) / (expected + 0.5))
    assert found.low == pytest.approx(low)
    assert found.value == pytest.approx(min(100, 100 * low / 2))
    elsewhere = scored(death("DE", reports=8), subject=JUDGED, others=others)
    assert criterion(elsewhere, "H4").value == 0  # nobody else in that country: nothing to compare
    alone = scored(death("US", reports=8), subject=JUDGED)
    assert criterion(alone, "H4").value is None


def test_the_severity_of_its_class_counts_little_and_fades() -> None:
    unknown = scored(cell(), subject=JUDGED)
    assert HARM_UNKNOWN in unknown.flags
    assert criterion(unknown, "H5").contribution == pytest.approx(0.15 * 100 / 3)
    assert unknown.ceiling == pytest.approx(unknown.score + 0.85 * 100 / 3)
    shares = [
        criterion(scored(death(reports=n), subject=JUDGED), "H5").share for n in (1, 5, 10, 50)
    ]
    assert shares == pytest.approx([0.135, 0.075, 0, 0])


def test_a_weak_pillar_is_a_mark_and_nothing_is_hidden() -> None:
    old = death(day=months_before(AS_OF, 90), causal_role=CausalRole.PRESENT)
    found = scored(old, cell(reports=400))
    assert weak_pillar("harmful") in found.flags
    assert found.geometric is not None and found.geometric < found.score
    assert scored(cell()).geometric is None  # unknown is not nought


def test_presets_weigh_the_pillars() -> None:
    weights = ruleset().presets["harm_first"]
    found = scored(death(), weights=weights)
    assert [p.weight for p in found.pillars] == [0.25, 0.15, 0.60]
    assert found == reweighed(scored(death()), weights)


def test_equal_scores_share_a_rank() -> None:
    low, high = scored(cell()), scored(cell(), death(reports=3))
    assert [e.rank for e in ranked([low, high, low])] == [1, 2, 2]


def test_the_list_is_what_the_reader_may_know(database: Database) -> None:
    with database.transaction() as session:
        open_one = a_substance(session, "open")
        secret = a_substance(session, "secret")
        listed = a_substance(session, "listed")
        session.add(
            ControlListing(substance_id=listed.id, convention=1961, schedule="I", source="test")
        )
        a_report(session, a_substance(session, "medicine", standing=Standing.MEDICINE))
        a_report(session, open_one)
        a_report(session, open_one, kind=EventKind.DEATH, handling=AMBER)
        a_report(session, secret, handling=AMBER)
        a_report(session, listed, kind=EventKind.DEATH, causal_role=CausalRole.SOLE)
        an_activity(session, "DE", date(2026, 10, 1), 900)
        public = priority_list(session, ANYBODY, as_of=AS_OF, now=NOW)
        full = priority_list(session, ANALYST, as_of=AS_OF, now=NOW)
    assert [e.substance_id for e in public.ranked] == [open_one.id]
    assert [e.substance_id for e in public.controlled] == [listed.id]
    assert HARM_UNKNOWN in public.ranked[0].flags
    assert [e.substance_id for e in full.ranked] == [open_one.id, secret.id]
    assert HARM_UNKNOWN not in full.ranked[0].flags
    assert full.ruleset == "2026.11.3"

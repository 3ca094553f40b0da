"""Disproportionality on numbers that can be checked here, and what holds for every table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.surveillance.statistics.disproportionality import (
    bcpnn,
    expected,
    information_component,
    prr,
    ror,
    stratified_expected,
)
from app.surveillance.statistics.gps import Prior, ebgm, quantile

FATAL_OF_B = (12, 52, 35, 1221)  # fatal reports of substance B in the reference table
quick = settings(max_examples=60, deadline=None)
cell = st.integers(0, 200)
table = st.tuples(cell, cell, cell, cell)


def test_one_table_by_every_measure():
    assert float(expected(*FATAL_OF_B)) == pytest.approx(2.278787879)
    assert float(prr(*FATAL_OF_B).value) == pytest.approx(6.728571429)
    assert float(prr(*FATAL_OF_B).lower) == pytest.approx(3.671960763, rel=1e-4)
    assert float(ror(*FATAL_OF_B).value) == pytest.approx(8.050549451)
    assert float(bcpnn(*FATAL_OF_B).lower) == pytest.approx(0.966112662)


@pytest.mark.parametrize(
    ("seen", "due", "ic", "lower"),
    [
        (3, 0.4, 1.95935802, -0.09108534),
        (1, 0.1, 1.32192809, -2.47529917),
        (10, 2.5, 1.80735492, 0.77721248),
    ],
)
def test_information_component(seen, due, ic, lower):
    answer = information_component(seen, due)
    assert (float(answer.value), float(answer.lower)) == pytest.approx((ic, lower), abs=1e-7)


def test_what_cannot_be_estimated_says_so():
    assert not prr(3, 5, 0, 90).testable and not prr(0, 5, 4, 90).testable
    assert not ror(3, 0, 4, 90).testable
    assert not bcpnn(0, 0, 4, 90).testable
    assert not information_component(0, 0.0).testable
    assert information_component(0, 1.2).testable


def test_a_country_that_looks_at_deaths_is_no_signal_once_countries_are_strata():
    """Where half of all reports are deaths half of its are, elsewhere none: it is average."""
    a, b, c, d = np.array([10, 0]), np.array([10, 2]), np.array([10, 0]), np.array([10, 500])
    pooled = information_component(a.sum(), expected(a.sum(), b.sum(), c.sum(), d.sum()))
    stratified = information_component(a.sum(), stratified_expected(a, b, c, d))
    assert pooled.lower > 0
    assert stratified.value == pytest.approx(0)


@given(counts=table)
@quick
def test_no_table_makes_a_number_that_is_none(counts):
    for measure in (prr, ror, bcpnn):
        answer = measure(*counts)
        assert np.isfinite([answer.value, answer.lower, answer.upper]).all()
        assert answer.lower <= answer.value <= answer.upper
    answer = information_component(counts[0], expected(*counts))
    assert np.isfinite([answer.value, answer.lower, answer.upper]).all()


@given(seen=st.integers(0, 50), due=st.floats(0.01, 50), more=st.integers(1, 5))
@quick
def test_more_events_never_lower_the_information_component(seen, due, more):
    before, after = information_component(seen, due), information_component(seen + more, due)
    assert after.value > before.value and after.lower > before.lower


@given(counts=st.tuples(*[st.integers(1, 99)] * 4), times=st.integers(2, 9))
@quick
def test_ten_times_all_reports_leave_the_ratios_and_narrow_their_limits(counts, times):
    larger = [times * count for count in counts]
    for measure in (prr, ror):
        once, more = measure(*counts), measure(*larger)
        assert more.value == pytest.approx(float(once.value))
        assert once.lower <= more.lower and more.upper <= once.upper


def test_ebgm_with_one_component_is_the_gamma_posterior():
    prior = Prior(1.0, 1.0, 2.0, 2.0, 0.0)
    assert quantile([0], [1.0], prior, 0.5)[0] == pytest.approx(0.559449, rel=1e-4)
    assert ebgm([10], [2.0], prior)[0] == pytest.approx(2.875904746)  # exp(ψ(12) - ln 4)

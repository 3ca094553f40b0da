"""The primitives give R's and vigipy's numbers. Prediction and growth are tested with growth.py."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from app.surveillance.statistics import delay, multiplicity, negative_binomial, rates
from app.surveillance.statistics.disproportionality import (
    bcpnn,
    expected,
    information_component,
    prr,
    ror,
)
from app.surveillance.statistics.gps import Prior, ebgm, fit_prior, log_likelihood, quantile
from tests.surveillance.statistics.reference import primitive, read, series

METHODS = {
    "BH": multiplicity.benjamini_hochberg,
    "BY": multiplicity.benjamini_yekutieli,
    "holm": multiplicity.holm,
    "bonferroni": multiplicity.bonferroni,
}


@pytest.mark.parametrize("method", METHODS)
def test_adjusted_p(method):
    reference = primitive("p_adjust")
    assert METHODS[method](reference["p"]) == pytest.approx(reference[method], rel=1e-9)


def test_two_rates():
    for case in primitive("poisson_two_rate"):
        counts = (case["x1"], case["t1"], case["x0"], case["t0"])
        assert rates.higher_rate_p(*counts) == pytest.approx(case["p"], rel=1e-9)
        ratio = None if case["rate_ratio"] == ["Inf"] else pytest.approx(case["rate_ratio"])
        assert rates.rate_ratio(*counts) == ratio


def test_fisher():
    for case in primitive("fisher"):
        p = rates.larger_share_p(case["a"], case["b"], case["c"], case["d"])
        assert p == pytest.approx(case["p"], rel=1e-9)


def test_negative_binomial_regression():
    reference, y = primitive("glm_nb"), series("seasonal_monthly7y")
    design = np.column_stack([np.ones(len(y)), np.arange(1, len(y) + 1)])
    model = negative_binomial.fit(design, y)
    assert model.coefficients == pytest.approx(reference["coef"], rel=1e-5)
    assert 1 / model.alpha == pytest.approx(reference["theta"], rel=1e-5)
    assert model.standard_errors == pytest.approx(reference["se"], rel=1e-5)


def test_information_component():
    for case in primitive("ic_gamma"):
        ic = information_component(case["obs"], case["exp"])
        limits = (float(ic.value), float(ic.lower), float(ic.upper))
        assert limits == pytest.approx((case["ic"], case["ic025"], case["ic975"]), abs=1e-9)


def line_list():
    reference = primitive("nowcast")
    days = [
        [date.fromisoformat(day).toordinal() for day in reference[name]]
        for name in ("events", "reports")
    ]
    return *np.array(days), date.fromisoformat(reference["now"]).toordinal()


def test_delays_pooled_beyond_the_longest_as_r_pools_them():
    event, received, now = line_list()
    periods = now - event.min() + 1
    triangle = delay.reporting_triangle(event, received, now=now, periods=periods, longest=14)
    theirs = primitive("nowcast")["lawless"]["delayCDF"]
    assert delay.completeness(triangle) == pytest.approx(theirs[:15], abs=1e-12)
    assert set(theirs[14:]) == {1}


def test_delays_without_those_beyond_the_longest():
    event, received, now = line_list()
    short = received - event <= 14
    triangle = delay.reporting_triangle(
        event[short], received[short], now=now, periods=now - event.min() + 1, longest=14
    )
    theirs = primitive("nowcast")["reverse_hazard_plainR"]["F"]
    assert delay.completeness(triangle) == pytest.approx(theirs, abs=1e-12)


def cells(method):
    """vigipy's rows, with the four counts of each: substance by event against all the rest."""
    reference = read("disproportionality_reference.json")
    table = np.array(reference["table"]["counts"], dtype=float)
    rows = [reference["table"]["substances"].index(row["Product"]) for row in reference[method]]
    columns = [
        reference["table"]["events"].index(row["Adverse Event"]) for row in reference[method]
    ]
    a = table[rows, columns]
    b, c = table[rows].sum(axis=1) - a, table[:, columns].sum(axis=0) - a
    return reference[method], (a, b, c, table.sum() - a - b - c)


def column(rows, name):
    return np.array([row[name] for row in rows], dtype=float)


@pytest.mark.parametrize(("method", "ours"), [("prr", prr), ("ror", ror)])
def test_prr_and_ror_29_of_29(method, ours):
    rows, counts = cells(method)
    answer = ours(*counts)
    assert len(rows) == 29 and answer.testable.all()
    assert expected(*counts) == pytest.approx(column(rows, "Expected Count"), abs=1e-9)
    assert answer.value == pytest.approx(column(rows, method.upper()), abs=1e-9)
    # vigipy's limits are 1.96 standard errors away, ours 1.959964
    assert answer.lower == pytest.approx(column(rows, "CI Lower"), rel=1e-4)
    assert answer.upper == pytest.approx(column(rows, "CI Upper"), rel=1e-4)


def test_bcpnn_29_of_29():
    rows, counts = cells("bcpnn")
    assert len(rows) == 29
    assert bcpnn(*counts).lower == pytest.approx(column(rows, "quantile"), abs=1e-6)


def test_ebgm_29_of_29_with_vigipys_prior_and_a_prior_no_less_likely():
    rows, counts = cells("gps")
    n, e = counts[0], expected(*counts)
    theirs = Prior(*read("disproportionality_reference.json")["gps_param"]["prior_param"])
    assert len(rows) == 29
    assert ebgm(n, e, theirs) == pytest.approx(column(rows, "EBGM"), rel=1e-6)
    # vigipy halves intervals and stops early
    assert quantile(n, e, theirs, 0.05) == pytest.approx(column(rows, "LowerBound"), rel=5e-3)
    assert quantile(n, e, theirs, 0.95) == pytest.approx(column(rows, "UpperBound"), rel=5e-3)
    assert log_likelihood(n, e, fit_prior(n, e)) >= log_likelihood(n, e, theirs) - 1e-3

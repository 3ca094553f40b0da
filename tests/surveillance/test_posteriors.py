"""Posteriors and what they earn, against scipy's distributions and published check values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.surveillance.posteriors import (
    LinearScale,
    LogScale,
    SaturatingScale,
    Scale,
    beta_posterior,
    gamma_posterior,
    information_component,
    quantiles,
    weighted_posterior,
    worth,
)
from app.surveillance.statistics import disproportionality

SCALES: tuple[Scale, ...] = (LogScale(0.05, 20.0), LinearScale(0.3), SaturatingScale(5.0))


@pytest.mark.parametrize(
    ("observed", "expected", "component", "low"),
    [(3, 0.4, 1.95936, -0.09109), (10, 2.5, 1.80735, 0.77721), (1, 0.1, None, -2.475)],
)
def test_the_information_component_has_the_values_of_the_shrinkage_form(
    observed: int, expected: float, component: float | None, low: float
) -> None:
    """Signals 2.2, computed there with R."""
    found = information_component(observed, expected)
    assert component is None or found[0] == pytest.approx(component, abs=1e-5)
    assert found[1] == pytest.approx(low, abs=1e-3)
    assert found[1] < found[0] < found[2]
    same = disproportionality.information_component(observed, expected)
    assert found == pytest.approx((float(same.value), float(same.lower), float(same.upper)))


def test_quantiles_are_those_of_the_distributions() -> None:
    levels = np.array([0.05, 0.5, 0.95])
    posteriors = [gamma_posterior(3, 2.5), beta_posterior(2, 8), gamma_posterior(3, 10.0)]
    found = quantiles(posteriors, levels)
    assert found[0] == pytest.approx(stats.gamma.ppf(levels, 3.5, scale=1 / 2.5))
    assert found[1] == pytest.approx(stats.beta.ppf(levels, 2.5, 6.5))
    assert found[2] == pytest.approx(stats.gamma.ppf(levels, 3.5, scale=1 / 10))
    assert beta_posterior(2, 8).limits() == pytest.approx(stats.beta.ppf([0.025, 0.975], 2.5, 6.5))


@given(cases=st.lists(st.tuples(st.floats(0.01, 1), st.integers(1, 9)), min_size=1, max_size=9))
def test_a_weighted_count_has_the_spread_of_its_weights(cases: list[tuple[float, int]]) -> None:
    """Half a case of prior beside, mean and variance are those of a compound Poisson."""
    found = weighted_posterior(cases)
    each = 1 / found.b
    assert found.a / found.b - each / 2 == pytest.approx(sum(w * n for w, n in cases))
    assert (found.a - 0.5) / found.b**2 == pytest.approx(sum(w * w * n for w, n in cases))


@pytest.mark.parametrize("scale", SCALES)
@given(amounts=st.lists(st.floats(0, 1e6), min_size=2, max_size=9))
def test_values_run_from_0_to_100_and_never_fall(scale: Scale, amounts: list[float]) -> None:
    values = scale(np.array(sorted(amounts)))
    assert values.min() >= 0
    assert values.max() <= 100
    assert all(a <= b for a, b in pairwise(values))
    assert worth(sorted(amounts)[0], scale) == values[0]

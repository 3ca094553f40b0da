"""Harm, silence, quantity, rates and many tests at once: the small rules with numbers in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.surveillance.statistics import harm, multiplicity, negative_binomial, rates
from app.surveillance.statistics.quantity import unusual_above
from app.surveillance.statistics.shares import share
from app.surveillance.statistics.silence import chance_of_silence, persistence

quick = settings(max_examples=60, deadline=None)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_a_death_counts_by_the_role_of_the_substance():
    assert harm.weighted(["sole", "contributory", "present", "unknown"]) == pytest.approx(1.85)
    assert harm.weighted([]) == 0
    with pytest.raises(ValueError, match="'guilty' is no role"):
        harm.weighted(["sole", "guilty"])


def test_three_deaths_of_three_reports_are_not_every_report():
    fraction = harm.harm_fraction(3, 3, 0.1)
    assert fraction.mean == pytest.approx((3 + 5 * 0.1) / (3 + 5))
    assert 0.1 < fraction.lower < fraction.mean < fraction.upper < 0.75


def test_without_reports_the_fraction_is_the_class():
    assert harm.harm_fraction(0, 0, 0.2).mean == pytest.approx(0.2)


@pytest.mark.parametrize("impossible", [(4, 3, 0.1), (-1, 3, 0.1), (1, 3, 0.0), (1, 3, 1.0)])
def test_impossible_fractions_are_refused(impossible):
    with pytest.raises(ValueError, match=r"no share|between 0 and 1"):
        harm.harm_fraction(*impossible)


def test_a_class_without_deaths_still_admits_one():
    assert 0 < harm.class_share(0, 400) < 0.01
    assert harm.class_share(0, 0) == 0.5


@given(n=st.integers(1, 60), class_share=st.floats(0.01, 0.9), data=st.data())
@quick
def test_one_more_harmful_report_never_lowers_the_fraction(n, class_share, data):
    h = data.draw(st.integers(0, n - 1))
    before, after = (harm.harm_fraction(k, n, class_share) for k in (h, h + 1))
    assert all(later > earlier for earlier, later in zip(before, after, strict=True))


def test_a_rare_substance_is_silent_by_chance_and_a_common_one_is_not():
    assert chance_of_silence(1, 1000, 1000) == pytest.approx(0.5**1.5)
    assert chance_of_silence(12, 1000, 1000) == pytest.approx(0.5**12.5)
    assert chance_of_silence(12, 1000, 1000) < 0.05 < chance_of_silence(1, 1000, 1000)


def test_it_is_no_silence_where_nobody_looked():
    assert chance_of_silence(12, 1000, 0) is None
    assert chance_of_silence(0, 0, 1000) is None


@given(events=st.integers(0, 50), before=st.floats(1, 1e6), gap=st.floats(1, 1e6))
@quick
def test_silence_is_less_by_chance_the_longer_it_is_and_whatever_is_counted(events, before, gap):
    chance = chance_of_silence(events, before, gap)
    assert chance_of_silence(events, before, 2 * gap) < chance
    assert chance_of_silence(events + 1, before, gap) < chance
    assert chance_of_silence(events, 10 * before, 10 * gap) == pytest.approx(chance)


def test_persistence_admits_how_few_quarters_there_were():
    eight, two = persistence(8, 8), persistence(2, 2)
    assert eight.mean == pytest.approx(8.5 / 9) and two.mean == pytest.approx(2.5 / 3)
    assert eight.lower > two.lower
    assert persistence(0, 0) is None


def test_a_share_with_its_interval():
    """A weight of ½ of 1 gives Beta(1, 1), the uniform; 1½ of 2 gives Beta(2, 1), which is x²."""
    assert share(0.5, 1) == pytest.approx((0.5, 0.05, 0.95))
    assert share(1.5, 2) == pytest.approx((2 / 3, 0.05**0.5, 0.95**0.5))


def test_an_amount_stands_out_from_its_own_history():
    """log10 of 1, 10, 100, 1000, 10000 g: median 2, MAD 1."""
    assert unusual_above([1, 10, 100, 1000, 10000]) == pytest.approx(10 ** (2 + 3 * 1.4826))
    assert unusual_above([1, 10, 100, 1000]) is None
    assert 2.7 < unusual_above([1] * 5) < 2.9
    with pytest.raises(ValueError, match="above nought"):
        unusual_above([1, 1, 1, 1, 0])


@given(grams=st.lists(st.floats(1e-3, 1e6), min_size=5, max_size=20), unit=st.floats(1e-3, 1e3))
@quick
def test_the_unit_of_weight_does_not_matter(grams, unit):
    scaled = unusual_above([unit * g for g in grams])
    assert scaled == pytest.approx(unit * unusual_above(grams), rel=1e-6)


def test_four_against_none_on_an_eighth_of_the_exposure():
    assert rates.higher_rate_p(4, 25, 0, 200) == pytest.approx((1 / 9) ** 4)
    assert rates.higher_rate_p(4, 25, 0, 0) is None and rates.higher_rate_p(0, 0, 3, 10) is None
    assert rates.rate_ratio(5, 30, 2, 90) == pytest.approx(7.5)
    assert rates.rate_ratio(4, 25, 0, 200) is None


def test_fisher():
    assert rates.larger_share_p(3, 17, 40, 940) == pytest.approx(0.0506608653)
    assert rates.larger_share_p(0, 0, 40, 940) is None


P = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324]


def test_adjusted_p():
    assert multiplicity.benjamini_hochberg(P)[[0, 4, 5, 6]] == pytest.approx(
        [0.001, 0.0402, 0.0425714286, 0.0425714286]
    )
    assert multiplicity.bonferroni(P)[0] == pytest.approx(0.001)
    assert multiplicity.benjamini_hochberg([]).tolist() == []


@given(p=probabilities, order=st.randoms(use_true_random=False))
@quick
def test_adjusted_p_is_never_smaller_keeps_the_order_and_follows_its_test(p, order):
    for adjust in (multiplicity.benjamini_hochberg, multiplicity.holm, multiplicity.bonferroni):
        adjusted = adjust(p)
        assert (adjusted >= np.array(p) - 1e-12).all() and (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
        mixed = list(range(len(p)))
        order.shuffle(mixed)
        assert np.allclose(adjust([p[i] for i in mixed]), adjusted[mixed])


@pytest.mark.parametrize("p", [[0.1, np.nan], [1.2], [-0.1], [[0.1]]])
def test_what_is_no_p_is_refused(p):
    with pytest.raises(ValueError, match="p-values"):
        multiplicity.benjamini_hochberg(p)


def test_dispersion_is_one_for_poisson_counts_and_larger_where_reports_cluster():
    poisson = np.random.default_rng(5).poisson(3.0, 4000)
    assert negative_binomial.pearson_dispersion(poisson, 3.0) == pytest.approx(1, abs=0.08)
    clustered = 5 * np.random.default_rng(6).poisson(0.6, 4000)
    assert negative_binomial.pearson_dispersion(clustered, 3.0) > 4
    assert negative_binomial.pearson_dispersion([3.0], 2.0, estimated=1) is None


def test_alpha_is_found_again():
    y = np.random.default_rng(7).negative_binomial(2.0, 2.0 / 6.0, 2000)  # mean 4, alpha 1/2
    model = negative_binomial.fit(np.ones((2000, 1)), y)
    assert model.alpha == pytest.approx(0.5, abs=0.08)
    assert np.exp(model.coefficients[0]) == pytest.approx(y.mean(), rel=1e-6)

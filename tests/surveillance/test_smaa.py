"""How sure an order is (signals 3.4)."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.surveillance.smaa import LEVELS, TIE, Alternatives, Drawing, acceptabilities, pairwise

EQUAL = (1 / 3, 1 / 3, 1 / 3)
HOW = Drawing(EQUAL, concentration=12.0, draws=300, seed=739_000)
PILLAR_OF = (0, 1, 2)


def of(certain: np.ndarray, spread: np.ndarray, ids: list[int] | None = None) -> Alternatives:
    """Alternatives whose uncertain parts run evenly from nothing to `spread`."""
    levels = np.linspace(0, 1, LEVELS, dtype=np.float32)
    uncertain = (spread[:, :, None] * levels).astype(np.float32)
    numbers = np.array(ids or range(1, len(certain) + 1), dtype=np.int64)
    return Alternatives(numbers, certain, uncertain, PILLAR_OF)


points = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, (n, 3), elements=st.floats(0, 60)),
        arrays(np.float64, (n, 3), elements=st.floats(0, 40)),
    )
)


@settings(max_examples=25)
@given(drawn=points)
def test_every_rank_is_taken_and_everybody_has_one(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    found = acceptabilities(of(*drawn), HOW)
    assert found.shares.sum(axis=0) == pytest.approx(1)
    assert found.shares.sum(axis=1) == pytest.approx(1)
    assert found.within(len(drawn[0])) == pytest.approx(1)
    low, high = found.intervals(0.9).T
    ranks = np.arange(1, len(drawn[0]) + 1)
    inside = (ranks >= low[:, None]) & (ranks <= high[:, None])
    assert ((found.shares * inside).sum(axis=1) >= 0.9 - 1e-9).all()
    assert (low <= found.expected_ranks() + len(ranks) / 2).all()


@settings(max_examples=25)
@given(drawn=points, worse=st.floats(2 * TIE, 20))
def test_what_is_worse_in_every_criterion_never_comes_first(
    drawn: tuple[np.ndarray, np.ndarray], worse: float
) -> None:
    """Of two with the same random numbers, in any draw, under any weights."""
    certain, spread = (np.vstack([part, part[:1]]) for part in drawn)
    certain[-1] -= worse
    ids = [*range(1, len(certain)), 1]
    assert pairwise(of(certain, spread, ids).only([0, len(certain) - 1]), HOW)[1, 0] == 0


def test_equals_share_the_ranks_within_the_error_of_the_draws() -> None:
    alike = of(np.full((4, 3), 30.0), np.full((4, 3), 20.0))
    how = Drawing(EQUAL, 12.0, draws=4000, seed=1)
    error = 4.5 * sqrt(0.25 * 0.75 / how.draws)
    assert acceptabilities(alike, how).shares == pytest.approx(np.full((4, 4), 0.25), abs=error)


@given(values=st.lists(st.integers(0, 100), min_size=2, max_size=9, unique=True))
def test_one_certain_criterion_is_a_plain_sort(values: list[int]) -> None:
    certain = np.zeros((len(values), 3))
    certain[:, 1] = values
    found = acceptabilities(of(certain, np.zeros_like(certain)), HOW)
    assert list(found.expected_ranks()) == [1 + sum(v > own for v in values) for own in values]


@settings(max_examples=25)
@given(drawn=points)
def test_who_else_is_in_the_list_changes_no_draw(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    whole = of(*drawn)
    assert (pairwise(whole, HOW)[:2, :2] == pairwise(whole.only([0, 1]), HOW)).all()
    again = acceptabilities(whole, HOW)
    assert (again.counts == acceptabilities(whole, HOW).counts).all()


def test_before_and_after_are_all_there_is() -> None:
    found = pairwise(of(np.array([[40.0] * 3, [30.0] * 3]), np.full((2, 3), 30.0)), HOW)
    assert found[0, 1] + found[1, 0] == pytest.approx(1)
    assert 0.5 < found[0, 1] < 1


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="a row for each"):
        Alternatives(np.arange(2), np.zeros((3, 3)), np.zeros((2, 0, LEVELS), np.float32), ())

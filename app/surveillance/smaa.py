"""SMAA-2: how sure an order is when neither the figures nor the weights are.

Weights of the pillars are drawn from a Dirichlet around those asked for, what is uncertain of an
alternative from its posterior; each draw gives an order, and the shares of the orders are the
answer: rank acceptabilities (Lahdelma and Salminen 2001; signals 3.4).

Two choices keep 1,500 substances times 5,000 draws to about a second:

- a posterior is a table of LEVELS equally likely values, so that drawing from it is looking up a
  byte; what that cuts off lies beyond 1/512 on either side;
- the random numbers of an alternative are a hash of the seed, its own number and the draw
  (SplitMix64), so that they are the same whoever else is in the list, and under every preset: two
  lists differ by what differs between them, and not by chance.

Draws are made in blocks; memory is one block and the square of counts. Criteria are drawn as if
independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 256
MOST_UNCERTAIN = 6  # bytes of a random number; the other two part ties
BLOCK = 64  # draws at a time, to stay within the caches of the processor
TIE = 1e-3  # points; what differs by less is in either order

_LEVEL_POINTS = (np.arange(LEVELS) + 0.5) / LEVELS
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST = np.uint64(31)


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """What is to be ordered, in points of each pillar, 0 to 100.

    `certain` (n, pillars): the part of each pillar's points that is known. `uncertain` (n, m,
    LEVELS): what each of m uncertain parts may add, equally likely, rising; `pillar_of` says to
    which pillar each belongs. `ids` seed an alternative's own random numbers.
    """

    ids: NDArray[np.int64]
    certain: NDArray[np.float64]
    uncertain: NDArray[np.float32]
    pillar_of: tuple[int, ...]

    def __post_init__(self) -> None:
        n, m = len(self.ids), len(self.pillar_of)
        if self.certain.shape[0] != n or self.uncertain.shape != (n, m, LEVELS):
            raise ValueError("certain and uncertain need a row for each alternative")
        if m > MOST_UNCERTAIN:
            raise ValueError(f"at most {MOST_UNCERTAIN} uncertain parts; these are {m}")

    def only(self, rows: Sequence[int]) -> Alternatives:
        """Some of them, with the same random numbers."""
        at = list(rows)
        return Alternatives(self.ids[at], self.certain[at], self.uncertain[at], self.pillar_of)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How to draw: the weights asked for, how firmly they are meant, how often, from which seed."""

    weights: tuple[float, ...]
    concentration: float
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Acceptability:
    """How often each alternative (row) took each rank (column, the first being rank 1)."""

    counts: NDArray[np.uint32]
    draws: int

    @property
    def shares(self) -> NDArray[np.float64]:
        """Rank acceptabilities; every row and every column sums to 1."""
        return self.counts / self.draws

    def expected_ranks(self) -> NDArray[np.float64]:
        """The mean rank of each."""
        ranks = np.arange(1, self.counts.shape[1] + 1, dtype=np.float64)
        return np.asarray(self.counts @ ranks / self.draws)

    def intervals(self, level: float) -> NDArray[np.int64]:
        """Ranks between which each lies with this probability, as much left out on either side."""
        reached = np.cumsum(self.counts, axis=1, dtype=np.uint32)
        tail = (1 - level) / 2 * self.draws
        low = (reached <= tail).sum(axis=1) + 1
        high = (reached < self.draws - tail).sum(axis=1) + 1
        return np.stack([low, high], axis=1)

    def within(self, rank: int) -> NDArray[np.float64]:
        """The probability of being among the first `rank`."""
        return np.asarray(self.counts[:, :rank].sum(axis=1) / self.draws)


def level_points() -> NDArray[np.float64]:
    """The probabilities whose quantiles make a row of `Alternatives.uncertain`."""
    return _LEVEL_POINTS


def acceptabilities(of: Alternatives, how: Drawing) -> Acceptability:
    """Draw, order and count."""
    n = len(of.ids)
    counts = np.zeros(n * n, dtype=np.uint32)
    columns = np.arange(n)
    for values in _values(of, how):
        order = np.argsort(-values, axis=1)
        order *= n
        order += columns
        for cells in order:  # within a draw no cell is met twice
            counts[cells] += 1
    return Acceptability(counts.reshape(n, n), how.draws)


def pairwise(of: Alternatives, how: Drawing) -> NDArray[np.float64]:
    """P(row comes before column), for a few alternatives; the diagonal is 1/2."""
    n = len(of.ids)
    wins = np.zeros((n, n))
    for values in _values(of, how):
        wins += (values[:, :, None] > values[:, None, :]).sum(axis=0)
    wins /= how.draws
    np.fill_diagonal(wins, 0.5)
    return wins


def _values(of: Alternatives, how: Drawing) -> Iterator[NDArray[np.float32]]:
    """The score of every alternative, a block of draws at a time (draws, n)."""
    n, m = len(of.ids), len(of.pillar_of)
    weights = _weights(how)
    certain = np.ascontiguousarray(of.certain.T, dtype=np.float32)
    tables = [np.ascontiguousarray(of.uncertain[:, j, :]).ravel() for j in range(m)]
    starts = np.arange(n, dtype=np.intp) * LEVELS
    keys = _keys(of.ids, how.seed)
    for first in range(0, how.draws, BLOCK):
        drawn = weights[first : first + BLOCK]
        bits = _mixed(
            keys + _GOLDEN * np.arange(first, first + len(drawn), dtype=np.uint64)[:, None]
        )
        # added in order, and not by a matrix product, whose last bits depend on how many there are
        values = np.zeros((len(drawn), n), dtype=np.float32)
        for pillar, points in enumerate(certain):
            values += drawn[:, pillar, None] * points
        if n:
            taken = bits.view(np.uint8).reshape(len(drawn), n, 8)
            place = np.empty((len(drawn), n), dtype=np.intp)
            part = np.empty((len(drawn), n), dtype=np.float32)
            for j, pillar in enumerate(of.pillar_of):
                np.add(taken[:, :, j], starts, out=place)
                np.take(tables[j], place, out=part, mode="clip")
                part *= drawn[:, pillar, None]
                values += part
            values += (bits >> np.uint64(48)).astype(np.float32) * np.float32(TIE / 65536)
        yield values


def _weights(how: Drawing) -> NDArray[np.float32]:
    """One row of pillar weights for each draw: Dirichlet(concentration x weights)."""
    asked = np.array(how.weights) * how.concentration
    return np.random.default_rng(how.seed).dirichlet(asked, how.draws).astype(np.float32)


def _keys(ids: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    start = _mixed(np.array([seed % 2**64], dtype=np.uint64) + _GOLDEN)
    return _mixed(ids.astype(np.uint64) * _GOLDEN ^ start)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    for shift, factor in _MIX:
        x = (x ^ (x >> shift)) * factor
    return x ^ (x >> _LAST)

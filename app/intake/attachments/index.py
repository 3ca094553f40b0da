"""An index of all spectra in memory: who shares peaks with this one, and how alike they are.

An inverted index by m/z: all peaks of a block in one ascending row with their owners. For each peak
of the question the slice within the tolerance is cut out, and the products of weights are added up
for each owner. That sum counts a peak twice where it has two partners, so it is never below the
cosine; only those it leaves above the bar are compared peak by peak. The answer is therefore the
one that comparing with every spectrum would give, as long as no more than 2,000 come near.

Blocks grow by merging with their equals, so that adding one spectrum to many costs little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.intake.attachments.similarity import (
    SLACK,
    Essence,
    Singles,
    comparable,
    cosine,
    tolerance,
    unpacked_essence,
)
from app.intake.attachments.spectrum import Numbers, Technique

MOST_COMPARED = 2_000  # peak by peak, those with the highest bounds first
TECHNIQUES = tuple(Technique)


@dataclass(frozen=True, slots=True)
class Found:
    """A spectrum that is like the one asked for."""

    id: int
    score: float
    matched: int


@dataclass(frozen=True, slots=True)
class Peaks:
    """A block of mass spectra: flat in their order, and once more in the order of m/z."""

    ids: NDArray[np.int64]
    techniques: NDArray[np.int8]
    starts: NDArray[np.int64]  # where each begins in `mz`; one more than there are spectra
    mz: Singles
    weights: Singles
    # the same peaks in ascending m/z
    ascending: Singles
    heavy: Singles
    owners: NDArray[np.int32]

    @classmethod
    def of(cls, entries: Sequence[tuple[int, Essence]]) -> Peaks:
        """A block of these."""
        sizes = [len(one.mz) for _, one in entries]
        return cls._made(
            np.array([id for id, _ in entries], np.int64),
            np.array([TECHNIQUES.index(one.technique) for _, one in entries], np.int8),
            np.array(sizes, np.int64),
            np.concatenate([one.mz for _, one in entries]).astype(np.float32),
            np.concatenate([one.weights for _, one in entries]).astype(np.float32),
        )

    @classmethod
    def _made(
        cls,
        ids: NDArray[np.int64],
        techniques: NDArray[np.int8],
        sizes: NDArray[np.int64],
        mz: Singles,
        weights: Singles,
    ) -> Peaks:
        order = np.argsort(mz, kind="stable")
        owners = np.repeat(np.arange(len(ids), dtype=np.int32), sizes)[order]
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        return cls(ids, techniques, starts, mz, weights, mz[order], weights[order], owners)

    def joined(self, other: Peaks) -> Peaks:
        """Both in one block."""
        return self._made(
            np.concatenate((self.ids, other.ids)),
            np.concatenate((self.techniques, other.techniques)),
            np.concatenate((np.diff(self.starts), np.diff(other.starts))),
            np.concatenate((self.mz, other.mz)),
            np.concatenate((self.weights, other.weights)),
        )

    def bounds(self, wanted: Essence, reach: float) -> Numbers:
        """For each spectrum a number that its cosine with the one wanted does not exceed."""
        wide = reach + SLACK  # so that rounding never leaves out what `cosine` would let in
        low = np.searchsorted(self.ascending, (wanted.mz - wide).astype(np.float32), "left")
        high = np.searchsorted(self.ascending, (wanted.mz + wide).astype(np.float32), "right")
        slices = [slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        owners = np.concatenate([self.owners[part] for part in slices])
        products = np.concatenate(
            [
                self.heavy[part] * np.float32(weight)
                for part, weight in zip(slices, wanted.weights.tolist(), strict=True)
            ]
        )
        return np.bincount(owners, weights=products, minlength=len(self.ids)).astype(np.float64)

    def essence(self, at: int, exact: bool) -> Essence:
        """The spectrum at a place of the block."""
        part = slice(self.starts[at], self.starts[at + 1])
        mz, weights = self.mz[part].astype(np.float64), self.weights[part].astype(np.float64)
        return Essence(TECHNIQUES[self.techniques[at]], exact, mz, weights)


@dataclass(frozen=True, slots=True)
class Curves:
    """A block of curves on the common grid."""

    ids: NDArray[np.int64]
    techniques: NDArray[np.int8]
    rows: Singles

    @classmethod
    def of(cls, entries: Sequence[tuple[int, Essence]]) -> Curves:
        """A block of these."""
        return cls(
            np.array([id for id, _ in entries], np.int64),
            np.array([TECHNIQUES.index(one.technique) for _, one in entries], np.int8),
            np.stack([one.weights for _, one in entries]).astype(np.float32),
        )

    def joined(self, other: Curves) -> Curves:
        """Both in one block."""
        return Curves(
            np.concatenate((self.ids, other.ids)),
            np.concatenate((self.techniques, other.techniques)),
            np.concatenate((self.rows, other.rows)),
        )


class Block(Protocol):
    """A part of the index; two make one."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """The spectra in it."""

    def joined(self, other: Self, /) -> Self:
        """Both in one block."""


B = TypeVar("B", bound=Block)


class SpectrumIndex:
    """All spectra that can be compared; `exact` masses and nominal ones apart."""

    def __init__(self) -> None:
        self._peaks: dict[bool, tuple[Peaks, ...]] = {True: (), False: ()}
        self._curves: tuple[Curves, ...] = ()

    def __len__(self) -> int:
        peaks = (*self._peaks[True], *self._peaks[False])
        return sum(len(b.ids) for b in peaks) + sum(len(b.ids) for b in self._curves)

    def add_all(self, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Add pairs of id and packed essence."""
        read = [(int(id), one) for id, packed in pairs if (one := unpacked_essence(packed))]
        for exact in (True, False):
            those = [(id, o) for id, o in read if o.technique.mass and o.exact is exact]
            if those:
                self._peaks[exact] = _grown(self._peaks[exact], Peaks.of(those))
        curves = [(id, one) for id, one in read if not one.technique.mass]
        if curves:
            self._curves = _grown(self._curves, Curves.of(curves))

    def like(self, wanted: Essence, least: float) -> list[Found]:
        """Those at least so alike, the most alike first; of equals the older first."""
        hits = self._like_peaks(wanted, least) if wanted.technique.mass else None
        found = hits if hits is not None else self._like_curve(wanted, least)
        return sorted(found, key=lambda hit: (-hit.score, hit.id))

    def _like_peaks(self, wanted: Essence, least: float) -> list[Found]:
        bounded: list[tuple[float, Peaks, int, bool]] = []
        for exact in (True, False):
            reach = tolerance(wanted.exact, exact)
            for block in self._peaks[exact]:
                bounds = block.bounds(wanted, reach)
                near = np.flatnonzero(
                    (bounds >= least - 1e-4) & _asked(block.techniques, wanted.technique)
                )
                bounded += ((float(bounds[n]), block, int(n), exact) for n in near)
        bounded.sort(key=lambda one: (-one[0], int(one[1].ids[one[2]])))
        found = []
        for _, block, at, exact in bounded[:MOST_COMPARED]:
            likeness = cosine(wanted, block.essence(at, exact))
            if likeness.score >= least:
                found.append(Found(int(block.ids[at]), likeness.score, likeness.matched))
        return found

    def _like_curve(self, wanted: Essence, least: float) -> list[Found]:
        found = []
        for block in self._curves:
            scores = block.rows @ wanted.weights.astype(np.float32)
            asked = _asked(block.techniques, wanted.technique)
            for n in np.flatnonzero((scores >= least) & asked):
                found.append(Found(int(block.ids[n]), min(float(scores[n]), 1.0), 0))
        return sorted(found, key=lambda hit: -hit.score)[:MOST_COMPARED]


def _asked(techniques: NDArray[np.int8], wanted: Technique) -> NDArray[np.bool_]:
    allowed = [n for n, one in enumerate(TECHNIQUES) if comparable(wanted, one)]
    return np.isin(techniques, allowed)


def _grown(blocks: tuple[B, ...], new: B) -> tuple[B, ...]:
    """The blocks with one more; it takes in those before it that are not twice its size."""
    last = len(blocks)
    while last and len(blocks[last - 1].ids) < 2 * len(new.ids):
        last -= 1
        new = blocks[last].joined(new)
    return (*blocks[:last], new)

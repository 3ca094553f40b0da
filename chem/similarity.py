"""Fingerprints, and a small index to find the nearest.

Morgan fingerprints of radius 2 and 2,048 bits, compared by Tanimoto. For the few thousand
substances ever reported a scan in numpy takes a fraction of a millisecond; rows sorted by bit count
let a threshold skip those that cannot reach it.

How to read a value (measured on known NPS): 0.70 and above a close analogue, 0.45 to 0.70 related,
below that no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from .types import Mol

BITS = 2048
RADIUS = 2
KIND = f"morgan-r{RADIUS}-{BITS}"  # stored beside fingerprints, so that kinds are never mixed

_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
_WORDS = BITS // 64
_SLACK = 1e-9  # a bound computed in floats must not lose a row that lies exactly on it

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An indexed structure and its Tanimoto similarity to the query, 0 to 1."""

    id: str
    similarity: float


def fingerprint(mol: Mol) -> bytes:
    """The fingerprint of a normalised parent: 256 bytes, the first bit lowest in the first."""
    return bytes(DataStructs.BitVectToBinaryText(_GENERATOR.GetFingerprint(mol)))


def tanimoto(one: bytes, other: bytes) -> float:
    """Shared bits over all bits; two empty fingerprints have nothing in common."""
    a, b = _words(one), _words(other)
    union = int(np.bitwise_count(a | b).sum())
    return int(np.bitwise_count(a & b).sum()) / union if union else 0.0


class Index:
    """Fingerprints in memory, sorted by bit count; immutable once built."""

    def __init__(self, ids: Sequence[str], fingerprints: Sequence[bytes]) -> None:
        """Raises ValueError when the two differ in length or a fingerprint is of another size."""
        if len(ids) != len(fingerprints):
            raise ValueError(f"{len(ids)} ids for {len(fingerprints)} fingerprints")
        if any(len(row) != BITS // 8 for row in fingerprints):
            raise ValueError(f"a fingerprint is not {BITS // 8} bytes long")
        rows = _words(b"".join(fingerprints)).reshape(-1, _WORDS)
        counts = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
        order = np.lexsort((np.asarray(ids, dtype=str), counts)) if len(ids) else np.arange(0)
        self._ids = [ids[place] for place in order]
        self._rows = np.ascontiguousarray(rows[order])
        self._counts = counts[order]

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, query: bytes, k: int) -> list[Neighbour]:
        """The `k` most similar, best first, ties by id."""
        if not self._ids or k < 1:
            return []
        similarity = self._similarities(_words(query), 0, len(self._ids))
        k = min(k, len(self._ids))
        least = np.partition(similarity, -k)[-k]
        return self._ranked(similarity, 0, np.flatnonzero(similarity >= least))[:k]

    def within(self, query: bytes, threshold: float) -> list[Neighbour]:
        """All whose similarity is at least `threshold`, best first, ties by id."""
        words = _words(query)
        bits = int(np.bitwise_count(words).sum())
        # Tanimoto is at most the smaller bit count over the larger: other rows are out of reach.
        low = int(np.searchsorted(self._counts, bits * threshold - _SLACK, side="left"))
        reach = bits / threshold + _SLACK if threshold > 0 else np.inf
        high = int(np.searchsorted(self._counts, reach, side="right"))
        similarity = self._similarities(words, low, high)
        return self._ranked(similarity, low, np.flatnonzero(similarity >= threshold - _SLACK))

    def _similarities(self, words: Words, low: int, high: int) -> npt.NDArray[np.float64]:
        bits = int(np.bitwise_count(words).sum())
        shared = np.bitwise_count(self._rows[low:high] & words).sum(axis=1, dtype=np.uint16)
        union = self._counts[low:high] + bits - shared
        return np.asarray(shared / np.maximum(union, 1), dtype=np.float64)

    def _ranked(
        self, similarity: npt.NDArray[np.float64], low: int, places: npt.NDArray[np.intp]
    ) -> list[Neighbour]:
        found = [Neighbour(self._ids[low + place], float(similarity[place])) for place in places]
        return sorted(found, key=lambda neighbour: (-neighbour.similarity, neighbour.id))


def _words(packed: bytes) -> Words:
    return np.frombuffer(packed, dtype=np.uint64)

"""A growing table of bit vectors, kept by column.

For every bit one row of the table says which of the vectors have it. A question names the few
dozen bits that are on in its own vector, so only their rows are read, a fraction of the table; and
a vector more is a bit more at the end of each row, so nothing has to be sorted or built again.

One thread may add while others ask: they see what was there when they asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_SPAN = 16_384  # places counted at once: the unpacked bits of an ordinary molecule stay in cache
_AT_ONCE = 1_024  # vectors turned at once
_LEAST = 512  # places; room for more doubles whenever it runs out

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


class BitTable:
    """Bit vectors of `bits` bits (a multiple of 8), each at a place: 0, 1, 2 in order of adding."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._size = 0
        self._columns: Bytes = np.zeros((bits, _LEAST // 8), dtype=np.uint8)

    def __len__(self) -> int:
        return self._size

    def extend(self, packed: Bytes) -> None:
        """Add vectors: a row of `packed` each, the first bit lowest in the first byte.

        Costs in proportion to what is added, apart from the copy when the room doubles.
        """
        self._make_room(self._size + len(packed))
        for start in range(0, len(packed), _AT_ONCE):
            self._append(packed[start : start + _AT_ONCE])

    def shared(self, query: Bytes) -> npt.NDArray[np.uint16]:
        """How many bits each vector shares with `query` (one packed vector), by place."""
        size, on = self._size, bits_on(query)
        counts = np.empty(size, dtype=np.uint16)
        for low, high, columns in self._spans(on, size):
            unpacked = np.unpackbits(columns, axis=1, count=high - low, bitorder="little")
            unpacked.sum(axis=0, dtype=np.uint16, out=counts[low:high])
        return counts

    def holding(self, query: Bytes) -> Places:
        """The places of the vectors that have all bits of `query`, in order."""
        size, on = self._size, bits_on(query)
        if not len(on):
            return np.arange(size)
        held = np.bitwise_and.reduce(self._columns[on, : -(-size // 8)], axis=0)
        return np.flatnonzero(np.unpackbits(held, count=size, bitorder="little"))

    def _spans(self, on: Places, size: int) -> Iterator[tuple[int, int, Bytes]]:
        columns = self._columns
        for low in range(0, size, _SPAN):
            high = min(low + _SPAN, size)
            yield low, high, columns[on, low // 8 : -(-high // 8)]

    def _append(self, packed: Bytes) -> None:
        """Turn rows into columns, shifted to begin within the last byte that is in use."""
        before = self._size % 8
        rows = np.zeros((before + len(packed), self._bits), dtype=np.uint8)
        rows[before:] = np.unpackbits(packed, axis=1, bitorder="little")
        turned = np.packbits(rows, axis=0, bitorder="little").T
        first = self._size // 8
        self._columns[:, first : first + turned.shape[1]] |= turned
        self._size += len(packed)  # last, so that who asks meanwhile misses it whole

    def _make_room(self, size: int) -> None:
        room = self._columns.shape[1] * 8
        if size <= room:
            return
        # doubled only when it grows bit by bit: what comes all at once gets what it needs
        room = -(-max(size, 2 * room if self._size else 0) // 64) * 64
        columns = np.zeros((self._bits, room // 8), dtype=np.uint8)
        columns[:, : self._columns.shape[1]] = self._columns
        self._columns = columns


def bits_on(packed: Bytes) -> Places:
    """The numbers of the bits that are on in one packed vector."""
    return np.flatnonzero(np.unpackbits(packed, bitorder="little"))

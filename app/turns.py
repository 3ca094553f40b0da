"""Taking turns at an embedded database, which has one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local

PATIENCE = 60  # seconds to wait for another writer


class Turn:
    """Whose turn it is to write to an embedded database: one thread of a process at a time.

    Those who wait for SQLite look again after ever longer naps, so that among many some wait a
    hundred times as long as others; and who writes would have to share the interpreter with them.
    """

    def __init__(self) -> None:
        self._one = Lock()
        self._mine = local()

    def take(self) -> None:
        """Wait for it; no longer than for SQLite, which then says that the database is locked."""
        if not self._is_mine:
            self._mine.taken = self._one.acquire(timeout=PATIENCE)

    @contextmanager
    def over_at_the_end(self) -> Iterator[None]:
        """What is taken inside is given back at the end; what was taken before is not."""
        had_it = self._is_mine
        try:
            yield
        finally:
            if self._is_mine and not had_it:
                self._mine.taken = False
                self._one.release()

    @property
    def _is_mine(self) -> bool:
        return getattr(self._mine, "taken", False)

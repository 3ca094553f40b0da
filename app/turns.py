"""Taking turns at an embedded database, which has one writer at a time.

Those who wait for SQLite look again after ever longer naps, up to 100 ms; where others write
without a pause, some wait a hundred times as long as others. So the threads of a process wait for
each other first, and the one whose turn it is looks again soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_BUSY, Connection, OperationalError
from threading import Lock, local
from time import monotonic, sleep

PATIENCE = 60  # seconds to wait for another writer
NAP = 0.001  # seconds; what a small submission writes takes about as long


class Turn:
    """Whose turn it is to write: one thread of a process at a time."""

    def __init__(self) -> None:
        self._one = Lock()
        self._mine = local()

    def take(self) -> None:
        """Wait for it; no longer than for SQLite, which then says that the database is locked."""
        if not self.taken_here:
            self._mine.taken = self._one.acquire(timeout=PATIENCE)

    @contextmanager
    def over_at_the_end(self) -> Iterator[None]:
        """What is taken inside is given back at the end; what was taken before is not."""
        had_it = self.taken_here
        try:
            yield
        finally:
            if self.taken_here and not had_it:
                self._mine.taken = False
                self._one.release()

    @property
    def taken_here(self) -> bool:
        """Whether this thread has it."""
        return getattr(self._mine, "taken", False)


def begun_writing(connection: Connection) -> bool:
    """Begin a transaction that writes, as soon as no other process does; False: none began."""
    until = monotonic() + PATIENCE
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return True
            except OperationalError as error:
                if error.sqlite_errorcode != SQLITE_BUSY or monotonic() > until:
                    return False
            sleep(NAP)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")

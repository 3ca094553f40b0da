"""Whether anybody has committed since: one cheap question, so that the dear ones are asked anew
only when their answers may have changed.

SQLite counts the commits of other connections (`PRAGMA data_version`); of PostgreSQL a snapshot's
text (`pg_current_snapshot()`) names every transaction that can be seen, so as long as it is the
same nothing has changed. Both are exact: there is no time during which an old answer still counts.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from threading import Lock
from typing import Any

from sqlalchemy import Engine

QUESTIONS = {
    "sqlite": "PRAGMA data_version",
    "postgresql": "SELECT CAST(pg_current_snapshot() AS text)",
}


class Stamp:
    """Holds one connection of the process, which only ever asks this, outside any transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._question = QUESTIONS[engine.dialect.name]
        self._one_at_a_time = Lock()
        self._number = count()
        self._held: tuple[int, Any] | None = None

    def read(self) -> object:
        """A value equal to an earlier one only if nobody has committed anything in between.

        Take it before what it is to vouch for is read. Where the database does not answer it is
        equal to nothing: who reads next is told what is wrong.
        """
        with self._one_at_a_time:
            try:
                number, connection = self._held or self._connect()
                return number, connection.execute(self._question).fetchone()[0]
            except Exception:
                self._let_go()
                return object()

    def _connect(self) -> tuple[int, Any]:
        pooled = self._engine.raw_connection()
        pooled.detach()  # it is ours for good, and the pool's number is free for another
        connection: Any = pooled.dbapi_connection
        if self._engine.dialect.name == "postgresql":
            connection.autocommit = True
        self._held = next(self._number), connection
        return self._held

    def _let_go(self) -> None:
        if self._held is not None:
            with suppress(Exception):
                self._held[1].close()
        self._held = None

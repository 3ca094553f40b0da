"""Indexes of a whole table, kept in memory and brought up to date when they are asked.

Tens of thousands of substances fit in a few megabytes, and what it costs to keep up grows with what
is new. Indexes hold substances of every handling; who may know of which is decided by the query
that fetches what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.registry.models import Substance
from chem.similarity import Index
from chem.substructure import Substructures


class Grows(Protocol):
    """An index that takes in more without being made anew."""

    def add_all(self, pairs: Iterable[tuple[str, Any]], /) -> None:
        """Add pairs of id and what is indexed."""


G = TypeVar("G", bound=Grows)
Column = InstrumentedAttribute


@dataclass(frozen=True, slots=True)
class Row:
    """A row as far as an index needs to know it."""

    id: int
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class State:
    """What tells one state of a table from another, without reading it all."""

    count: int
    newest: int
    newest_key: str
    least_key: str
    greatest_key: str

    @classmethod
    def of(cls, session: Session, id: Column[int], key: Column[str]) -> State:
        """Read from the indexes of the table, in one statement."""
        newest = select(func.max(id)).scalar_subquery()
        newest_key = select(key).where(id == newest).scalar_subquery()
        row = session.execute(
            select(func.count(id), newest, newest_key, func.min(key), func.max(key))
        ).one()
        return cls(row[0], row[1] or 0, row[2] or "", row[3] or "", row[4] or "")

    def with_more(self, rows: Sequence[Row]) -> State:
        """The state after these rows, all of higher numbers and in their order."""
        if not rows:
            return self
        keys = [row.key for row in rows]
        keys += [self.least_key, self.greatest_key] if self.count else []
        return State(self.count + len(rows), rows[-1].id, rows[-1].key, min(keys), max(keys))


NOTHING = State(0, 0, "", "", "")


class Kept(Generic[G]):
    """An index of one column of a table, one for each database that was asked about.

    `key` is a column that tells rows of one content from those of another, as a backup may hold.
    """

    def __init__(
        self,
        make: Callable[[], G],
        column: Column[Any],
        *,
        id: Column[int] = Substance.id,
        key: Column[str] = Substance.key,
    ) -> None:
        self._make, self._column = make, column
        self._id, self._key = id, key
        self._held: dict[str, tuple[State, G]] = {}
        self._turn = Lock()  # one thread adds; those that search meanwhile are not held up

    def up_to_date(self, session: Session) -> G:
        """The index with every row in it.

        Rows with higher numbers are added. Where they do not account for the difference (of
        two added at once, the one with the lower number may be seen last; a backup may have been
        restored) it is made anew.
        """
        where = str(session.get_bind().engine.url)
        state = State.of(session, self._id, self._key)
        held = self._held.get(where)
        if held and held[0] == state:
            return held[1]
        with self._turn:
            before, index = self._held.get(where) or (NOTHING, self._make())
            found = self._above(session, before.newest)
            after = before.with_more(found)
            if after != state:
                index, found = self._make(), self._above(session, 0)
                after = NOTHING.with_more(found)
            index.add_all((str(row.id), row.value) for row in found)
            self._held[where] = after, index
            return index

    def _above(self, session: Session, number: int) -> list[Row]:
        """The rows beyond `number`, in order."""
        query = select(self._id, self._key, self._column)
        rows = session.execute(query.where(self._id > number).order_by(self._id))
        return [Row(*row) for row in rows]


FINGERPRINTS = Kept(Index, Substance.fingerprint)
STRUCTURES = Kept(Substructures, Substance.smiles)

"""Lists that go on: each row with the cursor that continues after it.

A cursor is the key of a row, in words a person can read, and never a position: rows that arrive
meanwhile neither push a row onto the next page a second time nor hide one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import Session

from app.db import Page
from app.errors import Problem, Refused, shown

T = TypeVar("T")

AT_ONCE = 500  # rows held while a list streams


def page_of(rows: Iterable[tuple[T, str]], limit: int) -> Page[T]:
    """The first `limit` of rows that come with their cursors."""
    found = list(islice(rows, limit + 1))
    items = [row for row, _ in found[:limit]]
    return Page(items, found[limit - 1][1] if len(found) > limit else None)


def streamed(session: Session, query: Select[*tuple[Any, ...]], limit: int | None) -> Iterator[Any]:
    """The rows of a query, read from the database as they are asked for; one more than `limit`."""
    if limit is not None:
        query = query.limit(limit + 1)
    yield from session.execute(query.execution_options(yield_per=AT_ONCE))


def beyond(columns: tuple[Any, ...], values: tuple[Any, ...]) -> ColumnElement[bool]:
    """Rows after those values in the ascending order of the columns, none of which is NULL."""
    column, value = columns[0], values[0]
    later: ColumnElement[bool] = column > value
    if len(columns) == 1:
        return later
    return or_(later, and_(column == value, beyond(columns[1:], values[1:])))


def parts_of(cursor: str, kinds: tuple[Callable[[str], Any], ...]) -> tuple[Any, ...]:
    """What a cursor says, part by part. Raises Refused for one that is none of this list's."""
    # the first part is a name and may hold the sign itself
    parts = cursor.rsplit("~", len(kinds) - 1)
    try:
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, OverflowError):
        wrong = f'"{shown(cursor)}" is no cursor of this list; take it from `next`'
        raise Refused(wrong, (Problem("after", wrong, code="cursor"),)) from None

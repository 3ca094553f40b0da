"""Whole numbers of very many rows, read as numpy arrays without an object for each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Integer, Select, cast, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

Columns = dict[str, NDArray[np.int64]]

AT_ONCE = 50_000  # rows fetched from an embedded database


def columns(session: Session, query: Select[Any]) -> Columns:
    """The columns of a query by name; each is a whole number in 32 bits, and none is null.

    Raises ValueError where a value is missing.
    """
    connection = session.connection()
    names = [column.key for column in query.selected_columns]
    if connection.dialect.name == "postgresql":
        return _copied(connection, query, names)
    # past the result of SQLAlchemy, which makes a row an object
    cursor: Any = connection.execute(query).cursor
    parts = [np.empty((0, len(names)), np.int64)]
    while rows := cursor.fetchmany(AT_ONCE):
        parts.append(np.array(rows, np.int64))
    table = np.concatenate(parts)
    return {name: table[:, place] for place, name in enumerate(names)}


def _copied(connection: Connection, query: Select[Any], names: list[str]) -> Columns:
    """Read as PostgreSQL copies them out: each row is as long as every other, so an array."""
    inner = query.subquery("asked")
    whole = select(*(cast(inner.c[name], Integer).label(name) for name in names))
    said = whole.compile(connection, compile_kwargs={"literal_binds": True})
    raw: Any = connection.connection.cursor()
    with raw, raw.copy(f"COPY ({said}) TO STDOUT (FORMAT BINARY)") as copy:
        found = b"".join(bytes(part) for part in copy)
    row = np.dtype(
        [("fields", ">i2")]
        + [pair for name in names for pair in ((f"bytes of {name}", ">i4"), (name, ">i4"))]
    )
    # 19 bytes of a head (its own length among them), and a count of fields below nought at the end
    rows, rest = divmod(len(found) - 19 - 2, row.itemsize)
    if rest:
        raise ValueError("a value is missing in what was to be whole numbers")
    table = np.frombuffer(found, row, rows, 19)
    return {name: table[name].astype(np.int64) for name in names}


class day_number(FunctionElement[int]):
    """The day of a date or a moment (in UTC), as `date.toordinal` counts."""

    type = Integer()
    inherit_cache = True
    name = "day_number"


class country_number(FunctionElement[int]):
    """The two letters of a country's code as one number: 256 times the first and the second."""

    type = Integer()
    inherit_cache = True
    name = "country_number"


def country_codes(numbers: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """The codes that `country_number` made numbers of."""
    codes: NDArray[np.bytes_] = numbers.astype(">u2").view("S2")
    return codes


@compiles(day_number, "sqlite")
def _day_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"CAST(julianday(substr({text}, 1, 10)) - 1721424.5 AS INTEGER)"


@compiles(day_number, "postgresql")
def _day_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (argument,) = element.clauses
    text = compiler.process(argument, **options)
    if not _is_date(argument):
        text = f"timezone('UTC', {text})::date"
    return f"({text} - DATE '0001-01-01' + 1)"


def _is_date(argument: Any) -> bool:
    return argument.type.python_type.__name__ == "date"


@compiles(country_number, "sqlite")
def _country_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"(unicode({text}) * 256 + unicode(substr({text}, 2)))"


@compiles(country_number, "postgresql")
def _country_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"(ascii({text}) * 256 + ascii(substr({text}, 2)))"

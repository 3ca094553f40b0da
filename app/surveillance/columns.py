"""Numbers of very many rows, read as numpy arrays without an object for each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Connection,
    Double,
    Float,
    Integer,
    LargeBinary,
    Select,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

Columns = dict[str, NDArray[Any]]

AT_ONCE = 50_000  # rows fetched from an embedded database


def columns(session: Session, query: Select[Any]) -> Columns:
    """The columns of a query by name; each is a whole number in 32 bits, or a float; none is null.

    Raises ValueError where a value is missing.
    """
    connection = session.connection()
    names = [str(column.key) for column in query.selected_columns]
    types = [_type_of(column) for column in query.selected_columns]
    if connection.dialect.name == "postgresql":
        return _gathered(connection, query, names, types)
    # past the result of SQLAlchemy, which makes a row an object
    cursor: Any = connection.execute(query).cursor
    parts: list[list[NDArray[Any]]] = [[np.empty(0, kind)] for kind in types]
    while rows := cursor.fetchmany(AT_ONCE):
        for part, values, kind in zip(parts, zip(*rows, strict=True), types, strict=True):
            part.append(np.array(values, kind))
    return {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}


def _type_of(column: Any) -> type[np.int64 | np.float64]:
    return np.float64 if isinstance(column.type, Float) else np.int64


def _gathered(
    connection: Connection, query: Select[Any], names: list[str], types: list[Any]
) -> Columns:
    """Read as one row with all values of each column in it, as PostgreSQL would send them."""
    inner = query.subquery("asked")
    sent = (
        func.int4send(cast(inner.c[name], Integer))
        if kind is np.int64
        else func.float8send(cast(inner.c[name], Double))
        for name, kind in zip(names, types, strict=True)
    )
    whole = select(*(func.string_agg(one, literal(b"", LargeBinary)) for one in sent))
    said = whole.compile(connection, compile_kwargs={"literal_binds": True})
    raw: Any = connection.connection
    with raw.cursor(binary=True) as cursor:
        found = cursor.execute(str(said)).fetchone()
    values = [
        np.frombuffer(column or b"", ">i4" if kind is np.int64 else ">f8")
        for column, kind in zip(found, types, strict=True)
    ]
    if len({len(column) for column in values}) > 1:
        raise ValueError("a value is missing in what was to be whole numbers")
    return {
        name: column.astype(kind) for name, column, kind in zip(names, values, types, strict=True)
    }


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
    return bool(argument.type.python_type.__name__ == "date")


@compiles(country_number, "sqlite")
def _country_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"(unicode({text}) * 256 + unicode(substr({text}, 2)))"


@compiles(country_number, "postgresql")
def _country_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"(ascii({text}) * 256 + ascii(substr({text}, 2)))"

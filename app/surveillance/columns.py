"""Numbers of very many rows, read as numpy arrays without an object for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
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
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

Columns = dict[str, NDArray[Any]]

BITS = 63
AT_ONCE = 1_000  # rows fetched from an embedded database: as many as a processor has at hand


def columns(session: Session, query: Select[Any]) -> Columns:
    """The columns of a query by name; each is a whole number or a float, and none is null.

    Raises ValueError where a value is missing.
    """
    connection = session.connection()
    names = [str(column.key) for column in query.selected_columns]
    types = [_type_of(column) for column in query.selected_columns]
    if connection.dialect.name == "postgresql":
        return _gathered(connection, query, names, types)
    # past the result of SQLAlchemy, which makes a row an object
    cursor: Any = connection.execute(query).cursor
    kinds = [_native(sent) for sent in types]
    parts: list[list[NDArray[Any]]] = [[np.empty(0, kind)] for kind in kinds]
    while rows := cursor.fetchmany(AT_ONCE):
        for part, values, kind in zip(parts, zip(*rows, strict=True), kinds, strict=True):
            part.append(np.fromiter(values, kind, len(rows)))
    return {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}


Field = tuple[str, Any, int]  # a name, a whole number not below nought, and how many bits it has


def packed(*fields: Field) -> ColumnElement[int]:
    """Several small numbers as one of 63 bits, the first in the lowest: each column read costs."""
    found: Any = None
    at = 0
    for _, column, bits in fields:
        one = cast(column, BigInteger) * literal(1 << at, BigInteger) if at else column
        found = one if found is None else found + one
        at += bits
    if at > BITS:
        raise ValueError(f"{at} bits are no number")
    return type_coerce(found, BigInteger)


def unpacked(values: NDArray[np.int64], fields: Sequence[tuple[str, int]]) -> Columns:
    """The numbers that `packed` made one of, by name; `fields` are their names and bits."""
    found, at = {}, 0
    for name, bits in fields:
        found[name] = (values >> at) & ((1 << bits) - 1)
        at += bits
    return found


def _type_of(column: Any) -> str:
    """How values are sent, as numpy reads it."""
    if isinstance(column.type, Float):
        return ">f8"
    return ">i8" if isinstance(column.type, BigInteger) else ">i4"


_SENT = {
    ">f8": (func.float8send, Double),
    ">i8": (func.int8send, BigInteger),
    ">i4": (func.int4send, Integer),
}


def _gathered(
    connection: Connection, query: Select[Any], names: list[str], types: list[str]
) -> Columns:
    """Read as one row with all values of each column in it, as PostgreSQL would send them."""
    inner = query.subquery("asked")
    sent = (
        send(cast(inner.c[name], type_))
        for name, (send, type_) in zip(names, map(_SENT.__getitem__, types), strict=True)
    )
    whole = select(*(func.string_agg(one, literal(b"", LargeBinary)) for one in sent))
    said = whole.compile(connection, compile_kwargs={"literal_binds": True})
    raw: Any = connection.connection
    with raw.cursor(binary=True) as cursor:
        found = cursor.execute(str(said)).fetchone()
    values = [np.frombuffer(part or b"", type_) for part, type_ in zip(found, types, strict=True)]
    if len({len(column) for column in values}) > 1:
        raise ValueError("a value is missing in what was to be numbers")
    return {
        name: column.astype(_native(type_))
        for name, column, type_ in zip(names, values, types, strict=True)
    }


def _native(sent: str) -> type[np.int64 | np.float64]:
    return np.float64 if sent == ">f8" else np.int64


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
    (argument,) = element.clauses
    text = compiler.process(argument, **options)
    # of a moment only the day is read: within half a millisecond of midnight it would be the next
    text = text if _is_date(argument) else f"substr({text}, 1, 10)"
    return f"CAST(julianday({text}) - 1721424.5 AS INTEGER)"


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

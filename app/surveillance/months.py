"""Calendar months as whole numbers: year * 12 + month - 1, so that they subtract."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.db import Moment


def month_of(day: date) -> int:
    """The month that a day lies in.

    >>> month_of(date(2026, 1, 31)) - month_of(date(2025, 12, 1))
    1
    """
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def month_is_over(day: date) -> bool:
    """Whether a day is the last of its month."""
    return (day + timedelta(days=1)).day == 1


def elapsed(day: date) -> float:
    """How much of its month has gone by at the end of a day: 1 on the last one."""
    begins = first_day(month_of(day))
    return ((day - begins).days + 1) / (first_day(month_of(day) + 1) - begins).days


class month_number(FunctionElement[int]):
    """The month of a date or a moment (in UTC) in the database."""

    type = Integer()
    inherit_cache = True
    name = "month_number"


class year_number(FunctionElement[int]):
    """The year of a date in the database."""

    type = Integer()
    inherit_cache = True
    name = "year_number"


@compiles(month_number, "sqlite")
def _month_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)  # "2026-11-20", and a time after it
    year, month = f"substr({text}, 1, 4)", f"substr({text}, 6, 2)"
    return f"(CAST({year} AS INTEGER) * 12 + CAST({month} AS INTEGER) - 1)"


@compiles(month_number, "postgresql")
def _month_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (argument,) = element.clauses
    text = compiler.process(argument, **options)
    if isinstance(argument.type, Moment):
        text = f"timezone('UTC', {text})"
    return f"(date_part('year', {text})::int * 12 + date_part('month', {text})::int - 1)"


@compiles(year_number, "sqlite")
def _year_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(substr({compiler.process(element.clauses, **options)}, 1, 4) AS INTEGER)"


@compiles(year_number, "postgresql")
def _year_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"date_part('year', {compiler.process(element.clauses, **options)})::int"

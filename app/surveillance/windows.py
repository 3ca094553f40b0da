"""Spans of calendar time, counted back from the day that is looked at."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache

DAYS_PER_MONTH = 30.4375  # a Julian year of 365.25 days, divided by twelve


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier, or that month's last day.

    >>> months_before(date(2026, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def months_between(earlier: date, later: date) -> float:
    """Mean months from `earlier` to `later`, never below nought."""
    return max(0.0, (later - earlier).days / DAYS_PER_MONTH)


@lru_cache(maxsize=64)
def quarter_edges(as_of: date, quarters: int) -> tuple[date, ...]:
    """The first days of the last `quarters` spans of three months, oldest first.

    They are counted back from `as_of` and not from the calendar, so that twelve months are always
    four of them.
    """
    return tuple(months_before(as_of, 3 * back) for back in range(quarters, 0, -1))


def month_ends(first: date, last: date, *, before: int = 0) -> list[date]:
    """The last days of the months from that of `first` (and some before it) to that of `last`.

    >>> month_ends(date(2024, 2, 1), date(2024, 3, 1))
    [datetime.date(2024, 2, 29), datetime.date(2024, 3, 31)]
    """
    begin, end = first.year * 12 + first.month - 1 - before, last.year * 12 + last.month - 1
    months = [divmod(number, 12) for number in range(begin, end + 1)]
    return [
        date(year, month + 1, calendar.monthrange(year, month + 1)[1]) for year, month in months
    ]

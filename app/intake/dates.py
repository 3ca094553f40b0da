"""Dates as exactly as they were given: a year, a month or a day."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from app.errors import shown
from app.intake.words import Precision

_SHAPE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_LENGTHS = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}
EARLIEST_YEAR = 1950


@dataclass(frozen=True, slots=True)
class PartialDate:
    """The span of days that a date of some precision may mean, both ends included."""

    first: date
    last: date
    precision: Precision

    @classmethod
    @lru_cache(maxsize=20_000)  # a day is reported over and over
    def read(cls, text: str) -> PartialDate:
        """Read `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Raises ValueError with the remedy.

        >>> PartialDate.read("2026-02").last
        datetime.date(2026, 2, 28)
        """
        shape = _SHAPE.fullmatch(text.strip())
        if not shape:
            raise ValueError(f'"{shown(text, 40)}" is no date; write YYYY, YYYY-MM or YYYY-MM-DD')
        year = int(shape[1])
        month, day = (int(part) if part else None for part in shape.groups()[1:])
        if year < EARLIEST_YEAR:
            raise ValueError(f"{year} is before {EARLIEST_YEAR}; check the year")
        try:
            if month is None:
                return cls(date(year, 1, 1), date(year, 12, 31), Precision.YEAR)
            last = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
            if day is None:
                return cls(date(year, month, 1), date(year, month, last), Precision.MONTH)
            exact = date(year, month, day)
        except ValueError:
            raise ValueError(f'"{text.strip()}" is not a day of the calendar') from None
        return cls(exact, exact, Precision.DAY)

    def __str__(self) -> str:
        return self.first.isoformat()[: _LENGTHS[self.precision]]

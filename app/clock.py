"""What time it is, as a value that is passed in and so can be any time a test likes."""

from collections.abc import Callable
from datetime import UTC, date, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def end_of_day(day: date) -> datetime:
    """The last moment of `day` in UTC: what "as of that day" means."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC)

"""When somebody is told: at once or gathered, and not in their quiet hours. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from app.notification.models import Rhythm
from app.surveillance.models import Tier

DIGEST_HOUR = 7  # of the subscriber's clock: there before the working day begins
MONDAY = 0


class Wanted(Protocol):
    """What of a subscription says when; quiet hours are whole hours of the clock there."""

    @property
    def rhythm(self) -> Rhythm: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def quiet_from(self) -> int | None: ...
    @property
    def quiet_until(self) -> int | None: ...


def is_gathered(rhythm: Rhythm, tier: Tier) -> bool:
    """Whether it waits for others; what is urgent never does."""
    return rhythm is not Rhythm.IMMEDIATE and tier is not Tier.URGENT


def when_to_tell(wanted: Wanted, now: datetime, tier: Tier) -> datetime:
    """The moment, in UTC, at which what is news `now` is told to a subscriber.

    Urgent: now, whatever the hour. Immediate: now, or when the quiet hours end. Daily: at the next
    07:00 there; weekly: at that of the next Monday; and later where quiet hours last longer.
    """
    if tier is Tier.URGENT:
        return now
    zone = ZoneInfo(wanted.time_zone)
    at = now.astimezone(zone)
    if wanted.rhythm is not Rhythm.IMMEDIATE:
        at = _next(at, DIGEST_HOUR)
        if wanted.rhythm is Rhythm.WEEKLY:
            at = _on(at, (MONDAY - at.weekday()) % 7, DIGEST_HOUR)
    if is_quiet(at.hour, wanted.quiet_from, wanted.quiet_until):
        at = _next(at, wanted.quiet_until or 0)
    return max(now, at.astimezone(UTC))


def is_quiet(hour: int, since: int | None, until: int | None) -> bool:
    """Whether an hour of the day lies in the quiet hours, which may last over midnight.

    >>> is_quiet(23, 22, 7), is_quiet(7, 22, 7), is_quiet(12, None, None)
    (True, False, False)
    """
    if since is None or until is None:
        return False
    return since <= hour < until if since < until else hour >= since or hour < until


def _next(at: datetime, hour: int) -> datetime:
    """The next time at which the clock there says `hour`."""
    today = _on(at, 0, hour)
    return today if today > at else _on(at, 1, hour)


def _on(at: datetime, days: int, hour: int) -> datetime:
    """`hour` by the clock there, some days later; in the hour that summer time skips, the next."""
    day = (at + timedelta(days=days)).date()
    wall = datetime.combine(day, time(hour), at.tzinfo)
    return wall.astimezone(UTC).astimezone(at.tzinfo)

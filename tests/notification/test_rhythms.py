"""When somebody is told: their clock, their quiet hours, and what is too urgent for either."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notification.models import Rhythm
from app.notification.rhythms import is_gathered, is_quiet, when_to_tell
from app.notification.wishes import Wish
from app.surveillance.models import Tier

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
hours = st.integers(0, 23)


@st.composite
def wishes(draw):
    since = draw(st.none() | hours)
    until = draw(hours.filter(lambda hour: hour != since)) if since is not None else None
    return Wish(
        rhythm=draw(st.sampled_from(Rhythm)),
        time_zone=draw(st.sampled_from(ZONES)),
        quiet_from=since,
        quiet_until=until,
    )


@given(wish=wishes(), now=moments, tier=st.sampled_from([Tier.WATCH, Tier.ALERT]))
def test_nobody_is_woken_and_nobody_waits_longer_than_they_wished(wish, now, tier):
    at = when_to_tell(wish, now, tier)
    there = at.astimezone(ZoneInfo(wish.time_zone))
    days = {Rhythm.IMMEDIATE: 1, Rhythm.DAILY: 2, Rhythm.WEEKLY: 8}[wish.rhythm]
    assert now <= at <= now + timedelta(days=days, hours=2)
    assert not is_quiet(there.hour, wish.quiet_from, wish.quiet_until)


@given(wish=wishes(), now=moments)
def test_what_is_urgent_is_told_at_once_by_itself(wish, now):
    assert when_to_tell(wish, now, Tier.URGENT) == now
    assert not is_gathered(wish.rhythm, Tier.URGENT)


@pytest.mark.parametrize(
    ("wish", "now", "at"),
    [
        ({}, "2026-11-20T23:30", "2026-11-20T23:30"),
        ({"quiet_from": 22, "quiet_until": 7}, "2026-11-20T23:30", "2026-11-21T07:00"),
        ({"quiet_from": 22, "quiet_until": 7}, "2026-11-20T06:59", "2026-11-20T07:00"),
        ({"quiet_from": 9, "quiet_until": 17}, "2026-11-20T17:00", "2026-11-20T17:00"),
        ({"rhythm": Rhythm.DAILY}, "2026-11-20T06:00", "2026-11-20T07:00"),
        ({"rhythm": Rhythm.DAILY}, "2026-11-20T07:00", "2026-11-21T07:00"),
        ({"rhythm": Rhythm.DAILY, "quiet_from": 22, "quiet_until": 8}, "2026-11-20T10:00",
         "2026-11-21T08:00"),
        ({"rhythm": Rhythm.WEEKLY}, "2026-11-20T10:00", "2026-11-23T07:00"),  # a Friday
        ({"rhythm": Rhythm.WEEKLY}, "2026-11-23T06:00", "2026-11-23T07:00"),
        ({"rhythm": Rhythm.WEEKLY}, "2026-11-23T08:00", "2026-11-30T07:00"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York"])
def test_hours_are_those_of_the_clock_there(wish, now, at, zone):
    def there(text):
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))

    assert when_to_tell(Wish(time_zone=zone, **wish), there(now), Tier.ALERT) == there(at)


def test_an_hour_that_summer_time_skips_is_the_next_one():
    paris = Wish(time_zone="Europe/Paris", quiet_from=0, quiet_until=2)
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:30 there; at 02:00 it is 03:00
    assert when_to_tell(paris, night, Tier.ALERT) == datetime(2026, 3, 29, 1, tzinfo=UTC)

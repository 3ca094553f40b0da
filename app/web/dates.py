"""How days, months and spans are said on a page, in the language spoken. Pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from app.intake.dates import PartialDate
from app.intake.words import Precision
from app.languages import _, day_short, month_name, month_short, ngettext


def day(value: date | datetime | None) -> str:
    """20 Nov 2026; a dash when there is none."""
    return "–" if value is None else day_short(value)


def month(value: date) -> str:
    """Nov 2026."""
    return month_short(value)


def moment(value: datetime | None) -> str:
    """20 Nov 2026, 14:05 UTC."""
    if value is None:
        return _("never")
    utc = value.astimezone(UTC)
    return f"{day(utc)}, {utc:%H:%M} UTC"


def dated(report: Any) -> str:
    """A report's date as precisely as it was given, and its period when it is one."""
    first, last = _at(report.event_date, report.precision), _at(report.event_end, report.precision)
    return first if first == last else f"{first} – {last}"


def _at(value: date, precision: Precision) -> str:
    if precision is Precision.YEAR:
        return str(value.year)
    return month(value) if precision is Precision.MONTH else day(value)


def exactly(text: str | None) -> str:
    """A date as exactly as it was given; a dash when there is none.

    >>> exactly("2026"), exactly("2026-02"), exactly("2026-02-03"), exactly(None)
    ('2026', 'Feb 2026', '3 Feb 2026', '–')
    """
    if not text:
        return "–"
    span = PartialDate.read(text)
    return _at(span.first, span.precision)


def after_alert(since: str | None, alert: date | None) -> str:
    """How long after the first alert here a measure came; empty when either is not known.

    >>> after_alert("2026-03-20", date(2026, 3, 8)), after_alert("2025", date(2026, 3, 8))
    ('12 days after the first alert here', 'before the first alert here')
    """
    if not since or alert is None:
        return ""
    span = PartialDate.read(since)
    if span.last < alert:
        return _("before the first alert here")
    if span.first <= alert:
        return _same_span(span.precision)
    days = (span.first - alert).days
    if days < 60:
        return ngettext(
            "%(number)s day after the first alert here",
            "%(number)s days after the first alert here",
            days,
        )
    return ngettext(
        "%(number)s month after the first alert here",
        "%(number)s months after the first alert here",
        round(days / 30.44),
    )


def _same_span(precision: Precision) -> str:
    words = {
        Precision.YEAR: _("in the year of the first alert here"),
        Precision.MONTH: _("in the month of the first alert here"),
        Precision.DAY: _("on the day of the first alert here"),
    }
    return words[precision]


def ago(then: date, today: date) -> str:
    """How long ago a day was, in words."""
    days = (today - then).days
    if days <= 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if days < 60:
        return _("%(number)s days ago", number=days)
    if days < 730:
        return _("%(number)s months ago", number=round(days / 30.44))
    return _("%(number)s years ago", number=round(days / 365.25))


def seen_in(when: date, events: int) -> str:
    """The month of a sighting; only the year where totals are all there is."""
    return month(when) if events else str(when.year)


def seen_between(first: date, last: date, events: int) -> str:
    """The months of the first and the last sighting; only the years where totals are all there is.

    >>> seen_between(date(2026, 4, 1), date(2026, 10, 9), 3)
    'Apr – Oct\xa02026'
    """
    begin = seen_in(first, events).replace(" ", "\u00a0")
    end = seen_in(last, events).replace(" ", "\u00a0")
    if begin == end:
        return end
    if events and first.year == last.year:
        begin = month_name(first)
    return f"{begin} – {end}"

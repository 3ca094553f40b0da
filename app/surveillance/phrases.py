"""The parts of which sentences are made: days, numbers, lists, places; in the language spoken."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from app.countries import country_name, in_a_sentence
from app.languages import SOURCE, _, day_long, decimal, month_long, ngettext, spoken

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def on(day: date) -> str:
    """A day in words: 1 November 2026."""
    return day_long(day)


def dated(first: date, end: date) -> str:
    """When something was, no more exactly than the date was given."""
    if first == end:
        return _("on %(day)s", day=on(first))
    whole_years = (first.month, first.day, end.month, end.day) == (1, 1, 12, 31)
    if whole_years and first.year == end.year:
        return _("in %(month_or_year)s", month_or_year=first.year)
    ends_month = end.day == monthrange(end.year, end.month)[1]
    if first.day == 1 and ends_month and (first.year, first.month) == (end.year, end.month):
        return _("in %(month_or_year)s", month_or_year=month_long(first))
    return _("between %(day)s and %(other_day)s", day=on(first), other_day=on(end))


def month(said: str) -> str:
    """A month in words.

    >>> month("2026-03")
    'March 2026'
    """
    return month_long(date.fromisoformat(f"{said}-01"))


def number(of: int) -> str:
    """Small numbers as words, from nought ("no") to ten; in figures in other languages, where the
    word depends on what is counted."""
    if spoken() == SOURCE and 0 <= of < len(NUMBERS):
        return NUMBERS[of]
    return decimal(of)


def events(of: int) -> str:
    """So many events."""
    return ngettext("%(number)s event", "%(number)s events", of, number=number(of))


def countries(of: int) -> str:
    """So many countries.

    >>> countries(1), countries(12)
    ('one country', '12 countries')
    """
    return ngettext("%(number)s country", "%(number)s countries", of, number=number(of))


def others(of: int) -> str:
    """So many others, at the end of a list."""
    return ngettext("%(number)s other", "%(number)s others", of, number=number(of))


def join(names: Sequence[str]) -> str:
    """Names one after the other, the last after "and"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(several)s and %(last)s", several=", ".join(names[:-1]), last=names[-1])


def places(codes: Sequence[str]) -> list[str]:
    """Countries by name, in the order of the alphabet, as they stand in a sentence."""
    return [in_a_sentence(code) for code in sorted(codes, key=country_name)]


def region(scope: str) -> str:
    """A region as it stands in a sentence."""
    names = {
        "Africa": _("Africa"),
        "Americas": _("the Americas"),
        "Asia": _("Asia"),
        "Europe": _("Europe"),
        "Oceania": _("Oceania"),
    }
    return names.get(scope, scope)


def upper(text: str) -> str:
    """With a capital at the start of a sentence; the rest of a name stays as it is."""
    return text[:1].upper() + text[1:]


def some(names: Sequence[str], most: int = 10) -> str:
    """Names one after the other; of a long list the first and how many others there are.

    >>> some(["a", "b", "c", "d"], most=2)
    'a, b and two others'
    """
    if len(names) <= most + 1:
        return join(names)
    return join([", ".join(names[:most]), others(len(names) - most)])


def times(ratio: float) -> str:
    """How many times as much, no more exactly than it is known.

    >>> times(3.24), times(823.2)
    ('3.2 times', '823 times')
    """
    return _("%(ratio)s times", ratio=_figures(ratio, 2))


def percent(share: float) -> str:
    """A share of one.

    >>> percent(0.384), percent(0.004)
    ('38 %', 'less than 1 %')
    """
    if share >= 0.005:
        return f"{100 * share:.0f} %"
    return _("less than %(share)s", share="1 %")


def grams(mass: float) -> str:
    """A mass in the unit that people would use, to three figures.

    >>> grams(0.004), grams(999.9), grams(12_345_678)
    ('4 mg', '1 kg', '12,346 kg')
    """
    if mass >= 999.5:
        return f"{_figures(mass / 1000)} kg"
    return f"{_figures(mass)} g" if mass >= 1 else f"{_figures(1000 * mass)} mg"


def _figures(value: float, figures: int = 3) -> str:
    """So many figures, and never a power of ten."""
    if value >= 10 ** (figures - 1):
        return decimal(value)
    short = f"{value:.{figures}g}"
    return decimal(float(short), len(short.partition(".")[2]))

"""The parts of which sentences are made: days, numbers, lists, places."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from app.countries import country_name, in_a_sentence

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def on(day: date) -> str:
    """A day in words: 1 November 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def dated(first: date, end: date) -> str:
    """When something was, no more exactly than the date was given."""
    if first == end:
        return f"on {on(first)}"
    whole_years = (first.month, first.day, end.month, end.day) == (1, 1, 12, 31)
    if whole_years and first.year == end.year:
        return f"in {first.year}"
    ends_month = end.day == monthrange(end.year, end.month)[1]
    if first.day == 1 and ends_month and (first.year, first.month) == (end.year, end.month):
        return f"in {MONTHS[first.month - 1]} {first.year}"
    return f"between {on(first)} and {on(end)}"


def month(said: str) -> str:
    """A month in words.

    >>> month("2026-03")
    'March 2026'
    """
    year, number_ = said.split("-")
    return f"{MONTHS[int(number_) - 1]} {year}"


def number(of: int) -> str:
    """Small numbers as words, from nought ("no") to ten."""
    return NUMBERS[of] if 0 <= of < len(NUMBERS) else f"{of:,}"


def count(of: int, noun: str, plural: str = "") -> str:
    """So many of something.

    >>> count(1, "death"), count(12, "country", "countries")
    ('one death', '12 countries')
    """
    return f"{number(of)} {noun if of == 1 else plural or f'{noun}s'}"


def join(names: Sequence[str]) -> str:
    """Names one after the other, the last after "and"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def places(codes: Sequence[str]) -> list[str]:
    """Countries by name, in the order of the alphabet, as they stand in a sentence."""
    return [in_a_sentence(code) for code in sorted(codes, key=country_name)]


def region(scope: str) -> str:
    """A region as it stands in a sentence."""
    return "the Americas" if scope == "Americas" else scope


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
    return f"{', '.join(names[:most])} and {count(len(names) - most, 'other')}"


def times(ratio: float) -> str:
    """How many times as much, no more exactly than it is known.

    >>> times(3.24), times(823.2)
    ('3.2 times', '823 times')
    """
    return f"{_figures(ratio, 2)} times"


def percent(share: float) -> str:
    """A share of one.

    >>> percent(0.384), percent(0.004)
    ('38 %', 'less than 1 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.005 else "less than 1 %"


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
    return f"{value:,.0f}" if value >= 10 ** (figures - 1) else f"{value:.{figures}g}"

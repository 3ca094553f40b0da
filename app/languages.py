"""The languages that pages, mail and feeds are written in, and what depends on them.

English is the language of the source; the others are in `translations/<language>.po`, which is read
as it is, so nothing has to be compiled. What is being said in is a property of the moment
(`speaking`), because a sentence is made of parts that must all be in one language.

A message is a constant, with places for values by name: `_("%(name)s is back.", name=name)`.
`python -m app.translations` brings the catalogues up to the messages there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, negotiate_locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment

SOURCE = "en"
LANGUAGES = {"en": "English", "fr": "Français", "es": "Español"}
LOCALES = {"en": "en_GB", "fr": "fr", "es": "es"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CATALOGUES = Path(__file__).with_name("translations")

_spoken: ContextVar[str] = ContextVar("language", default=SOURCE)


def spoken() -> str:
    """The language of the moment."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said inside is said in `language`; in English when it is none of ours."""
    before = _spoken.set(language if language in LANGUAGES else SOURCE)
    try:
        yield
    finally:
        _spoken.reset(before)


def speak(language: str) -> None:
    """From now on, in this request: what `speaking` does, for a door without an inside."""
    _spoken.set(language if language in LANGUAGES else SOURCE)


def teach(environment: Environment) -> None:
    """Let templates say `_("…")` and `{% trans %}`."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(plain, plain_of, newstyle=True)  # type: ignore[attr-defined]


def best_language(wanted: Iterable[str]) -> str:
    """The first of the wanted languages (as `Accept-Language` writes them) that is ours.

    >>> best_language(["de-AT", "fr-CA", "en"]), best_language([])
    ('fr', 'en')
    """
    codes = [code.replace("-", "_") for code in wanted]
    return (negotiate_locale(codes, LANGUAGES) or SOURCE).partition("_")[0]


def plain(message: str) -> str:
    """The message in the language of the moment, its places left open: what templates ask for."""
    return message if spoken() == SOURCE else _translations(spoken()).gettext(message)


def plain_of(one: str, many: str, of: int) -> str:
    """The message for so many of something, its places left open."""
    return _translations(spoken()).ngettext(one, many, of)


def _(message: str, /, **values: Any) -> str:
    """The message in the language of the moment, with its values in their places."""
    said = plain(message)
    return said % values if values else said


def ngettext(one: str, many: str, of: int, /, **values: Any) -> str:
    """The message for so many of something; `%(number)s` is how many, as people write it."""
    return plain_of(one, many, of) % ({"number": decimal(of)} | values)


def N_(message: str) -> str:
    """A message that is said later, with `plain`: marked where it stands, so that it is found."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:
    """The same for a message of so many of something, said later with `plain_of`."""
    return one, many


def day_long(day: date) -> str:
    """1 November 2026; 1er novembre 2026; 1 de noviembre de 2026."""
    return _first_of_month(day, _day_long(day, spoken()))


@lru_cache(maxsize=10_000)  # sentences are full of days, and of the same ones
def _day_long(day: date, language: str) -> str:
    return str(format_date(day, "long", locale=LOCALES[language]))


def day_short(day: date) -> str:
    """20 Nov 2026; 20 nov. 2026."""
    if spoken() == SOURCE:  # where CLDR has "Sept" and every other month in three letters
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return _first_of_month(day, str(format_date(day, "d MMM y", locale=LOCALES[spoken()])))


def _first_of_month(day: date, said: str) -> str:
    """French makes an ordinal of the first of a month alone, which CLDR leaves out."""
    return f"1er{said[1:]}" if spoken() == "fr" and day.day == 1 else said


def month_long(day: date) -> str:
    """November 2026; novembre 2026; noviembre de 2026."""
    pattern = "MMMM 'de' y" if spoken() == "es" else "MMMM y"
    return str(format_date(day, pattern, locale=LOCALES[spoken()]))


def month_short(day: date) -> str:
    """Nov 2026; nov. 2026."""
    return f"{month_name(day)} {day.year}"


def month_name(day: date) -> str:
    """Nov; nov."""
    if spoken() == SOURCE:
        return MONTHS[day.month - 1]
    return str(format_date(day, "LLL", locale=LOCALES[spoken()]))


def decimal(value: float, places: int = 0) -> str:
    """A number with the marks of the language: 12,345.6; 12 345,6; 12.345,6."""
    if spoken() == SOURCE:
        return f"{value:,.{places}f}"
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return str(format_decimal(value, pattern, locale=LOCALES[spoken()]))


def territory(code: str, english: str) -> str:
    """A country by name: ours in English, that of the Unicode CLDR in the other languages."""
    if spoken() == SOURCE:
        return english
    return str(Locale.parse(LOCALES[spoken()]).territories.get(code, english))


@cache
def _translations(language: str) -> NullTranslations:
    """The catalogue of a language; of English, an empty one."""
    if language == SOURCE:
        return NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as written:
        catalogue = read_po(written, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)

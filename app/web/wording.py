"""How values are said on a page: numbers, code-list words, places. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unicodedata import combining, normalize

from markupsafe import Markup, escape

from app.countries import REGIONS, countries, country_name, in_a_sentence
from app.languages import SOURCE, _, decimal, plain, plain_of, spoken
from app.surveillance.models import Rule
from app.surveillance.phrases import region
from app.surveillance.titles import rule_title
from app.web.dates import day, month
from app.web.words import COUNTED, FIRMNESS, MEASURES, PRESETS
from chem.families import family_named

EFFECTS = {  # word found in an effect or group -> the class that carries its colour
    "opioid": ("opioid", "nitazene", "fentanyl", "orphine"),
    "cannabinoid": ("cannabinoid",),
    "sedative": ("sedative", "benzodiazepine", "etomidate"),
    "hallucinogen": ("hallucinogen", "tryptamine", "lysergamide"),
    "dissociative": ("dissociative", "phencyclidine", "arylcyclohexylamine"),
    "stimulant": (
        "stimulant", "cathinone", "phenethylamine", "aminoindane", "piperazine",
        "phenidate", "phenmetrazine", "aminorex",
    ),
}  # fmt: skip
_FINDING = re.compile(r"findings\[(\d+)\]\.(\w+)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NAME_JOINT = re.compile(r"([-)\]]|[a-z],)(?=[^-,)\]\s])")
_LONG_WORD = re.compile(r"[A-Za-z]{13,}")
_STEM = re.compile(
    r"(yl|oxy|fluoro|chloro|bromo|iodo|nitro|cyano|amino|amido|hydro|cyclo|thio|aza|ino|ano|ido)"
    r"(?=[a-z]{4})"
)


def measure_kind(word: str) -> str:
    """How a measure controls, in words."""
    return plain(MEASURES[word]) if word in MEASURES else label(word)


def preset_name(preset: str) -> str:
    """The weights of the three pillars, in words."""
    return plain(PRESETS[preset]) if preset in PRESETS else label(preset)


def pillar_weights(weights: Iterable[float]) -> str:
    """Weights as shares of a hundred: 61 : 28 : 11."""
    return " : ".join(str(round(100 * weight)) for weight in weights)


def change_name(change: str) -> str:
    """What a rank depends on, from the change that moves it.

    >>> change_name("without the largest reporter"), change_name("preset harm_first")
    ('the largest reporter', 'the weights (Harm first)')
    """
    if change.startswith("preset "):
        return _("the weights (%(preset)s)", preset=preset_name(change.removeprefix("preset ")))
    return label(change.removeprefix("without "))


def firmness_word(firmness: str) -> str:
    """How sure it is that a substance is among the first."""
    return plain(FIRMNESS[firmness]) if firmness in FIRMNESS else label(firmness)


def percent(share: float) -> str:
    """A probability; never 0 or 100 per cent unless it is.

    >>> percent(0.662), percent(0.0004), percent(0.9996), percent(0.0)
    ('66\xa0%', 'under 1\xa0%', 'over 99\xa0%', '0\xa0%')
    """
    if 0 < share < 0.01:
        return _("under %(share)s", share="1\u00a0%")
    if 0.99 < share < 1:
        return _("over %(share)s", share="99\u00a0%")
    return f"{share:.0%}".replace("%", "\u00a0%")


def number(value: float | None, places: int = 0) -> str:
    """12 345 with narrow spaces; a dash when nothing is known, which is not zero."""
    if value is None:
        return "–"
    if spoken() != SOURCE:
        return decimal(value, places).replace("-", "−")
    return f"{value:,.{places}f}".replace(",", "\u202f").replace("-", "−")


def about(value: float | None) -> str:
    """A measured number to two figures after the first, whole ones as they are.

    >>> about(0.0765), about(45.76), about(1234.0), about(3.0), about(None)
    ('0.076', '46', '1\u202f234', '3', '–')
    """
    if value is None or float(value).is_integer() or abs(value) >= 100:
        return number(value)
    short = f"{value:.2g}"
    return number(float(short), len(short.partition(".")[2]))


def amount(value: float | None) -> str:
    """A number as exact as it was given: 2.5, 1 200, 0.004."""
    if value is None:
        return "–"
    places = max(0, -int(Decimal(repr(float(value))).normalize().as_tuple().exponent))
    return number(value, places)


def count(value: int, one: str, many: str | None = None) -> str:
    """3 countries, 1 country; in the language spoken for what is listed in `COUNTED`.

    >>> count(1, "country"), count(3, "country")
    ('1\xa0country', '3\xa0countries')
    """
    if one in COUNTED:
        return plain_of(*COUNTED[one], value).replace(" ", "\u00a0", 1) % {"number": number(value)}
    return f"{number(value)}\u00a0{one if value == 1 else many or one + 's'}"


def spelled(value: int) -> str:
    """Small numbers as words, for the start of a sentence; in figures in other languages, where
    the word depends on what is counted."""
    if spoken() != SOURCE:
        return number(value)
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
             "eleven", "twelve")  # fmt: skip
    return words[value] if 0 <= value < len(words) else number(value)


def label(word: Any) -> str:
    """A stored word as people read it: collected_sample -> collected sample; in the language spoken
    when it is one of those in app.web.words."""
    if word is None or word == "":
        return "–"
    return plain(str(getattr(word, "value", word)).replace("_", " "))


def measured(text: str) -> str:
    """A unit with one number in it, said in the language spoken if app.web.words has it.

    >>> measured("of 4 active countries"), measured("of 3, judged for nitazenes")
    ('of 4 active countries', 'of 3, judged for nitazenes')
    """
    found = _NUMBER.findall(text)
    if len(found) != 1:
        return plain(text)
    return plain(_NUMBER.sub("%(number)s", text)).replace("%(number)s", found[0])


def options(words: Iterable[Any]) -> list[tuple[str, str]]:
    """Stored words and how people read them, for a select; words that say nothing are left out."""
    return [(str(getattr(word, "value", word)), label(word)) for word in words if word]


def country_options() -> list[tuple[str, str]]:
    """All countries by name, for a select."""
    named = [(code, country_name(code)) for code in countries()]
    return sorted(named, key=lambda pair: _unaccented(pair[1]))


def _unaccented(name: str) -> str:
    """A name as alphabets order it: Égypte under E."""
    return "".join(c for c in normalize("NFD", name.casefold()) if not combining(c))


def sentence(text: str) -> str:
    """The same text with a capital at its start."""
    return text[:1].upper() + text[1:]


def listing(items: Iterable[str], most: int = 99) -> str:
    """a, b and c; after `most`, how many more."""
    names = list(items)
    if len(names) > most:
        return _(
            "%(several)s and %(number)s more",
            several=", ".join(names[:most]),
            number=len(names) - most,
        )
    if len(names) < 2:
        return "".join(names)
    return _("%(several)s and %(last)s", several=", ".join(names[:-1]), last=names[-1])


def places(codes: Iterable[str], most: int = 6) -> str:
    """Country names as a sentence says them, at most so many of them."""
    return listing([in_a_sentence(code) for code in sorted(codes, key=country_name)], most)


def scope(where: str) -> str:
    """The place of an episode: the world, a region, or a country."""
    if where == "world":
        return _("the world")
    return region(where) if where in REGIONS else country_name(where)


def family_name(family: str) -> str:
    """The full name of a family; its id when no rule bears it any more."""
    known = family_named(family)
    return known.name if known else label(family)


def family_label(family: str) -> str:
    """The short name of a family, for a marker; its id in words when no rule bears it any more."""
    known = family_named(family)
    return known.label if known else family.replace("-", " ")


def breaks(name: str) -> Markup:
    """A chemical name with places where a line may end: after - and ), and in long words at a stem.

    >>> str(breaks("N-Cyclohexylmethylone"))
    'N-<wbr>Cyclohexyl<wbr>methylone'
    """
    joints = [found.end() for found in _NAME_JOINT.finditer(name)]
    joints += [
        word.start() + stem.end()
        for word in _LONG_WORD.finditer(name)
        for stem in _STEM.finditer(word[0])
    ]
    edges = [0, *sorted({at for at in joints if 0 < at < len(name)}), len(name)]
    return Markup("<wbr>").join(name[a:b] for a, b in pairwise(edges))


def rule_name(rule: str) -> str:
    """What a rule notices."""
    return rule_title(rule) if rule in set(Rule) else label(rule).lower()


def effect_class(*texts: str | None) -> str:
    """The class that colours an effect group, from an effect or a UNODC group."""
    for text in texts:
        for name, words in EFFECTS.items():
            if text and any(word in text.lower() for word in words):
                return name
    return "unassigned"


def formula(text: str) -> Markup:
    """C22H26N4O3 with its numbers set low."""
    return Markup(re.sub(r"(\d+)", r"<sub>\1</sub>", str(escape(text))))  # noqa: S704 - escaped first


def place(field: str) -> str:
    """Where in a report something is said: findings[1].structure is the structure of finding 2.

    The first finding goes without saying, since most reports have one.
    """
    of = _FINDING.fullmatch(field)
    if of is None:
        return field
    number, name = int(of[1]) + 1, of[2]
    return name if number == 1 else f"{name} of finding {number}"


def told(value: Any) -> str:
    """A value of evidence as people read it: lists, numbers, dates and country codes in words."""
    if isinstance(value, list | tuple):
        return listing([told(v) for v in value]) or _("none")
    if isinstance(value, dict):
        return "; ".join(f"{told(str(k))}: {told(v)}" for k, v in value.items())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return number(value, 0 if float(value).is_integer() else 2)
    return _word_told(label(value))


def _word_told(text: str) -> str:
    """A day, a month or a country code in words; any other word as it is."""
    if _DATE.fullmatch(text):
        return day(date.fromisoformat(text))
    if _MONTH.fullmatch(text):
        return month(date.fromisoformat(f"{text}-01"))
    return country_name(text) if _COUNTRY.fullmatch(text) else text

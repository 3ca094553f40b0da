"""How values are said on a page: dates, numbers, code-list words, places. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from app.countries import REGIONS, countries, country_name, in_a_sentence
from app.intake.dates import PartialDate
from app.intake.words import Precision
from app.surveillance.models import Rule
from chem.families import family_named

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
RULES = {
    Rule.FIRST_WORLD: "First in the world",
    Rule.FIRST_REGION: "First in a region",
    Rule.FIRST_COUNTRY: "First in a country",
    Rule.NEW_SPREAD: "New and spreading",
    Rule.RE_EMERGENCE: "Back after silence",
    Rule.GROWTH: "Growing",
    Rule.HARM: "Harmful beyond its class",
    Rule.CLUSTER_OF_HARM: "Cluster of harm",
    Rule.QUANTITY: "Unusual quantity",
    Rule.FAMILY: "Family growing",
    Rule.BLOCK: "Building block growing",
    Rule.NEW_UNKNOWN: "Unknown name in several countries",
}
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
MEASURES = {
    "individual_listing": "individual listing",
    "temporary": "temporary control",
    "emergency": "emergency control",
    "generic": "generic definition",
    "analogue": "analogue law",
    "nps_act": "NPS act",
    "medicines_law": "medicines law",
    "consumer_protection": "consumer protection",
    "hazardous_substances": "hazardous-substances law",
    "none": "not controlled",
}
PRESETS = {
    "equal": "Equal thirds",
    "ranked": "Prevalence first",
    "harm_first": "Harm first",
}
FIRMNESS = {"robust": "robust", "contested": "contested", "unlikely": "unlikely"}
_FINDING = re.compile(r"findings\[(\d+)\]\.(\w+)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NAME_JOINT = re.compile(r"([-)\]]|[a-z],)(?=[^-,)\]\s])")
_LONG_WORD = re.compile(r"[A-Za-z]{13,}")
_STEM = re.compile(
    r"(yl|oxy|fluoro|chloro|bromo|iodo|nitro|cyano|amino|amido|hydro|cyclo|thio|aza|ino|ano|ido)"
    r"(?=[a-z]{4})"
)


def day(value: date | datetime | None) -> str:
    """20 Nov 2026; a dash when there is none."""
    if value is None:
        return "–"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """Nov 2026."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None) -> str:
    """20 Nov 2026, 14:05 UTC."""
    if value is None:
        return "never"
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
        return "before the first alert here"
    if span.first <= alert:
        return f"in the {span.precision} of the first alert here"
    days = (span.first - alert).days
    long = count(days, "day") if days < 60 else count(round(days / 30.44), "month")
    return f"{long} after the first alert here".replace("\u00a0", " ")


def measure_kind(word: str) -> str:
    """How a measure controls, in words."""
    return MEASURES.get(word, label(word))


def preset_name(preset: str) -> str:
    """The weights of the three pillars, in words."""
    return PRESETS.get(preset, label(preset))


def pillar_weights(weights: Iterable[float]) -> str:
    """Weights as shares of a hundred: 61 : 28 : 11."""
    return " : ".join(str(round(100 * weight)) for weight in weights)


def change_name(change: str) -> str:
    """What a rank depends on, from the change that moves it.

    >>> change_name("without the largest reporter"), change_name("preset harm_first")
    ('the largest reporter', 'the weights (Harm first)')
    """
    if change.startswith("preset "):
        return f"the weights ({preset_name(change.removeprefix('preset '))})"
    return change.removeprefix("without ")


def firmness_word(firmness: str) -> str:
    """How sure it is that a substance is among the first."""
    return FIRMNESS.get(str(firmness), label(firmness))


def percent(share: float) -> str:
    """A probability; never 0 or 100 per cent unless it is.

    >>> percent(0.662), percent(0.0004), percent(0.9996), percent(0.0)
    ('66\xa0%', 'under 1\xa0%', 'over 99\xa0%', '0\xa0%')
    """
    if 0 < share < 0.01:
        return "under 1\u00a0%"
    if 0.99 < share < 1:
        return "over 99\u00a0%"
    return f"{share:.0%}".replace("%", "\u00a0%")


def ago(then: date, today: date) -> str:
    """How long ago a day was, in words."""
    days = (today - then).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    if days < 60:
        return f"{days} days ago"
    if days < 730:
        return f"{round(days / 30.44)} months ago"
    return f"{round(days / 365.25)} years ago"


def number(value: float | None, places: int = 0) -> str:
    """12 345 with narrow spaces; a dash when nothing is known, which is not zero."""
    if value is None:
        return "–"
    return f"{value:,.{places}f}".replace(",", "\u202f").replace("-", "−")


def about(value: float | None) -> str:
    """A measured number to two figures after the first, whole ones as they are.

    >>> about(0.0765), about(45.76), about(1234.0), about(3.0), about(None)
    ('0.076', '46', '1\u202f234', '3', '–')
    """
    if value is None or float(value).is_integer() or abs(value) >= 100:
        return number(value)
    return f"{value:.2g}".replace("-", "−")


def amount(value: float | None) -> str:
    """A number as exact as it was given: 2.5, 1 200, 0.004."""
    if value is None:
        return "–"
    places = max(0, -int(Decimal(repr(float(value))).normalize().as_tuple().exponent))
    return number(value, places)


def count(value: int, one: str, many: str | None = None) -> str:
    """3 countries, 1 country."""
    return f"{number(value)}\u00a0{one if value == 1 else many or one + 's'}"


def spelled(value: int) -> str:
    """Small numbers as words, for the start of a sentence."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
             "eleven", "twelve")  # fmt: skip
    return words[value] if 0 <= value < len(words) else number(value)


def label(word: Any) -> str:
    """A stored word as people read it: collected_sample -> collected sample."""
    if word is None or word == "":
        return "–"
    return str(getattr(word, "value", word)).replace("_", " ")


def options(words: Iterable[Any]) -> list[tuple[str, str]]:
    """Stored words and how people read them, for a select; words that say nothing are left out."""
    return [(str(getattr(word, "value", word)), label(word)) for word in words if word]


def country_options() -> list[tuple[str, str]]:
    """All countries by name, for a select."""
    return [(c.code, c.name) for c in sorted(countries().values(), key=lambda c: c.name)]


def sentence(text: str) -> str:
    """The same text with a capital at its start."""
    return text[:1].upper() + text[1:]


def listing(items: Iterable[str], most: int = 99) -> str:
    """a, b and c; after `most`, how many more."""
    names = list(items)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def places(codes: Iterable[str], most: int = 6) -> str:
    """Country names as a sentence says them, at most so many of them."""
    return listing([in_a_sentence(code) for code in sorted(codes, key=country_name)], most)


def scope(where: str) -> str:
    """The place of an episode: the world, a region, or a country."""
    if where in ("world", "Americas"):
        return f"the {where}"
    return where if where in REGIONS else country_name(where)


def seen_in(when: date, events: int) -> str:
    """The month of a sighting; only the year where totals are all there is."""
    return month(when) if events else str(when.year)


def seen_between(first: date, last: date, events: int) -> str:
    """The months of the first and the last sighting; only the years where totals are all there is.

    >>> seen_between(date(2026, 4, 1), date(2026, 10, 9), 3)
    'Apr – Oct\xa02026'
    """
    begin, end = seen_in(first, events), seen_in(last, events).replace(" ", "\u00a0")
    if begin.replace(" ", "\u00a0") == end:
        return end
    if events and first.year == last.year:
        begin = MONTHS[first.month - 1]
    return f"{begin} – {end}".replace(f" {first.year} ", f"\u00a0{first.year} ")


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
    return RULES[Rule(rule)] if rule in set(Rule) else label(rule).lower()


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
        return listing([told(v) for v in value]) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{told(str(k))}: {told(v)}" for k, v in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
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

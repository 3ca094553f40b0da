"""Countries by ISO 3166-1 code with their UN M49 region; what to say of a code that is none."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from app.errors import shown
from app.languages import SOURCE, spoken, territory

REGIONS = ("Africa", "Americas", "Asia", "Europe", "Oceania")

# What people write instead of the ISO code.
MISTAKEN = {"UK": "GB", "EL": "GR", "EN": "GB", "UAE": "AE", "SW": "SE", "SP": "ES", "JA": "JP"}


@dataclass(frozen=True, slots=True)
class Country:
    """A country or area: ISO 3166-1 alpha-2 and alpha-3, short name, UN M49 region."""

    code: str
    alpha3: str
    name: str
    region: str


@cache
def countries() -> Mapping[str, Country]:
    """All 249 ISO 3166-1 entries by alpha-2 code (source: ISO 3166-1; regions: UN M49)."""
    with Path(__file__).with_name("countries.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: Country(**row) for row in csv.DictReader(lines)}


# names that take an article inside a sentence
WITH_ARTICLE = frozenset(
    [
        "AE",
        "BS",
        "CD",
        "CF",
        "DO",
        "FK",
        "FM",
        "GB",
        "GM",
        "KM",
        "KP",
        "KR",
        "KY",
        "LA",
        "MD",
        "MH",
        "MV",
        "NL",
        "PH",
        "RU",
        "SB",
        "TC",
        "US",
        "VA",
        "VG",
        "VI",
    ]
)


def in_a_sentence(code: str) -> str:
    """The short name as a sentence says it: "the Netherlands", "Sweden".

    Other languages than English have sentences in which a name needs no article.
    """
    name = country_name(code)
    return f"the {name}" if code in WITH_ARTICLE and spoken() == SOURCE else name


def country_name(code: str | None) -> str:
    """The short name in the language spoken, or the code itself when it is not one of ours."""
    if not code:
        return ""
    known = countries().get(code)
    return territory(code, known.name) if known else code


def why_no_country(text: str) -> str:
    """One sentence saying that `text` is no country code and which one was probably meant."""
    wanted = text.strip().upper()
    guess = MISTAKEN.get(wanted) or _by_code_or_name(text.strip())
    hint = f"; did you mean {guess}?" if guess else "; use two letters such as DE or BR"
    return f'"{shown(text)}" is not an ISO 3166 code{hint}'


def _by_code_or_name(text: str) -> str | None:
    for country in countries().values():
        if (
            text.upper() in {country.code, country.alpha3}
            or text.casefold() == country.name.casefold()
        ):
            return country.code
    names = {c.name.casefold(): c.code for c in countries().values()}
    close = get_close_matches(text.casefold(), names, n=1, cutoff=0.85)
    return names[close[0]] if close else None

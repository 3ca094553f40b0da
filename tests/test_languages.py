"""Everything that is to be said in a language is said in it, with the values in their places."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.countries import country_name, in_a_sentence
from app.languages import LANGUAGES, _, best_language, day_long, decimal, ngettext, speaking, spoken
from app.translations.catalogues import TRANSLATED, catalogue, messages, misplaced, untranslated


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_message_of_the_source_and_no_other(language: str) -> None:
    held = {(one.context, str(one.id)) for one in catalogue(language) if one.id}
    assert held == {(one.context, str(one.id)) for one in messages() if one.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    assert [one.id for one in untranslated(catalogue(language))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_places_for_values_that_the_message_has(language: str) -> None:
    assert [one.id for one in misplaced(catalogue(language))] == []


def test_days_numbers_and_countries_are_written_as_the_language_does() -> None:
    written = {}
    for language in LANGUAGES:
        with speaking(language):
            written[language] = (
                day_long(date(2026, 11, 1)),
                decimal(12_345.6, 1),
                country_name("DE"),
                in_a_sentence("US"),
            )
    assert written == {
        "en": ("1 November 2026", "12,345.6", "Germany", "the United States"),
        "fr": ("1er novembre 2026", "12\u202f345,6", "Allemagne", "États-Unis"),
        "es": ("1 de noviembre de 2026", "12.345,6", "Alemania", "Estados Unidos"),
    }


def test_what_is_spoken_ends_where_it_began() -> None:
    with speaking("fr"):
        with speaking("xx"):
            assert spoken() == "en"
        assert spoken() == "fr"
    assert spoken() == "en"


def test_one_is_said_otherwise_than_several() -> None:
    assert ngettext("%(number)s event", "%(number)s events", 1) == "1 event"
    assert ngettext("%(number)s event", "%(number)s events", 1_200) == "1,200 events"
    assert _("Africa") == "Africa"


def test_readers_get_the_first_of_their_languages_that_there_is() -> None:
    assert best_language(["de", "es-MX", "fr"]) == "es"
    assert best_language(["zh"]) == "en"


def spaced_wrongly(said: str) -> list[str]:
    """Where French wants a space that does not break and there is another, or none."""
    text = re.sub(r"https?://\S+|&\w+;|<[^>]*>", "", said)
    narrow = re.findall(r"(?:^|[^\u202f])[;?!]", text)
    wide = re.findall(r"[ \u202f]:|«[^\u00a0]|[^\u00a0]»|«$|^»", text)
    return narrow + wide


def test_french_has_a_narrow_space_before_high_signs_and_a_whole_one_before_a_colon() -> None:
    wrong = {}
    for one in catalogue("fr"):
        texts = one.string if isinstance(one.string, tuple) else (one.string,)
        found = [where for text in texts if one.id for where in spaced_wrongly(text)]
        wrong |= {one.id: found} if found else {}
    assert wrong == {}
    assert spaced_wrongly("Où ? Là: «\u202fici\u202f»") == [" ?", "«\u202f", "\u202f»"]

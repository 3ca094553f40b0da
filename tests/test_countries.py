"""Countries: the ISO list is whole, and a wrong code is answered with the right one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.countries import MISTAKEN, REGIONS, countries, country_name, why_no_country


def test_all_249_codes_are_there_once_each() -> None:
    assert len(countries()) == 249
    assert len({c.alpha3 for c in countries().values()}) == 249
    assert all(code == c.code and code.isupper() for code, c in countries().items())


@pytest.mark.parametrize(
    ("code", "region"),
    [("DE", "Europe"), ("BR", "Americas"), ("ZA", "Africa"), ("JP", "Asia"), ("NZ", "Oceania")],
)
def test_a_country_lies_in_its_m49_region(code: str, region: str) -> None:
    assert countries()[code].region == region


def test_only_uninhabited_places_lie_outside_the_five_regions() -> None:
    outside = {code for code, c in countries().items() if c.region not in REGIONS}
    assert "AQ" in outside
    assert len(outside) <= 6


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("de", "DE"),
        (" DE ", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("germny", "DE"),
        ("Côte d'Ivoire", "CI"),
    ],
)
def test_a_wrong_code_is_answered_with_the_one_that_was_meant(written: str, meant: str) -> None:
    assert why_no_country(written).endswith(f"did you mean {meant}?")


@pytest.mark.parametrize("written", ["", "QQ", "Atlantis", "🙂"])
def test_where_nothing_was_meant_nothing_is_guessed(written: str) -> None:
    assert "use two letters" in why_no_country(written)


@given(st.text())
def test_whatever_is_written_the_answer_is_one_printable_sentence(text: str) -> None:
    answer = why_no_country(text)
    assert answer.isprintable()
    assert len(answer) < 200


def test_every_mistake_leads_to_a_country_and_is_none_itself() -> None:
    assert all(right in countries() for right in MISTAKEN.values())
    assert not any(wrong in countries() for wrong in MISTAKEN)


def test_a_code_that_is_none_of_ours_is_shown_as_it_is() -> None:
    assert country_name("DE") == "Germany"
    assert country_name("XK") == "XK"
    assert country_name(None) == ""

"""The numbers of others are verified as far as they can be, and refused in a chemist's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Refused
from app.registry.identifiers import cas, chebi, possible, pubchem_cid, unii
from chem.known import everything

# published by FDA: water, caffeine, methadone and its hydrochloride, fentanyl, aspirin, ibuprofen
UNIIS = (
    "059QF0KO0R", "3G6A5W338E", "UC6VBE7V1Z", "229809935B", "UF599785JZ", "R16CO5Y76E",
    "WK2XYI10QM",
)  # fmt: skip


@pytest.mark.parametrize(
    "written", ["50-00-0", " 58-08-2 ", "437–38–7", "119276-01-6", "7732-18-5"]
)
def test_a_cas_number_with_the_right_check_digit_is_taken(written):
    assert cas(written).count("-") == 2


def test_every_cas_number_that_we_ship_passes():
    shipped = [row.cas for row in everything() if row.cas]
    assert len(shipped) > 300
    assert [cas(number) for number in shipped] == shipped


def test_a_slip_is_told_with_the_digit_that_would_be_right():
    with pytest.raises(Refused, match=r"50-00-1 fails the CAS check digit.* 50-00-0; .*look it up"):
        cas("50-00-1")


def passes(digits: list[int]) -> bool:
    text = "".join(map(str, digits))
    try:
        return bool(cas(f"{text[:6]}-{text[6:8]}-{text[8]}"))
    except Refused:
        return False


@given(place=st.integers(0, 7), off=st.integers(1, 9))
def test_a_wrong_digit_passes_only_where_ten_divides_how_far_off_it_is_by_its_place(place, off):
    digits = [int(letter) for letter in "919276016"]
    digits[8] = sum((8 - n) * digit for n, digit in enumerate(digits[:8])) % 10
    assert passes(digits)
    digits[place] = (digits[place] + off) % 10
    assert passes(digits) is ((8 - place) * off % 10 == 0 and digits[0] != 0)


@given(st.lists(st.integers(1, 9), min_size=8, max_size=8), st.integers(0, 6))
def test_no_swap_of_neighbours_passes(digits, place):
    check = sum((8 - n) * digit for n, digit in enumerate(digits)) % 10
    swapped = [*digits, check]
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    assert passes(swapped) is (swapped == [*digits, check])


@pytest.mark.parametrize("number", UNIIS)
def test_published_uniis_bear_their_check_character_out(number):
    assert unii(number.lower()) == number


@given(st.sampled_from(UNIIS), st.integers(0, 9), st.integers(1, 35))
def test_no_single_wrong_character_of_a_unii_passes(number, place, other):
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = alphabet[(alphabet.index(number[place]) + other) % 36]
    with pytest.raises(Refused, match="check character"):
        unii(number[:place] + wrong + number[place + 1 :])


def test_pubchem_and_chebi_numbers_have_a_shape_alone():
    assert pubchem_cid("cid: 2519") == pubchem_cid("2519") == "2519"
    assert chebi("27732") == chebi("chebi:27732") == "CHEBI:27732"


@pytest.mark.parametrize("check", [cas, unii, pubchem_cid, chebi])
@pytest.mark.parametrize(
    "hostile", ["", " ", "=1+1", "-5", "0", "١٢٣", "9" * 400, "<b>50-00-0</b>", "50-00-0\n1"]
)
def test_what_is_no_identifier_is_refused_whatever_it_is(check, hostile):
    with pytest.raises(Refused):
        check(hostile)


@given(st.text(max_size=40))
def test_searching_for_any_text_asks_for_identifiers_without_failing(text):
    assert all(isinstance(found, str) for found in possible(text))

"""Two spellings of one name are one name; two drugs that differ in one character are two."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.registry.names import LONGEST_KEY, SALT_WORDS, _without_salt, name_key, spelled

SAME = [
    ("α-PVP", "alpha-PVP", "Alpha PVP", "ALPHA_PVP", "α‑PVP HCl", "alpha-PVP (hydrochloride)"),
    ("3-MMC", "3‐MMC", "3 – MMC hydrochloride", "３－ＭＭＣ", "3-mmc hcl"),
    ("Δ9-THC", "δ9-THC", "delta9-THC", "delta-9-THC"),
    ("N,N-DMT fumarate", "n,n-dmt", "N,N DMT"),
    ("3′-Fluorofentanyl", "3'-fluorofentanyl", "3’-Fluorofentanyl citrate"),
    ("Protonitazene", "PROTONITAZENE", " protonitazene  free base"),
]
DIFFERENT = [
    ("2-MMC", "3-MMC", "4-MMC", "4-MEC", "MMC"),
    ("4F-MDMB-BINACA", "5F-MDMB-BINACA", "MDMB-BINACA", "5Cl-MDMB-BINACA", "5Br-MDMB-BINACA"),
    ("AB-PINACA", "ADB-PINACA", "AB-PICA", "AB-FUBINACA"),
    ("Protonitazene", "Metonitazene", "Etonitazene", "Isotonitazene"),
    ("2,5-DMA", "2,4-DMA", "25-DMA"),
    ("3-4-MMC", "34-MMC"),
    ("3-Fluorofentanyl", "3'-Fluorofentanyl"),
    ("1P-LSD", "1B-LSD", "LSD"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda s: s[0])
def test_however_it_is_spelt_it_is_one_name(spellings: tuple[str, ...]) -> None:
    assert len({name_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize("names", DIFFERENT, ids=lambda n: n[0])
def test_a_digit_a_halogen_or_a_locant_makes_another_drug(names: tuple[str, ...]) -> None:
    for one, other in combinations(names, 2):
        assert name_key(one) != name_key(other)


@pytest.mark.parametrize("word", SALT_WORDS)
def test_the_word_for_a_salt_is_dropped_but_a_name_made_of_nothing_else_stays(word: str) -> None:
    assert name_key(f"mephedrone {word.upper()}") == "mephedrone"
    assert name_key(word) != ""


@pytest.mark.parametrize("nothing", ["", " ", "-", " - – ", "\t\n", ".,;"])
def test_a_name_that_says_nothing_has_no_key(nothing: str) -> None:
    assert name_key(nothing) == ""


@given(st.text(max_size=400) | st.text(alphabet="3-( )hclHCl'α,;.²ß", max_size=40))
@example("x -(HCl)-")
@example("\ud800" * 400)
@example("ﷺ" * 300)
@example("1--2")
def test_the_key_of_a_key_is_the_key_itself_and_fits_where_it_is_held(name: str) -> None:
    key = name_key(name)
    assert len(key) <= LONGEST_KEY
    assert name_key(key) == key


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L"]), min_size=1), st.data())
def test_digits_are_never_folded(letters: str, data: st.DataObject) -> None:
    one, other = data.draw(
        st.lists(st.integers(0, 99), min_size=2, max_size=2, unique=True), label="locants"
    )
    assert name_key(f"{one}-{letters}") != name_key(f"{other}-{letters}")


def test_long_names_that_differ_at_the_end_stay_apart() -> None:
    assert name_key("α" * 299 + "1") != name_key("α" * 299 + "2")


SALT_AT_THE_END = re.compile(r"(?:[\s\-(]+(?:" + "|".join(SALT_WORDS) + r")\)?)+\s*$")
PIECES = st.sampled_from((*SALT_WORDS, " ", "-", "(", ")", "3-mmc", "di", "hemi", "x"))


@given(st.lists(PIECES, max_size=8).map("".join))
def test_salt_words_are_taken_off_as_their_pattern_says(name):
    text = spelled(name)
    assert _without_salt(text) == SALT_AT_THE_END.sub("", text)


@pytest.mark.parametrize("piece", ["(", " (", "-hcl", " hcl)", "-"])
def test_a_name_of_a_stranger_may_be_of_any_length(piece):
    assert len(name_key("x" + piece * 100_000 + "y")) <= LONGEST_KEY

"""A suggestion helps with slips, and never turns one drug into another."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.knowledge import AMBIGUOUS
from app.registry.names import name_key
from app.registry.spelling import _marks, digits, slips, spelling
from app.registry.suggestions import KnownName, NameIndex, Suggestion
from chem.anatomy.blockkeys import GROUPS, key_of_structure, keys_of_name
from chem.families import classify
from chem.known import everything
from chem.parse import parse
from tests.conftest import shared_data

SLIPS = [
    ("isotonitazen", "Isotonitazene"),
    ("Mephedron", "Mephedrone"),
    ("alpha PVP HCL salt", "alpha-PVP"),
    ("etizolame", "Etizolam"),
    ("Etizolma", "Etizolam"),
    ("Protonitazeen", "Protonitazene"),
    ("4-florofentanyl", "para-Fluorofentanyl"),
    ("méphédrone pure", "Mephedrone"),
    ("MDMB-4en-PINNACA", "MDMB-4en-PINACA"),
    ("3-Hydroxy PCE", "3-HO-PCE"),
    ("Flubromazoalm", "Flubromazolam"),
]
APART = [
    ("2-MMC", "3-MMC", "4-MMC", "4-MEC", "MMC"),
    ("4F-MDMB-BINACA", "5F-MDMB-BINACA", "MDMB-BINACA", "5Cl-MDMB-BINACA", "4F-MDMB-BICA"),
    ("AB-PINACA", "ADB-PINACA", "AB-PICA", "AB-FUBINACA", "MDMB-PINACA", "AMB-PINACA"),
    ("Protonitazene", "Metonitazene", "Etonitazene", "Isotonitazene", "Butonitazene"),
    ("Etonitazepyne", "Etonitazepipne", "Metonitazepyne"),
    ("ortho-Fluorofentanyl", "meta-Fluorofentanyl", "para-Fluorofentanyl", "para-Chlorofentanyl"),
    ("Methylone", "Ethylone", "Butylone", "Pentylone"),
    ("Clonazolam", "Clonazepam", "Flunitrazolam", "Flunitrazepam"),
    ("Mephedrone", "Methedrone", "Ephedrone", "Ephedrine"),
    ("alpha-PVP", "alpha-PHP", "alpha-PPP", "beta-PVP"),
    ("Tetrahydrocannabinol", "Hexahydrocannabinol", "Cannabidiol", "Cannabinol"),
    ("MDA", "DMA", "MDMA", "MMDA"),
    ("Fentanyl", "Fentanyl analog", "Fentanyl/heroin"),
    ("alpha'-Methylfentanyl", "alpha-Methylfentanyl"),
    ("4-Chloro-2-methylfentanyl", "2-Chloro-4-methylfentanyl"),
]


def known_names() -> Iterator[KnownName]:
    held = set()
    for substance in everything():
        for name in (substance.name, *substance.synonyms):
            if name_key(name) not in held:
                held.add(name_key(name))
                yield KnownName(name_key(name), name, substance.connectivity)
    with AMBIGUOUS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield KnownName(name_key(row["name"]), row["name"], f"several: {row['name']}")


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(known_names())


def meant(name: str) -> str:
    return next(known.means for known in known_names() if known.key == name_key(name))


@pytest.mark.parametrize(("written", "name"), SLIPS)
def test_a_slip_leads_to_what_was_meant(index: NameIndex, written: str, name: str) -> None:
    assert index.suggest(written)[0].known.means == meant(name)


@pytest.mark.parametrize("names", APART, ids=lambda names: names[0])
def test_names_of_different_drugs_never_suggest_each_other(names: tuple[str, ...]) -> None:
    for one, other in permutations(names, 2):
        held = NameIndex([KnownName(name_key(other), other, other)])
        assert held.suggest(one) == [], (one, other)


def test_it_says_why(index: NameIndex) -> None:
    (first, *_) = index.suggest("isotonitazen")
    assert "one letter apart from “Isotonitazene”" in first.why
    assert "locants, halogens and prefixes are the same" in first.why


def test_a_name_of_several_is_suggested_too(index: NameIndex) -> None:
    assert (
        index.suggest("Synthetic canabinoids")[0].known.means == "several: Synthetic cannabinoids"
    )


def test_a_name_is_no_suggestion_for_itself_and_long_ones_are_let_be(index: NameIndex) -> None:
    assert index.suggest("Etizolam") == []
    assert index.suggest("etizolam " * 100) == []


def misspelt(seed: int, names: list[KnownName]) -> Iterator[tuple[KnownName, str]]:
    """Known names with one letter, never a digit, dropped, doubled or swapped with the next."""
    chance = random.Random(seed)
    for known in names:
        at = [n for n, letter in enumerate(known.name) if letter.isalpha()]
        if at:
            n, name = chance.choice(at), known.name
            yield known, name[:n] + name[n + 1 :]
            yield known, name[:n] + name[n] + name[n:]
            if name[n + 1 : n + 2].isalpha():
                yield known, name[:n] + name[n + 1] + name[n] + name[n + 2 :]


@pytest.fixture(scope="module")
def suggested(index: NameIndex) -> list[tuple[KnownName, str, list[Suggestion]]]:
    names = list(known_names())
    held = {known.key for known in names}
    return [
        (known, slip, index.suggest(slip))
        for known, slip in misspelt(7, names)
        if name_key(slip) and name_key(slip) not in held
    ]


def test_most_slips_in_words_are_seen_through(suggested) -> None:
    """Codes are let be: a letter changed in MMC or PICA is another drug."""
    long = [one for one in suggested if sum(letter.isalpha() for letter in one[1]) >= 8]
    right = sum(any(s.known.means == known.means for s in found) for known, _, found in long)
    assert right / len(long) > 0.75
    wrong = sum(any(s.known.means != known.means for s in found) for known, _, found in suggested)
    assert wrong / len(suggested) < 0.005


HALOGENS = {"fluor": "F", "chlor": "Cl", "brom": "Br", "iod": "I"}


def halogens(name: str) -> dict[str, int]:
    """Counted apart from the code under test: words, and F, Cl, Br, I as words of their own."""
    text = name.casefold()
    short = ["".join(filter(str.isalpha, word)) for word in text.replace("-", " ").split()]
    found = {sign: text.count(word) for word, sign in HALOGENS.items()}
    return {
        sign: number + sum(word == sign.casefold() for word in short)
        for sign, number in found.items()
    }


def test_no_suggestion_has_other_digits_or_halogens_than_was_meant(suggested) -> None:
    wrong = [
        (known.name, slip, s.known.name)
        for known, slip, found in suggested
        for s in found
        if digits(slip) != digits(s.known.name)
        or (s.known.means != known.means and halogens(known.name) != halogens(s.known.name))
    ]
    assert wrong == []


def test_suggestions_for_the_names_of_a_national_register_keep_digits_and_halogens(
    index: NameIndex,
) -> None:
    with shared_data("nflis/annual_reports_by_substance.csv").open(encoding="utf-8") as lines:
        names = {row["SubstanceDetected"] for row in csv.DictReader(lines)}
    held = {known.key for known in known_names()}
    found = [(name, index.suggest(name)) for name in names if name_key(name) not in held]
    assert len(found) > 1000
    pairs = [(name, one.known.name) for name, some in found for one in some]
    assert all(digits(name) == digits(other) for name, other in pairs)
    assert all(halogens(name) == halogens(other) for name, other in pairs)
    assert "Nitroglycerin" in {other for _, other in pairs}


WORDS = st.sampled_from(sorted(_marks())) | st.text(
    alphabet="abcdefghiklmnoprtuxyz-, '()αβ0123456789F", max_size=12
)


@given(name=st.lists(WORDS, min_size=1, max_size=4).map("".join), data=st.data())
def test_a_suggestion_never_changes_the_digits(name: str, data: st.DataObject) -> None:
    others = data.draw(st.lists(st.lists(WORDS, min_size=1, max_size=4).map("".join), max_size=5))
    near = [name.replace("1", "2"), name.replace("5", ""), name + "3", *slips(name)]
    held = NameIndex(KnownName(name_key(n), n, n) for n in (*others, *near))
    for suggestion in held.suggest(name):
        assert digits(suggestion.known.name) == digits(name)


@given(name=st.text(max_size=150))
def test_whatever_is_taken_apart_keeps_all_its_digits(name: str) -> None:
    for forgiving in (False, True):
        taken = spelling(name, forgiving=forgiving)
        assert digits("".join(f"{locants} {what} " for locants, what in taken.parts)) == digits(
            name
        )


@pytest.mark.parametrize(
    ("slip", "part"), [("metyhl", "methyl"), ("flouro", "F"), ("ehtyl", None), ("penyl", None)]
)
def test_a_slip_in_a_part_is_read_where_it_can_only_be_that_part(slip, part) -> None:
    found = {what for _, what in spelling(f"{slip}amphetamine", forgiving=True).parts}
    assert (part in found) if part else not ({"pentyl", "phenyl", "methyl"} & found)


def test_a_name_and_the_structure_it_spells_have_one_key_and_no_two_substances_share_it() -> None:
    spelt = {}
    for substance in everything():
        if substance.group in GROUPS:
            mol = parse(substance.smiles, "smiles").mol
            if key := key_of_structure(mol, classify(mol)):
                spelt.setdefault(key, set()).add(substance.connectivity)
    read = [
        (name, substance.connectivity, found)
        for substance in everything()
        for name in (substance.name, *substance.synonyms)
        if (found := set().union(*(spelt.get(key, set()) for key in keys_of_name(name))))
    ]
    assert len(read) > 350
    assert [name for name, connectivity, found in read if found != {connectivity}] == []

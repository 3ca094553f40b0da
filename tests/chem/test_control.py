"""The schedules of the 1961 and 1971 Conventions, and their agreement with independent lists.

The comparisons name every disagreement with its reason: a new one fails the test.
"""

import csv
import re
from datetime import date
from itertools import pairwise

import pytest

from chem.control import as_of, clauses, controlled, international, listings, rulings
from chem.identity import identify
from chem.known import by_name, everything
from chem.normalise import normalise
from chem.parse import parse
from chem.variants import substance_key
from tests.chem.test_knowledge_base import normalised

# Entries of the Yellow List (Schedules I and IV: drugs; III: preparations) and the Green List.
ENTRIES = {
    ("1961", "I"): 139,
    ("1961", "II"): 10,
    ("1961", "III"): 16,
    ("1961", "IV"): 18,
    ("1971", "I"): 38,
    ("1971", "II"): 65,
    ("1971", "III"): 9,
    ("1971", "IV"): 69,
}
WITHOUT_STRUCTURE = {
    "Cannabis and cannabis resin and extracts and tinctures of cannabis",
    "Coca leaf",
    "Concentrate of poppy straw",
    "Morphine methobromide and other pentavalent nitrogen morphine derivatives",
    "Opium",
}
# ECDD recommendations that the Commission on Narcotic Drugs did not adopt.
NOT_ADOPTED = {"GBL", "1,4-Butanediol"}
# Chinese psychotropics and narcotics that stand in no schedule of the Conventions.
CHINA_ALONE = {
    "Bucinnazine": "national",
    "Poppy Shell": "poppy straw, which the 1961 Convention controls outside its schedules",
    "1-Butyl-3-(1-naphthoyl)Indole": "JWH-073: ECDD 38 recommended surveillance",
    "Catha edulis Forssk": "khat, a plant; its cathinone and cathine are listed",
    "2,5-Dimethoxy-4-iodophenethylamine": "2C-I: national",
    "2,5-Dimethoxyphenethylamine": "2C-H: national",
    "Dimethylamfetamine": "national",
    "Etaqualone": "national",
    "(1-(5-Fluoropentyl)-3-(2-iodobenzoyl) indole)": "AM-694: national",
    "Ketamine": "ECDD 36 and 37 recommended no control",
    "2-(2-Methoxyphenyl) -1-(1-pentyl-1H-indol-3-yl)ethanone": "JWH-250: national",
    "Modafinil": "national",
    "Tapentadol": "national",
    "Butorphanol and its injection": "national",
    "Caffeine": "national",
    "Caffeine Sodium Benzoate": "national",
    "Dexfenfluramine": "national",
    "Dezocine and Its Injection": "national",
    "Ergotamine and Caffeine Tablet": "national",
    "Fenfluramine": "national",
    "Furfennorex": "national",
    "Nalbuphine and its injection": "national",
    "Propylhexedrine": "deleted from Schedule IV of the 1971 Convention in 1991",
    "Tramadol": "ECDD 41 recommended surveillance",
    "Zaleplon": "national",
    "Zopiclone": "national",
}
# Chinese entries that name the substance of an entry otherwise than any list of names.
CHINA_NAMES = {
    "(±)-2,5-Dimethoxy-alpha-methylphenethylamine": "DMA",
    "Morphine Methobromide": (
        "Morphine methobromide and other pentavalent nitrogen morphine derivatives"
    ),
    "Cannabis and Cannabis Resin and Extracts and Tinctures of Cannabis": (
        "Cannabis and cannabis resin and extracts and tinctures of cannabis"
    ),
    "Tetrahydrocannabinol": "Tetrahydrocannabinol, isomer delta-8 and its stereochemical variants",
    "Buprenorphine Transdermal patch": "Buprenorphine",
    "Paracetamol and Hydrocodone Bitartrate Tablet": "Hydrocodone",
}
# Structures that a name resolver read otherwise than the schedules mean them.
OTHERWISE_DRAWN = {
    "Methyldihydromorphine": "the schedule means 6-methyl; the resolver drew the O-methyl ether",
    "Acetyldihydrocodeine": "the schedule means the 6-acetate; the resolver put acetyl on carbon",
    "mppp": "an unrelated structure stands under the name",
    "chlordiazepoxide": "drawn as the N-hydroxy tautomer",
}
# CAS numbers of the Chinese list that are not those of the substance.
OTHER_NUMBERS = {
    "Oxycodone": "76-42-5 fails its check digit",
    "Mescaline": "54-04--6 is misprinted",
    "Methcathinone": "several numbers, for the enantiomers and their salts",
    "Pentazocine": "55643-30-6 is the single enantiomer",
    "Allobarbital": "58-15-1 is aminophenazone",
    "4-Methylmethcathinone": "5650-44-2 is methcathinone",
    "Cannabis and Cannabis Resin and Extracts and Tinctures of Cannabis": "two numbers",
}


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def parent_of(smiles):
    return normalise(parse(smiles).mol).components[0].parent


def key_of(smiles):
    return substance_key(identify(parent_of(smiles)).inchikey)


def rulings_on(smiles):
    parent = parent_of(smiles)
    identity = identify(parent)
    return rulings(parent, identity.connectivity, identity.inchikey)


@pytest.fixture(scope="module")
def substances():
    """Everything known, by the spelling under which names are compared."""
    return {normalised(name): one for one in everything() for name in (one.name, *one.synonyms)}


@pytest.fixture(scope="module")
def entries():
    """The entries by their own name and that of their substance."""
    found = {}
    for listing in listings():
        for name in (listing.entry, listing.name):
            found.setdefault(normalised(name), []).append(listing)
    del found[""]
    return found


def test_the_schedules_are_complete():
    counted = {}
    for listing in listings():
        schedule = (listing.convention, listing.schedule)
        counted[schedule] = counted.get(schedule, 0) + 1
    assert counted == ENTRIES


def test_every_entry_leads_to_a_structure_or_says_why_it_has_none():
    without = {listing.entry for listing in listings() if not listing.name}
    preparations = {one.entry for one in listings() if one.schedule == "III" and not one.name}
    assert without - preparations == WITHOUT_STRUCTURE
    for listing in listings():
        if listing.name:
            assert by_name()[listing.name.casefold()].name == listing.name
            assert international(by_name()[listing.name.casefold()].connectivity)
        else:
            assert listing.note.startswith("No structure: ")


def test_what_schedule_iv_of_the_1961_convention_lists_is_in_schedule_i_too():
    first, fourth = (
        {one.entry for one in listings() if (one.convention, one.schedule) == ("1961", number)}
        for number in ("I", "IV")
    )
    assert fourth < first


def test_a_year_is_that_of_a_decision_or_the_note_says_that_it_is_not_established():
    unknown = [one for one in listings() if one.year is None and one.name]
    assert len(unknown) == 20
    assert all("year not established" in one.note for one in unknown)
    for listing in listings():
        assert listing.year is None or int(listing.convention) <= listing.year <= as_of().year


@pytest.mark.parametrize(
    ("convention", "year", "counted"),
    [
        ("1961", 1981, {"II": 10, "IV": 5}),
        ("1971", 1988, {"I": 27, "II": 13, "III": 7, "IV": 55}),
    ],
)
def test_the_years_agree_with_consolidated_schedules_of_the_time(convention, year, counted):
    """As printed about 1981 and in October 1988, without what was moved or deleted since.

    Moved: delta-9-tetrahydrocannabinol, flunitrazepam. Deleted: propylhexedrine, cannabis (IV).
    """
    found = {
        schedule: sum(
            (one.convention, one.schedule) == (convention, schedule)
            and (one.year is None or one.year <= year)
            for one in listings()
        )
        for schedule in counted
    }
    assert found == counted


def test_a_listing_is_told_once_for_each_schedule_by_its_earliest_entry():
    for substance in controlled():
        listed = international(substance.connectivity)
        schedules = [(one.convention, one.schedule) for one in listed]
        assert schedules and len(set(schedules)) == len(schedules)
    (amphetamine,) = international(by_name()["levamfetamine"].connectivity)
    assert (amphetamine.entry, amphetamine.year) == ("Amfetamine", 1971)


def test_the_conventions_list_mephedrone_in_1971_schedule_ii():
    (listing,) = international(key_of("CNC(C)C(=O)c1ccc(C)cc1"))
    assert (listing.convention, listing.schedule, listing.year) == ("1971", "II", 2015)
    (ruling,) = rulings_on("C[NH2+]C(C)C(=O)c1ccc(C)cc1.[Cl-]")
    assert ruling.explanation == "Mephedrone is in Schedule II of the 1971 Convention."
    assert (ruling.basis, ruling.certain) == ("name", True)


def test_what_is_not_scheduled_has_no_listing_and_no_ruling():
    caffeine = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
    assert international(key_of(caffeine)) == ()
    assert rulings_on(caffeine) == ()


def test_a_positional_isomer_is_another_substance():
    assert international(key_of("CNC(C)C(=O)c1ccccc1C")) == ()  # 2-MMC, unlike 3-MMC and 4-MMC


def test_every_tetrahydrocannabinol_isomer_of_the_list_is_one_formula_and_controlled():
    formulas = set()
    isomers = [one for one in listings() if one.name.endswith("Tetrahydrocannabinol")]
    assert len(isomers) == 7
    for listing in isomers:
        formulas.add(identify(parent_of(by_name()[listing.name.casefold()].smiles)).formula)
        assert listing.schedule == ("II" if listing.name.startswith("delta-9-") else "I")
    assert formulas == {"C21H30O2"}


def test_a_mirror_image_in_1971_schedule_i_is_covered_as_a_stereoisomer():
    lsd = by_name()["lsd"].smiles
    mirrored = lsd.replace("@@", "#").replace("@", "@@").replace("#", "@")
    assert [one.basis for one in rulings_on(lsd)] == ["name"]
    (ruling,) = rulings_on(mirrored)
    assert (ruling.basis, ruling.schedule) == ("stereoisomer", "I")


@pytest.mark.parametrize("name", ["levomethorphan", "dextropropoxyphene"])
def test_an_isomer_that_an_entry_names_is_listed_by_name(name):
    smiles = by_name()[name].smiles
    assert "@" in smiles
    assert [one.basis for one in rulings_on(smiles)] == ["name"]


def test_a_diastereomer_of_a_listed_racemate_is_covered_as_a_stereoisomer():
    (ruling,) = rulings_on("COc1ccc2c(c1)[C@]13CCCC[C@H]1[C@H](C2)N(C)CC3")
    assert (ruling.entry, ruling.basis) == ("Racemethorphan", "stereoisomer")


def test_the_clauses_are_those_of_the_schedules():
    covered = {(one.convention, one.schedule): set() for one in clauses()}
    for clause in clauses():
        covered[clause.convention, clause.schedule].add(clause.covers)
        assert clause.text and clause.applied.endswith(".")
    assert covered == {
        ("1961", "I"): {"isomers", "esters and ethers", "salts"},
        ("1961", "II"): {"isomers", "salts"},
        ("1961", "IV"): {"salts"},
        ("1971", "I"): {"isomers", "salts"},
        ("1971", "II, III, IV"): {"salts"},
    }
    exceptions = {name for clause in clauses() for name in clause.exceptions}
    assert exceptions == {"Dextromethorphan", "Dextrorphan"}
    for name in exceptions:
        assert international(by_name()[name.casefold()].connectivity) == ()


def test_no_entry_is_younger_than_the_file_says():
    assert as_of() == date(2025, 3, 14)
    assert max(one.year for one in listings() if one.year) == 2025


def test_entries_are_sorted_within_their_schedule():
    order = [(one.convention, one.schedule, one.entry.casefold()) for one in listings()]
    assert all(one[2] <= other[2] for one, other in pairwise(order) if one[:2] == other[:2]), (
        "sort schedules.csv"
    )


def candidates(name):
    """`5F-ADB (5F-MDMB-PINACA)` as it stands, without the brackets, and what is in them."""
    yield name
    yield re.sub(r" \(.*", "", name)
    yield from re.findall(r"\((.*?)\)", name)


def test_every_adopted_recommendation_of_the_ecdd_is_listed(shared_data, substances):
    compared = 0
    for row in rows(shared_data / "control/who_ecdd_outcomes.csv"):
        schedules = re.findall(r"\b(IV|III|II|I)-(61|71)\b", row["outcome"])
        wanted = re.fullmatch(r"[IV]+-\d\d( \+ [IV]+-\d\d)?", row["outcome"])
        if not wanted or "published" not in row["confidence"]:
            continue
        names = [substances.get(normalised(name)) for name in candidates(row["substance"])]
        substance = next(filter(None, names))
        listed = {
            (one.schedule, one.convention[2:], one.year)
            for one in international(substance.connectivity)
        }
        decided = int(row["year"]) + 1
        assert {(*schedule, decided) for schedule in schedules} == listed, row
        compared += 1
    assert compared == 88


def test_what_the_ecdd_left_under_surveillance_is_not_listed_at_that_time(shared_data, substances):
    compared = 0
    for row in rows(shared_data / "control/who_ecdd_outcomes.csv"):
        adopted = row["substance"] not in NOT_ADOPTED
        if adopted and row["outcome"] not in {"surveillance", "no control"}:
            continue
        for name in candidates(row["substance"]):
            if substance := substances.get(normalised(name)):
                years = {one.year for one in international(substance.connectivity)}
                assert all(year > int(row["year"]) + 1 for year in years), row
                compared += 1
                break
    assert compared > 25


def chinese(shared_data):
    """The rows of the two catalogues of 2013; the later list of NPS is a national measure."""
    for row in rows(shared_data / "control/china_catalogue_2025.csv"):
        if "非药用" not in row["catalogue"]:
            yield row


def listed_as(row, entries, substances):
    name = CHINA_NAMES.get(row["name_en"], row["name_en"])
    if found := entries.get(normalised(name)):
        return found
    substance = substances.get(normalised(name)) or substances.get(normalised(row["note"] or "-"))
    return list(international(substance.connectivity)) if substance else []


def test_the_chinese_catalogues_list_nothing_else_but_national_measures(
    shared_data, entries, substances
):
    alone = {
        row["name_en"] for row in chinese(shared_data) if not listed_as(row, entries, substances)
    }
    assert alone == set(CHINA_ALONE)
    assert len(list(chinese(shared_data))) == 270


def test_structures_and_numbers_agree_with_the_chinese_catalogues(shared_data, entries, substances):
    structures = numbers = 0
    drawn_otherwise, other_numbers = set(), set()
    for row in chinese(shared_data):
        listed = listed_as(row, entries, substances)
        held = [by_name()[one.name.casefold()] for one in listed if one.name]
        if held and row["smiles_resolved"]:
            structures += 1
            key = key_of(row["smiles_resolved"])[:14]
            if key not in {one.connectivity[:14] for one in held}:
                drawn_otherwise.add(row["name_en"])
        cas = {one.cas for one in (*held, *listed)} - {""}
        if cas and row["cas"] and "patch" not in row["name_en"]:
            numbers += 1
            if row["cas"] not in cas | siblings(held):
                other_numbers.add(row["name_en"])
    assert drawn_otherwise == set(OTHERWISE_DRAWN) - {"mppp", "chlordiazepoxide"}
    assert other_numbers == set(OTHER_NUMBERS)
    assert structures > 150 and numbers > 200


def siblings(held):
    """The numbers of all entries that share a structure with these."""
    names = {one.name for one in held}
    return {one.cas for one in listings() if one.name in names}


def test_structures_agree_with_the_us_schedules(shared_data, substances):
    compared, drawn_otherwise = 0, set()
    for row in rows(shared_data / "control/us_dea_schedules.csv"):
        substance = substances.get(normalised(row["name"]))
        if substance is None or not international(substance.connectivity):
            continue
        compared += 1
        if key_of(row["smiles"])[:14] != substance.connectivity[:14]:
            drawn_otherwise.add(row["name"])
    assert drawn_otherwise == {"mppp", "chlordiazepoxide"}
    assert drawn_otherwise < set(OTHERWISE_DRAWN)
    assert compared > 180

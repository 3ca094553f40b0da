"""The shipped knowledge: substances, schedules, ambiguous names and the US demonstration figures.

These tests read the data files themselves, so that a chemist who edits a row learns at once
whether it still holds together. The last ones compare with independent data where it is at hand
(`TOCSIN_SHARED_DATA`, by default `../shared/data`).
"""

import csv
import os
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
from rdkit import Chem

ROOT = Path(__file__).resolve().parents[2]
SUBSTANCES = ROOT / "chem/data/substances.csv"
SCHEDULES = ROOT / "chem/data/schedules.csv"
VARIANTS = ROOT / "chem/data/variants.csv"
AMBIGUOUS = ROOT / "app/registry/data/ambiguous_names.csv"
US_FIGURES = ROOT / "app/demonstration/data/us_nflis_yearly.csv"
SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared/data"))

STANDINGS = {"nps", "medicine", "classic", "precursor", "adulterant"}
GROUPS = {
    "aminoindanes",
    "benzodiazepines",
    "fentanyl analogues",
    "lysergamides",
    "nitazenes",
    "phencyclidine-type",
    "phenethylamines",
    "phenidates",
    "phenmetrazines",
    "piperazines",
    "plant-based",
    "synthetic cannabinoids",
    "synthetic cathinones",
    "tryptamines",
    "other",
}
LEAST = {"nps": 300, "medicine": 120, "classic": 40, "precursor": 15, "adulterant": 25}

# Rows of the shared labelled_nps.csv whose structure is not that of the name.
WRONG_STRUCTURES = {
    "5F-AMB": "side chain on the ring carbon",
    "Methylhexanamine": "structure of 2-aminoheptane",
    "Chlorphentermine": "structure of chlorphenamine",
    "meta-Fluorofentanyl": "structure of meta-fluorovalerylfentanyl",
    "meta-fluoro Furanyl fentanyl": "structure of meta-fluorofentanyl",
    "3-Fluoroethylamphetamine": "fluoroethyl on the ring",
    "4-Fluoroethylamphetamine": "fluoroethyl on the ring",
}

Row = dict[str, str]


@cache
def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def shared(name: str) -> list[Row]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared data absent: {path}")
    return rows(path)


def letters(character: str) -> str:
    name = unicodedata.name(character, "")
    found = re.fullmatch(r"GREEK SMALL LETTER (?:FINAL )?(\w+)", name)
    return found[1].lower().replace("lamda", "lambda") if found else character


def normalised(name: str) -> str:
    """The spelling under which names are compared.

    >>> normalised("N‑Ethyl Δ9-THC")
    'nethyldelta9thc'
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s\-\u2010-\u2015\u2212]", "", "".join(map(letters, folded)))


def spellings(row: Row) -> list[str]:
    return [row["name"], *filter(None, row["synonyms"].split("|"))]


@cache
def known_names() -> dict[str, Row]:
    return {normalised(s): row for row in rows(SUBSTANCES) for s in spellings(row)}


def connectivity(smiles: str) -> str:
    mol = Chem.MolFromSmiles(smiles)
    return str(Chem.MolToInchiKey(mol))[:14]  # type: ignore[no-untyped-call]


def check_digit_holds(cas: str) -> bool:
    match = re.fullmatch(r"(\d{2,7})-(\d{2})-(\d)", cas)
    if match is None:
        return False
    digits = reversed(match[1] + match[2])
    return sum(place * int(d) for place, d in enumerate(digits, 1)) % 10 == int(match[3])


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        (SUBSTANCES, "name smiles connectivity standing group cas synonyms source"),
        (SCHEDULES, "entry convention schedule year name note cas source"),
        (VARIANTS, "name smiles inchikey standing group cas synonyms reason source"),
        (AMBIGUOUS, "name group members note"),
        (US_FIGURES, "year name reports"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_a_file_has_its_columns_and_no_stray_space(path: Path, columns: str) -> None:
    assert list(rows(path)[0]) == columns.split()
    for row in rows(path):
        assert None not in row and None not in row.values(), row
        assert all(value == value.strip() for value in row.values()), row
    assert b"\r" not in path.read_bytes()


def test_standing_and_group_are_from_the_lists() -> None:
    for row in rows(SUBSTANCES):
        assert row["standing"] in STANDINGS, row
        assert row["group"] in GROUPS or (not row["group"] and row["standing"] != "nps"), row
        assert row["source"], row


def test_the_base_is_large_enough_to_be_of_use() -> None:
    counts = Counter(row["standing"] for row in rows(SUBSTANCES))
    assert all(counts[standing] >= least for standing, least in LEAST.items()), counts
    assert {row["group"] for row in rows(SUBSTANCES) if row["standing"] == "nps"} == GROUPS


def test_substances_are_sorted_by_name() -> None:
    names = [row["name"] for row in rows(SUBSTANCES)]
    assert names == sorted(names, key=str.casefold)


def test_every_structure_is_one_neutral_parent() -> None:
    for row in rows(SUBSTANCES):
        mol = Chem.MolFromSmiles(row["smiles"])
        assert mol is not None, row
        assert Chem.GetFormalCharge(mol) == 0, row
        assert len(Chem.GetMolFrags(mol)) == 1, row
        assert not any(atom.GetIsotope() or atom.GetAtomicNum() == 0 for atom in mol.GetAtoms())


def test_no_two_substances_share_a_connectivity() -> None:
    names = defaultdict(list)
    for row in rows(SUBSTANCES):
        names[connectivity(row["smiles"])].append(row["name"])
    assert [same for same in names.values() if len(same) > 1] == []


def test_a_spelling_means_one_substance() -> None:
    assert repeated([normalised(s) for row in rows(SUBSTANCES) for s in spellings(row)]) == []


def test_cas_numbers_verify_and_are_used_once() -> None:
    numbers = [row["cas"] for row in rows(SUBSTANCES) if row["cas"]]
    assert [cas for cas in numbers if not check_digit_holds(cas)] == []
    assert repeated(numbers) == []


def test_schedules_name_known_substances_and_real_schedules() -> None:
    names = {row["name"] for row in (*rows(SUBSTANCES), *rows(VARIANTS))}
    for row in rows(SCHEDULES):
        assert row["name"] in names or (not row["name"] and row["note"].startswith("No structure"))
        assert row["convention"] in {"1961", "1971"}, row
        assert row["schedule"] in {"I", "II", "III", "IV"}, row
        assert row["year"] == "" or 1961 <= int(row["year"]) <= 2026, row
        assert row["year"] or not row["name"] or "year not established" in row["note"], row
        assert not row["cas"] or check_digit_holds(row["cas"]), row
        assert row["entry"] and row["source"], row
    entries = [f"{r['entry']}/{r['convention']}/{r['schedule']}" for r in rows(SCHEDULES)]
    assert repeated(entries) == []


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Mephedrone", ("1971", "II", "2015")),
        ("Isotonitazene", ("1961", "I", "2021")),
        ("Diphenidine", ("1971", "II", "2021")),
        ("Bromazolam", ("1971", "IV", "2024")),
        ("Carfentanil", ("1961", "IV", "2018")),
        ("Flunitrazepam", ("1971", "III", "1995")),
        ("LSD", ("1971", "I", "1971")),
    ],
)
def test_a_well_known_decision_is_there(name: str, entry: tuple[str, str, str]) -> None:
    entries = {
        (row["convention"], row["schedule"], row["year"])
        for row in rows(SCHEDULES)
        if row["name"] == name
    }
    assert entry in entries


def test_an_ambiguous_name_is_nobodys_synonym() -> None:
    listed = [normalised(row["name"]) for row in rows(AMBIGUOUS)]
    assert repeated(listed) == []
    assert [name for name in listed if name in known_names()] == []


def test_members_of_an_ambiguous_name_are_known() -> None:
    names = {row["name"] for row in (*rows(SUBSTANCES), *rows(VARIANTS))}
    for row in rows(AMBIGUOUS):
        assert not row["group"] or row["group"] in GROUPS, row
        assert row["note"], row
        assert set(filter(None, row["members"].split("|"))) <= names, row


def test_us_figures_are_counts_of_new_substances() -> None:
    assert US_FIGURES.read_text(encoding="utf-8").startswith("# NFLIS-Drug")
    for row in rows(US_FIGURES):
        assert known_names()[normalised(row["name"])]["standing"] == "nps", row
        assert 2013 <= int(row["year"]) <= 2023 and int(row["reports"]) > 0, row
    assert repeated([f"{row['year']} {row['name']}" for row in rows(US_FIGURES)]) == []


def test_structures_agree_with_the_labelled_set() -> None:
    compared = 0
    for label in shared("structures/labelled_nps.csv"):
        row = known_names().get(normalised(label["name"]))
        if row is None or label["name"] in WRONG_STRUCTURES:
            continue
        compared += 1
        assert connectivity(row["smiles"]) == label["inchikey"][:14], (row, label)
    assert compared > 250


def test_us_figures_equal_the_published_ones() -> None:
    published = {
        (row["YYYY"], row["SubstanceDetected"]): row["Freq"]
        for row in shared("nflis/annual_reports_by_substance.csv")
        if known_names().get(normalised(row["SubstanceDetected"]), {}).get("standing") == "nps"
    }
    assert {(row["year"], row["name"]): row["reports"] for row in rows(US_FIGURES)} == published

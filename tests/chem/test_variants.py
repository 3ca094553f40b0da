"""The stereoisomers that regulators treat apart, and the key under which a substance is counted."""

from collections import Counter

import pytest
from rdkit import Chem

from chem.control import controlled, international, rulings
from chem.identity import identify, inchikey_of
from chem.known import by_connectivity, by_name, known
from chem.normalise import normalise
from chem.parse import parse
from chem.variants import (
    base_key,
    is_flat,
    substance_key,
    variant_of,
    variants,
    variants_beside,
)
from tests.chem.test_knowledge_base import GROUPS, STANDINGS, check_digit_holds, normalised

# From the literature, not from the file.
PUBLISHED = {
    "Dextromethorphan": "MKXZASYAUGDDCJ-NJAFHUGGSA-N",
    "Levomethorphan": "MKXZASYAUGDDCJ-CGTJXYLNSA-N",
    "Dextrorphan": "JAQUASYNZVUNQP-PVAVHDDUSA-N",
    "Levorphanol": "JAQUASYNZVUNQP-USXIJHARSA-N",
    "Pseudoephedrine": "KWGRBVOPPLSCSI-WCBMZHEXSA-N",
    "Quinidine": "LOUPRKONTZGTKE-LHHVKLHASA-N",
    "Cathine": "DLNKOYKMWOXYQA-IONNQARKSA-N",
    "Sorbitol": "FBPFZTCFMRRESA-JGWLITMVSA-N",
    "Levopropoxyphene": "XLMALTXPSGQGBX-PGRDOPGGSA-N",
}
# Isomers that the file leaves with their base substance.
LEFT_TOGETHER = {
    "dextropropoxyphene": "XLMALTXPSGQGBX-GCJKJVERSA-N",
    "(1R,2S)-ephedrine": "KWGRBVOPPLSCSI-WPRPVWTQSA-N",
    "quinine": "LOUPRKONTZGTKE-WZBLMQSHSA-N",
    "mannitol": "FBPFZTCFMRRESA-KVTDHHQDSA-N",
    "dexamfetamine": "KWTSXDURSIMDCE-QMMMGPOBSA-N",
    "levomethamfetamine": "MYWUZJCMWCOHBA-SECBINFHSA-N",
    "esketamine": "YQEZLKZALYSWHR-ZDUSSCGKSA-N",
    "(1R,2S)-norephedrine": "DLNKOYKMWOXYQA-CBAPKCEASA-N",
}


def parent(smiles):
    return normalise(parse(smiles).mol).components[0].parent


def key_of(smiles):
    return substance_key(identify(parent(smiles)).inchikey)


def rulings_on(smiles):
    identity = identify(parent(smiles))
    return rulings(parent(smiles), identity.connectivity, identity.inchikey)


DEXTROMETHORPHAN = "COc1ccc2c(c1)[C@]13CCCC[C@@H]1[C@H](C2)N(C)CC3"
METHORPHAN = "COc1ccc2c(c1)C13CCCCC1C(C2)N(C)CC3"


def test_the_variants_are_those_of_the_literature():
    assert {variant.name: variant.inchikey for variant in variants()} == PUBLISHED


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: variant.name)
def test_a_variant_is_drawn_in_full_and_says_why_it_stands_apart(variant):
    mol = Chem.MolFromSmiles(variant.smiles)
    assert inchikey_of(mol) == variant.inchikey
    centres = Chem.FindMolChiralCenters(mol, includeUnassigned=True, useLegacyImplementation=False)
    carbons = [label for index, label in centres if mol.GetAtomWithIdx(index).GetSymbol() == "C"]
    assert carbons and set(carbons) <= {"R", "S"}
    assert variant.standing in STANDINGS and variant.group in GROUPS | {""}
    assert check_digit_holds(variant.cas)
    assert variant.reason.endswith(".") and variant.source
    assert by_connectivity()[variant.connectivity].name != variant.name


def test_no_name_or_number_means_a_variant_and_another_substance():
    names = [normalised(name) for v in variants() for name in (v.name, *v.synonyms)]
    taken = {normalised(name) for row in known() for name in (row.name, *row.synonyms)}
    assert [name for name, count in Counter(names).items() if count > 1 or name in taken] == []
    assert {v.cas for v in variants()} & {row.cas for row in known()} == set()


@pytest.mark.parametrize("inchikey", LEFT_TOGETHER.values(), ids=LEFT_TOGETHER)
def test_isomers_of_one_status_are_counted_together(inchikey):
    assert variant_of(inchikey) is None
    assert substance_key(inchikey) == inchikey[:14]


@pytest.mark.parametrize(
    "written",
    [
        DEXTROMETHORPHAN,
        f"{DEXTROMETHORPHAN}.Br.O",
        f"{DEXTROMETHORPHAN.replace('N(C)CC3', '[NH+](C)CC3')}.[Br-]",
    ],
)
def test_however_it_is_written_dextromethorphan_is_one_substance(written):
    assert key_of(written) == "MKXZASYAUGDDCJ-NJAFHUGGSA"
    assert variant_of(key_of(written)) is by_variant("Dextromethorphan")


@pytest.mark.parametrize(
    "written",
    [
        METHORPHAN,
        "COc1ccc2c(c1)C13CCCC[C@@H]1[C@H](C2)N(C)CC3",  # one centre not drawn
        "COc1ccc2c(c1)[C@]13CCCC[C@H]1[C@H](C2)N(C)CC3",  # a diastereomer that nobody lists
        f"{DEXTROMETHORPHAN}.COc1ccc2c(c1)[C@@]13CCCC[C@H]1[C@@H](C2)N(C)CC3",  # the racemate
    ],
)
def test_what_is_not_drawn_as_a_variant_is_the_base_substance(written):
    assert key_of(written) == "MKXZASYAUGDDCJ"
    assert by_connectivity()[key_of(written)].name == "Racemethorphan"


def test_a_key_leads_back_to_its_base():
    for variant in variants():
        assert base_key(variant.key) == base_key(variant.connectivity) == variant.connectivity
        assert variant in variants_beside(variant.connectivity)
        assert not is_flat(variant.inchikey)
        assert len(variant.key) == 25
    assert is_flat(identify(parent(METHORPHAN)).inchikey)
    assert variants_beside("YELGFTGWJGBAQU") == ()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Dextromethorphan", []),
        ("Dextrorphan", []),
        ("Levopropoxyphene", []),
        ("Pseudoephedrine", []),
        ("Phenylpropanolamine", []),
        ("Levomethorphan", [("1961", "I", 1961)]),
        ("Levorphanol", [("1961", "I", 1961)]),
        ("Dextropropoxyphene", [("1961", "II", 1980)]),
        ("Cathine", [("1971", "III", 1986)]),
    ],
)
def test_control_follows_the_variant(name, status):
    substance = by_name()[name.casefold()]
    listed = international(substance.connectivity)
    assert [(one.convention, one.schedule, one.year) for one in listed] == status
    certain = [one for one in rulings_on(substance.smiles) if one.certain]
    assert [(one.convention, one.schedule, one.year) for one in certain] == status


def test_a_flat_drawing_says_that_one_of_its_forms_is_listed():
    (ruling,) = rulings_on("CC(N)C(O)c1ccccc1")
    assert (ruling.schedule, ruling.certain) == ("III", False)
    assert "Cathine" in ruling.explanation
    assert rulings_on("C[C@H](N)[C@H](O)c1ccccc1") == ()  # norephedrine, drawn in full


def test_a_flat_drawing_of_a_listed_racemate_names_the_form_that_is_not():
    (ruling,) = rulings_on(METHORPHAN)
    assert (ruling.entry, ruling.schedule, ruling.certain) == ("Racemethorphan", "I", False)
    assert "Dextromethorphan would not" in ruling.explanation


def test_a_label_changes_neither_the_variant_nor_its_control():
    assert rulings_on("COc1ccc2c(c1)[C@]13CCCC[C@@H]1[C@H](C2)N(C([2H])([2H])[2H])CC3") == ()
    (cathine,) = rulings_on("C[C@H](N)[C@@H](O)c1ccc([2H])cc1")
    assert (cathine.basis, cathine.schedule) == ("name", "III")


def test_a_drawing_that_leaves_one_centre_open_is_not_certain():
    (ruling,) = rulings_on("C[C@H](N)C(O)c1ccccc1")
    assert (ruling.schedule, ruling.certain) == ("III", False)


def test_a_listed_variant_stands_for_itself_only_where_its_base_is_not_listed():
    names = {substance.name for substance in controlled()}
    assert {"Cathine", "Racemethorphan"} <= names
    assert "Levomethorphan" not in names


def by_variant(name):
    (found,) = (variant for variant in variants() if variant.name == name)
    return found

"""Generic definitions answer their examples as the law does, however a structure is written."""

import gzip
from datetime import date

import pytest
from rdkit import Chem

from chem.generics import IN, NOTICE, OUT, UNDETERMINED, _ruling, _touched, rulings
from chem.generics.definitions import definitions
from chem.generics.residues import Subject
from chem.known import by_name, known
from tests.chem.lawful import answer, parent, ruling

HERE = (
    "cn-cannabinoid-class",
    "cn-fentanyl-class",
    "cn-nitazene-class",
    "uk-nitazenes",
    "us-fentanyl-related",
)
OURS = [definition for definition in definitions() if definition.id in HERE]


def test_the_classes_the_requirement_names_are_there_with_their_dates():
    since = {definition.id: definition.valid_from for definition in OURS}
    assert since == {
        "cn-fentanyl-class": date(2019, 5, 1),
        "cn-cannabinoid-class": date(2021, 7, 1),
        "cn-nitazene-class": date(2025, 7, 1),
        "uk-nitazenes": date(2025, 1, 15),
        "us-fentanyl-related": date(2018, 2, 6),
    }


def test_a_ruling_names_clause_law_date_source_and_that_it_is_no_advice():
    found = ruling("cn-fentanyl-class", "Ocfentanil")
    assert [clause.id for clause in found.clauses] == ["1", "2"]
    assert "another acyl group" in found.clauses[0].text
    assert (found.jurisdiction, found.valid_from) == ("CN", date(2019, 5, 1))
    assert found.law
    assert found.source
    assert found.title == "Fentanyl-class substances"
    assert found.notice == NOTICE == "indicative, not legal advice"


FORMS = {
    "4-Fluoroisobutyrfentanyl": [
        "CC(C)C(=O)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1.Cl",
        "CC(C)C(=O)N(c1ccc(F)cc1)C1CC[NH+](CCc2ccccc2)CC1.[Cl-]",
        "CC(C)C(=O)N(c1ccc(F)cc1)C1CC[NH+](CCc2ccccc2)CC1",
        "CC(C)C(=O)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1.OC(=O)C(=O)O",
        "[2H]c1c([2H])c([2H])c(CCN2CCC(N(C(=O)C(C)C)c3ccc(F)cc3)CC2)c([2H])c1[2H]",
        "[13CH3]C(C)C(=O)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1",
    ],
    "Isobutonitazene": [
        "CCN(CC)CCn1c(Cc2ccc(OCC(C)C)cc2)nc2cc([N+](=O)[O-])ccc21.Cl",
        "CC[NH+](CC)CCn1c(Cc2ccc(OCC(C)C)cc2)nc2cc([N+](=O)[O-])ccc21",
        "CCN(CC)CCn1c(Cc2ccc(OCC(C)C)cc2)nc2cc(N(=O)=O)ccc21",
        "CCN(CC)CCn1c(Cc2ccc(OCC(C)C)cc2)nc2ccc([N+](=O)[O-])cc21",
    ],
    "MDMB-4en-PINACA": [
        "C=CCCCn1nc(C(=O)N[C@H](C(=O)OC)C(C)(C)C)c2ccccc21",
        "C=CCCCn1nc(C(=O)N[C@@H](C(=O)OC)C(C)(C)C)c2ccccc21",
        "C=CCCCN1N=C(C(=O)NC(C(=O)OC)C(C)(C)C)C2=CC=CC=C21",
        "C=CCCCn1nc(C(=O)NC(C(=O)OC([2H])([2H])[2H])C(C)(C)C)c2ccccc21",
    ],
}


@pytest.mark.parametrize(
    ("name", "form"), [(n, form) for n, forms in FORMS.items() for form in forms]
)
def test_salt_charge_isotope_stereo_and_drawing_change_nothing(name, form):
    def plain(text):
        return [(one.definition, one.outcome, one.clauses) for one in rulings(parent(text))]

    assert plain(form) == plain(name)
    assert plain(name)


@pytest.mark.parametrize(
    "name",
    ["Brifentanil", "4-Phenylfentanyl", "Methylenedioxynitazene", "AB-FUBINACA", "WIN 55,212-2"],
)
def test_the_order_of_atoms_changes_nothing(name, rewritten):
    def said(mol):
        return [(one.definition, one.outcome, one.clauses, one.reasons) for one in rulings(mol)]

    expected = said(parent(name))
    assert expected
    for written in rewritten(by_name()[name.casefold()].smiles):
        assert said(Chem.MolFromSmiles(written)) == expected


def test_the_atoms_are_those_of_the_molecule_that_was_asked_about():
    labelled = Chem.MolFromSmiles("[2H]c1ccc(CCN2CCC(N(C(C)=O)c3ccccc3)CC2)cc1")
    (found,) = [one for one in rulings(labelled) if one.definition == "cn-fentanyl-class"]
    ring = {atom for atom in labelled.GetSubstructMatch(Chem.MolFromSmarts("N1CCC(N)CC1"))}
    assert ring < set(found.atoms)
    assert all(labelled.GetAtomWithIdx(atom).GetAtomicNum() > 1 for atom in found.atoms)


# Medicines that a definition covers by its words. The first three are listed by name in China's
# Catalogue of Narcotic Drugs, whose entry applies; thiafentanil is a veterinary medicine.
# Lorcainide, an antiarrhythmic, is an anilidopiperidine with another acyl, aryl and N-alkyl group:
# the words reach it, its medical use speaks against it.
MEDICINES_REACHED = {
    ("Alfentanil", "cn-fentanyl-class", IN, True),
    ("Remifentanil", "cn-fentanyl-class", IN, True),
    ("Sufentanil", "cn-fentanyl-class", IN, True),
    ("Thiafentanil", "cn-fentanyl-class", IN, False),
    ("Lorcainide", "cn-fentanyl-class", UNDETERMINED, False),
    ("Lorcainide", "us-fentanyl-related", UNDETERMINED, False),
}


def test_no_medicine_is_reached_but_those_that_the_words_truly_cover():
    reached = {
        (substance.name, found.definition, found.outcome, found.named)
        for substance in known()
        if substance.standing == "medicine"
        for found in rulings(Chem.MolFromSmiles(substance.smiles))
        if found.definition in HERE and found.outcome != OUT
    }
    assert reached == MEDICINES_REACHED


def test_fentanyl_itself_is_no_member_of_the_classes_made_by_comparison_with_it():
    for definition_id in ("cn-fentanyl-class", "us-fentanyl-related"):
        found = ruling(definition_id, "Fentanyl")
        assert (found.outcome, found.named) == (OUT, True)


@pytest.mark.parametrize("name", ["Remifentanil", "Acetylfentanyl", "Carfentanil", "Norfentanyl"])
def test_what_american_law_lists_by_name_is_not_fentanyl_related(name):
    found = ruling("us-fentanyl-related", name)
    assert (found.outcome, found.named, found.clauses) == (OUT, True, ())
    assert "by name" in found.reasons[0]


@pytest.mark.parametrize(
    ("definition_id", "name", "said"),
    [
        ("us-fentanyl-related", "Acetylfentanyl", "controlled by name"),
        ("cn-fentanyl-class", "Remifentanil", "controlled by name"),
        ("uk-nitazenes", "Isotonitazene", "controlled by name"),
        ("uk-nitazenes", "Isobutonitazene", "controlled by generic clause"),
        ("uk-nitazenes", "Methylenedioxynitazene", "undetermined"),
        ("us-fentanyl-related", "Homofentanyl", "not by this definition"),
    ],
)
def test_the_answer_is_by_name_by_clause_open_or_not(definition_id, name, said):
    assert ruling(definition_id, name).answer == said


def test_china_asks_less_of_the_phenethyl_group_than_the_united_states():
    assert answer("cn-fentanyl-class", "Benzylfentanyl") == (IN, "4")
    assert answer("us-fentanyl-related", "Benzylfentanyl") == (OUT, "")
    assert answer("us-fentanyl-related", "Benzylfuranylfentanyl") == (UNDETERMINED, "E")


def test_hydrogen_on_the_piperidine_nitrogen_is_no_other_group():
    found = ruling("cn-fentanyl-class", "Norcarfentanil")
    assert found.outcome == OUT
    assert found.reasons == ("group on the piperidine nitrogen: nothing but hydrogen",)


def test_a_definition_speaks_only_of_its_time():
    isobutonitazene = parent("Isobutonitazene")

    def speaking(day):
        found = {one.definition for one in rulings(isobutonitazene, as_of=day)}
        return sorted(found & set(HERE))

    assert speaking(date(2025, 1, 14)) == []
    assert speaking(date(2025, 1, 15)) == ["uk-nitazenes"]
    assert speaking(date(2025, 7, 1)) == ["cn-nitazene-class", "uk-nitazenes"]


def test_the_gates_let_everything_through_that_a_skeleton_fits():
    stopped = [
        (definition.id, substance.name)
        for substance in known()
        for mol in [Chem.MolFromSmiles(substance.smiles)]
        for touched in [_touched(mol)]
        for definition in OURS
        if definition.id not in touched
        and mol.GetNumHeavyAtoms() >= definition.min_heavy
        and (found := _ruling(definition, Subject(mol))) is not None
        and found.outcome != OUT
    ]
    assert stopped == []


def test_ordinary_molecules_are_hardly_touched(shared_data):
    with gzip.open(shared_data / "scale/moses_100k.smi.gz", "rt") as lines:
        sample = [line.split()[0] for number, line in enumerate(lines) if number % 200 == 0]
    ids = {definition.id for definition in OURS}
    touched = sum(bool(_touched(Chem.MolFromSmiles(smiles)) & ids) for smiles in sample)
    assert len(sample) > 100
    assert touched <= len(sample) / 50

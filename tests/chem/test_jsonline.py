"""The line of JSON for a structure has what was promised, whatever the structure."""

import json

from rdkit import Chem

from chem import StructureError, examine
from chem.identity import RDKIT_VERSION, RULESET
from chem.jsonline import to_json


def line(text, row=1):
    try:
        outcome = examine(text)
    except StructureError as error:
        outcome = error
    return json.loads(to_json(outcome, row, text))


def only_component(text):
    (component,) = line(text)["components"]
    return component


def test_the_json_line_has_the_promised_fields():
    found = line("CNC(C)C(=O)c1ccc(C)cc1.Cl", row=7)
    assert (found["row"], found["ok"], found["error"], found["mixture"]) == (7, True, None, False)
    assert found["steps"] == ["salt removed: hydrochloride"]
    assert (found["ruleset"], found["rdkit"]) == (RULESET, RDKIT_VERSION)
    (component,) = found["components"]
    assert component.keys() >= {
        "smiles", "inchikey", "connectivity", "tautomer_key", "formula", "mass", "salt_of",
        "isotopes", "group", "family", "families", "effect", "medicine", "scaffold",
        "cluster_key", "control", "nearest_controlled", "substance_key", "variant",
        "subfamily", "matches", "precursor_or_metabolite", "code_name", "anatomy", "control_status",
        "nearest_medicine",
    }  # fmt: skip
    assert component["salt_of"] == ["hydrochloride"]
    assert component["control"][0]["schedule"].endswith("II")
    assert component["nearest_controlled"]["name"] == "Mephedrone"
    assert component["nearest_controlled"]["similarity"] == 1


def test_an_error_is_a_line_too():
    found = line("c1ccccc", row=3)
    assert (found["row"], found["input"], found["ok"]) == (3, "c1ccccc", False)
    assert found["error"]["code"] == "unreadable"
    assert found["components"] == []


def test_a_medicine_of_a_family_is_told_apart():
    component = only_component("CC(NC(C)(C)C)C(=O)c1cccc(Cl)c1")
    assert component["family"] == "cathinone"
    assert component["medicine"] is True


def test_a_precursor_is_told_apart_also_when_it_is_new():
    component = only_component("Clc1ccc(CCN2CCC(Nc3ccccc3)CC2)cc1")
    assert component["family"] == "fentanyl-relative"
    assert component["precursor_or_metabolite"] is True


def test_each_family_shows_the_atoms_that_made_it():
    component = only_component("CNC(C)C(=O)c1ccc(C)cc1")
    assert [match["family"] for match in component["matches"]] == component["families"]
    assert all(match["atoms"] for match in component["matches"])


def test_the_atoms_of_a_family_are_those_of_the_smiles_in_the_line():
    cathinone = Chem.MolFromSmarts("O=[CX3]([CX4][NX3])c")
    for text in ("CNC(C)C(=O)c1ccc(C)cc1", "c1c(C)ccc(C(=O)C(C)NC)c1", "C(c1ccc(C)cc1)(=O)C(C)NC"):
        component = only_component(text)
        shown = set(Chem.MolFromSmiles(component["smiles"]).GetSubstructMatch(cathinone))
        assert set(component["matches"][0]["atoms"]) & shown == shown


def test_a_substance_that_national_law_names_shows_by_whom():
    component = only_component("CCN(CC)CCn1c(Cc2ccc(F)cc2)nc2cc([N+](=O)[O-])ccc21")  # flunitazene
    assert component["control_status"] == "controlled by name"
    assert any(
        ruling["basis"] == "national list of names" and ruling["jurisdiction"] == "GB"
        for ruling in component["control"]
    )


def test_a_listed_substance_is_controlled_by_name():
    component = only_component("CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc21")
    assert component["control_status"] == "controlled by name"
    first = component["control"][0]
    assert (first["basis"], first["convention"], first["schedule"]) == ("name", "1961", "I")
    assert first["year"] == 2021


def test_an_unlisted_one_of_a_class_is_controlled_by_a_clause_and_the_clause_is_told():
    component = only_component("CCN(CC)CCn1c(Cc2ccc(OCCCCC)cc2)nc2cc([N+](=O)[O-])ccc21")
    assert component["control_status"] == "controlled by generic clause"
    rulings = component["control"]
    assert {ruling["jurisdiction"] for ruling in rulings} >= {"CN", "GB"}
    assert all(ruling["clauses"] and ruling["notice"] for ruling in rulings)
    assert all(ruling["notice"] == "indicative, not legal advice" for ruling in rulings)


def test_what_no_law_we_hold_reaches_is_not_controlled():
    component = only_component("Cn1c(=O)c2c(ncn2C)n(C)c1=O")
    assert (component["control_status"], component["control"]) == ("not controlled", [])


def test_a_variant_that_regulators_treat_apart_says_so():
    component = only_component("COc1ccc2c(c1)[C@]13CCCC[C@@H]1[C@H](C2)N(C)CC3.Br")
    assert component["substance_key"] == "MKXZASYAUGDDCJ-NJAFHUGGSA"
    assert component["connectivity"] == "MKXZASYAUGDDCJ"
    assert component["variant"]["name"] == "Dextromethorphan"
    assert component["medicine"] is True
    assert component["control"] == []


def test_a_synthetic_cannabinoid_is_taken_apart_and_named():
    component = only_component("COC(=O)C(NC(=O)c1nn(CCCC=C)c2ccccc12)C(C)(C)C")
    assert component["code_name"] == "MDMB-4en-PINACA"
    slots = {block["slot"] for block in component["anatomy"]}
    assert slots >= {"linked_group", "linker", "core", "tail"}

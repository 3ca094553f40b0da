"""One call says everything, one line carries it, and no input stops the line."""

import gzip
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from chem import StructureError, examine
from chem.examine import nearest_controlled, to_json


def line(text, row=1):
    try:
        outcome = examine(text)
    except StructureError as error:
        outcome = error
    return json.loads(to_json(outcome, row, text))


def test_a_nitazene_salt_is_understood_at_once():
    (component,) = examine("CCN(CC)CCn1c(Cc2ccc(OCCC)cc2)nc2cc([N+](=O)[O-])ccc12.Cl").components
    assert component.classification.group == "nitazenes"
    assert component.classification.effect == "opioid"
    assert component.salt == ("hydrochloride",)
    assert component.standing == "nps"
    assert component.cluster_key.startswith("nitazene:")
    assert len(component.fingerprint) == 256


def test_the_json_line_has_the_promised_fields():
    found = line("CNC(C)C(=O)c1ccc(C)cc1.Cl", row=7)
    assert (found["row"], found["ok"], found["error"], found["mixture"]) == (7, True, None, False)
    assert found["steps"] == ["salt removed: hydrochloride"]
    (component,) = found["components"]
    assert component.keys() >= {
        "smiles", "inchikey", "connectivity", "tautomer_key", "formula", "mass", "salt_of",
        "isotopes", "group", "family", "families", "effect", "medicine", "scaffold",
        "cluster_key", "control", "nearest_controlled",
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
    (component,) = line("CC(NC(C)(C)C)C(=O)c1cccc(Cl)c1")["components"]
    assert component["family"] == "cathinone"
    assert component["medicine"] is True


def test_the_nearest_controlled_substance_of_an_analogue_is_its_model():
    (component,) = examine("CCN(CC)CCn1c(Cc2ccc(OCCCC)cc2)nc2cc([N+](=O)[O-])ccc21").components
    found = nearest_controlled(component.fingerprint)
    assert found is not None
    substance, similarity = found
    assert "nitaz" in substance.name.lower()
    assert similarity > 0.7


def test_every_awkward_molfile_is_answered(shared_data):
    files = sorted((shared_data / "awkward_input/rdkit_molfiles").glob("*.mol"))
    answered = [line(file.read_text(errors="replace")) for file in files]
    assert len(answered) == len(files) > 200
    assert all(one["ok"] or one["error"]["message"] for one in answered)
    assert sum(one["ok"] for one in answered) > 120


def test_hard_pubchem_records_are_answered(shared_data):
    with gzip.open(shared_data / "awkward_input/pubchem-hard-set.sdf.gz", "rt") as file:
        records = [record for record in file.read().split("$$$$\n") if record.strip()]
    answered = [line(record) for record in records[::4]]
    assert sum(one["ok"] for one in answered) >= 0.98 * len(answered)


@pytest.mark.parametrize(
    "text",
    [
        "C(" * 240 + "C" + ")" * 240,
        "C=C" * 120,
        "C1" + "C" * 240 + "1",
        "N=N" * 100,
        ".".join(["[NH3+]CC([O-])=O"] * 20),
        "(" * 900,
    ],
    ids=["nested", "polyene", "great ring", "azo chain", "zwitterions", "brackets"],
)
def test_hostile_structures_are_answered_within_a_moment(text):
    begun = time.perf_counter()
    line(text)
    assert time.perf_counter() - begun < 1


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="CNOScno[]()=#+-123.@HF", max_size=40))
def test_whatever_the_text_only_a_structure_error_comes_out(text):
    try:
        examination = examine(text)
    except StructureError:
        return
    assert examination.components
    assert all(component.identity.inchikey for component in examination.components)


def test_it_costs_a_small_multiple_of_reading_and_writing_the_structure(shared_data):
    """The bar is nine for the whole line; here with room for a busy machine."""
    with gzip.open(shared_data / "scale/moses_100k.smi.gz", "rt") as file:
        texts = [next(file).strip() for _ in range(600)]
    to_json(examine(texts[0]), 1, texts[0])  # reads the lists

    def seconds(work):
        begun = time.process_time()
        for text in texts:
            work(text)
        return time.process_time() - begun

    def ratio():
        unit = seconds(lambda text: Chem.MolToSmiles(Chem.MolFromSmiles(text)))
        return seconds(lambda text: to_json(examine(text), 1, text)) / unit

    assert min(ratio() for _ in range(5)) < 12

"""One call says everything of a structure, and no input gets more than a structure error."""

import gzip
import importlib

from hypothesis import given, settings
from hypothesis import strategies as st

from chem import StructureError, examine
from chem.examine import examine_all


def answer(text):
    """What comes back, and nothing else may."""
    try:
        return examine(text)
    except StructureError as error:
        return error


def is_answered(outcome):
    return bool(outcome.message if isinstance(outcome, StructureError) else outcome.components)


def test_a_nitazene_salt_is_understood_at_once():
    (component,) = examine("CCN(CC)CCn1c(Cc2ccc(OCCC)cc2)nc2cc([N+](=O)[O-])ccc12.Cl").components
    assert component.classification.group == "nitazenes"
    assert component.classification.effect == "opioid"
    assert component.salt == ("hydrochloride",)
    assert component.standing == "nps"
    assert component.cluster_key.startswith("nitazene:")
    assert len(component.fingerprint) == 256


def test_every_awkward_molfile_is_answered(shared_data):
    files = sorted((shared_data / "awkward_input/rdkit_molfiles").glob("*.mol"))
    answered = [answer(file.read_text(errors="replace")) for file in files]
    assert len(files) > 200
    assert all(map(is_answered, answered))
    assert sum(not isinstance(one, StructureError) for one in answered) > 120


def test_hard_pubchem_records_are_answered(shared_data):
    with gzip.open(shared_data / "awkward_input/pubchem-hard-set.sdf.gz", "rt") as file:
        records = [record for record in file.read().split("$$$$\n") if record.strip()]
    answered = [answer(record) for record in records[::4]]
    assert all(map(is_answered, answered))
    assert sum(not isinstance(one, StructureError) for one in answered) >= 0.98 * len(answered)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="CNOScno[]()=#+-123.@HF", max_size=40))
def test_whatever_the_text_only_a_structure_error_comes_out(text):
    try:
        examination = examine(text)
    except StructureError:
        return
    assert examination.components
    assert all(component.identity.inchikey for component in examination.components)


TEXTS = [
    "CNC(C)C(=O)c1ccc(C)cc1.Cl",
    "c1ccccc",
    "",
    "CCO.CCN",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "[Na+].[Cl-]",
]


def told(outcome):
    if isinstance(outcome, StructureError):
        return (outcome.code, outcome.message, outcome.offending)
    keys = [(one.identity, one.salt, one.cluster_key) for one in outcome.components]
    return (outcome.format, keys, outcome.mixture, outcome.steps)


def test_many_at_once_are_told_the_same_as_one_by_one_and_in_order():
    many = TEXTS * 30  # more than go through a step together
    assert [told(one) for one in examine_all(many)] == [told(answer(text)) for text in many]


def test_a_step_that_fails_costs_only_its_own_row(monkeypatch):
    def classify(mol):
        if mol.GetNumAtoms() == 14:
            raise RuntimeError("Pre-condition Violation")
        return real(mol)

    module = importlib.import_module("chem.examine")
    real = module.classify
    monkeypatch.setattr(module, "classify", classify)
    first, second = examine_all(["Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CNC(C)C(=O)c1ccc(C)cc1"])
    assert isinstance(first, StructureError)
    assert (first.code, first.offending) == ("unreadable", "Cn1c(=O)c2c(ncn2C)n(C)c1=O")
    assert "Pre-condition" in first.message
    assert second.components[0].classification.family == "cathinone"

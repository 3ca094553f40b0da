"""However it is written, a substance has one identity."""

import random

import pytest
from rdkit import Chem

from chem import StructureError, examine
from chem.identity import RDKIT_VERSION, RULESET, identify

MEPHEDRONE = "YELGFTGWJGBAQU"
PROTONITAZENE = "SJHUJFHOXYDSJY"


@pytest.mark.parametrize(
    "written",
    [
        "CNC(C)C(=O)c1ccc(C)cc1",
        "CNC(C)C(=O)c1ccc(C)cc1.Cl",
        "C[NH2+]C(C)C(=O)c1ccc(C)cc1.[Cl-]",
        "C[C@H](NC)C(=O)C1=CC=C(C)C=C1",
        "Cc1ccc(cc1)C(=O)[C@H](C)NC.OS(O)(=O)=O.Cc1ccc(cc1)C(=O)[C@H](C)NC",
        "[2H]C([2H])([2H])NC(C)C(=O)c1ccc(C)cc1",
        "InChI=1S/C11H15NO/c1-8-4-6-10(7-5-8)11(13)9(2)12-3/h4-7,9,12H,1-3H3",
        "InChI=1S/C11H15NO.ClH/c1-8-4-6-10(7-5-8)11(13)9(2)12-3;/h4-7,9,12H,1-3H3;1H",
        Chem.MolToMolBlock(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1.Cl")),
        Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1")),
    ],
)
def test_however_it_is_written_mephedrone_is_one_substance(written):
    (component,) = examine(written).components
    assert component.identity.connectivity == MEPHEDRONE


@pytest.mark.parametrize(
    "written",
    [
        "CCN(CC)CCn1c(Cc2ccc(OCCC)cc2)nc2cc([N+](=O)[O-])ccc12.Cl",
        "[Cl-].CC[NH+](CC)CCn1c2ccc([N+]([O-])=O)cc2nc1Cc1ccc(OCCC)cc1",
        "C1(=CC=C(C=C1)CC2=NC3=C(N2CCN(CC)CC)C=CC(=C3)N(=O)=O)OCCC",
    ],
)
def test_however_it_is_written_protonitazene_is_one_substance(written):
    (component,) = examine(written).components
    assert component.identity.connectivity == PROTONITAZENE
    assert component.identity.formula == "C23H30N4O3"
    assert component.identity.mass == pytest.approx(410.23179, abs=1e-5)


def test_positional_isomers_are_different_substances():
    three, four = examine("CNC(C)C(=O)c1cccc(C)c1"), examine("CNC(C)C(=O)c1ccc(C)cc1")
    assert three.components[0].identity.connectivity != four.components[0].identity.connectivity


def test_enantiomers_are_one_substance_in_two_forms():
    right, left = (
        examine(smiles).components[0].identity
        for smiles in ("C[C@H](N)Cc1ccccc1", "C[C@@H](N)Cc1ccccc1")
    )
    assert right.connectivity == left.connectivity
    assert right.inchikey != left.inchikey


def test_the_form_of_a_salt_has_its_own_key():
    (component,) = examine("CNC(C)C(=O)c1ccc(C)cc1.Cl").components
    assert component.form_inchikey != component.identity.inchikey
    (base,) = examine("CNC(C)C(=O)c1ccc(C)cc1").components
    assert base.form_inchikey == base.identity.inchikey


def test_the_order_of_atoms_does_not_matter(shared_data, rewritten):
    lines = (shared_data / "structures/labelled_nps.csv").read_text().splitlines()[1:]
    for smiles in random.Random(2026).sample([line.split(",") for line in lines], 40):
        text = next((word for word in smiles if "c1" in word), None)
        if text is None or Chem.MolFromSmiles(text) is None:
            continue
        expected = identify(Chem.MolFromSmiles(text))
        for other in rewritten(text, times=3):
            assert identify(Chem.MolFromSmiles(other)) == expected


def test_versions_are_named_so_that_a_record_can_say_what_read_it():
    assert RULESET == "2026.11.2"
    assert RDKIT_VERSION


def test_a_structure_that_inchi_cannot_express_is_refused_not_keyed_empty():
    with pytest.raises(StructureError) as caught:
        identify(Chem.MolFromSmiles("*CC"))
    assert caught.value.code == "no_identity"

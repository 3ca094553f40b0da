"""Clusters join relatives, keep strangers apart, and never change their key."""

import pytest
from rdkit import Chem

from chem.families import classify
from chem.scaffold import cluster_key, cluster_reason, scaffold


def key(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return cluster_key(mol, classify(mol))


def reason(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return cluster_reason(mol, classify(mol))


def test_a_lactam_keeps_its_oxygen_in_the_framework_and_loses_it_in_the_plain_scaffold():
    ring = scaffold(Chem.MolFromSmiles("CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21"))
    assert ring.framework == "O=C1CN=C(c2ccccc2)c2ccccc2N1"
    assert ring.murcko == "c1ccc(C2=NCCNc3ccccc32)cc1"


@pytest.mark.parametrize("smiles", ["CC(N)Cc1ccccc1", "CNC(C)Cc1ccc2c(c1)OCO2", "OCCCC(=O)O"])
def test_a_lone_benzene_or_no_ring_says_nothing(smiles):
    assert scaffold(Chem.MolFromSmiles(smiles)).degenerate


def test_relatives_share_a_cluster():
    isotonitazene = "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc21"
    metonitazene = "CCN(CC)CCn1c(Cc2ccc(OC)cc2)nc2cc([N+](=O)[O-])ccc21"
    assert key(isotonitazene) == key(metonitazene)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CNC(C)C(=O)c1ccc(C)cc1", "CCN(CC)CC(=O)Nc1c(C)cccc1C"),  # mephedrone, lidocaine
        ("CNC(C)Cc1ccc2c(c1)OCO2", "CNC(C)C(=O)c1ccc2c(c1)OCO2"),  # MDMA, methylone
        ("CCN(CC)CC(=O)Nc1c(C)cccc1C", "CC(=O)Nc1ccc(O)cc1"),  # lidocaine, paracetamol
        ("OCCCC(=O)O", "CCCCO"),
    ],
)
def test_strangers_do_not_though_their_scaffold_is_the_same(one, other):
    assert key(one) != key(other)


def test_a_key_names_its_family_and_stays_what_it_was():
    assert key("CNC(C)C(=O)c1ccc(C)cc1") == "cathinone:6ab0c9f1"
    assert key("CCN(CC)CC(=O)Nc1c(C)cccc1C").startswith("none:")


def test_stereo_isotopes_and_atom_order_do_not_matter(rewritten):
    smiles = "CCN(CC)C(=O)[C@H]1CN(C)[C@@H]2Cc3c[nH]c4cccc(C2=C1)c34"
    keys = {key(other) for other in rewritten(smiles)} | {key(smiles.replace("@", ""))}
    keys.add(key(smiles.replace("N(C)", "N([13CH3])")))
    assert len(keys) == 1


def test_the_reason_is_a_sentence():
    assert reason("CNC(C)C(=O)c1ccc(C)cc1") == (
        "Core of the family “Synthetic cathinones”; ring framework c1ccccc1."
    )
    assert "stands alone" in reason("CC(=O)Nc1ccc(O)cc1")
    assert "grouped by its ring framework" in reason("CN1CCN(C2=Nc3cc(Cl)ccc3Nc3ccccc32)CC1")

"""Whom a structure resembles, and in what."""

from time import process_time

import pytest
from rdkit import Chem

from chem import examine
from chem.core import NO_CORE, shared_core
from chem.kinship import nearest_controlled, nearest_medicine, resemblance
from chem.known import by_connectivity, known
from chem.similarity import tanimoto

CARFENTANIL = "CCC(=O)N(c1ccccc1)C1(C(=O)OC)CCN(CCc2ccccc2)CC1"
REMIFENTANIL = "CCC(=O)N(c1ccccc1)C1(C(=O)OC)CCN(CCC(=O)OC)CC1"


def print_of(smiles):
    return examine(smiles).components[0].fingerprint


def test_the_nearest_medicine_of_carfentanil_is_remifentanil():
    found = nearest_medicine(print_of(CARFENTANIL))
    assert found.substance.name == "Remifentanil"
    assert found.similarity == pytest.approx(0.77, abs=0.01)
    assert found.closeness == "close analogue"


def test_the_nearest_controlled_substance_of_an_analogue_is_its_model():
    found = nearest_controlled(print_of("CNC(C)C(=O)c1ccc(CC)c(F)c1"))
    assert found.substance.group == "synthetic cathinones"
    assert found.closeness == "related"


def test_what_resembles_nothing_has_no_relative_and_what_is_far_no_kinship():
    assert nearest_controlled(bytes(256)) is None
    assert nearest_medicine(bytes(256)) is None
    assert nearest_controlled(print_of("[Xe]")).closeness == ""


def test_the_nearest_of_a_kind_is_the_best_of_all_of_that_kind():
    medicines = [substance for substance in known() if substance.standing == "medicine"]
    assert len(medicines) > 100
    for smiles in ("Cc1nnc2n1-c1ccc(Cl)cc1C(c1ccccc1F)=NC2", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"):
        query = print_of(smiles)
        found = nearest_medicine(query)
        assert found.substance.standing == "medicine"
        best = max(tanimoto(query, print_of(substance.smiles)) for substance in medicines)
        assert found.similarity == pytest.approx(best)


def elements(mol, atoms):
    return [mol.GetAtomWithIdx(atom).GetAtomicNum() for atom in atoms]


def test_the_shared_core_is_in_both_atom_for_atom():
    one, other = Chem.MolFromSmiles(CARFENTANIL), Chem.MolFromSmiles(REMIFENTANIL)
    core = shared_core(one, other)
    assert core.basis == "common"
    assert len(core.first) == len(core.second) == len(set(core.first)) == 23
    assert elements(one, core.first) == elements(other, core.second)
    part = Chem.MolFromSmarts(core.smarts)
    assert one.HasSubstructMatch(part)
    assert other.HasSubstructMatch(part)
    assert shared_core(one, other) == core


def test_a_core_holds_rings_whole_or_not_at_all():
    indole, benzene = (
        Chem.MolFromSmiles("CCCCCc1c[nH]c2ccccc12"),
        Chem.MolFromSmiles("CCCCCc1ccccc1"),
    )
    core = shared_core(indole, benzene)
    assert core.basis == "common"
    rings = [set(ring) for ring in indole.GetRingInfo().AtomRings()]
    for atom in core.first:
        if indole.GetAtomWithIdx(atom).IsInRing():
            assert any(atom in ring and ring <= set(core.first) for ring in rings)


def test_a_label_does_not_hide_a_shared_core():
    labelled = Chem.MolFromSmiles(CARFENTANIL.replace("CCC(=O)N", "[13CH3]CC(=O)N", 1))
    assert len(shared_core(labelled, Chem.MolFromSmiles(CARFENTANIL)).first) == 29


def test_strangers_share_nothing_worth_showing():
    assert shared_core(Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("CNC")) == NO_CORE
    assert NO_CORE.pairs == ()


def test_structures_too_large_to_compare_still_share_the_core_of_their_family():
    large = CARFENTANIL.replace("(=O)OC)", "(=O)O" + "C" * 80 + ")", 1)
    one, other = Chem.MolFromSmiles(large), Chem.MolFromSmiles(CARFENTANIL)
    core = shared_core(one, other)
    assert core.basis == "family"
    assert len(core.pairs) > 8


def test_the_search_for_a_core_ends_and_ends_alike():
    one = Chem.MolFromSmiles("C(C)" * 40)
    other = Chem.MolFromSmiles("C" * 80)
    began = process_time()
    first = shared_core(one, other, 300)
    assert process_time() - began < 2
    assert shared_core(one, other, 300) == first


def test_a_resemblance_shows_both_structures_and_what_they_share():
    (part,) = examine(CARFENTANIL).components
    relative = nearest_medicine(part.fingerprint)
    shown = resemblance(part.parent, relative.substance)
    assert Chem.MolToSmiles(shown.one) == part.identity.smiles
    assert elements(shown.one, shown.core.first) == elements(shown.relative, shown.core.second)
    assert relative.substance is by_connectivity()[relative.substance.connectivity]

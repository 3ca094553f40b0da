"""The building blocks by which analysts speak of three families."""

import pytest
from rdkit import Chem

from chem.anatomy import blocks, cannabinoid, fentanyl, nitazene
from chem.families import classify
from chem.known import known


def named_blocks(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return {block.slot: block.name.split(" (")[0] for block in blocks(mol, classify(mol))}


@pytest.mark.parametrize(
    ("name", "smiles", "expected"),
    [
        (
            "MDMB-4en-PINACA",
            "C=CCCCn1nc(C(=O)NC(C(=O)OC)C(C)(C)C)c2ccccc21",
            ("MDMB", "CA or ketone", "IN", "4en-P"),
        ),
        (
            "AB-FUBINACA",
            "CC(C)C(NC(=O)c1nn(Cc2ccc(F)cc2)c2ccccc12)C(N)=O",
            ("AB", "CA or ketone", "IN", "FUB"),
        ),
        (
            "5F-MDMB-PICA",
            "COC(=O)C(NC(=O)c1cn(CCCCCF)c2ccccc12)C(C)(C)C",
            ("MDMB", "CA or ketone", "I", "5F-P"),
        ),
        (
            "ADB-FUBIATA",
            "CC(C)(C)C(NC(=O)Cc1cn(Cc2ccc(F)cc2)c2ccccc12)C(N)=O",
            ("ADB", "ATA", "I", "FUB"),
        ),
        (
            "MDMB-INACA",
            "COC(=O)C(NC(=O)c1n[nH]c2ccccc12)C(C)(C)C",
            ("MDMB", "CA or ketone", "IN", "none"),
        ),
    ],
)
def test_a_cannabinoid_reads_as_its_name_says(name, smiles, expected):
    found = named_blocks(smiles)
    slots = ("linked_group", "linker", "core", "tail")
    assert tuple(found.get(slot) for slot in slots) == expected


def test_a_nitazene_has_three_positions():
    found = named_blocks("CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCCC2)cc1")
    assert found == {
        "five_position": "nitro",
        "benzyl_substituent": "propoxy",
        "amine": "pyrrolidine",
    }


def test_a_desnitazene_is_bare_at_its_five_position():
    assert named_blocks("CCOc1ccc(Cc2nc3ccccc3n2CCN(CC)CC)cc1")["five_position"] == "unsubstituted"


def test_a_fentanyl_has_five_regions():
    assert named_blocks("O=C(c1ccco1)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1C") == {
        "acyl": "furoyl",
        "n_aryl": "4-fluorophenyl",
        "piperidine": "3-methyl",
        "linker": "ethyl",
        "distal_ring": "phenyl",
    }


def test_a_fentanyl_whose_chain_meets_no_ring_has_no_distal_ring():
    remifentanil = Chem.MolFromSmiles("CCC(=O)N(c1ccccc1)C1(C(=O)OC)CCN(CCC(=O)OC)CC1")
    regions = fentanyl(remifentanil)
    assert regions is not None
    assert "distal_ring" not in regions


def test_a_block_never_seen_before_is_shown_without_a_name():
    mol = Chem.MolFromSmiles("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccc3ccccc3c2)CC1")
    ring = next(block for block in blocks(mol, classify(mol)) if block.slot == "distal_ring")
    assert ring.smiles
    assert ring.name == ""


def test_other_families_have_no_anatomy_yet():
    mol = Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1")
    assert blocks(mol, classify(mol)) == ()
    assert nitazene(mol) is fentanyl(mol) is cannabinoid(mol) is None


def test_every_known_member_can_be_cut():
    for substance in known():
        mol = Chem.MolFromSmiles(substance.smiles)
        for block in blocks(mol, classify(mol)):
            assert block.smiles.count("*") >= 1, (substance.name, block)

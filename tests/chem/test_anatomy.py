"""The building blocks by which analysts speak of three families."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from chem.anatomy import blocks, cannabinoid, described
from chem.anatomy.tails import chain
from chem.families import classify
from chem.known import known

CANNABINOID_SLOTS = ["linked_group", "linker", "core", "tail"]
NO_LINKER = {"semi-synthetic-cannabinoid", "cyclohexylphenol"}


def cut(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return blocks(mol, classify(mol))


def four_blocks(smiles):
    """As cut whatever the family table says of the molecule."""
    found = cannabinoid.cut(Chem.MolFromSmiles(smiles))
    return {slot: name.label.split(" (")[0] for slot, name in cannabinoid.names(found).items()}


def named_blocks(smiles):
    return {block.slot.split(" (")[0]: block.name.split(" (")[0] for block in cut(smiles)}


def members(group):
    return [substance for substance in known() if substance.group == group]


@pytest.mark.parametrize(
    ("name", "smiles", "expected"),
    [
        (
            "MDMB-4en-PINACA",
            "C=CCCCn1nc(C(=O)NC(C(=O)OC)C(C)(C)C)c2ccccc21",
            ("MDMB", "CA", "IN", "4en-P"),
        ),
        (
            "AB-FUBINACA",
            "CC(C)C(NC(=O)c1nn(Cc2ccc(F)cc2)c2ccccc12)C(N)=O",
            ("AB", "CA", "IN", "FUB"),
        ),
        (
            "5F-MDMB-PICA",
            "COC(=O)C(NC(=O)c1cn(CCCCCF)c2ccccc12)C(C)(C)C",
            ("MDMB", "CA", "I", "5F-P"),
        ),
        (
            "ADB-FUBIATA",
            "CC(C)(C)C(NC(=O)Cc1cn(Cc2ccc(F)cc2)c2ccccc12)C(N)=O",
            ("ADB", "ATA", "I", "FUB"),
        ),
        (
            "MDMB-INACA",
            "COC(=O)C(NC(=O)c1n[nH]c2ccccc12)C(C)(C)C",
            ("MDMB", "CA", "IN", "none"),
        ),
        (
            "ADB-5'Br-BUTINACA",
            "CCCCn1nc(C(=O)NC(C(N)=O)C(C)(C)C)c2cc(Br)ccc21",
            ("ADB", "CA", "5Br-IN", "BUT"),
        ),
        (
            "5F-CUMYL-P7AICA",
            "CC(C)(NC(=O)c1cn(CCCCCF)c2ncccc12)c1ccccc1",
            ("CUMYL", "CA", "7AI", "5F-P"),
        ),
        (
            "CUMYL-PEGACLONE",
            "CCCCCn1c2ccccc2c2c(=O)n(C(C)(C)c3ccccc3)ccc21",
            ("CUMYL", "lactam of the core", "GACLONE", "P"),
        ),
        (
            "5F-BZO-POXIZID",
            "O=C(NN=C1C(=O)N(CCCCCF)c2ccccc21)c1ccccc1",
            ("BZO", "IZID", "OX", "5F-P"),
        ),
        (
            "JWH-018",
            "CCCCCn1cc(C(=O)c2cccc3ccccc23)c2ccccc21",
            ("1-naphthyl", "methanone", "I", "P"),
        ),
        (
            "JWH-250",
            "CCCCCn1cc(C(=O)Cc2ccccc2OC)c2ccccc21",
            ("2-methoxybenzyl", "methanone", "I", "P"),
        ),
        (
            "JWH-007, methyl on the core",
            "CCCCCn1c(C)c(C(=O)c2cccc3ccccc23)c2ccccc21",
            ("1-naphthyl", "methanone", "2Me-I", "P"),
        ),
        (
            "JWH-307, a pyrrole",
            "CCCCCn1cc(C(=O)c2cccc3ccccc23)cc1-c1ccccc1F",
            ("1-naphthyl", "methanone", "5-(2-fluorophenyl)pyrrole", "P"),
        ),
        (
            "CB-13, a naphthyl ether",
            "CCCCCOc1ccc(C(=O)c2cccc3ccccc23)c2ccccc12",
            ("1-naphthyl", "methanone", "naphthyl ether", "P"),
        ),
        (
            "EG-018, a carbazole",
            "CCCCCn1c2ccccc2c2cc(C(=O)c3cccc4ccccc34)ccc21",
            ("1-naphthyl", "methanone", "CZ", "P"),
        ),
        (
            "FUBIMINA, a benzimidazole",
            "O=C(c1cccc2ccccc12)c1nc2ccccc2n1CCCCCF",
            ("1-naphthyl", "methanone", "benzimidazole", "5F-P"),
        ),
        (
            "5F-3,5-AB-PFUPPYCA",
            "CC(C)C(NC(=O)c1cc(-c2ccc(F)cc2)nn1CCCCCF)C(N)=O",
            ("AB", "CA", "3,5-FUPPY", "5F-P"),
        ),
        (
            "A-836,339, the amide turned round",
            "COCCn1c(C)c(C)sc1=NC(=O)C1C(C)(C)C1(C)C",
            (
                "tetramethylcyclopropyl",
                "reversed carboxamide",
                "4,5-dimethylthiazole",
                "2-methoxyethyl",
            ),
        ),
        (
            "PB-22, an ester",
            "CCCCCn1cc(C(=O)Oc2cccc3cccnc23)c2ccccc21",
            ("QU", "C", "I", "P"),
        ),
        (
            "AB-001, adamantyl through carbon",
            "CCCCCn1cc(C(=O)C23CC4CC(CC(C4)C2)C3)c2ccccc21",
            ("A", "methanone", "I", "P"),
        ),
        (
            "AM-2233",
            "CN1CCCCC1Cn1cc(C(=O)c2ccccc2I)c2ccccc21",
            ("2-iodophenyl", "methanone", "I", "(N-methylpiperidin-2-yl)methyl"),
        ),
        (
            "5F-PY-PICA, the linker's nitrogen in a ring",
            "FCCCCCn1cc(C(=O)N2CCCC2)c2ccccc21",
            ("PY", "CA", "I", "5F-P"),
        ),
        (
            "JWH-175, a methylene",
            "CCCCCn1cc(Cc2cccc3ccccc23)c2ccccc21",
            ("1-naphthyl", "methylene", "I", "P"),
        ),
        (
            "QMPSB, a benzoate",
            "Cc1ccc(C(=O)Oc2cccc3cccnc23)cc1S(=O)(=O)N1CCCCC1",
            ("QU", "C", "4-methylbenzenesulfonyl", "piperidinyl"),
        ),
        (
            "PTI-1, a thiazole between",
            "CCCCCn1cc(-c2nc(CN(CC)CC)cs2)c2ccccc21",
            ("diethylaminomethyl", "thiazole", "I", "P"),
        ),
        (
            "WIN 55,212-2, the tail closed to the core",
            "Cc1c(C(=O)c2cccc3ccccc23)c2cccc3c2n1C(CN1CCOCC1)CO3",
            (
                "1-naphthyl",
                "methanone",
                "indole with further rings",
                "morpholinylmethyl closed to the core through oxygen",
            ),
        ),
    ],
)
def test_a_cannabinoid_is_taken_apart_into_four_blocks(name, smiles, expected):
    found = four_blocks(smiles)
    assert list(found) == CANNABINOID_SLOTS, name
    assert tuple(found.values()) == expected, name


def test_the_known_cannabinoids_with_a_linker_have_four_blocks():
    uncut, whole = [], 0
    for substance in members("synthetic cannabinoids"):
        mol = Chem.MolFromSmiles(substance.smiles)
        classification = classify(mol)
        if classification.group != "synthetic cannabinoids" or classification.family in NO_LINKER:
            continue
        slots = [block.slot for block in blocks(mol, classification)]
        if slots != CANNABINOID_SLOTS:
            uncut.append((substance.name, slots))
        whole += 1
    assert whole > 150
    assert len(uncut) < 0.01 * whole, uncut


def test_nearly_every_block_of_the_known_cannabinoids_has_a_name():
    found = [block for one in members("synthetic cannabinoids") for block in cut(one.smiles)]
    nameless = [block for block in found if not block.name]
    assert len(found) > 600
    assert len(nameless) < 0.02 * len(found), nameless


def test_what_hangs_on_the_linker_is_told():
    smiles = "CCCCn1nc(C(=O)N(C)C(C(N)=O)C(C)(C)C)c2ccccc21"
    assert named_blocks(smiles)["linker"] == "substituted carboxamide"


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        ("*CCCCC", "P (pentyl)"),
        ("*CCC(F)CC", "3F-P (3-fluoropentyl)"),
        ("*CCCCC#N", "4CN-B (4-cyanobutyl)"),
        ("*CCC=CC", "3en-P (pent-3-enyl)"),
        ("*CCCC(F)(F)F", "4,4,4-triF-B (4,4,4-trifluorobutyl)"),
        ("*CCCC(C)O", "4OH-P (4-hydroxypentyl)"),
        ("*CCCCCCC", "heptyl"),
    ],
)
def test_a_chain_is_named_from_its_atoms(tail, name):
    assert chain(tail).label == name


@pytest.mark.parametrize("tail", ["*CC1CCCCC1", "*CCCCOP", "*CCC*", "*OCC"])
def test_what_is_no_plain_chain_is_not_named_as_one(tail):
    assert chain(tail).label == ""


def test_cannabinoids_of_the_thc_kind_have_a_core_and_a_tail():
    assert named_blocks("CCCCCCCc1cc(O)c2c(c1)OC(C)(C)C1CCC(C)CC21") == {
        "core": "hexahydrocannabinol",
        "tail": "heptyl",
    }
    assert named_blocks("CCCCCCC(C)(C)c1ccc(C2CCCC(O)C2)c(O)c1")["tail"] == "1,1-dimethylheptyl"


def test_a_block_never_seen_before_is_shown_without_a_name():
    mol = Chem.MolFromSmiles("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccc3ncccc3c2)CC1")
    ring = next(block for block in blocks(mol, classify(mol)) if block.slot.startswith("distal"))
    assert ring.smiles
    assert ring.name == ""


@pytest.mark.parametrize(
    "smiles", ["CNC(C)C(=O)c1ccc(C)cc1", "CC(N)Cc1ccccc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"]
)
def test_other_families_have_no_anatomy_yet(smiles):
    mol = Chem.MolFromSmiles(smiles)
    assert blocks(mol, classify(mol)) == ()
    assert described(mol, classify(mol)) == ""


@pytest.mark.parametrize("group", ["synthetic cannabinoids", "fentanyl analogues", "nitazenes"])
def test_every_fragment_of_a_known_member_shows_where_it_was_attached(group):
    seen = 0
    for substance in members(group):
        for block in cut(substance.smiles):
            assert block.smiles.count("*") >= 1, (substance.name, block)
            seen += 1
    assert seen > 50


CUTTABLE = [
    substance
    for group in ("synthetic cannabinoids", "fentanyl analogues", "nitazenes")
    for substance in members(group)
]


@settings(max_examples=150, deadline=None)
@given(substance=st.sampled_from(CUTTABLE), seed=st.integers(1, 2**16))
def test_the_order_of_the_atoms_never_changes_the_blocks(substance, seed):
    mol = Chem.MolFromSmiles(substance.smiles)
    [drawn] = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)
    shuffled = Chem.MolFromSmiles(drawn)
    classification = classify(mol)
    assert blocks(shuffled, classification) == blocks(mol, classification)


@pytest.mark.parametrize(
    "smiles",
    [
        "CCC(=O)N(c1ccccc1)C1CCN(CC(c2ccccc2)c2ccc(F)cc2)CC1",
        "c1ccc(CCN2CCC(N(c3ccccc3)c3ccncc3)CC2)cc1",
        "CCN(CC)CC(CN(C)C)n1c(Cc2ccc(OCC)cc2)nc2ccccc21",
    ],
)
def test_where_two_ways_to_cut_are_equally_good_one_is_taken_always(smiles):
    mol = Chem.MolFromSmiles(smiles)
    classification = classify(mol)
    drawings = Chem.MolToRandomSmilesVect(mol, 20, randomSeed=7)
    found = {blocks(Chem.MolFromSmiles(drawn), classification) for drawn in drawings}
    assert len(found) == 1
    assert found != {()}


def test_stereochemistry_and_isotopes_do_not_change_the_blocks():
    plain = cut("COC(=O)C(NC(=O)c1nn(CCCCCF)c2ccccc12)C(C)(C)C")
    assert cut("COC(=O)[C@@H](NC(=O)c1nn(CCCCCF)c2ccccc12)C(C)(C)C") == plain
    assert cut("COC(=O)C(NC(=O)c1nn(CCCCC([2H])([2H])F)c2ccccc12)C(C)(C)C") == plain

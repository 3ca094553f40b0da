"""The building blocks of nitazenes and fentanyls, and the names put together from them."""

import pytest
from rdkit import Chem

from chem.anatomy import blocks, described, fentanyl, nitazene
from chem.families import classify
from chem.known import known


def cut(smiles):
    mol = Chem.MolFromSmiles(smiles)
    return blocks(mol, classify(mol))


def named_blocks(smiles):
    return {block.slot.split(" (")[0]: block.name.split(" (")[0] for block in cut(smiles)}


def members(group):
    return [substance for substance in known() if substance.group == group]


def test_a_nitazene_has_three_positions():
    found = named_blocks("CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCCC2)cc1")
    assert found == {
        "five_position": "nitro",
        "benzyl_substituent": "propoxy",
        "amine": "pyrrolidine",
    }


def test_a_desnitazene_is_bare_at_its_five_position():
    assert named_blocks("CCOc1ccc(Cc2nc3ccccc3n2CCN(CC)CC)cc1")["five_position"] == "unsubstituted"


@pytest.mark.parametrize(
    ("smiles", "slot", "name"),
    [
        (
            "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2ccc([N+](=O)[O-])cc21",
            "six_position",
            "nitro",
        ),
        ("CCN(CC)CCn1c(Cc2cccc(OC)c2)nc2cc([N+](=O)[O-])ccc21", "benzyl_substituent", "3-methoxy"),
        (
            "CCN(CC)CCn1c(Cc2ccc(OC)c(OC)c2)nc2cc([N+](=O)[O-])ccc21",
            "benzyl_substituent",
            "3,4-dimethoxy",
        ),
        (
            "CCN(CC)CCn1c(Cc2ccc3c(c2)CCO3)nc2cc([N+](=O)[O-])ccc21",
            "benzyl_substituent",
            "fused ethyleneoxy",
        ),
        (
            "CCN(CC)CCn1c(C(C)c2ccc(OCC)cc2)nc2cc([N+](=O)[O-])ccc21",
            "benzyl_carbon",
            "alpha-methyl",
        ),
        ("CCN(CC)CCCn1c(Cc2ccc(OCC)cc2)nc2cc([N+](=O)[O-])ccc21", "chain", "propyl"),
        (
            "CC[N+]([O-])(CC)CCn1c(Cc2ccc(OCC)cc2)nc2cc([N+](=O)[O-])ccc21",
            "amine",
            "diethylamine N-oxide",
        ),
    ],
)
def test_where_a_nitazene_differs_elsewhere_it_is_told(smiles, slot, name):
    assert named_blocks(smiles)[slot] == name


def test_the_common_name_of_a_nitazene_is_put_together_from_its_blocks():
    right, wrong = [], []
    for substance in members("nitazenes"):
        mol = Chem.MolFromSmiles(substance.smiles)
        rebuilt = described(mol, classify(mol)).casefold()
        names = {name.casefold() for name in (substance.name, *substance.synonyms)}
        if rebuilt:
            (right if rebuilt in names else wrong).append((substance.name, rebuilt))
    assert wrong == []
    assert len(right) >= 0.9 * len(members("nitazenes"))


def test_a_nitazene_outside_the_common_names_gets_none():
    six_nitro = Chem.MolFromSmiles("CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2ccc([N+](=O)[O-])cc21")
    found = nitazene.cut(six_nitro)
    assert found is not None
    assert nitazene.common_name(found) == ""


def test_a_fentanyl_has_the_regions_that_nist_letters_a_to_e():
    assert [block.slot for block in cut("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1")] == [
        "acyl (region E)",
        "aniline ring (region D)",
        "piperidine (region C)",
        "linker (region B)",
        "distal ring (region A)",
    ]


@pytest.mark.parametrize(
    ("letter", "substance"),
    [
        ("A", "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccc(C)cc2)CC1"),  # 4'-methylfentanyl
        ("B", "CCC(=O)N(c1ccccc1)C1CCN(CCCc2ccccc2)CC1"),  # the phenylpropyl homologue
        ("C", "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1C"),  # 3-methylfentanyl
        ("D", "CCC(=O)N(c1ccccc1C)C1CCN(CCc2ccccc2)CC1"),  # ortho-methylfentanyl
        ("E", "CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"),  # acetylfentanyl
    ],
)
def test_the_region_that_differs_is_the_one_nist_files_it_under(letter, substance):
    plain = {block.slot: block.smiles for block in cut("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1")}
    differing = [block.slot for block in cut(substance) if block.smiles != plain[block.slot]]
    assert [slot[-2] for slot in differing] == [letter]


def test_a_fentanyl_has_five_regions():
    assert named_blocks("O=C(c1ccco1)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1C") == {
        "acyl": "furoyl",
        "aniline ring": "4-fluorophenyl",
        "piperidine": "3-methyl",
        "linker": "ethyl",
        "distal ring": "phenyl",
    }


def test_a_fentanyl_whose_chain_meets_no_ring_has_no_distal_ring():
    remifentanil = Chem.MolFromSmiles("CCC(=O)N(c1ccccc1)C1(C(=O)OC)CCN(CCC(=O)OC)CC1")
    regions = fentanyl.cut(remifentanil)
    assert regions is not None
    assert "distal_ring" not in regions.fragments


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1", "fentanyl unchanged"),
        (
            "O=C(c1ccco1)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1",
            "para-fluoro on the aniline ring; furoyl acyl",
        ),
        ("CCC(=O)N(c1ccccc1)C1CCN(C(C)Cc2ccccc2)CC1", "alpha-methyl on the linker"),
        ("CCC(=O)N(c1ccccc1)C1CCN(CC(C)c2ccccc2)CC1", "beta-methyl on the linker"),
        (
            "CCC(=O)N(c1ccccc1)C1(COC)CCN(CCc2cccs2)CC1",
            "4-methoxymethyl piperidine; thienyl as the distal ring",
        ),
        ("CCC(=O)N(c1ccccc1)C1CCN(Cc2ccccc2)CC1", "methyl linker"),
        ("CCC(=O)N(c1ccccc1)C1CCCN(CCc2ccccc2)CC1", "azepane in place of piperidine"),
        ("c1ccc(CCN2CCC(Nc3ccccc3)CC2)cc1", "no acyl"),
        (
            "CCC(=O)N(c1ccccc1)C1CCNCC1",
            "nothing on the piperidine nitrogen, no distal ring",
        ),
        (
            "CCC(=O)N(c1ccccc1)C1(C(=O)OC)CCN(CCC(=O)OC)CC1",
            "4-methoxycarbonyl piperidine; "
            "methyl propanoate on the piperidine nitrogen, no distal ring",
        ),
    ],
)
def test_a_fentanyl_is_described_by_how_it_differs(smiles, words):
    mol = Chem.MolFromSmiles(smiles)
    assert described(mol, classify(mol)) == words

"""A reported name and a structure: where they speak of different blocks, it is said."""

import csv
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from chem import examine
from chem.anatomy.agreement import disagreement, fentanyl_regions, nitazene_parts
from chem.anatomy.codename import readings
from chem.errors import StructureError
from chem.families import classify
from chem.known import known

SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", "../shared/data"))
GROUPS = ("synthetic cannabinoids", "fentanyl analogues", "nitazenes")


def told(name, smiles):
    mol = Chem.MolFromSmiles(smiles)
    return disagreement(name, mol, classify(mol))


def names_of(substance):
    return [substance.name, *substance.synonyms]


@pytest.mark.parametrize(
    ("name", "smiles", "sentence"),
    [
        (
            "4F-MDMB-BINACA",
            "CCCCCn1cc(C(=O)NC(C(=O)OC)C(C)(C)C)c2ccccc21",
            "the name says core indazole, tail 4-fluorobutyl; "
            "the structure has core indole, tail pentyl",
        ),
        (
            "ADB-4en-PINACA",
            "C=CCCCn1nc(C(=O)NC(C(=O)OC)C(C)(C)C)c2ccccc21",
            "the name says linked group amino dimethyl-oxobutane; "
            "the structure has linked group methyl dimethylbutanoate",
        ),
        (
            "ADB-5'Br-BUTINACA",
            "CCCCn1nc(C(=O)NC(C(N)=O)C(C)(C)C)c2ccccc21",
            "the name says core 5-bromoindazole; the structure has core indazole",
        ),
        (
            "ortho-fluorobutyrylfentanyl",
            "CCCC(=O)N(c1ccc(F)cc1)C1CCN(CCc2ccccc2)CC1",
            "the name says aniline ring 2-fluorophenyl; "
            "the structure has aniline ring 4-fluorophenyl",
        ),
        (
            "alpha-methylfentanyl",
            "CCC(=O)N(c1ccccc1)C1CCN(CC(C)c2ccccc2)CC1",
            "the name says linker 1-methylethyl; the structure has linker 2-methylethyl",
        ),
        (
            "Isotonitazene",
            "CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1",
            "the name says benzyl substituent isopropoxy; "
            "the structure has benzyl substituent propoxy",
        ),
        (
            "Isotonitazene",
            "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2ccc([N+](=O)[O-])cc21",
            "the name says five position nitro, six position unsubstituted; "
            "the structure has five position unsubstituted, six position nitro",
        ),
        (
            "Metonitazene",
            "COc1cccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)c1",
            "the name says benzyl substituent methoxy; "
            "the structure has benzyl substituent 3-methoxy",
        ),
        (
            "ADB-BUTINACA",
            "CNC(C)C(=O)c1ccc(C)cc1",
            "the name is that of a synthetic cannabinoid; the structure has no such blocks",
        ),
        (
            "para-fluorofentanyl",
            "CNC(C)C(=O)c1ccc(C)cc1",
            "the name is that of a fentanyl; the structure has no such blocks",
        ),
        (
            "3-MMC",
            "CNC(C)C(=O)c1ccc(C)cc1",
            "the name says 3-methyl; the structure has 4-methyl",
        ),
        (
            "2-FDCK",
            "CNC1(c2ccc(F)cc2)CCCCC1=O",
            "the name says 2-fluoro; the structure has 4-fluoro",
        ),
    ],
)
def test_a_contradiction_is_said_in_a_sentence(name, smiles, sentence):
    assert told(name, smiles) == sentence


@pytest.mark.parametrize(
    ("name", "smiles"),
    [
        ("5F-ADB", "COC(=O)C(NC(=O)c1nn(CCCCCF)c2ccccc12)C(C)(C)C"),
        ("MMB-FUBINACA", "COC(=O)C(NC(=O)c1nn(Cc2ccc(F)cc2)c2ccccc12)C(C)C"),
        ("ABINACA", "O=C(NC12CC3CC(CC(C3)C1)C2)c1nn(CCCC)c2ccccc12"),
        ("some new cannabinoid", "COC(=O)C(NC(=O)c1nn(CCCCCF)c2ccccc12)C(C)(C)C"),
        ("3-MMC", "CNC(C)C(=O)c1cccc(C)c1"),
        ("4-MMC", "CNC(C)C(=O)c1ccc(C)cc1"),
        ("nitazene", "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc21"),
        ("fentanyl", "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"),
        ("3-fluorofentanyl", "CCC(=O)N(c1ccccc1)C1CCN(CCc2cccc(F)c2)CC1"),
        ("4-methylfentanyl", "CCC(=O)N(c1ccccc1)C1(C)CCN(CCc2ccccc2)CC1"),
        ("MDMB-CHMCZCA", "COC(=O)C(NC(=O)c1ccc2c(c1)c1ccccc1n2CC1CCCCC1)C(C)(C)C"),
        ("", "CCO"),
    ],
)
def test_agreement_and_names_that_cannot_be_read_are_silent(name, smiles):
    assert told(name, smiles) is None


def test_no_known_name_disagrees_with_its_own_structure():
    """Every name and synonym of every known substance, whatever its group."""
    read, fired = 0, []
    for substance in known():
        component = examine(substance.smiles).components[0]
        for name in names_of(substance):
            if sentence := disagreement(name, component.parent, component.classification):
                fired.append((name, substance.name, sentence))
            read += bool(readings(name) or fentanyl_regions(name) or nitazene_parts(name))
    assert fired == []
    assert read > 350


READABLE = [
    (name, substance)
    for substance in known()
    if substance.group in GROUPS
    for name in names_of(substance)
    if readings(name) or fentanyl_regions(name) or nitazene_parts(name)
]


@settings(max_examples=300, deadline=None)
@given(named=st.sampled_from(READABLE), drawn=st.sampled_from(READABLE))
def test_a_name_on_the_structure_of_another_substance_is_noticed(named, drawn):
    name, substance = named
    other = drawn[1]
    same = substance.connectivity == other.connectivity
    assert (told(name, other.smiles) is None) == same, (name, other.name)


def test_in_published_lists_it_finds_the_rows_that_are_wrong_and_no_others():
    path = SHARED / "structures" / "labelled_nps.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fired = set()
    for row in rows:
        try:
            components = examine(row["smiles"]).components
        except StructureError:
            continue
        if len(components) == 1 and disagreement(
            row["name"], components[0].parent, components[0].classification
        ):
            fired.add(row["name"])
    assert fired == {"5F-AMB", "meta-Fluorofentanyl", "meta-fluoro Furanyl fentanyl"}

"""The engine behind generic definitions keeps to its word, on definitions made for the test."""

import textwrap

import pytest
from rdkit import Chem

from chem.generics import IN, OUT, UNDETERMINED, _ruling
from chem.generics.definitions import load
from chem.generics.residues import Subject
from chem.known import by_name

HEAD = """
id = "test"
jurisdiction = "XX"
law = "a law"
title = "a title"
valid_from = 2020-01-01
source = "a test"
needs = ["c1ccccc1"]
negatives = []
{top}
[positives]
[[clause]]
id = "a"
text = "the ring carries something"
[[structure]]
core = ["[c:1]1[c:1][c:1][c:1][c:1]c1I"]
clause = "a"
{positions}
"""
RING = """
[[structure.position]]
name = "ring"
at = [1]
options = [{{ residue = [{residues}] }}]
"""


@pytest.fixture
def made(tmp_path):
    """A definition of iodobenzenes: what the ring may carry is up to the test."""

    def make(positions, top=""):
        path = tmp_path / "made.toml"
        path.write_text(HEAD.format(top=top, positions=textwrap.dedent(positions)))
        return load(path)

    return make


def judged(definition, smiles):
    found = _ruling(definition, Subject(Chem.MolFromSmiles(smiles)))
    return found.outcome if found else None


@pytest.mark.parametrize(
    ("residue", "fits", "fails"),
    [
        ("alkyl", ["C", "CC(C)C"], ["CCO", "C1CC1", "C=C", "CCF"]),
        ("alkyl:1-3", ["CCC"], ["CCCC"]),
        ("alkenyl", ["C=C", "CC=C"], ["CC", "CC#C", "C=CO"]),
        ("alkynyl", ["C#C"], ["C=C"]),
        ("cycloalkyl", ["C1CC1", "C1CCC(C)CC1"], ["CC1CC1", "CC", "C1CCOC1"]),
        ("cycloalkylalkyl", ["CC1CC1"], ["C1CC1"]),
        ("halo", ["F", "I"], ["CF", "O"]),
        ("haloalkyl", ["CF", "C(F)(F)F", "CCCl"], ["F", "CC", "OCF"]),
        ("hydroxy", ["O"], ["OC", "CO"]),
        ("alkoxy", ["OC", "OCCC"], ["O", "OCCO", "OC=C", "OC1CC1", "COC"]),
        ("haloalkoxy", ["OC(F)(F)F"], ["OC", "CF"]),
        ("ether", ["COC", "OC", "Oc1ccccc1"], ["O", "CCO", "OC(C)=O"]),
        ("ester", ["C(=O)OC", "OC(=O)C", "OC(=O)c1ccccc1"], ["C(=O)O", "OC", "C(=O)C"]),
        ("acetyloxy", ["OC(=O)C"], ["OC(=O)CC"]),
        ("amino", ["N"], ["NC", "NC(C)=O"]),
        ("alkylamino", ["NC", "N(C)C"], ["N", "NC(C)=O", "N1CCCC1"]),
        ("nitro", ["[N+](=O)[O-]"], ["N"]),
        ("cyano", ["C#N"], ["CC#N"]),
        ("alkylthio", ["SC"], ["S(=O)C", "S"]),
        ("alkylsulfonyl", ["S(=O)(=O)CC"], ["SC", "S(=O)(=O)N"]),
        ("acyl", ["C(=O)C", "C=O", "C(=O)c1ccco1"], ["C(=O)O", "C(=O)OC", "C(=O)N", "CC"]),
        ("phenyl", ["c1ccccc1"], ["c1ccc(F)cc1", "c1ccccn1"]),
        ("aromatic-monocycle", ["c1ccc(F)cc1", "c1cccs1", "c1ccc(-c2ccccc2)cc1"],
         ["c1ccc2ccccc2c1", "c1ccc2OCOc2c1", "C1CCCCC1"]),
        ("hydrocarbyl", ["CC", "c1ccccc1", "C1CC1"], ["CO"]),
    ],
)  # fmt: skip
def test_a_residue_is_judged_as_a_whole(made, residue, fits, fails):
    definition = made(RING.format(residues=f'"{residue}"'))
    for part in fits:
        assert judged(definition, f"Ic9ccc({part})cc9") == IN, part
    for part in fails:
        assert judged(definition, f"Ic9ccc({part})cc9") == OUT, part


def test_whatever_no_position_speaks_of_is_out(made):
    definition = made(RING.format(residues='"halo"'))
    assert judged(definition, "Ic1ccc(F)cc1") == IN
    assert judged(definition, "Ic1ccccc1") == IN
    assert (
        judged(definition, "C[I+]c1ccc(F)cc1") == OUT
    )  # the iodine has no label and bears nothing
    assert judged(definition, "Ic1ccc2ccccc2c1") == OUT  # a fused ring needs a bridge
    assert judged(definition, "Fc1ccccc1") is None


def test_a_bridge_is_bound_to_its_places_and_its_ring_size(made):
    definition = made(
        """
        [[structure.bridge]]
        name = "ring"
        between = [[1, 1]]
        size = [5, 5]
        options = [{ residue = ["any"] }]
        """
    )
    assert judged(definition, "Ic1ccc2OCOc2c1") == IN
    assert judged(definition, "Ic1ccc2OCCOc2c1") == OUT
    assert judged(definition, "Ic1cc2cc(c1)OCCCO2") == OUT


def test_numbers_of_groups_are_kept(made):
    definition = made(
        """
        [[structure.position]]
        name = "ring"
        at = [1]
        least = 1
        most = 2
        options = [{ residue = ["halo"] }]
        """
    )
    ways = ["Ic1ccccc1", "Ic1ccccc1F", "Ic1c(F)cccc1F", "Ic1c(F)ccc(F)c1F"]
    assert [judged(definition, smiles) for smiles in ways] == [OUT, IN, IN, OUT]


def test_the_first_option_counts_and_a_doubt_makes_it_undetermined(made):
    definition = made(
        """
        [[structure.position]]
        name = "ring"
        at = [1]
        options = [
          { residue = ["halo"] },
          { residue = ["any"], doubt = "not named", heavy = [1, 2] },
        ]
        """
    )
    ways = ["Ic1ccccc1F", "Ic1ccccc1O", "Ic1ccc(F)cc1O", "Ic1ccccc1OCC"]
    assert [judged(definition, s) for s in ways] == [IN, UNDETERMINED, UNDETERMINED, OUT]


def test_mass_exemptions_and_excluded_parts_are_kept(made):
    top = 'max_mass = 240.0\n[[exempt]]\nany = ["[OH]"]\ntext = "phenols are left out"'
    definition = made('not = ["S"]\n' + RING.format(residues='"any"'), top)
    assert judged(definition, "Ic1ccccc1F") == IN  # 222 u
    assert judged(definition, "Ic1ccccc1Br") == OUT  # 283 u
    assert judged(definition, "Ic1ccccc1O") == OUT
    assert judged(definition, "Ic1ccccc1S") == OUT


def test_a_standing_exempts_all_that_have_it(made):
    remark = '[[exempt]]\nstanding = ["medicine"]\noutcome = "undetermined"\ntext = "a medicine"'
    definition = made(RING.format(residues='"any"'), remark)
    assert judged(definition, by_name()["doi"].smiles) == IN
    assert judged(definition, by_name()["iofetamine"].smiles) == UNDETERMINED


def test_a_heavy_isotope_moves_no_mass_across_its_limit(made):
    definition = made(RING.format(residues='"any"'), "max_mass = 218.1")
    assert judged(definition, "Ic1ccccc1C") == IN  # 218.04 u
    assert judged(definition, "[125I]c1ccccc1[13CH3]") == IN
    assert judged(definition, "Ic1ccccc1CC") == OUT


def test_chain_mass_and_other_limits_measure_the_whole_group(made):
    def fits(limits, group):
        definition = made(
            f"""
            [[structure.position]]
            name = "ring"
            at = [1]
            options = [{{ residue = ["any"], {limits} }}]
            """
        )
        return judged(definition, f"Ic9ccc({group})cc9") == IN

    assert fits("chain = [4, 4]", "OCC(C)N")
    assert not fits("chain = [4, 4]", "OCCCN")
    assert fits("chain = [1, 1]", "OC1CC1")
    assert fits("hetero = [2, 2]", "OCCN")
    assert fits("rings = [1, 1]", "OC1CC1")
    assert fits("halogens = [3, 3]", "C(F)(F)F")
    assert fits("mass = [30.9, 31.1]", "OC")
    assert fits("heavy = [2, 2]", "OC")


@pytest.mark.parametrize(
    ("positions", "top", "complaint"),
    [
        ('[[structure.position]]\nname = "x"\nat = [1]\noptions = []\ntypo = 1', "", "typo"),
        (RING.format(residues='"alkil"'), "", "alkil"),
        (RING.format(residues='"alkyl:6-1"'), "", "allows no size"),
        (RING.format(residues='"any"').replace("[1]", "[7]"), "", "label"),
        (
            '[[structure.position]]\nname = "x"\nat = [1]\n'
            'options = [{ residue = ["any"], clause = "z" }]',
            "",
            "clause",
        ),
        (RING.format(residues='"any"'), '[[exempt]]\nnames = ["Nobody"]\ntext = "x"', "Nobody"),
        (RING.format(residues='"any"'), '[[exempt]]\nstanding = ["toy"]\ntext = "x"', "toy"),
        (RING.format(residues='"any"'), '[[exempt]]\nany = ["C("]\ntext = "x"', "SMARTS"),
        (RING.format(residues='"any"'), '[[exempt]]\noutcome = "maybe"\ntext = "x"', "maybe"),
    ],
)
def test_an_unsound_definition_is_refused_by_name(made, positions, top, complaint):
    with pytest.raises(ValueError, match=complaint) as refusal:
        made(positions, top)
    assert str(refusal.value).startswith("made.toml: ")

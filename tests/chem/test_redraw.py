"""Each rule of the file does what it says, everywhere at once, and nothing else."""

import pytest
from rdkit import Chem

from chem.redraw import redrawn, rules

DRAWN = {  # rule: how it is drawn and how it is kept
    "nitro": ("C[P](=O)=O", "C[P+](=O)[O-]"),
    "sulfone": ("C[S+2]([O-])([O-])C", "CS(C)(=O)=O"),
    "pyridine oxide": ("c1ccccn1=O", "[O-][n+]1ccccc1"),
    "protonated amine oxide": ("C[N+](C)(C)O", "C[N+](C)(C)[O-]"),
    "protonated pyridine oxide": ("O[n+]1ccccc1", "[O-][n+]1ccccc1"),
    "azide": ("CN=N#N", "CN=[N+]=[N-]"),
    "azide apart": ("C[N-][N+]#N", "CN=[N+]=[N-]"),
    "nitrous oxide": ("[N-]=[N+]=O", "N#[N+][O-]"),
    "diazo": ("C=N#N", "C=[N+]=[N-]"),
    "sulfoxide": ("C[S+]([O-])C", "CS(C)=O"),
    "phosphine oxide": ("C[P+](C)(C)[O-]", "CP(C)(C)=O"),
    "phosphate": ("C[P+](C)([O-])[O-]", "CP(C)(=O)[O-]"),
    "conjugated cation": ("C[C+](N)N", "CC(N)=[NH2+]"),
    "recombined neighbours": ("C[C+](C)[N-]C", "CN=C(C)C"),
    "imidic acid": ("CC(O)=NC", "CNC(C)=O"),
    "imidic acid, bare": ("CC(O)=N", "CC(N)=O"),
    "lactim": ("Oc1ccccn1", "O=c1cccc[nH]1"),
}


def read(smiles):
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:  # drawings that RDKit refuses or mends as it reads
        mol = Chem.MolFromSmiles(smiles, sanitize=False)
        mol.UpdatePropertyCache(strict=False)
        Chem.FastFindRings(mol)
    return mol


@pytest.mark.parametrize("rule", DRAWN)
def test_a_group_is_brought_to_its_normal_form(rule):
    drawn, kept = DRAWN[rule]
    assert Chem.MolToSmiles(redrawn(read(drawn))) == Chem.CanonSmiles(kept)


def test_every_rule_of_the_file_has_its_example():
    assert [rule.name for rule in rules()] == list(DRAWN)


@pytest.mark.parametrize("kept", sorted({kept for _, kept in DRAWN.values()}))
def test_a_normal_form_is_left_alone(kept):
    mol = Chem.MolFromSmiles(kept)
    assert redrawn(mol) is mol


def test_many_sites_are_done_together():
    drawn = Chem.MolFromSmiles("C" + "[S+]([O-])C" * 40)
    assert Chem.MolToSmiles(redrawn(drawn)) == Chem.CanonSmiles("C" + "S(=O)C" * 40)


def test_a_stereo_centre_is_kept():
    drawn = Chem.MolFromSmiles("CC[S@@+]([O-])C[C@H](C)F")
    assert Chem.MolToSmiles(redrawn(drawn)).count("@") >= 2


def test_what_would_be_no_molecule_is_left_as_drawn():
    drawn = Chem.MolFromSmiles("F[P-](F)(F)(F)(F)F")
    assert redrawn(drawn) is drawn

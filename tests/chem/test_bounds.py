"""Limits are measured on the graph, and lie where real molecules do not come."""

import random

import pytest
from rdkit import Chem

from chem import bounds
from chem.bounds import refuse_arrangements, refuse_unbearable, smiles_may_be_intricate
from chem.errors import StructureError
from chem.known import known


def rough(smiles):
    return Chem.MolFromSmiles(smiles, sanitize=False)


def code_of(check, mol):
    try:
        check(mol)
    except StructureError as error:
        return error.code
    return "ok"


def belt(rings):
    return "C%11" + "c2ccc(cc2)C" * (rings - 1) + "c2ccc(cc2)%11"


@pytest.mark.parametrize(("rings", "code"), [(4, "ok"), (8, "ok"), (9, "too_intricate")])
def test_a_belt_of_rings_is_limited_by_the_ways_round_it(rings, code):
    assert code_of(refuse_unbearable, rough(belt(rings))) == code


def ladder(rungs):
    """Squares side by side: one ring fewer than rungs."""
    side = "".join(f"C%{10 + rung}" for rung in range(rungs))
    return f"{side}.{side}"


@pytest.mark.parametrize(("rings", "code"), [(18, "ok"), (19, "too_many_rings")])
def test_rings_in_one_system_are_limited(rings, code):
    assert code_of(refuse_unbearable, rough(ladder(rings + 1))) == code


@pytest.mark.parametrize(("systems", "code"), [(2, "ok"), (3, "too_many_rings")])
def test_rings_altogether_are_limited(systems, code):
    assert code_of(refuse_unbearable, rough(".".join([ladder(13)] * systems))) == code


def test_no_text_with_harmless_digits_has_more_rings_than_are_harmless():
    text = "C1" * 18
    assert not smiles_may_be_intricate(text)
    assert smiles_may_be_intricate(text + "C1")


def dendrimer(leaves, seed=1):
    dice = random.Random(seed)

    def branch(depth):
        if not depth:
            return dice.choice(leaves)
        return f"CC({branch(depth - 1)})({branch(depth - 1)}){branch(depth - 1)}"

    return Chem.MolFromSmiles(branch(3))


@pytest.mark.parametrize(
    ("leaves", "code"),
    [
        (["C"], "ok"),
        (["[13CH3]"], "ok"),
        (["C", "O"], "ok"),  # other elements are other skeletons
        (["C", "[13CH3]"], "too_intricate"),
        (["CC", "C=C"], "too_intricate"),
        (["[C@H](F)Cl", "[C@@H](F)Cl"], "too_intricate"),
    ],
)
def test_parts_alike_but_for_labels_are_limited(leaves, code):
    assert code_of(refuse_arrangements, dendrimer(leaves)) == code


def test_the_order_of_atoms_does_not_move_a_limit():
    mol, dice = dendrimer(["C", "[13CH3]"]), random.Random(2)
    order = list(range(mol.GetNumAtoms()))
    for _ in range(5):
        dice.shuffle(order)
        assert code_of(refuse_arrangements, Chem.RenumberAtoms(mol, order)) == "too_intricate"


def test_no_known_substance_comes_near_a_limit():
    for substance in known():
        mol = Chem.MolFromSmiles(substance.smiles)
        assert code_of(refuse_unbearable, mol) == "ok", substance.name
        assert code_of(refuse_arrangements, mol) == "ok", substance.name
        assert bounds._arrangements(mol) <= bounds.MAX_ARRANGEMENTS / 2, substance.name

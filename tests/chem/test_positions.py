"""Which structures are positional isomers of each other."""

import pytest
from rdkit import Chem

from chem import examine
from chem.known import by_name, everything
from chem.positions import without_positions


def pieces(name):
    return without_positions(examine(by_name()[name.casefold()].smiles).components[0].parent)


@pytest.mark.parametrize(
    "isomers",
    [
        ("2-MMC", "3-MMC", "Mephedrone"),
        ("5-APB", "6-APB"),
        ("ortho-Fluorofentanyl", "para-Fluorofentanyl"),
        ("4F-AB-PINACA", "5F-AB-PINACA"),
        ("4-MeO-DMT", "5-MeO-DMT"),
    ],
)
def test_isomers_that_differ_in_positions_share_their_pieces(isomers):
    assert len({pieces(name) for name in isomers}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("Mephedrone", "Ethcathinone"), ("Isotonitazene", "Protonitazene"), ("MDMA", "MDEA")],
)
def test_others_do_not(one, other):
    assert pieces(one) != pieces(other)


def test_every_known_substance_has_pieces_whatever_its_atom_order(rewritten):
    for substance in everything()[::50]:
        texts = rewritten(Chem.MolToSmiles(Chem.MolFromSmiles(substance.smiles)), times=3)
        assert len({without_positions(Chem.MolFromSmiles(text)) for text in texts}) == 1

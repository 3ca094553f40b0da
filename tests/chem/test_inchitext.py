"""What an InChI says of its graph is what the molecule has."""

import random

import pytest
from rdkit import Chem

from chem.errors import StructureError
from chem.inchitext import graph_of
from chem.known import known


def skeleton(mol):
    """Elements, hydrogen counts on carbon, and bonds, whatever their order."""
    return sorted(
        (
            atom.GetSymbol(),
            atom.GetTotalNumHs() if atom.GetSymbol() == "C" else None,
            sorted(neighbour.GetSymbol() for neighbour in atom.GetNeighbors()),
        )
        for atom in mol.GetAtoms()
    )


def test_the_graph_is_that_of_the_molecule():
    for substance in random.Random(8).sample(known(), 250):
        mol = Chem.MolFromSmiles(substance.smiles)
        graph, _ = graph_of(Chem.MolToInchi(mol))
        for one in (mol, graph):
            for atom in one.GetAtoms():
                atom.SetIsotope(0)
        expected = skeleton(Chem.RemoveHs(mol))
        if any(row[1] is None and "+" in substance.smiles for row in expected):
            continue  # protons that move between the layers
        assert skeleton(graph) == expected, substance.smiles


def test_components_are_told_apart_with_their_copies():
    graph, _ = graph_of("InChI=1S/2C9H13N.H2O4S/c2*1-8(10)7-9-5-3-2-4-6-9;1-5(2,3)4")
    assert sorted(map(len, Chem.GetMolFrags(graph))) == [5, 10, 10]


def test_labels_and_stereo_make_atoms_differ():
    graph, marks = graph_of("InChI=1S/C3H8O/c1-3(2)4/h3-4H,1-2H3/i1D3")
    assert marks == 0
    assert graph.GetAtomWithIdx(0).GetIsotope() != graph.GetAtomWithIdx(1).GetIsotope()
    _, marks = graph_of("InChI=1S/C4H8/c1-3-4-2/h3-4H,1-2H3/b4-3+")
    assert marks == 1
    _, marks = graph_of("InChI=1S/C3H7NO2/c1-2(4)3(5)6/h2H,4H2,1H3,(H,5,6)/t2-/m0/s1")
    assert marks == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("InChI=1S/C2H6/c1-3/h1-2H3", "unreadable"),
        ("InChI=1S/C2H6/c1-2-1/h1-2H3", "unreadable"),
        ("InChI=1S/C2H6/c1)2/h1-2H3", "unreadable"),
        ("InChI=1S/Xy2/c1-2", "unreadable"),
        ("InChI=1S/c1-2", "unreadable"),
        ("InChI=1S", "unreadable"),
        ("InChI=1S/CH4/h1H4/i1D10", "unreadable"),
        ("InChI=1S/C251H504", "too_many_atoms"),
        ("InChI=1S/21CH4/h21*1H4", "too_many_fragments"),
    ],
)
def test_what_no_inchi_says_is_refused(text, code):
    with pytest.raises(StructureError) as caught:
        graph_of(text)
    assert caught.value.code == code

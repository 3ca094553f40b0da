"""Pictures: alike within a family, readable anywhere, never a reason for an error page."""

from xml.etree import ElementTree

import pytest
from rdkit import Chem

from chem.depict import laid_out, png, svg
from chem.families import classify


def test_an_svg_is_an_element_of_a_page_with_words_for_those_who_do_not_see_it():
    picture = svg(Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1"), title='a <"&> b')
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    assert root[0].text == 'a <"&> b'
    assert not picture.startswith("<?xml")
    assert "<rect" not in picture  # no background of its own
    assert "style=" not in picture  # a page's policy may forbid it


def test_a_picture_is_the_same_every_time():
    mol = Chem.MolFromSmiles("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1")
    assert svg(mol) == svg(Chem.Mol(mol))


def test_highlighted_atoms_are_drawn():
    mol = Chem.MolFromSmiles("CNC(C)C(=O)c1ccc(C)cc1")
    atoms = classify(mol).families[0].atoms
    assert svg(mol, highlight=atoms) != svg(mol)
    assert svg(mol, highlight=(99, -1))  # atoms that do not exist are passed over


def test_a_png_is_a_png():
    assert png(Chem.MolFromSmiles("CCO")).startswith(b"\x89PNG")


def test_members_of_a_family_lie_alike():
    def core(smiles):
        mol = laid_out(Chem.MolFromSmiles(smiles))
        atoms = classify(mol).families[0].atoms
        points = [mol.GetConformer().GetAtomPosition(atom) for atom in atoms]
        return [(point.x - points[0].x, point.y - points[0].y) for point in points]

    fentanyl = core("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1")
    furanyl = core("C1CN(CCc2ccccc2)CCC1N(c1ccccc1)C(=O)c1ccco1")
    for one, other in zip(fentanyl, furanyl, strict=True):
        assert one == pytest.approx(other, abs=0.2)


@pytest.mark.parametrize("smiles", ["", "[Na+].[Cl-]", "[Xe]", "[H][H]", "C" * 250, "[2H]O[2H]"])
def test_weird_molecules_are_drawn_too(smiles):
    ElementTree.fromstring(svg(Chem.MolFromSmiles(smiles)))
    assert png(Chem.MolFromSmiles(smiles))


def test_absurd_sizes_are_brought_to_reason():
    mol = Chem.MolFromSmiles("CCO")
    assert 'width="16"' in svg(mol, width=0)
    assert 'width="4000"' in svg(mol, width=10**9)

"""The door lets in definite molecules, and says why it turns the others away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from chem.bounds import MAX_HEAVY_ATOMS
from chem.errors import StructureError
from chem.parse import MAX_LINE_CHARACTERS, parse

ETHYLAMINE = Chem.MolToMolBlock(Chem.MolFromSmiles("CCN"))
MESOCARB = (  # mesoionic: the InChI library makes another molecule of its InChI
    "InChI=1S/C18H18N4O2/c1-14(12-15-8-4-2-5-9-15)22-13-17(24-21-22)20-18(23)19-16-10-6-3-7-11-16"
    "/h2-11,13-14H,12H2,1H3,(H-,19,20,21,23)"
)
ETHYLAMINE_V3000 = Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CCN"))


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("CCN", "smiles"),
        ("  CCN \n", "smiles"),
        ("InChI=1S/C2H7N/c1-2-3/h2-3H2,1H3", "inchi"),
        (ETHYLAMINE, "molfile"),
        (ETHYLAMINE.replace("\n", "\r\n"), "molfile"),
        (ETHYLAMINE_V3000, "molfile"),
        (ETHYLAMINE + ">  <name>\nethylamine\n\n", "molfile"),
    ],
    ids=["smiles", "padded", "inchi", "v2000", "windows lines", "v3000", "sd record"],
)
def test_each_format_is_recognised_by_its_looks(text, format):
    parsed = parse(text)
    assert parsed.format == format
    assert parsed.text == text
    assert Chem.MolToSmiles(parsed.mol) == "CCN"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "empty", "empty"),
        (" \n", "empty", "empty"),
        (None, "not_text", "text"),
        ("c1ccccc", "unreadable", "opens a ring (1) that it never closes"),
        ("CC(C", "unreadable", 'opens a branch "("'),
        ("CC)C", "unreadable", 'closes a branch ")"'),
        ("C[NH2", "unreadable", "bracket"),
        ("C\0C", "unreadable", "NUL"),
        ("mephedrone", "unreadable", "reads like a name; put a name in its own field"),
        ("1189805-46-6", "unreadable", "CAS number"),
        ("YELGFTGWJGBAQU-UHFFFAOYSA-N", "unreadable", "InChIKey"),
        ("C11H15NO", "unreadable", "a formula rather than a SMILES"),
        ("CC\u0421N", "unreadable", "U+0421"),
        ("CCN ethylamine", "trailing_text", "name in its own field"),
        ("CC(C)(C)(C)C", "bad_valence", "atom 2 (C) has 5 bonds"),
        ("c1cccc1", "not_aromatic", "[nH]"),
        ("[C+12]", "bad_charge", "charge"),
        ("[99CH4]", "bad_isotope", "mass 99"),
        ("*CCN", "query_atoms", "any atom"),
        ("C~C", "bond_kind", "single, double or triple"),
        ("CC>>CN", "reaction", "one substance"),
        ("InChI=1S/C2H7N/nonsense", "unreadable", "InChI"),
        (MESOCARB, "unreadable", "send SMILES or a molfile"),
        ("C" * (MAX_LINE_CHARACTERS + 1), "too_long", "2,000"),
        ("C" * (MAX_HEAVY_ATOMS + 1), "too_many_atoms", "250"),
        (".".join(["CCN"] * 21), "too_many_fragments", "21 parts"),
    ],
)
def test_what_is_refused_is_told_in_words_that_let_it_be_mended(text, code, words):
    with pytest.raises(StructureError) as caught:
        parse(text)
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_format_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(StructureError, match="smiles, inchi, molfile or auto") as caught:
        parse("CCN", "mol2")
    assert caught.value.code == "unsupported_format"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("rgroups1.mol", "r_group"),
        ("AtomQuery1.mol", "query_atoms"),
        ("list-query.mol", "query_atoms"),
        ("bond-query.mol", "bond_kind"),
        ("Issue3432136_1.mol", "polymer"),
        ("testSCSR.mol", "polymer"),
        ("largemol.mol", "too_many_atoms"),
    ],
)
def test_a_drawing_that_leaves_something_open_is_no_substance(shared_data, file, code):
    text = (shared_data / "awkward_input/rdkit_molfiles" / file).read_text()
    with pytest.raises(StructureError) as caught:
        parse(text)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["C1CCC2CC-12", "C[Fe+2]", "\ufeffCCN\u200b", "CC |c:0|"])
def test_what_only_looks_odd_is_read(text):
    assert parse(text).mol.GetNumAtoms() > 1


def test_atom_numbers_left_over_from_a_reaction_are_no_part_of_the_substance():
    assert Chem.MolToSmiles(parse("[CH3:1][CH2:2][NH2:7]").mol) == "CCN"


smiles_like = st.text(alphabet="CNOScnos[]()=#+-123%.@/\\HFClBr*~>|$ \n", max_size=60)


@settings(max_examples=300, deadline=None)
@given(st.one_of(smiles_like, st.text(max_size=80), st.binary(max_size=60).map(repr)))
def test_whatever_the_text_only_a_structure_error_comes_out(text):
    try:
        assert parse(text).mol.GetNumAtoms() > 0
    except StructureError as error:
        assert error.code
        assert error.message


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(ETHYLAMINE)), st.text(max_size=8), st.integers(0, 12))
def test_a_damaged_molfile_is_read_or_refused_but_never_crashes(place, noise, cut):
    damaged = ETHYLAMINE[:place] + noise + ETHYLAMINE[place + cut :]
    try:
        parse(damaged, "molfile")
    except StructureError as error:
        assert error.message

"""Salts come off, mixtures stay together, and nothing depends on how it was drawn."""

import csv

import pytest
from rdkit import Chem

from chem.errors import StructureError
from chem.identity import identify
from chem.normalise import normalise
from chem.parse import parse


def components(text):
    return normalise(parse(text).mol).components


def smiles_of(text):
    return [Chem.MolToSmiles(component.parent) for component in components(text)]


@pytest.mark.parametrize(
    ("written", "parent", "salt"),
    [
        ("CNC(C)C(=O)c1ccc(C)cc1.Cl", "CNC(C)C(=O)c1ccc(C)cc1", ("hydrochloride",)),
        ("C[NH2+]C(C)Cc1ccccc1.[Cl-]", "CNC(C)Cc1ccccc1", ("hydrochloride",)),
        ("CC(N)C.[H+].[Cl-]", "CC(C)N", ("hydrochloride",)),
        ("CNC.OC(=O)/C=C/C(O)=O", "CNC", ("fumarate",)),
        ("CNC.OC(=O)/C=C\\C(O)=O", "CNC", ("maleate",)),
        ("OCCCC(=O)[O-].[Na+]", "O=C(O)CCCO", ("sodium",)),
        ("OCCCC(=O)O[Na]", "O=C(O)CCCO", ("sodium",)),
        ("C1CNCCN1.OC(=O)CC(O)(C(O)=O)CC(O)=O", "C1CNCCN1", ("citrate",)),
        ("C[N+](C)(C)Cc1ccccc1.[Br-]", "C[N+](C)(C)Cc1ccccc1", ("bromide",)),
        ("CC(N)Cc1ccccc1.CC(N)Cc1ccccc1.OS(O)(=O)=O", "CC(N)Cc1ccccc1", ("sulfate",)),
        ("C[NH3+].[O-][N+](=O)[O-]", "CN", ("nitrate",)),
        ("C[NH3+].F[P-](F)(F)(F)(F)F", "CN", ("hexafluorophosphate",)),
        ("CNC(C)Cc1ccccc1.[2H]Cl", "CNC(C)Cc1ccccc1", ("hydrochloride",)),
        ("CNC(C)Cc1ccccc1.[Cl]", "CNC(C)Cc1ccccc1", ("hydrochloride",)),
        ("C[N+](C)(C)CCO.OC(=O)C(O)C(O)C([O-])=O", "C[N+](C)(C)CCO", ("tartrate",)),
        (
            "CC(N)Cc1ccccc1.O=C(O)[C@@H](O)[C@@H](O)[C@H](O)[C@@H](O)C(=O)O",
            "CC(N)Cc1ccccc1",
            ("saccharate",),
        ),
        ("C1N2CN3CN1CN(C2)C3.OC(=O)CNC(=O)c1ccccc1", "C1N2CN3CN1CN(C2)C3", ("hippurate",)),
        ("OCCCC(=O)[O-].OCCCC(=O)[O-].[Mg+2]", "O=C(O)CCCO", ("magnesium",)),
        ("CC(=O)Oc1ccccc1C(=O)O.[Mg+2].[O-2]", "CC(=O)Oc1ccccc1C(=O)O", ("magnesium", "oxide")),
    ],
)
def test_a_listed_counter_ion_comes_off_and_is_named(written, parent, salt):
    (component,) = components(written)
    assert Chem.MolToSmiles(component.parent) == parent
    assert component.salt == salt


def test_water_of_crystallisation_is_a_solvent_not_a_salt():
    (component,) = components("CNC(C)Cc1ccccc1.Cl.O")
    assert (component.salt, component.solvents) == (("hydrochloride",), ("water",))


def test_fentanyl_with_etizolam_is_a_mixture_of_both():
    result = normalise(
        parse("CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1.CCc1cc2c(s1)-n1c(C)nnc1CN=C2c1ccccc1Cl").mol
    )
    assert result.mixture
    found = {identify(component.parent).connectivity for component in result.components}
    assert found == {"PJMPHNIQZUBGLI", "VMZUTJCNQWMAGF"}


def test_the_order_of_a_mixture_is_the_same_however_it_was_written():
    assert smiles_of("CCOC(C)CN.CNCCc1ccccc1") == smiles_of("CNCCc1ccccc1.CCOC(C)CN")


def test_a_racemate_drawn_as_two_enantiomers_is_one_substance_without_stereo():
    assert smiles_of("C[C@H](N)Cc1ccccc1.C[C@@H](N)Cc1ccccc1") == ["CC(N)Cc1ccccc1"]


@pytest.mark.parametrize(
    "text",
    ["[Na+].[Cl-]", "O", "Cl", "[Li+].[Li+].[O-]C(=O)[O-]", "[Fe]", "[K+].[O-][Mn](=O)(=O)=O"],
)
def test_counter_ions_alone_are_no_substance(text):
    with pytest.raises(StructureError) as caught:
        components(text)
    assert caught.value.code == "no_organic_part"


@pytest.mark.parametrize(
    ("text", "kept"),
    [("CCO", "CCO"), ("OC(=O)c1ccccc1.[Na]", "O=C(O)c1ccccc1"), ("N#[N+][O-]", "N#[N+][O-]")],
)
def test_a_solvent_or_acid_sent_by_itself_is_what_was_meant(text, kept):
    assert smiles_of(text) == [kept]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("CS(C)=O", "C[S+](C)[O-]"),
        ("CCN=[N+]=[N-]", "CC[N-][N+]#N"),
        ("NCC(=O)O", "[NH3+]CC(=O)[O-]"),
        ("[N-]=[N+]=O", "N#[N+][O-]"),
        ("NCC1(CC(O)=O)CCCCC1", "[NH3+]CC1(CC([O-])=O)CCCCC1"),
        ("CN(C)CCc1c[nH]c2cccc(OP(O)(O)=O)c12", "C[NH+](C)CCc1c[nH]c2cccc(OP(O)([O-])=O)c12"),
        ("CN(C)(=O)Cc1ccccc1", "C[N+](C)([O-])Cc1ccccc1"),
        ("C[N+](C)(O)Cc1ccccc1.[Cl-]", "C[N+](C)([O-])Cc1ccccc1.Cl"),
        ("O[n+]1ccccc1.[Cl-]", "[O-][n+]1ccccc1"),
        ("CCC1(c2ccccc2)C(=O)N=C([O-])NC1=O.[Na+]", "CCC1(c2ccccc2)C(=O)NC(=O)NC1=O"),
    ],
)
def test_two_drawings_of_one_group_have_one_normal_form(one, other):
    assert smiles_of(one) == smiles_of(other)


@pytest.mark.parametrize("text", ["C[N+](C)(C)CCO", "C[N+](C)([O-])CCc1ccccc1", "C[n+]1ccccc1"])
def test_a_lasting_charge_is_kept(text):
    (component,) = components(text)
    assert Chem.MolToSmiles(component.parent) == Chem.CanonSmiles(text)


@pytest.mark.parametrize(
    "text",
    [
        "N#[N+]c1ccccc1.F[B-](F)(F)F",
        "C[S+](C)CCC(N)C(O)=O.[I-]",
        "O[B-](O)(O)c1ccccc1.[Na+]",
        "CC(Cc1ccccc1)[n+]1cc([N-]C(=O)Nc2ccccc2)on1",
        "C[Hg]Cl",
        "CC(=O)c1ccc[cH-]1",
    ],
    ids=["diazonium", "sulfonium", "boronate", "mesoionic", "organometallic", "carbanion"],
)
def test_what_cannot_be_neutral_stays_one_readable_molecule(text):
    (component,) = components(text)
    smiles = Chem.MolToSmiles(component.parent)
    assert Chem.MolFromSmiles(smiles) is not None
    assert smiles_of(smiles) == [smiles]


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(C)(C)C(NC(=O)c1nn(CCCC)c2ccccc12)C(N)=O",
        "NC(=O)CS(=O)C(c1ccccc1)c1ccccc1",
        "CC(c1ccc(Br)cc1)N1CCC(n2c(=O)[nH]c3ccccc32)CC1",
        "CC1CN2CC(=O)Nc3ccc(Cl)cc3C2(c2ccccc2)O1",
    ],
)
def test_an_amide_read_from_an_inchi_is_an_amide_again(smiles):
    """Reading an InChI may put the hydrogen on the oxygen; a family's rule would not know it."""
    assert smiles_of(Chem.MolToInchi(Chem.MolFromSmiles(smiles))) == [Chem.CanonSmiles(smiles)]


def test_stereo_and_isotopes_are_kept_and_labels_are_told():
    (component,) = components("[2H]C([2H])([2H])N[C@@H](C)Cc1ccccc1.Cl")
    assert component.isotopes
    assert "@" in Chem.MolToSmiles(component.parent)
    assert "[2H]" in Chem.MolToSmiles(component.parent)


def test_a_plain_molecule_goes_through_untouched():
    assert normalise(parse("CNC(C)C(=O)c1ccc(C)cc1").mol).steps == ()


def test_the_steps_tell_what_was_done_in_order():
    result = normalise(parse("OCCCC(=O)O[Na].O").mol)
    assert result.steps == (
        "metal disconnected",
        "neutralised",
        "salt removed: sodium",
        "solvent removed: water",
    )


AWKWARD = [
    "[Cl-].CC[NH+](CC)CCn1c2ccc([N+]([O-])=O)cc2nc1Cc1ccc(OCCC)cc1",
    "C[N+](C)(C)CC([O-])=O.Cl",
    "[O-]c1ccc(C(=O)[O-])cc1.[Na+].[NH3+]CCc1ccccc1",
    "NC([NH-])=[NH2+].OS(=O)(=O)[O-].[K+]",
    "C[S+]([O-])CC(=O)O[Zn]OC(=O)CS(C)=O",
    "[O-][n+]1ccccc1C(=O)[O-].[Na+]",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_normalising_twice_changes_nothing_more(text):
    for component in components(text):
        again = normalise(component.parent)
        assert [Chem.MolToSmiles(one.parent) for one in again.components] == [
            Chem.MolToSmiles(component.parent)
        ]


@pytest.mark.parametrize("text", AWKWARD)
def test_the_order_of_atoms_does_not_matter(text, rewritten):
    assert {tuple(smiles_of(other)) for other in rewritten(text)} == {tuple(smiles_of(text))}


def test_real_salts_and_mixtures_keep_every_organic_part(shared_data):
    """No row of MassBank's dotted SMILES fails, and normalising again changes none."""
    with (shared_data / "awkward_input/massbank_salts_mixtures.csv").open() as file:
        texts = [value for row in csv.DictReader(file) for value in row.values() if "." in value]
    read = 0
    for text in texts:
        try:
            found = smiles_of(text)
        except StructureError:
            continue
        read += 1
        assert [smiles_of(smiles)[0] for smiles in found] == found
    assert read > 20


@pytest.mark.parametrize("group", ["&1:1,3", "o1:1,3"])
def test_a_racemate_drawn_as_one_of_its_forms_is_no_single_enantiomer(group):
    """Ringed as AND or OR, a drawn centre says only how the centres stand to each other."""
    result = normalise(parse(f"C[C@H](N)[C@@H](O)c1ccccc1 |{group}|").mol)
    assert result.steps == ("racemate or unknown enantiomer: stereo left open",)
    assert identify(result.components[0].parent).key == "DLNKOYKMWOXYQA"
    absolute = normalise(parse("C[C@H](N)[C@@H](O)c1ccccc1 |a:1,3|").mol)
    assert identify(absolute.components[0].parent).key == "DLNKOYKMWOXYQA-IONNQARKSA"

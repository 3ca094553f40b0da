"""Esters and ethers of the drugs in Schedule I of the 1961 Convention, and what is neither."""

import gzip
import random

import pytest
from rdkit import Chem

from chem.control import international, listings, rulings
from chem.derivatives import ESTER, ETHER, MIXED, Derivatives, has_hydroxyl
from chem.identity import identify
from chem.known import by_name
from chem.normalise import normalise
from chem.parse import parse
from chem.variants import substance_key

MORPHINE = "CN1CCC23c4c5ccc({phenol})c4OC2C({alcohol})C=CC3C1C5"


def morphine(phenol="O", alcohol="O"):
    return MORPHINE.format(phenol=phenol, alcohol=alcohol)


def rulings_on(smiles):
    parent = normalise(parse(smiles).mol).components[0].parent
    identity = identify(parent)
    return rulings(parent, identity.connectivity, identity.inchikey)


@pytest.mark.parametrize(
    ("smiles", "kind", "drug"),
    [
        (morphine("OC(=O)CC", "OC(=O)CC"), ESTER, "Morphine"),
        (morphine("OC(C)=O"), ESTER, "Morphine"),
        (morphine(alcohol="OS(=O)(=O)O"), ESTER, "Morphine"),
        (morphine(alcohol="OC"), ETHER, "Morphine"),  # heterocodeine
        (morphine("OCc6ccccc6", "OC(C)=O"), ESTER, "Benzylmorphine"),
        ("CN1CCC23CCCCC2C1Cc1ccc(OC(C)=O)cc13", ESTER, "Racemorphan"),
        ("CN1CCC23CCCCC2C1Cc1ccc(OCC)cc13", ETHER, "Racemorphan"),
        ("CN1CCC(C(=O)OCCC)(c2ccccc2)CC1", ESTER, "Pethidine intermediate C"),
        ("CCC(=O)C1(c2cccc(OC(C)=O)c2)CCN(C)CC1", ESTER, "Ketobemidone"),
        ("CN1C2CCC1C(C(=O)OCC)C(OC(=O)c1ccccc1)C2", ESTER, "Ecgonine"),  # cocaethylene
        ("CCC(OC(=O)CC)C(CC(C)N(C)C)(c1ccccc1)c1ccccc1", ESTER, "Alphamethadol"),
        ("CCC(=O)N(c1ccccc1)C1CCN(CC(OC(C)=O)c2ccccc2)CC1", ESTER, "beta-Hydroxyfentanyl"),
    ],
)
def test_an_unlisted_ester_or_ether_falls_under_the_schedule_of_its_drug(smiles, kind, drug):
    (ruling,) = rulings_on(smiles)
    assert (ruling.basis, ruling.entry) == (kind, drug)
    assert (ruling.convention, ruling.schedule, ruling.certain) == ("1961", "I", True)
    assert ruling.explanation.startswith(f"An {kind} of {drug}")


@pytest.mark.parametrize(
    ("what", "smiles"),
    [
        ("carbon on the skeleton", "CN1CCC23c4c5ccc(OC(C)=O)c4OC2C(OC(C)=O)C=CC3C1(C)C5"),
        ("another nitrogen substituent", "C=CCN1CCC23c4c5ccc(OC(C)=O)c4OC2C(OC(C)=O)C=CC3C1C5"),
        ("a glucuronide", morphine("OC6OC(C(=O)O)C(O)C(O)C6O")),
        ("a silyl ether", morphine("O[Si](C)(C)C")),
        ("an anhydride", "CN1CCC(C(=O)OC(C)=O)(c2ccccc2)CC1"),
        ("an amide", "CN1CCC(C(=O)NC)(c2ccccc2)CC1"),
        ("another ether", "CCOc1ccc(CC(C)N)cc1"),
        ("a medicine with an ester", "CCOC(=O)c1ccc(N)cc1"),
    ],
)
def test_what_is_neither_ester_nor_ether_of_a_listed_drug_is_not_covered(what, smiles):
    assert rulings_on(smiles) == (), what


def test_what_a_schedule_lists_by_name_is_not_told_as_a_derivative():
    for name in ("codeine", "heroin", "myrophine", "cocaine", "pethidine", "acetylmethadol"):
        assert {one.basis for one in rulings_on(by_name()[name].smiles)} == {"name"}, name


def test_both_ester_and_ether_at_once_is_left_open():
    (ruling,) = rulings_on(morphine("OC", "OC(C)=O"))  # acetylcodeine
    assert (ruling.basis, ruling.certain) == (MIXED, False)
    assert "not both at once" in ruling.explanation


def test_derivatives_of_an_excepted_isomer_are_not_covered():
    dextro = "CCOc1ccc2c(c1)[C@]13CCCC[C@@H]1[C@H](C2)N(C)CC3"
    levo = "CCOc1ccc2c(c1)[C@@]13CCCC[C@H]1[C@@H](C2)N(C)CC3"
    assert rulings_on(dextro) == ()
    assert [one.entry for one in rulings_on(levo)] == ["Levorphanol"]


def hydroxylated():
    """Every drug of the 1961 Schedule I whose structure has a hydroxyl, by name."""
    found = {}
    for listing in listings():
        if (listing.convention, listing.schedule) == ("1961", "I") and listing.name:
            mol = Chem.MolFromSmiles(by_name()[listing.name.casefold()].smiles)
            if has_hydroxyl(mol):
                found[listing.name] = mol
    return found


ACETYLATE = Chem.MolFromSmarts("[OX2H1][#6;!$([CX3]=O)]")


def acetylated(mol):
    """All alcohols and phenols as acetates."""
    drawn = Chem.RWMol(mol)
    for oxygen, _ in mol.GetSubstructMatches(ACETYLATE):
        carbonyl, methyl, oxo = (drawn.AddAtom(Chem.Atom(number)) for number in (6, 6, 8))
        drawn.AddBond(oxygen, carbonyl, Chem.BondType.SINGLE)
        drawn.AddBond(carbonyl, methyl, Chem.BondType.SINGLE)
        drawn.AddBond(carbonyl, oxo, Chem.BondType.DOUBLE)
    Chem.SanitizeMol(drawn)
    return Chem.MolToSmiles(drawn)


def test_the_acetate_of_every_hydroxylated_drug_is_under_control():
    drugs = hydroxylated()
    assert len(drugs) > 35
    free = [
        name
        for name, mol in drugs.items()
        if (smiles := acetylated(mol)) != Chem.MolToSmiles(mol) and not rulings_on(smiles)
    ]
    assert free == []


def test_the_ruling_does_not_depend_on_the_order_of_atoms(rewritten):
    for smiles in rewritten(morphine("OC(=O)CC", "OC(=O)CC")):
        assert [one.entry for one in rulings_on(smiles)] == ["Morphine"]


def test_no_drug_like_molecule_is_taken_for_one(shared_data):
    with gzip.open(shared_data / "scale/moses_100k.smi.gz", "rt") as file:
        texts = [line.split()[0] for line in file]
    recognised = Derivatives(hydroxylated().values())
    for text in random.Random(1961).sample(texts, 3_000):
        mol = Chem.MolFromSmiles(text)
        if mol is not None and not international(substance_key(identify(mol).inchikey)):
            assert recognised.of(mol) == (), text


def test_a_hydroxylated_drug_of_a_new_kind_is_refused_until_its_skeleton_is_known():
    with pytest.raises(ValueError, match="skeletons"):
        Derivatives([Chem.MolFromSmiles("CC(N)Cc1ccc(O)cc1")])

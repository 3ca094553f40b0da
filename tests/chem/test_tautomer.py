"""Tautomers share a key; neighbours that are not tautomers do not."""

import gzip

import pytest
from rdkit import Chem

from chem.known import known
from chem.tautomer import tautomer_key


def key(smiles):
    return tautomer_key(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CC(=O)CC(C)=O", "CC(O)=CC(C)=O"),
        ("O=c1cccc[nH]1", "Oc1ccccn1"),
        ("CC1N=C(N)OC1c1ccccc1", "CC1NC(=N)OC1c1ccccc1"),
        ("O=C1CN=C(c2ccccc2)c2cc(Br)ccc2N1", "OC1=Nc2ccc(Br)cc2C(c2ccccc2)=NC1"),
        ("Cc1cnc[nH]1", "Cc1c[nH]cn1"),
    ],
)
def test_tautomers_share_it(one, other):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CNC(C)C(=O)c1ccc(C)cc1", "CNC(C)C(=O)c1cccc(C)c1"),
        ("CCCCCc1cc(O)c2c(c1)OC(C)(C)C1CCC(C)=CC21", "CCCCCc1cc(O)c2c(c1)OC(C)(C)C1CC=C(C)CC21"),
        ("CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21", "CN1C(=O)CN=C(C2=CCCCC2)c2cc(Cl)ccc21"),
        ("C=CCCCn1ccc2ccccc21", "CC=CCCn1ccc2ccccc21"),
    ],
)
def test_isomers_do_not(one, other):
    assert key(one) != key(other)


def test_stereo_isotopes_and_atom_order_do_not_matter(rewritten):
    smiles = "CCN(CC)C(=O)[C@H]1CN(C)[C@@H]2Cc3c[nH]c4cccc(C2=C1)c34"
    keys = {key(other) for other in rewritten(smiles)}
    keys |= {key(Chem.CanonSmiles(smiles, useChiral=0)), key(smiles.replace("(C)", "([13CH3])"))}
    assert len(keys) == 1


def test_it_joins_the_published_pairs(shared_data):
    """460 of 468; canonical tautomers join 459, the InChIKey 301."""
    lines = (
        (shared_data / "standardisation/choderalab_tautobase_468_pairs.txt")
        .read_text()
        .splitlines()[1:]
    )
    pairs = [line.split(",")[1:3] for line in lines]
    joined = sum(key(one.strip()) == key(other.strip()) for one, other in pairs)
    assert len(pairs) == 468
    assert joined >= 459


def test_it_tells_apart_what_is_not_the_same(shared_data):
    """Five thousand drug-like molecules and all known substances: next to none shares a key."""
    with gzip.open(shared_data / "scale/moses_100k.smi.gz", "rt") as file:
        texts = [next(file).strip() for _ in range(5_000)]
    assert len({key(text) for text in texts}) == len(set(texts))
    substances = known()
    assert len({key(substance.smiles) for substance in substances}) >= len(substances) - 5

"""The index finds what RDKit's own comparison finds."""

import gzip

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from chem.similarity import Index, fingerprint, tanimoto


def print_of(smiles):
    return fingerprint(Chem.MolFromSmiles(smiles))


def test_the_same_molecule_is_wholly_similar_and_a_stranger_is_not():
    mephedrone = print_of("CNC(C)C(=O)c1ccc(C)cc1")
    assert tanimoto(mephedrone, print_of("Cc1ccc(cc1)C(=O)C(C)NC")) == 1
    assert tanimoto(mephedrone, print_of("Cn1c(=O)c2c(ncn2C)n(C)c1=O")) < 0.25


def test_nearest_and_within_agree_with_rdkit(shared_data):
    with gzip.open(shared_data / "scale/moses_100k.smi.gz", "rt") as file:
        mols = [Chem.MolFromSmiles(next(file).strip()) for _ in range(1_500)]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    vectors = [generator.GetFingerprint(mol) for mol in mols]
    index = Index([f"m{place:04}" for place in range(len(mols))], [fingerprint(m) for m in mols])
    for place in range(0, 1_500, 100):
        expected = DataStructs.BulkTanimotoSimilarity(vectors[place], vectors)
        ranked = sorted(
            ((f"m{at:04}", value) for at, value in enumerate(expected)),
            key=lambda pair: (-pair[1], pair[0]),
        )
        query = fingerprint(mols[place])
        found = [(one.id, one.similarity) for one in index.nearest(query, 10)]
        assert found == [(name, pytest.approx(value)) for name, value in ranked[:10]]
        near = [one.id for one in index.within(query, 0.4)]
        assert near == [name for name, value in ranked if value >= 0.4]


def test_a_row_exactly_on_the_threshold_is_found():
    one, other = print_of("CCCCN"), print_of("CCCCO")
    index = Index(["other"], [other])
    assert [found.id for found in index.within(one, tanimoto(one, other))] == ["other"]


def test_an_empty_index_answers_with_nothing():
    assert Index([], []).nearest(print_of("CCO"), 5) == []
    assert Index([], []).within(print_of("CCO"), 0.5) == []


def test_an_index_refuses_what_does_not_fit_together():
    with pytest.raises(ValueError, match="2 ids for 1"):
        Index(["a", "b"], [print_of("CCO")])
    with pytest.raises(ValueError, match="256 bytes"):
        Index(["a"], [b"short"])

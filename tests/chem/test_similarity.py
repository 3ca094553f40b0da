"""The index finds what RDKit's own comparison finds."""

import gzip
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


packed = st.lists(st.integers(0, 2047), max_size=90).map(
    lambda bits: sum(1 << bit for bit in set(bits)).to_bytes(256, "little")
)


@given(
    batches=st.lists(st.lists(packed, max_size=12), max_size=8),
    query=packed,
    k=st.integers(1, 60),
    threshold=st.floats(0, 1),
)
def test_an_index_that_grew_answers_as_one_made_at_once(batches, query, k, threshold):
    grown, pairs = Index(), []
    for batch in batches:
        new = [(f"{len(pairs) + place:03}", row) for place, row in enumerate(batch)]
        pairs += new
        if len(new) == 1:
            grown.add(*new[0])
        else:
            grown.add_all(new)
    fresh = Index([name for name, _ in pairs], [row for _, row in pairs])
    assert len(grown) == len(fresh) == len(pairs)
    truth = sorted((-tanimoto(query, row), name) for name, row in pairs)
    for index in (grown, fresh):
        assert [(-n.similarity, n.id) for n in index.nearest(query, k)] == truth[:k]
        reached = [pair for pair in truth if -pair[0] >= threshold - 1e-9]
        assert [(-n.similarity, n.id) for n in index.within(query, threshold)] == reached


def test_growth_over_many_sizes_loses_and_invents_nothing():
    rows = [(1 << (place % 2048) | 1 << (place * 7 % 2048)).to_bytes(256, "little")
            for place in range(40_000)]  # fmt: skip
    index = Index()
    for start in range(0, 40_000, 977):
        index.add_all((str(at), rows[at]) for at in range(start, min(start + 977, 40_000)))
    for place in (0, 976, 977, 16_383, 16_384, 32_767, 39_999):
        same = {at for at in range(40_000) if rows[at] == rows[place]}
        assert {int(n.id) for n in index.within(rows[place], 1.0)} == same


def test_what_is_refused_changes_nothing():
    index = Index(["one"], [print_of("CCO")])
    with pytest.raises(ValueError, match="256 bytes"):
        index.add_all([("two", print_of("CCN")), ("three", b"short")])
    assert len(index) == 1
    assert [n.id for n in index.nearest(print_of("CCN"), 5)] == ["one"]


def test_who_asks_while_another_adds_sees_whole_entries_only():
    caffeine, index = print_of("Cn1c(=O)c2c(ncn2C)n(C)c1=O"), Index()
    done = threading.Event()

    def grow():
        for batch in range(60):
            index.add_all((f"{batch}-{one}", caffeine) for one in range(100))
        done.set()

    adding = threading.Thread(target=grow)
    adding.start()
    seen = [0]
    while not done.is_set():
        found = index.within(caffeine, 1.0)
        assert len({n.id for n in found}) == len(found) >= seen[-1]
        seen.append(len(found))
    adding.join()
    assert len(index.within(caffeine, 1.0)) == 6_000

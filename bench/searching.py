"""What it costs to find structures: the nearest, the similar, those that contain a part.

The peers are RDKit's own: its comparison of one fingerprint with all, and a scan that asks every
molecule. Both hold their molecules ready in memory, which ours does not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import process_time

from rdkit import Chem, DataStructs

from bench.figure import Figure
from bench.molecules import drug_like
from chem.similarity import Index, fingerprint
from chem.substructure import Substructures

MANY, FEWER, SEARCHED = 100_000, 10_000, 20_000
FIRST = 100
SELECTIVE = "CN1CCC(C)C1=O"  # in about one of two thousand
COMMON = "c1ccccc1"


def measure() -> list[Figure]:
    """Nearest and similar among many, parts among fewer."""
    mols = [Chem.MolFromSmiles(text) for text in drug_like(MANY)]
    return [*_similarity(mols), *_substructure(mols[:SEARCHED])]


def _similarity(mols: list[Chem.Mol]) -> list[Figure]:
    packed = [fingerprint(mol) for mol in mols]
    vectors = [DataStructs.CreateFromBinaryText(row) for row in packed]
    ids = [str(place) for place in range(len(mols))]
    figures = []
    for count in (FEWER, MANY):
        index, held = Index(ids[:count], packed[:count]), vectors[:count]
        query, vector = packed[77], vectors[77]

        def compared(held: list[object] = held, vector: object = vector) -> object:
            return DataStructs.BulkTanimotoSimilarity(vector, held)

        floor, name = _least(compared), "RDKit BulkTanimotoSimilarity"
        nearest = _least(lambda index=index, query=query: index.nearest(query, 10))
        figures.append(_figure(f"nearest 10 of {count:,}", nearest, floor, name))
        if count == MANY:
            similar = _least(lambda index=index, query=query: index.within(query, 0.5))
            figures.append(_figure(f"all of {count:,} above 0.5", similar, floor, name))
            added = _least(lambda index=index, query=query: index.add("new", query))
            figures.append(_figure(f"add one to {count:,}", added, floor, name))
    return figures


def _substructure(mols: list[Chem.Mol]) -> list[Figure]:
    index = Substructures((str(place), Chem.MolToSmiles(mol)) for place, mol in enumerate(mols))
    figures = []
    for kind, smiles in (("selective", SELECTIVE), ("common", COMMON)):
        part = Chem.MolFromSmiles(smiles)

        def scanned(part: Chem.Mol = part) -> list[Chem.Mol]:
            return list(islice((mol for mol in mols if mol.HasSubstructMatch(part)), FIRST))

        found = _least(lambda part=part: index.find(part, FIRST))
        what = f"first {FIRST} of {len(mols):,} with a {kind} part"
        figures.append(_figure(what, found, _least(scanned), "plain scan of ready molecules"))
    return figures


def _least(run: Callable[[], object], times: int = 9) -> float:
    """Processor seconds of the quickest run: what others do on the machine does not count."""
    taken = []
    for _ in range(times):
        began = process_time()
        run()
        taken.append(process_time() - began)
    return min(taken)


def _figure(what: str, measured: float, floor: float, floor_is: str) -> Figure:
    shown = f"{1000 * measured:.2f} ms", f"{1000 * floor:.2f} ms"
    return Figure(what, *shown, measured / floor, floor_is)

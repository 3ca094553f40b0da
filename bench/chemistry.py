"""What it costs to understand a structure, against bare RDKit parsing and writing."""

from __future__ import annotations

from rdkit import Chem

from bench.figure import Figure, seconds
from chem import examine
from chem.known import by_connectivity, known


def measure() -> list[Figure]:
    """Every known substance, examined; the tables of known things are loaded beforehand."""
    smiles = [substance.smiles for substance in known()]
    by_connectivity()

    def bare() -> None:
        for text in smiles:
            Chem.MolToSmiles(Chem.MolFromSmiles(text))

    def ours() -> None:
        for text in smiles:
            examine(text, "smiles")

    floor, measured = seconds(bare, 3), seconds(ours, 3)
    each = 1000 / len(smiles)
    return [
        Figure(
            "examine a structure",
            f"{measured * each:.2f} ms",
            f"{floor * each:.2f} ms",
            measured / floor,
            "parse + canonical SMILES",
        )
    ]

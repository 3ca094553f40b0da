"""What it costs to understand a structure, against bare RDKit parsing and writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from app.structures import describe_file
from bench.figure import Figure, seconds
from bench.molecules import drug_like
from chem import examine
from chem.depict import svg
from chem.examine import TOGETHER, examine_all
from chem.jsonline import lines, to_json

MOLECULES = 3_000
MANY = 12_000  # enough that starting a second process hardly counts
DRAWN = 200
LARGEST = ("C" * 250, "NCC(=O)" * 60, "c1ccccc1" * 40, "C12CC3CC(C1)CC(C2)C3" * 20)
FLOOR_IS = "parse + canonical SMILES"


def measure() -> list[Figure]:
    """Cost of one structure in one process, then of a file in one process and in two."""
    smiles = drug_like(MOLECULES)
    to_json(examine(smiles[0], "smiles"), 1, smiles[0])  # what is read at first use

    def bare() -> None:
        for text in smiles:
            Chem.MolToSmiles(Chem.MolFromSmiles(text))

    def ours() -> None:
        examine_all(smiles, "smiles")

    def line() -> None:
        for start in range(0, MOLECULES, TOGETHER):
            some = smiles[start : start + TOGETHER]
            lines(examine_all(some, "smiles"), range(len(some)), some)

    floor = seconds(bare, 3)
    return [
        _each("examine a structure", seconds(ours, 3), floor),
        _each("the same, with tautomer key, law and JSON", seconds(line, 3), floor),
        _drawing("draw a structure", smiles[:DRAWN]),
        _drawing("draw one of the largest", LARGEST),
        _two_processes(),
    ]


def _drawing(what: str, smiles: Sequence[str]) -> Figure:
    """CPU of a picture for a page, over RDKit's own layout and drawing of the same."""
    mols = [Chem.MolFromSmiles(text) for text in smiles]

    def bare() -> None:
        for mol in mols:
            canvas = rdMolDraw2D.MolDraw2DSVG(220, 150)
            rdMolDraw2D.PrepareAndDrawMolecule(canvas, Chem.Mol(mol))
            canvas.FinishDrawing()

    def ours() -> None:
        for mol in mols:
            svg(mol)

    each = 1000 / len(mols)
    measured, floor = seconds(ours, 3), seconds(bare, 3)
    return Figure(
        what,
        f"{measured * each:.1f} ms",
        f"{floor * each:.1f} ms",
        measured / floor,
        "RDKit's layout and drawing",
    )


def _each(what: str, measured: float, floor: float) -> Figure:
    each = 1000 / MOLECULES
    return Figure(
        what,
        f"{measured * each:.2f} ms",
        f"{floor * each:.2f} ms",
        measured / floor,
        FLOOR_IS,
    )


def _two_processes() -> Figure:
    """Time of two processes over that of one: 0.5 would be perfect, 0.55 is 1.8 times as fast."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "molecules.smi"
        path.write_text("\n".join(drug_like(MANY)), encoding="ascii")

        def read_with(jobs: int) -> Callable[[], None]:
            return lambda: sum(1 for _ in describe_file(path, jobs=jobs)) and None

        one, two = seconds(read_with(1), 1), seconds(read_with(2), 1)
    return Figure(
        f"a file of {MANY:,} structures, two processes",
        f"{MANY / two:,.0f} /s",
        f"{MANY / one:,.0f} /s",
        two / one,
        "one process (time over time)",
    )

"""What it costs to understand a structure, against bare RDKit parsing and writing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rdkit import Chem

from app.structures import describe_file
from bench.figure import Figure, seconds
from bench.molecules import drug_like
from chem import examine
from chem.examine import TOGETHER, examine_all
from chem.jsonline import lines, to_json

MOLECULES = 3_000
MANY = 12_000  # enough that starting a second process hardly counts
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
        _two_processes(),
    ]


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

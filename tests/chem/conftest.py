"""Where the real data lie, and structures that several tests speak about."""

import os
import random
from pathlib import Path

import pytest
from rdkit import Chem

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared/data"))
    if not folder.is_dir():
        pytest.skip(f"real data are not at hand ({folder.name})")
    return folder


@pytest.fixture(scope="session")
def rewritten():
    """The same molecule as SMILES in other atom orders, the same ones at every run."""

    def shuffle(smiles: str, times: int = 8) -> list[str]:
        mol = Chem.MolFromSmiles(smiles)
        order = list(range(mol.GetNumAtoms()))
        dice = random.Random(smiles)
        written = []
        for _ in range(times):
            dice.shuffle(order)
            mixed = Chem.RenumberAtoms(mol, order)
            written.append(Chem.MolToSmiles(mixed, canonical=False))
        return written

    return shuffle

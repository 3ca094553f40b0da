"""Molecules to measure with: 100,000 drug-like ones of MOSES where they are at hand."""

from __future__ import annotations

import gzip
import os
from itertools import islice
from pathlib import Path

from chem.known import known

SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def drug_like(count: int) -> list[str]:
    """The first `count` SMILES; without the file those we know, over and over."""
    path = SHARED / "scale" / "moses_100k.smi.gz"
    if path.exists():
        with gzip.open(path, "rt", encoding="ascii") as lines:
            return [line.split()[0] for line in islice(lines, count)]
    print(f"{path.name} is not here (TOCSIN_SHARED_DATA): measuring with the known substances")
    ours = [substance.smiles for substance in known()]
    return (ours * (count // len(ours) + 1))[:count]

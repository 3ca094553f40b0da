"""`tocsin structures`: what chem says of every structure in a file, one JSON line a row.

Whatever a row holds, it gets its line, in order: an answer or an error with a code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from app.errors import Refused
from chem import StructureError, examine
from chem.examine import to_json

CHUNK = 64
LONGEST_CELL = 2**31 - 1  # a cell that is too long for a structure gets its line all the same


def describe_file(path: Path, *, jobs: int = 1) -> Iterator[str]:
    """One JSON line for each row of a `.smi`, `.csv` or `.sdf` file. Raises Refused for others."""
    rows = enumerate(_inputs(path), start=1)
    if jobs == 1:
        yield from map(_line, rows)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_line, rows, chunksize=CHUNK)


def _line(row: tuple[int, str]) -> str:
    number, text = row
    try:
        return to_json(examine(text), number, text)
    except StructureError as error:
        return to_json(error, number, text)


def _inputs(path: Path) -> Iterator[str]:
    kind = path.suffix.lower()
    if kind == ".csv":
        return _csv(path)
    if kind in {".sdf", ".sd"}:
        return _sdf(path)
    if kind in {".smi", ".smiles", ".txt"}:
        return _smi(path)
    raise Refused(f'"{kind or path.name}" is not read; give a .smi, .csv or .sdf file')


def _smi(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            words = line.split()
            yield words[0] if words else ""


def _csv(path: Path) -> Iterator[str]:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = csv.DictReader(lines)
        named = {name.strip().lower(): name for name in reversed(rows.fieldnames or ())}
        column = named.get("smiles", named.get("structure"))
        if column is None:
            raise Refused("the file needs a column named smiles or structure")
        for row in rows:
            yield row[column] or ""


def _sdf(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        record: list[str] = []
        for line in lines:
            if line.startswith("$$$$"):
                yield "".join(record)
                record = []
            else:
                record.append(line)
        if any(line.strip() for line in record):
            yield "".join(record)

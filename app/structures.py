"""`tocsin structures`: what chem says of every structure in a file, one JSON line a row.

Whatever a row holds, it gets its line, in order: an answer or an error with a code.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from app.errors import Refused
from chem.examine import TOGETHER, examine_all
from chem.jsonline import lines, read_knowledge

# where it is safe, what was read before is shared instead of read again by each process
START = "fork" if sys.platform == "linux" else "spawn"
AHEAD = 8  # chunks a process may have waiting: enough to stay busy, few enough for any file
COLUMNS = ("smiles", "structure")  # the first that is filled
DELIMITERS = ",;\t"
LONGEST_CELL = 2**31 - 1  # a cell that is too long for a structure gets its line all the same


def describe_file(path: Path, *, jobs: int = 1) -> Iterator[str]:
    """One JSON line for each row of a `.smi`, `.csv` or `.sdf` file. Raises Refused for others."""
    rows = enumerate(_inputs(path), start=1)
    chunks = iter(lambda: list(islice(rows, TOGETHER)), [])
    if jobs == 1:
        for chunk in chunks:
            yield from _lines(chunk)
        return
    read_knowledge()
    with ProcessPoolExecutor(jobs, mp_context=get_context(START)) as pool:
        waiting: deque[Future[list[str]]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_lines, chunk))
            if len(waiting) > jobs * AHEAD:
                yield from waiting.popleft().result()
        for done in waiting:
            yield from done.result()


def _lines(rows: list[tuple[int, str]]) -> list[str]:
    texts = [text for _, text in rows]
    return lines(examine_all(texts), [number for number, _ in rows], texts)


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
    """The structures of a table; a blank row between others is a row, those at the end are none."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        header = lines.readline()
        delimiter = max(DELIMITERS, key=header.count)
        names = [
            name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])
        ]
        columns = [names.index(name) for name in COLUMNS if name in names]
        if not columns:
            raise Refused(
                f"the file needs a column named {' or '.join(COLUMNS)}; "
                f"it has {', '.join(filter(None, names)) or 'none'}"
            )
        blank = 0
        for row in csv.reader(lines, delimiter=delimiter):
            if not row:
                blank += 1
                continue
            yield from [""] * blank
            blank = 0
            cells = (row[column] for column in columns if column < len(row))
            yield next(filter(str.strip, cells), "")


def _sdf(path: Path) -> Iterator[str]:
    """The records of an SD file; a blank one between others is a row, those at the end are none."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        record: list[str] = []
        blank = 0
        for line in chain(lines, ["$$$$"]):
            if not line.startswith("$$$$"):
                record.append(line)
            elif any(text.strip() for text in record):
                yield from [""] * blank
                yield "".join(record)
                record, blank = [], 0
            else:
                record, blank = [], blank + 1

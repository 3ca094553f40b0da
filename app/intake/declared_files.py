"""Files of declarations: a table whose columns bear the names of the fields, or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from sqlalchemy import select

from app.access.roles import Actor
from app.db import Database
from app.errors import Problem, Refused, Unreadable, shown
from app.intake.declaring import MOST_ROWS, declare
from app.intake.keeping import PART_BYTES, Sent
from app.intake.models import Submission, SubmissionRow
from app.intake.readers import read_json_file, read_ndjson_file
from app.intake.readers.columns import unquoted
from app.intake.readers.text import encoding_of
from app.intake.rows import Row
from app.intake.whole import take_whole
from app.intake.words import Channel
from app.registry.facts import Topic

DELIMITERS = ",;\t|"
LONGEST_LINE = 100_000  # characters
MOST_SAID = 20  # rejected rows; the receipt has all


def take_declared_file(
    database: Database, path: Path, topic: Topic, *, by: Actor, now: datetime
) -> tuple[Submission, list[str]]:
    """Take a CSV, JSON or NDJSON file of one topic; what came of it, in lines for a person.

    Raises Refused for another kind of file, Unreadable when nothing can be read in it.
    """
    readers = {".csv": read_declared, ".tsv": read_declared}
    readers |= {".json": read_json_file, ".ndjson": read_ndjson_file}
    kind = path.suffix.lower()
    if kind not in readers:
        raise Refused(f'"{shown(kind or path.name)}" is not read; send {", ".join(readers)}')
    with path.open("rb") as file:
        submission, repeated = take_whole(
            database,
            iter(lambda: file.read(PART_BYTES), b""),
            lambda: readers[kind](path),
            Sent(Channel.FILE, path.name, reading=f"{kind[1:]} as {topic}"),
            partial(declare, topic=topic, by=by, now=now),
            by=by,
            now=now,
            most=MOST_ROWS,
        )
    return submission, _told(database, submission, repeated)


def read_declared(path: Path) -> Iterator[Row]:
    """Rows of a table, numbered as a spreadsheet shows them; empty cells say nothing.

    Raises Unreadable when it has no header, or is quoted so that its rows cannot be told apart.
    """
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
        lines = _lines(text)
        first = next(lines, "")
        delimiter = max(DELIMITERS, key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
        names = [name.strip().strip("\ufeff") for name in header]
        if "reference" not in names:
            raise Unreadable("the first line must name the columns, reference among them")
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), start=2):
                if any(cell.strip() for cell in cells):
                    yield _row(number, names, cells)
        except csv.Error as error:
            raise Unreadable(f"it cannot be read as a table: {error}") from None


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"a line has more than {LONGEST_LINE:,} characters")
        yield line


def _row(number: int, names: list[str], cells: list[str]) -> Row:
    if len(cells) > len(names):
        text = f"has {len(cells)} cells under {len(names)} columns; put quotes round a {','!r}"
        return Row((number,), None, (Problem("line", text, number, "line"),))
    filled = zip(names, cells, strict=False)
    return Row((number,), {name: unquoted(cell) for name, cell in filled if cell.strip()})


def _told(database: Database, submission: Submission, repeated: bool) -> list[str]:
    """The first rows that were rejected, and the number of rows of each fate."""
    if repeated:
        return [f"{submission.code}: the same content was taken before, nothing changes"]
    query = select(SubmissionRow).where(
        SubmissionRow.submission_id == submission.id, SubmissionRow.fate == "rejected"
    )
    with database.reading() as session:
        wrong = session.scalars(query.order_by(SubmissionRow.row).limit(MOST_SAID)).all()
    lines = [
        f"{note['field']}, row {row.row}: {note['message']}" for row in wrong for note in row.notes
    ]
    fates = ", ".join(f"{number:,} {fate}" for fate, number in submission.fates.items())
    return [*lines, f"{submission.code}: {fates}"]

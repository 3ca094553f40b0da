"""A submission as it was sent, with what became of each row beside it, to mend and to send back.

Of a table or workbook come its own columns and then `result` and `problem`; of JSON an object a
row, with the report as it was sent inside. Everything streams. Cells that a spreadsheet would take
for a formula get an apostrophe, which the reader takes off again; it also passes over the two
columns.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

from app.db import Database
from app.errors import NotFound, Refused
from app.intake.keeping import content_of
from app.intake.models import Submission
from app.intake.profiles import Profile
from app.intake.profiles.keeping import find_profile
from app.intake.profiles.profile import REMARKS
from app.intake.queries import submission_rows
from app.intake.readers.delimited import delimiter_of
from app.intake.readers.text import LONGEST_ROW, encoding_of
from app.intake.readers.xlsx import cells_of
from app.intake.words import Fate
from app.spreadsheets import plain_cell

T = TypeVar("T")

JSON_LINES = (".ndjson", ".jsonl")
AT_ONCE = 1000
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


class Outcome(NamedTuple):
    """What became of one row."""

    row: int
    reference: str
    result: str
    problem: str


def is_table(submission: Submission) -> bool:
    """Whether it was sent as a file with columns, so that its results are one too."""
    return _suffix(submission) not in ("", ".json", *JSON_LINES)


def has_own_columns(submission: Submission) -> bool:
    """Whether its results have the columns of the file itself, so that they may go back."""
    return _suffix(submission) in _WRITERS


def _suffix(submission: Submission) -> str:
    """The kind of file; what came without a name came through the API, as JSON."""
    return Path(submission.filename or "").suffix.lower()


def results(
    database: Database, submission: Submission, *, only: Fate | None = None
) -> Iterator[str]:
    """The file of results, in pieces; the rows of one fate when asked."""
    if not is_table(submission):
        yield from _batches(_json_lines(database, submission, only))
        return
    write = _WRITERS.get(_suffix(submission), _outcomes_only)
    yield from _batches(write(database, submission, only))


def outcomes(
    database: Database, submission: Submission, only: Fate | None = None
) -> Iterator[Outcome]:
    """What became of each row, in order."""
    after, first = 0, 0
    while True:
        with database.reading() as session:
            page = submission_rows(session, submission, fate=only, after=after, limit=AT_ONCE)
        for row, _ in page:
            problem = "; ".join(_said(note) for note in row.notes)
            if row.notes:
                first = row.row
            elif row.fate is Fate.REJECTED:
                problem = f"see row {first}"  # where its report begins
            yield Outcome(row.row, row.reference or "", row.fate.value, problem)
        if len(page) < AT_ONCE:
            return
        after = page[-1][0].row


def _said(note: dict[str, Any]) -> str:
    return f"{note['field']}: {note['message']}"


def _batches(lines: Iterable[str]) -> Iterator[str]:
    lines = iter(lines)
    while batch := list(islice(lines, AT_ONCE)):
        yield "".join(batch)


def _beside(
    rows: Iterable[tuple[int, T]], found: Iterator[Outcome], *, all_rows: bool
) -> Iterator[tuple[T, int, str, str]]:
    """Rows with their outcomes; both go up by number, and either may lack some."""
    outcome = next(found, None)
    for number, row in rows:
        while outcome is not None and outcome.row < number:
            outcome = next(found, None)
        if outcome is not None and outcome.row == number:
            yield row, number, outcome.result, outcome.problem
        elif all_rows:
            yield row, number, "", ""


def _table(database: Database, submission: Submission, only: Fate | None) -> Iterator[str]:
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))
    with TemporaryDirectory(prefix="tocsin-") as folder:
        path = _kept(database, submission, Path(folder))
        delimiter = delimiter_of(path)
        with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
            lines = csv.reader(text, delimiter=delimiter)
            header = [cell.strip().lstrip("\ufeff") for cell in next(lines, [])]
            rows = _numbered(lines)
            found = outcomes(database, submission, only)
            beside = _beside(rows, found, all_rows=only is None)
            yield from _with_remarks(header, beside, delimiter)


def _workbook(database: Database, submission: Submission, only: Fate | None) -> Iterator[str]:
    """The rows of a workbook's sheet as CSV, which a spreadsheet opens and which may go back."""
    with TemporaryDirectory(prefix="tocsin-") as folder:
        path = _kept(database, submission, Path(folder))
        rows = cells_of(path, profile_of(database, submission))
        _, header = next(rows, (0, []))
        found = outcomes(database, submission, only)
        yield from _with_remarks(header, _beside(rows, found, all_rows=only is None), ",")


def _with_remarks(
    header: list[str], rows: Iterable[tuple[list[str], int, str, str]], delimiter: str
) -> Iterator[str]:
    """The header and the rows, each with its result and problem after its own cells."""
    ours = [n for n, name in enumerate(header) if name not in REMARKS]
    written = _writer(delimiter)
    yield "\ufeff" + written([*(header[n] for n in ours), *REMARKS])
    for cells, _, result, problem in rows:
        kept = [cells[n] if n < len(cells) else "" for n in ours]
        yield written([*kept, *cells[len(header) :], result, problem])


def _numbered(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header as the reader numbers them; one that cannot be read is blank."""
    number = 1
    while True:
        number += 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield number, []
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _outcomes_only(database: Database, submission: Submission, only: Fate | None) -> Iterator[str]:
    """Where the rows themselves cannot be written again as lines of text."""
    written = _writer(",")
    yield "\ufeff" + written(["row", "reference", *REMARKS])
    for one in outcomes(database, submission, only):
        yield written([str(one.row), one.reference, one.result, one.problem])


_WRITERS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _table),
    **dict.fromkeys((".xlsx", ".xlsm"), _workbook),
}


def _writer(delimiter: str) -> Callable[[list[str]], str]:
    line = io.StringIO()
    table = csv.writer(line, delimiter=delimiter)

    def written(cells: list[str]) -> str:
        line.seek(0)
        line.truncate()
        table.writerow([_harmless(cell) for cell in cells])
        return line.getvalue()

    return written


def _json_lines(database: Database, submission: Submission, only: Fate | None) -> Iterator[str]:
    with TemporaryDirectory(prefix="tocsin-") as folder:
        path = _kept(database, submission, Path(folder))
        found = outcomes(database, submission, only)
        rows = _objects(path, _suffix(submission))
        for report, row, result, problem in _beside(rows, found, all_rows=only is None):
            told = {"row": row, "result": result, "problem": problem, "report": report}
            yield json.dumps(told, ensure_ascii=False) + "\n"


def _objects(path: Path, kind: str) -> Iterator[tuple[int, Any]]:
    """The reports as they were sent; a line that is no JSON is itself."""
    with path.open("rb") as file:
        if kind not in JSON_LINES and (whole := _whole(file.read())) is not None:
            yield from enumerate(whole if isinstance(whole, list) else [whole], start=1)
            return
        file.seek(0)
        for number, line in enumerate(file, start=1):
            if line.strip():
                read = _whole(line)
                yield number, line.decode("utf-8", "replace").strip() if read is None else read


def _whole(content: bytes) -> Any:
    """What a JSON text says; None when it is none."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def profile_of(database: Database, submission: Submission) -> Profile | None:
    """The profile that it was read with, as it was then."""
    _, *told = submission.reading.split(" ")
    if not told:
        return None
    with database.reading() as session, suppress(NotFound, Refused):
        return find_profile(session, submission.authority_id, *told)
    return None


def _kept(database: Database, submission: Submission, folder: Path) -> Path:
    """What was sent, in a file for as long as it is read."""
    path = folder / "kept"
    with database.reading() as session, path.open("wb") as file:
        file.writelines(content_of(session, submission))
    return path


def _harmless(cell: str) -> str:
    """A cell as a spreadsheet may have it: a number stays one, whatever its sign."""
    return cell if _NUMBER.fullmatch(cell) else str(plain_cell(cell))

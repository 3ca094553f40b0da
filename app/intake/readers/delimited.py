"""CSV and its kin, in whatever delimiter and encoding a spreadsheet wrote.

Line 1 is the header, so the first row is number 2, as a spreadsheet shows it; a row whose cells
hold line breaks is one row. A row that cannot be read costs itself: when a quote is opened and
never closed, reading goes on with the very next line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from app.errors import Problem, Unreadable
from app.intake.profiles import Profile
from app.intake.readers.columns import (
    LONGEST_CELL,
    Columns,
    columns_of,
    known_to,
    plain_name,
    unquoted,
)
from app.intake.readers.grouping import Line, grouped
from app.intake.readers.text import LONGEST_ROW, LOST, Lines, TooLong, encoding_of
from app.intake.rows import Row

DELIMITERS = ",;\t|"
# Excel's own hint, above the header
_SEPARATOR = re.compile(r"sep=([^\w\s\"]|\t)\r?\n?", re.IGNORECASE)


def read_delimited(path: Path, profile: Profile | None = None) -> Iterator[Row]:
    """Rows of a CSV or TSV file. Raises Unreadable when the header is unusable."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))  # Lines keeps a closer bound
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
        lines = Lines(text)
        delimiter, header = _header(lines, profile)
        columns = columns_of(header, profile, continental=delimiter == ";")
        yield from grouped(_rows(lines, delimiter, columns))


def delimiter_of(path: Path, profile: Profile | None = None) -> str:
    """What stands between the cells of a table. Raises Unreadable as `read_delimited`."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
        return _header(Lines(text), profile)[0]


def _header(lines: Lines, profile: Profile | None) -> tuple[str, list[str]]:
    """The delimiter and the names of the columns: read so that most of them are known ones."""
    delimiters = DELIMITERS
    lines.begin()
    try:
        first = next(lines.feed(), "")
        if hint := _SEPARATOR.fullmatch(first.removeprefix("\ufeff")):
            delimiters = hint[1]
        else:
            lines.give_back(0)
        known = known_to(profile)
        read = {mark: _first_row(lines, mark) for mark in delimiters}
    except TooLong:
        raise Unreadable(
            f"the first line must name the columns: it has more than {LONGEST_ROW:,} characters"
        ) from None
    if not any(read.values()):
        raise Unreadable("the file is empty; its first line must name the columns")

    def fit(mark: str) -> tuple[int, int]:
        return sum(plain_name(name) in known for name in read[mark]), len(read[mark])

    delimiter = max(read, key=fit)
    _first_row(lines, delimiter, keep=True)
    return delimiter, read[delimiter]


def _first_row(lines: Lines, delimiter: str, *, keep: bool = False) -> list[str]:
    """The cells of the next row in this delimiter, which will be read again unless it is kept."""
    lines.begin()
    try:
        cells = next(_reader(lines.feed(), delimiter), [])
    except (csv.Error, TooLong):  # not quoted as a header would be: its first line is all of it
        if lines.taken[0] is None:
            raise
        lines.give_back()
        cells = (lines.taken[0] or "").rstrip("\r\n").split(delimiter)
    if not keep:
        lines.give_back(0)
    return [cell.strip().strip("\ufeff").strip() for cell in cells]


def _reader(lines: Iterable[str], delimiter: str, strict: bool = True) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=True)


def _rows(lines: Lines, delimiter: str, columns: Columns) -> Iterator[Line]:
    number, width, taken = 1, len(columns.names), lines.taken
    reader = _reader(lines.feed(), delimiter)
    while True:
        number += 1
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (TooLong, csv.Error) as error:
            if isinstance(error, TooLong) and len(taken) == 1:
                yield _too_long(lines, number, delimiter, columns)
            else:
                yield _misquoted(lines, number, delimiter, columns)
            reader = _reader(lines.feed(), delimiter)
            continue
        text = taken[0] or "" if len(taken) == 1 else "".join(filter(None, taken))
        if len(taken) > 1 and _swallowed(taken, delimiter, width - 1):
            yield _misquoted(lines, number, delimiter, columns)
            continue
        damaged = len(cells) > width or len(text) > LONGEST_CELL or LOST in text
        if damaged and (wrong := tuple(columns.damage(number, cells))):
            yield columns.wrong(number, columns.reference_in(cells), *wrong)
            continue
        if "'" in text:
            cells = [unquoted(cell) for cell in cells]
        if line := columns.line(number, cells):
            yield line


def _swallowed(lines: Sequence[str | None], delimiter: str, marks: int) -> bool:
    """Whether a row with line breaks in it rather is an unclosed quote and other rows behind it.

    `marks` is the number of delimiters in a row. Of our fields only a structure has lines, and no
    molfile has that many on one of them; the last line may, but then the first has none.
    """
    counts = [line.count(delimiter) for line in lines if line]
    return marks > 1 and max(counts[1:]) >= marks and sum(counts) >= 2 * marks


def _misquoted(lines: Lines, number: int, delimiter: str, columns: Columns) -> Line:
    """The first line of a row with a quote that does not close; those below it are read again."""
    lines.give_back()
    text = (
        "has a quote that is not closed, or text behind a closing one; double the quotes inside a "
        "cell, and put one around it at either end"
    )
    reference = _reference(lines.taken[0] or "", delimiter, columns)
    return columns.wrong(number, reference, Problem("line", text, number, "line"))


def _too_long(lines: Lines, number: int, delimiter: str, columns: Columns) -> Line:
    reference = _reference(lines.cut, delimiter, columns)
    text = f"has more than {LONGEST_ROW:,} characters; leave out what is no finding"
    return columns.wrong(number, reference, Problem("line", text, number, "line"))


def _reference(line: str, delimiter: str, columns: Columns) -> str | None:
    """Which report a damaged line belongs to, as far as it can be read."""
    try:
        cells = next(_reader([line], delimiter, strict=False), [])
    except csv.Error:
        return None
    return columns.reference_in(cells)

"""XLSX workbooks: the sheet named "reports", else the first one with our columns.

Row and cell are named as the spreadsheet shows them. The header is the first row that is not blank.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.errors import Problem, Unreadable, shown
from app.intake.profiles import Profile
from app.intake.readers.cells import Cells, column_name, rows_of
from app.intake.readers.columns import Columns, columns_of, known_to, plain_name, unquoted
from app.intake.readers.grouping import Line, grouped
from app.intake.readers.text import LOST
from app.intake.readers.workbook import Sheet, Workbook, opened
from app.intake.rows import Row

SHEET = "reports"


def read_xlsx(path: Path, profile: Profile | None = None) -> Iterator[Row]:
    """Rows of a workbook. Raises Unreadable when it is none, or its header is unusable.

    Where a sheet turns out to be damaged below its header, that is the last row's problem.
    """
    yield from grouped(_lines(path, profile))


def cells_of(path: Path, profile: Profile | None = None) -> Iterator[tuple[int, list[str]]]:
    """The header of that sheet and then its rows with their numbers, as a person sees them there.

    Ends where the sheet is damaged. A cell with an error in it is empty.
    """
    width = 0
    with suppress(Exception), opened(path) as book:  # what cannot be read was said when it was read
        for row in rows_of(book, _chosen(book, profile), _mark(profile)):
            cells = _names(row)
            width = width or len(cells)
            yield row.number, cells + [""] * (width - len(cells))


def _lines(path: Path, profile: Profile | None) -> Iterator[Line]:
    number = 0
    try:
        with opened(path) as book:
            for row_number, line in _numbered(book, profile):
                number = row_number
                if line:
                    yield line
    except Exception as error:  # zip and XML raise many kinds on hostile files; none may pass
        said = str(error) if isinstance(error, Unreadable) else f"it is damaged: {_reason(error)}"
        if not number:
            problems = error.problems if isinstance(error, Unreadable) else ()
            raise Unreadable(said, problems) from None
        text = f"the sheet cannot be read from here on: {said}"
        yield Line(number + 1, {}, {}, (Problem("sheet", text, number + 1, "damaged"),))


def _reason(error: Exception) -> str:
    return shown(str(error) or type(error).__name__, 120)


def _numbered(book: Workbook, profile: Profile | None) -> Iterator[tuple[int, Line | None]]:
    """The number of each row below the header, and what it says."""
    rows = rows_of(book, _chosen(book, profile), _mark(profile))
    header = next(rows, None)
    if header is None:
        raise Unreadable("the sheet is empty; its first row must name the columns")
    for column, flaw in header.flaws.items():
        raise Unreadable(f"cell {column_name(column)}{header.number} {flaw}")
    columns = columns_of(_names(header), profile, gaps=True)
    for row in rows:
        yield row.number, _line(row, columns)


def _mark(profile: Profile | None) -> str:
    return profile.decimal if profile and profile.decimal else "."


def _chosen(book: Workbook, profile: Profile | None) -> Sheet:
    known = known_to(profile)
    for sheet in book.sheets:
        if plain_name(sheet.name) == SHEET:
            return sheet
    filled = []
    for sheet in book.sheets:
        header = next(rows_of(book, sheet), None)
        if header and any(plain_name(name) in known for name in _names(header)):
            return sheet
        if header:
            filled.append(sheet)
    return filled[0] if filled else book.sheets[0]


def _names(header: Cells) -> list[str]:
    width = max(header.values, default=-1) + 1
    return [header.values.get(column, "").strip() for column in range(width)]


def _line(row: Cells, columns: Columns) -> Line | None:
    number, width = row.number, len(columns.names)
    cells = [unquoted(row.values.get(column, "")) for column in range(width)]
    problems = [
        Problem(
            _field(columns, column), f"cell {column_name(column)}{number} {flaw}", number, "cell"
        )
        for column, flaw in row.flaws.items()
        if column >= width or columns.is_read(column)
    ]
    for column, value in row.values.items():
        if column >= width and value.strip():
            text = f"cell {column_name(column)}{number} has no column name above it; clear it"
            problems.append(Problem("row", text, number, "cell"))
            break
    if any(LOST in cell for cell in cells):
        problems += columns.damage(number, cells)
    if problems:
        return columns.wrong(number, columns.reference_in(cells), *problems)
    return columns.line(number, cells)


def _field(columns: Columns, column: int) -> str:
    named = columns.names[column] if column < len(columns.names) else ""
    return shown(named) or "row"

"""The cells of one sheet, as the text that a person sees in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from app.errors import shown
from app.intake.readers.columns import LONGEST_CELL
from app.intake.readers.text import LONGEST_ROW
from app.intake.readers.workbook import Shape, Sheet, Workbook, parse

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384  # what a sheet can have
_PLACE = re.compile(r"([A-Z]{1,3})[0-9]+")
_DATE = {Shape.DAY: "%Y-%m-%d", Shape.MONTH: "%Y-%m", Shape.YEAR: "%Y"}
_EXACT = 10**15  # a spreadsheet keeps 15 digits


class Cells(NamedTuple):
    """A row of a sheet: its filled cells by column from 0, and what is wrong in others."""

    number: int
    values: dict[int, str]
    flaws: dict[int, str]


class Damaged(Exception):
    """The sheet cannot be read on."""


def rows_of(book: Workbook, sheet: Sheet, decimal: str = ".") -> Iterator[Cells]:
    """The rows of a sheet that have a cell; numbers are written with that decimal mark.

    Raises Damaged, and what zip and XML raise.
    """
    sink = _Rows(book, decimal)
    try:
        for _ in parse(book.archive, sheet.member, sink):
            yield from sink.rows
            sink.rows.clear()
    except Exception:
        yield from sink.rows  # those above the damage
        raise


def column_name(column: int) -> str:
    """The letters above a column.

    >>> column_name(0), column_name(27)
    ('A', 'AB')
    """
    letters = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        letters = chr(ord("A") + letter) + letters
        column -= 1
    return letters


class _Rows:
    """Takes in a sheet's XML; what it has read of it stands in `rows`."""

    def __init__(self, book: Workbook, decimal: str) -> None:
        self.rows: list[Cells] = []
        self._decimal = decimal
        self.done = False
        self._book = book
        self._row = Cells(0, {}, {})
        self._size = 0
        self._column = -1
        self._kind, self._style = "n", 0
        self._formula = self._stored = self._in_text = self._aloud = False
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._open_cell(attributes)
        elif tag == "row":
            self._open_row(attributes)
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._aloud = True
        if tag == "v" or (tag == "t" and not self._aloud):
            self._in_text = self._stored = True

    def text(self, text: str) -> None:
        if self._in_text and self._size <= LONGEST_ROW:
            self._text.append(text)
            self._size += len(text)

    def end(self, tag: str) -> None:
        self._in_text = False
        if tag == "rPh":
            self._aloud = False
        elif tag == "c":
            self._close_cell()
        elif tag == "row" and (self._row.values or self._row.flaws):
            self.rows.append(self._row)
        elif tag == "sheetData":
            self.done = True

    def _open_row(self, attributes: dict[str, str]) -> None:
        before = self._row.number
        number = attributes.get("r", str(before + 1))
        if not _is_index(number) or not before < int(number) <= LAST_ROW:
            raise Damaged(f"behind row {before} comes a row {shown(number, 12)}")
        self._row = Cells(int(number), {}, {})
        self._column, self._size = -1, 0

    def _open_cell(self, attributes: dict[str, str]) -> None:
        column = self._column + 1
        if place := attributes.get("r"):
            shape = _PLACE.fullmatch(place)
            letters = shape[1] if shape else ""
            column = sum(26**n * (ord(x) - 64) for n, x in enumerate(reversed(letters))) - 1
        if not self._column < column < LAST_COLUMN:
            raise Damaged(f"row {self._row.number} has a cell {shown(place, 12)} out of order")
        self._column = column
        self._kind = attributes.get("t", "n")
        style = attributes.get("s", "0")
        self._style = int(style) if _is_index(style) else 0
        self._formula = self._stored = False
        self._text = []

    def _close_cell(self) -> None:
        try:
            if self._size > LONGEST_ROW:
                raise ValueError(f"is in a row of more than {LONGEST_ROW:,} characters")
            text = self._seen("".join(self._text))
            if len(text) > LONGEST_CELL:
                raise ValueError(f"has more than {LONGEST_CELL:,} characters")
        except ValueError as error:
            self._row.flaws[self._column] = str(error)
        else:
            if text:
                self._row.values[self._column] = text

    def _seen(self, stored: str) -> str:
        """What a person sees in the cell. Raises ValueError with what is wrong with it."""
        if self._formula and not stored and not (self._kind == "str" and self._stored):
            raise ValueError("holds a formula without its value; open and save the workbook")
        if self._kind == "e":
            raise ValueError(f"holds the error {shown(stored, 12)}; mend it or clear it")
        text = stored
        if self._kind == "s":
            known = self._book.texts
            if not _is_index(stored) or int(stored) >= len(known):
                raise ValueError("refers to a text that is not in the workbook; write it again")
            text = known[int(stored)]
        elif self._kind == "b" and stored:
            text = "true" if stored == "1" else "false"
        elif self._kind == "d":
            text = stored.partition("T")[0]
        elif self._kind == "n" and stored:
            shapes = self._book.shapes
            shape = shapes[self._style] if self._style < len(shapes) else Shape.PLAIN
            text = number_seen(stored, shape, since_1904=self._book.since_1904)
            # a number cell is certain of its point; a profile would take one for thousands apart
            text = text.replace(".", self._decimal)
        return text.replace("_x000D_", "")


def _is_index(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def number_seen(stored: str, shape: Shape, *, since_1904: bool = False) -> str:
    """A number as its format shows it, without what binary fractions add to it.

    >>> number_seen("0.30000000000000004", Shape.PLAIN), number_seen("46327", Shape.MONTH)
    ('0.3', '2026-11')

    Raises ValueError with what is wrong with it.
    """
    what = "date" if shape in _DATE else "number"
    try:
        value = float(stored)
        if shape in _DATE:
            start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
            return (start + timedelta(days=value)).strftime(_DATE[shape])
        if shape is Shape.PERCENT:
            value *= 100
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        if math.isfinite(value):
            return f"{value:.15g}"
    except (ValueError, OverflowError):
        pass
    raise ValueError(f'holds "{shown(stored, 20)}", which is no {what}; write it again')

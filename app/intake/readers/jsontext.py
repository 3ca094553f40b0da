"""JSON and NDJSON: one report object or a list of them, or one object a line.

What is no JSON in one report (NaN, a number of thousands of digits, a field given twice) costs that
report. A file is read report by report, so it may be of any length; where it stops being JSON,
nothing after that place can be read.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from app.errors import Problem, Unreadable, shown
from app.intake.readers.text import LOST
from app.intake.rows import Row

LONGEST_REPORT = 8 * 1024 * 1024  # bytes or characters; 50 molfiles of the longest kind are fewer
_PART = 64 * 1024
_LONGEST_NUMBER = 400  # digits; the largest double has 309
_SPACE = re.compile(r"[ \t\r\n]+")
_TOO_LONG = f"is longer than {LONGEST_REPORT:,} characters; send its events one by one"


def read_json(content: bytes) -> list[Row]:
    """Rows of a JSON body: one report object or a list of them. Raises Unreadable."""
    decoder = _Decoder()
    try:
        body = decoder.read(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"the body is not UTF-8 (byte {error.start}); send JSON as UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"the body is not JSON: {error.msg} at {where}") from None
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"the body is not JSON we can read: {error}") from None
    if decoder.notes:
        raise Unreadable(f"the body is not JSON we can read: {decoder.notes[0]}")
    reports = body if isinstance(body, list) else [body]
    if not reports:
        raise Unreadable("the list is empty; send at least one report")
    return [_object(number, item) for number, item in enumerate(reports, start=1)]


def read_ndjson(lines: Iterable[bytes]) -> Iterator[Row]:
    """Rows of newline-delimited JSON, one report a line; blank lines are passed over."""
    decoder = _Decoder()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > LONGEST_REPORT:
            yield _bad(number, _TOO_LONG)
            continue
        try:
            item = decoder.read(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield _bad(number, f"is not JSON: {error}")
            continue
        yield _object(number, item, decoder.notes)


def read_ndjson_file(path: Path) -> Iterator[Row]:
    """Rows of a file of newline-delimited JSON. Raises Unreadable for UTF-16."""
    _refuse_utf_16(path)
    with path.open("rb") as file:
        yield from read_ndjson(_bounded(file))


def read_json_file(path: Path) -> Iterator[Row]:
    """Rows of a JSON file, read as they are asked for.

    Raises Unreadable when not even the first report can be read; where the file is broken later on,
    that is the last row's problem.
    """
    _refuse_utf_16(path)
    number = 0
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        try:
            for row in _Items(text).rows():
                number = row.number
                yield row
        except _Broken as error:
            if not number:
                raise Unreadable(f"the file is not JSON: {error}") from None
            yield _bad(number + 1, f"the file is not JSON from here on, nor read: {error}")
    if not number:
        raise Unreadable("the list is empty; send at least one report")


def lines_of(content: bytes) -> Iterator[bytes]:
    """The lines of a body."""
    return iter(io.BytesIO(content))


def _bounded(file: io.BufferedReader) -> Iterator[bytes]:
    """The lines of a file; of one that is too long, so much that this can be seen."""
    while line := file.readline(LONGEST_REPORT + 1):
        yield line
        while len(line) > LONGEST_REPORT and not line.endswith(b"\n"):
            line = file.readline(LONGEST_REPORT + 1) or b"\n"


def _refuse_utf_16(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            raise Unreadable("the file is UTF-16; save it as UTF-8, as JSON must be")


class _Repeating(dict[str, Any]):
    """An object in which fields were given more than once; JSON itself would keep the last one."""

    repeated: tuple[str, ...] = ()


class _Decoder:
    """Reads JSON; `notes` says which words in the last text are none, though a place is sure."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._decoder = json.JSONDecoder(
            parse_constant=self._constant, parse_int=self._whole, object_pairs_hook=_fields
        )

    def read(self, text: str) -> Any:
        """The value of a whole text."""
        self.notes.clear()
        return self._decoder.decode(text)

    def read_at(self, text: str, start: int) -> tuple[Any, int]:
        """The value at `start`, and where it ends."""
        self.notes.clear()
        return self._decoder.raw_decode(text, start)

    def _constant(self, word: str) -> None:
        self.notes.append(f"{word} is not JSON")

    def _whole(self, digits: str) -> int | None:
        if len(digits) <= _LONGEST_NUMBER:
            return int(digits)
        self.notes.append(f"{shown(digits, 12)} has {len(digits):,} digits")
        return None


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    repeating = _Repeating(fields)
    times = Counter(name for name, _ in pairs)
    repeating.repeated = tuple(name for name, number in times.items() if number > 1)
    return repeating


class _Broken(Exception):
    """The text is not JSON from some place on."""


class _Items:
    """The reports in a JSON text, with no more of it in memory than one report needs."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._decoder = _Decoder()
        self._ahead, self._at, self._lines = "", 0, 0
        self._ended = False

    def rows(self) -> Iterator[Row]:
        """One row an item of the list, or one for a single object. Raises _Broken."""
        if self._peek() != "[":
            yield self._row(1)
        else:
            yield from self._list()
        if self._peek():
            raise _Broken(f"there is more behind its end, in line {self._line()}")

    def _list(self) -> Iterator[Row]:
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        for number in count(1):
            yield self._row(number)
            mark = self._peek()
            self._at += 1
            if mark == "]":
                return
            if mark != ",":
                what = "it ends within the list" if not mark else "a comma is missing"
                raise _Broken(f"{what} in line {self._line()}")

    def _row(self, number: int) -> Row:
        self._peek()
        while True:
            long = len(self._ahead) - self._at > LONGEST_REPORT
            try:
                item, end = self._decoder.read_at(self._ahead, self._at)
            except json.JSONDecodeError as error:
                if long:
                    raise _Broken(f"report {number} {_TOO_LONG}") from None
                if self._ended:
                    line = self._lines + error.lineno
                    raise _Broken(f"{error.msg} in line {line}") from None
            except (ValueError, RecursionError) as error:
                raise _Broken(f"report {number}: {error}") from None
            else:
                if end < len(self._ahead) or self._ended:  # a number might go on
                    break
            self._more()
        lost = LOST in self._ahead and LOST in self._ahead[self._at : end]
        self._at = end
        return _object(number, item, ["a byte in it is not UTF-8"] if lost else self._decoder.notes)

    def _peek(self) -> str:
        """The next letter that is no space, "" at the end."""
        while True:
            if space := _SPACE.match(self._ahead, self._at):
                self._at = space.end()
            if self._at < len(self._ahead):
                return self._ahead[self._at]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Twice as much ahead, so that a long report is not begun anew too often."""
        self._lines += self._ahead.count("\n", 0, self._at)
        rest = self._ahead[self._at :]
        part = self._text.read(max(_PART, len(rest)))
        self._ahead, self._at, self._ended = rest + part, 0, not part

    def _line(self) -> int:
        return self._lines + self._ahead.count("\n", 0, self._at) + 1


RESULT_KEYS = {"row", "result", "problem", "report"}


def _object(number: int, item: Any, notes: Iterable[str] = ()) -> Row:
    if not isinstance(item, dict):
        problem = Problem("report", "must be an object with fields", number, "not_an_object")
        return Row((number,), None, (problem,))
    if item.keys() == RESULT_KEYS and isinstance(item["report"], dict):
        item = item["report"]  # a line of results that is mended and sent back
    problems = [Problem("report", note, number, "bad_json") for note in notes]
    return Row((number,), item, (*problems, *_repeated(number, item)))


def _bad(number: int, message: str) -> Row:
    return Row((number,), None, (Problem("report", message, number, "bad_json"),))


def _repeated(number: int, report: dict[str, Any]) -> Iterator[Problem]:
    """Fields given twice: which of the two values is meant, nobody but the sender can say."""
    findings = report.get("findings")
    inner = enumerate(findings) if isinstance(findings, list) else ()
    for path, part in (("", report), *((f"findings[{i}].", one) for i, one in inner)):
        for name in part.repeated if isinstance(part, _Repeating) else ():
            field = f"{path}{shown(name)}"
            yield Problem(field, "is given twice; send it once", number, "repeated")

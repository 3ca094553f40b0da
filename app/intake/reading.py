"""Reading what was sent into rows: JSON, NDJSON and delimited text.

A reader never stops at a bad row: it hands on what is wrong with it. It raises Unreadable only when
nothing can be read at all.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from app.errors import Problem, Unreadable, shown
from app.intake.profiles import Profile
from app.intake.profiles.profile import REMARKS
from app.intake.rows import Row
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS

LONGEST_CELL = 200_000
RESULT_KEYS = {"row", "result", "problem", "report"}
DELIMITERS = ",;\t|"
NUMBERS = {"quantity", "purity_percent"}
_NEUTRALISED = re.compile(r"'[=+\-@\t\r]")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")


def read_json(content: bytes) -> list[Row]:
    """Rows of a JSON body: one report object or a list of them. Raises Unreadable."""
    try:
        body = _json(content)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"the body is not UTF-8 (byte {error.start}); send JSON as UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"the body is not JSON: {error.msg} at {where}") from None
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"the body is not JSON we can read: {error}") from None
    reports = body if isinstance(body, list) else [body]
    if not reports:
        raise Unreadable("the list is empty; send at least one report")
    return [_object(number, item) for number, item in enumerate(reports, start=1)]


def read_ndjson(lines: Iterable[bytes]) -> Iterator[Row]:
    """Rows of newline-delimited JSON, one report a line; blank lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _object(number, _json(line))
        except (ValueError, RecursionError) as error:
            problem = Problem("report", f"is not JSON: {error}", number, "bad_json")
            yield Row((number,), None, (problem,))


class _Repeating(dict[str, Any]):
    """An object in which fields were given more than once; JSON itself would keep the last one."""

    repeated: tuple[str, ...] = ()


def _json(content: bytes) -> Any:
    return json.loads(
        content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_fields
    )


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    repeating = _Repeating(fields)
    times = Counter(name for name, _ in pairs)
    repeating.repeated = tuple(name for name, number in times.items() if number > 1)
    return repeating


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _object(number: int, item: Any) -> Row:
    if isinstance(item, dict) and item.keys() == RESULT_KEYS:
        item = item["report"]  # a line of results that is mended and sent back
    if isinstance(item, dict):
        return Row((number,), item, tuple(_repeated(number, item)))
    problem = Problem("report", "must be an object with fields", number, "not_an_object")
    return Row((number,), None, (problem,))


def _repeated(number: int, report: dict[str, Any]) -> Iterator[Problem]:
    """Fields given twice: which of the two values is meant, nobody but the sender can say."""
    findings = report.get("findings")
    inner = enumerate(findings) if isinstance(findings, list) else ()
    for path, part in (("", report), *((f"findings[{i}].", one) for i, one in inner)):
        for name in part.repeated if isinstance(part, _Repeating) else ():
            field = f"{path}{shown(name)}"
            yield Problem(field, "is given twice; send it once", number, "repeated")


def read_delimited(path: Path, profile: Profile | None = None) -> Iterator[Row]:
    """Rows of a CSV or TSV file, in whatever delimiter and encoding a spreadsheet wrote.

    One line is one finding; neighbouring lines with the same `reference` are one report. Line 1 is
    the header, so the first row is number 2, as a spreadsheet shows it. Raises Unreadable when the
    header is unusable.
    """
    csv.field_size_limit(LONGEST_CELL)
    delimiter = delimiter_of(path)
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
        lines = csv.reader(text, delimiter=delimiter)
        try:
            header = [unquoted(cell.strip().lstrip("\ufeff")) for cell in next(lines)]
        except StopIteration:
            raise Unreadable("the file is empty; its first line must name the columns") from None
        except csv.Error as error:
            raise Unreadable(f"the first line must name the columns: {error}") from None
        _check_header(header, profile)
        yield from _grouped(_cells(lines, header, profile))


def delimiter_of(path: Path) -> str:
    """What stands between the cells of a table, told from its header."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as text:
        return max(DELIMITERS, key=text.readline().count)


def encoding_of(path: Path) -> str:
    """The encoding a spreadsheet wrote a table in."""
    with path.open("rb") as file:
        start = file.read(64 * 1024)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # a letter cut in two at the end of the sample says nothing
        return "utf-8-sig" if error.start > len(start) - 4 else "cp1252"
    return "utf-8-sig"


def _check_header(header: list[str], profile: Profile | None) -> None:
    if profile:
        profile.check(header)
        return
    known = {*REPORT_FIELDS, *FINDING_FIELDS, *REMARKS}
    problems = [
        Problem(column, "names two columns; keep one of them", 1, "column")
        for column, number in Counter(header).items()
        if number > 1 and column in known
    ]
    for column in header:
        if column not in known:
            close = get_close_matches(column.lower(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            problems.append(
                Problem(shown(column) or "(blank)", f"unknown column{hint}", 1, "column")
            )
    for column in ("reference", "event_kind", "event_date", "country"):
        if column not in header:
            problems.append(Problem(column, "the file has no such column", 1, "column"))
    if problems:
        raise Unreadable("; ".join(str(p) for p in problems[:5]), tuple(problems))


def numbered(lines: Iterator[list[str]], number: int) -> Iterator[tuple[int, list[str], str]]:
    """The rows behind row `number` that are not blank; one that cannot be read says why."""
    while True:
        number += 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, [], f"cannot be read: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells, ""


def _cells(
    lines: Iterator[list[str]], header: list[str], profile: Profile | None
) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """Line number, its fields by our names, and what is wrong with the line (or nothing)."""
    for number, cells, wrong in numbered(lines, 1):
        if wrong:
            yield number, None, wrong
            continue
        if len(cells) > len(header):
            yield number, None, f"has {len(cells)} cells, the header {len(header)}"
            continue
        named = {
            h: unquoted(c).strip()
            for h, c in zip(header, cells, strict=False)
            if c.strip() and h not in REMARKS
        }
        if not named:
            continue
        yield number, profile.translate(named) if profile else _plain(named), ""


def unquoted(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def _plain(named: Mapping[str, str]) -> dict[str, Any]:
    return {
        field: value.replace(",", ".")
        if field in NUMBERS and _DECIMAL_COMMA.fullmatch(value)
        else value
        for field, value in named.items()
    }


def _grouped(lines: Iterable[tuple[int, dict[str, Any] | None, str]]) -> Iterator[Row]:
    """Neighbouring lines of one reference become one report with several findings."""
    numbers: list[int] = []
    report: dict[str, Any] = {}
    for number, fields, wrong in lines:
        if fields is None:
            if numbers:
                yield Row(tuple(numbers), report)
            yield Row((number,), None, (Problem("line", wrong, number, "line"),))
            numbers, report = [], {}
            continue
        finding = {key: fields.pop(key) for key in FINDING_FIELDS if key in fields}
        same = numbers and fields.get("reference") == report.get("reference")
        if same and all(report.get(key) == value for key, value in fields.items()):
            numbers.append(number)
            report["findings"].append(finding)
            continue
        if numbers:
            yield Row(tuple(numbers), report)
        numbers, report = [number], {**fields, "findings": [finding]}
    if numbers:
        yield Row(tuple(numbers), report)


def lines_of(content: bytes) -> Iterator[bytes]:
    """The lines of a body."""
    return iter(io.BytesIO(content))

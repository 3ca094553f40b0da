"""SD files: a record is one finding, its molblock the structure, its data fields the columns.

Rows are numbered as the records are, from 1. BIOVIA's "CTfile formats" describes the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from app.errors import Problem, shown
from app.intake.profiles import Profile
from app.intake.readers.columns import (
    OUR_REMARKS,
    Columns,
    known_to,
    plain_name,
    unknown,
    unquoted,
)
from app.intake.readers.grouping import Line, grouped
from app.intake.readers.text import LONGEST_ROW, LOST, encoding_of
from app.intake.rows import Row
from app.intake.schema import MOST_PROBLEMS

_END = "$$$$"
_DATA = re.compile(r">[^<]*<(.*)>[^>]*")  # > <reference>, >  <reference> (1), > 25 <reference>
_NO_ATOMS = re.compile(r"  0  0.*V2000\s*")  # the counts of a drawing of nothing


def read_sdf(path: Path, profile: Profile | None = None) -> Iterator[Row]:
    """Rows of an SD file, V2000 or V3000; a record that is wrong costs its report."""
    known = known_to(profile)
    columns = Columns((), profile)
    with path.open(encoding=encoding_of(path), errors="replace") as text:
        records = (_line(number, lines, columns, known) for number, lines in _records(text))
        yield from grouped(records)


def _records(text: TextIO) -> Iterator[tuple[int, list[str] | None]]:
    """The lines of each record; None for one that is too long. A blank one is none."""
    number, size = 1, 0
    record: list[str] | None = []
    while line := text.readline(LONGEST_ROW + 1):
        if line.startswith(_END):
            if record is None or any(map(str.strip, record)):
                yield number, record
            number, size, record = number + 1, 0, []
            continue
        size += len(line)
        if record is not None and size > LONGEST_ROW:
            record = None
        if record is not None:
            record.append(line.rstrip("\n"))
    if record is None or any(map(str.strip, record)):
        yield number, record


def _line(number: int, lines: list[str] | None, columns: Columns, known: Mapping[str, str]) -> Line:
    """What one record says."""
    if lines is None:
        text = f'goes on for more than {LONGEST_ROW:,} characters; end each record with "{_END}"'
        return columns.wrong(number, None, Problem("record", text, number, "record"))
    end = _end_of_molblock(lines)
    molblock, (data, problems) = lines[:end], _data_fields(number, lines[end:])
    named: dict[str, str] = {}
    for name, value in data:
        if len(problems) > MOST_PROBLEMS:
            break
        column = known.get(plain_name(name), name.strip())
        if column in named:
            problems.append(
                Problem(shown(column), "is given twice; give it once", number, "repeated")
            )
        elif columns.profile is None and column not in known:
            problems.append(Problem(shown(column) or "(blank)", unknown(name), number, "column"))
        elif value.strip() and column not in OUR_REMARKS:
            named[column] = unquoted(value.strip())
    problems += Columns(tuple(named)).damage(number, list(named.values()))
    if any(LOST in line for line in molblock[3:]):
        text = "holds a character that is not of the file's encoding; save it as UTF-8"
        problems.append(Problem("structure", text, number, "encoding"))
    line = columns.read(number, named)
    problems += line.problems
    if drawn := _drawing(molblock):
        problems += _draw(number, line.finding, drawn)
    if problems:
        reference = line.report.get("reference")
        return columns.wrong(number, reference, *problems[:MOST_PROBLEMS])
    return line


def _draw(number: int, finding: dict[str, Any], molblock: str) -> Iterator[Problem]:
    """Make the drawing the finding's structure; its data fields must not say another."""
    if "structure" in finding:
        text = "is a data field too; the drawing of the record is its structure, so take it out"
        yield Problem("structure", text, number, "repeated")
    if finding.get("structure_format", "auto") not in {"auto", "molfile"}:
        text = "the drawing of the record is a molfile; take the data field out"
        yield Problem("structure_format", text, number, "repeated")
    finding |= {"structure": molblock, "structure_format": "molfile"}


def _end_of_molblock(lines: list[str]) -> int:
    """Where the data begin: behind M  END or, where that is missing, at the first data field.

    The first three lines of a molblock are free text.
    """
    blank = True
    for number, line in enumerate(lines):
        if number >= 3 and line.startswith("M  END"):
            return number + 1
        if (blank or number >= 3) and _DATA.fullmatch(line):
            return number
        blank = blank and not line.strip()
    return len(lines)


def _drawing(molblock: list[str]) -> str:
    """The molblock, or nothing where it draws nothing."""
    if not any(map(str.strip, molblock)) or any(map(_NO_ATOMS.fullmatch, molblock[3:4])):
        return ""
    return "\n".join(molblock)


def _data_fields(number: int, lines: list[str]) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Names and values; a line that is part of none of them is a problem, told once."""
    found: list[tuple[str, list[str]]] = []
    stray, in_value = "", False
    for line in lines:
        if header := _DATA.fullmatch(line):
            found.append((header[1], []))
            in_value = True
        elif not line.strip():
            in_value = False
        elif in_value:
            found[-1][1].append(line)
        else:
            stray = stray or line
    problems = []
    if stray:
        text = f'"{shown(stray)}" is part of no data field; end each record with "{_END}"'
        problems.append(Problem("record", text, number, "record"))
    return [(name, "\n".join(values)) for name, values in found], problems

"""Columns: their names as people write them, and the fields that the cells below them are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from app.errors import Problem, Unreadable, shown
from app.intake.profiles import Profile
from app.intake.readers.grouping import Line
from app.intake.readers.text import LOST
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS

LONGEST_CELL = 200_000
MOST_COLUMNS = 1_000
REQUIRED = ("reference", "event_kind", "event_date", "country")
OUR_REMARKS = ("result", "problem")  # a file of results that is sent back, mended, has them
_KNOWN = {*REPORT_FIELDS, *FINDING_FIELDS}
_MOST_TOLD = 20
_NUMBERS = ("quantity", "purity_percent")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_MAYBE_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
_LINES = re.compile(r"[\r\n]")
_NEUTRALISED = re.compile(r"'(?=[=+\-@\t\r])")


def plain_name(name: str) -> str:
    """A column's name, however its words are spaced and capitalised.

    >>> plain_name(" Event Date")
    'event_date'
    """
    return _BETWEEN_WORDS.sub("_", name.strip().strip("\ufeff").strip().casefold())


def unknown(name: str) -> str:
    """What to say of a column that is none of ours."""
    close = get_close_matches(plain_name(shown(name)), _KNOWN, n=1)
    return f"unknown column{f'; did you mean {close[0]}?' if close else ''}"


def known_to(profile: Profile | None) -> Mapping[str, str]:
    """The columns that are looked for, by their plain names."""
    if profile is None:
        return {name: name for name in (*_KNOWN, *OUR_REMARKS)}
    return {plain_name(name): name for name in profile.wanted}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table, and how a row of its cells is read.

    `names` by position: our field or, with a profile, the source's own name; "" has no name and
    must stay empty. `continental`: in this file a comma in a number can only be a decimal one.
    The others are positions: of a report's fields, of a finding's, of numbers, of the structure.
    """

    names: tuple[str, ...]
    profile: Profile | None = None
    continental: bool = False
    of_report: tuple[tuple[int, str], ...] = ()
    of_finding: tuple[tuple[int, str], ...] = ()
    numbers: tuple[int, ...] = ()
    structure: int | None = None

    def line(self, number: int, cells: Sequence[str]) -> Line | None:
        """What a row says, None for a blank one.

        `cells` may be fewer than the columns, and more when they are empty.
        """
        raw, cells = cells, [*map(str.strip, cells)]
        if len(cells) < len(self.names):
            cells += [""] * (len(self.names) - len(cells))
        where = self.structure
        if where is not None and _LINES.search(cells[where]):
            # a molfile's first line is its title, blank more often than not
            cells[where] = raw[where]
        if self.profile is not None:
            named = {name: cell for name, cell in zip(self.names, cells, strict=False) if cell}
            return self.read(number, named) if named else None
        report: dict[str, Any] = {name: cells[at] for at, name in self.of_report if cells[at]}
        finding: dict[str, Any] = {name: cells[at] for at, name in self.of_finding if cells[at]}
        if "" in self.names and self._is_below_no_name(cells):
            text = "has a value below a column without a name; name the column, or clear it"
            problem = Problem("line", text, number, "line")
            return self.wrong(number, report.get("reference"), problem)
        if not report and not any(cells):
            return None
        for at in self.numbers:
            if "," in cells[at]:
                return self.read(number, report | finding)
        return Line(number, report, finding)

    def _is_below_no_name(self, cells: Sequence[str]) -> bool:
        return any(cell for name, cell in zip(self.names, cells, strict=False) if not name)

    def read(self, number: int, named: dict[str, str]) -> Line:
        """What the filled cells of a row say, by the names of their columns."""
        fields: dict[str, Any] = self.profile.translate(named) if self.profile else named
        problems = tuple(self._numbers(number, fields))
        finding = {name: fields.pop(name) for name in FINDING_FIELDS if name in fields}
        if problems:
            return self.wrong(number, fields.get("reference"), *problems)
        return Line(number, fields, finding)

    def _numbers(self, number: int, fields: dict[str, Any]) -> Iterator[Problem]:
        """Decimal commas made points; a comma that may set thousands apart is not guessed at."""
        for name in _NUMBERS:
            value = fields.get(name)
            if not isinstance(value, str) or not _DECIMAL_COMMA.fullmatch(value):
                continue
            of_hundred = name == "purity_percent"
            if self.continental or of_hundred or not _MAYBE_THOUSANDS.fullmatch(value):
                fields[name] = value.replace(",", ".")
                continue
            either = f"{value.replace(',', '.')} or {value.replace(',', '')}"
            yield Problem(name, f'"{value}" may mean {either}; write which', number, "comma")

    def damage(self, number: int, cells: Sequence[str]) -> Iterator[Problem]:
        """What is wrong with cells that hold lost characters or are too long, or too many."""
        for at, (name, cell) in enumerate(zip(self.names, cells, strict=False)):
            if not self.is_read(at):
                continue
            if len(cell) > LONGEST_CELL:
                text = f"has {len(cell):,} characters; a cell may have {LONGEST_CELL:,}"
                yield Problem(shown(name) or "line", text, number, "cell")
            elif LOST in cell:
                text = "holds a character that is not of the file's encoding; save it as UTF-8"
                yield Problem(shown(name) or "line", text, number, "encoding")
        if any(cell.strip() for cell in cells[len(self.names) :]):
            text = (
                f"has {len(cells)} cells, the header {len(self.names)}; put text that holds the "
                "delimiter in quotes"
            )
            yield Problem("line", text, number, "line")

    def is_read(self, position: int) -> bool:
        """Whether what stands in this column matters."""
        name = self.names[position]
        if self.profile is not None:
            return name in self.profile.wanted
        return name not in OUR_REMARKS

    def wrong(self, number: int, reference: object, *problems: Problem) -> Line:
        """A line that cannot be taken; its reference says which report it stands against."""
        return Line(number, {"reference": reference} if reference else {}, {}, problems)

    def reference_in(self, cells: Sequence[str]) -> str | None:
        """The reference among the cells of a row that cannot be taken, if it has one."""
        filled = zip(self.names, map(str.strip, cells), strict=False)
        named: dict[str, Any] = {name: cell for name, cell in filled if cell}
        return (self.profile.translate(named) if self.profile else named).get("reference")


def unquoted(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def columns_of(
    header: Sequence[str],
    profile: Profile | None,
    *,
    continental: bool = False,
    gaps: bool = False,
) -> Columns:
    """The columns that a header names. Raises Unreadable, saying how to mend it.

    `gaps`: columns without a name are let be, as long as nothing stands below them.
    """
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"the header has {len(header):,} columns; at most {MOST_COLUMNS:,}")
    known = known_to(profile)
    names = tuple(known.get(plain_name(cell), cell.strip()) for cell in header)
    problems = list(_repeated(names, known))
    if profile:
        profile.check(names)
    else:
        problems += _not_ours(names, gaps)
        problems += [
            Problem(column, "the file has no such column", 1, "column")
            for column in REQUIRED
            if column not in names
        ]
    if problems:
        raise Unreadable("; ".join(str(p) for p in problems[:5]), tuple(problems))
    return _columns(names, profile, continental)


def _columns(names: tuple[str, ...], profile: Profile | None, continental: bool) -> Columns:
    structure = profile.columns.get("structure", "") if profile else "structure"
    return Columns(
        names,
        profile,
        continental,
        of_report=tuple((at, name) for at, name in enumerate(names) if name in REPORT_FIELDS),
        of_finding=tuple((at, name) for at, name in enumerate(names) if name in FINDING_FIELDS),
        numbers=tuple(at for at, name in enumerate(names) if name in _NUMBERS),
        structure=names.index(structure) if structure and structure in names else None,
    )


def _repeated(names: Sequence[str], known: Mapping[str, str]) -> Iterator[Problem]:
    ours = set(known.values()) - set(OUR_REMARKS)
    for column, times in Counter(names).items():
        if times > 1 and column in ours:
            yield Problem(column, "names two columns; keep one of them", 1, "column")


def _not_ours(names: Sequence[str], gaps: bool) -> Iterator[Problem]:
    told = 0
    for name in names:
        if name in _KNOWN or name in OUR_REMARKS or (gaps and not name):
            continue
        told += 1
        text = unknown(name) if told <= _MOST_TOLD else "unknown column"
        yield Problem(shown(name) or "(blank)", text, 1, "column")

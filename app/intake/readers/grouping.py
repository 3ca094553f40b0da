"""One line is one finding; neighbouring lines of one reference are one report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from app.errors import Problem, shown
from app.intake.rows import Row
from app.intake.schema import MOST_FINDINGS, MOST_PROBLEMS

MOST_ROWS = 1_000  # of a report that is refused anyway; its further rows are told in further parts


class Line(NamedTuple):
    """One line of a table, or one record: what it says of the report, and of one finding.

    With problems, `report` holds no more than the reference, where that could be read.
    """

    number: int
    report: dict[str, Any]
    finding: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def grouped(lines: Iterable[Line]) -> Iterator[Row]:
    """Rows of the lines, in their order.

    The first line speaks for the report; the lines below repeat what it says or leave it blank, and
    another `version` begins another report. A report is taken whole or not at all: lines that
    contradict the first, and lines that cannot be read, stand against all of them.
    """
    held: Line | None = None  # most reports are a single line
    group: _Group | None = None
    for line in lines:
        if held is not None:
            reference = held.report.get("reference")
            if reference is None or line.report.get("reference") != reference:
                yield _alone(held)
                held = line
                continue
            group, held = _Group(held), None
        if group is None or not group.takes(line):
            if group is not None and group.numbers:
                yield group.row()
            group, held = None, line
            continue
        group.add(line)
        if len(group.numbers) == MOST_ROWS:
            yield group.row()
            group.numbers = []
    if held is not None:
        yield _alone(held)
    elif group is not None and group.numbers:
        yield group.row()


def _alone(line: Line) -> Row:
    if line.problems:
        return Row((line.number,), line.report or None, line.problems)
    return Row((line.number,), {**line.report, "findings": [line.finding]})


class _Group:
    """The lines of one report so far."""

    __slots__ = ("findings", "first", "numbers", "problems", "reference", "report")

    def __init__(self, line: Line) -> None:
        self.reference = line.report.get("reference")
        self.report: dict[str, Any] | None = None
        self.first = line.number
        self.numbers: list[int] = []
        self.findings: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.add(line)

    def takes(self, line: Line) -> bool:
        """Whether the line belongs to the same report."""
        if self.reference is None or line.report.get("reference") != self.reference:
            return False
        version = line.report.get("version")
        if version is None or self.report is None:
            return True
        return bool(version == self.report.get("version", "1"))

    def add(self, line: Line) -> None:
        """Take a line in; of what is too much, only the numbers are kept."""
        self.numbers.append(line.number)
        if line.problems:
            self._object(*line.problems)
            return
        if self.report is None:
            self.report, self.first = line.report, line.number
        elif line.report != self.report:
            self._compare(line)
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(line.finding)
            return
        text = (
            f'"{shown(self.reference)}" has more rows than the {MOST_FINDINGS} findings a report '
            "may have; give each event a reference of its own"
        )
        if not any(problem.code == "too_many" for problem in self.problems):
            self._object(Problem("reference", text, line.number, "too_many"))

    def _compare(self, line: Line) -> None:
        said = self.report or {}
        for field, value in line.report.items():
            if value == said.get(field) or field == "version":
                continue
            if any(problem.field == field for problem in self.problems):
                continue
            before = f'"{shown(said[field])}"' if field in said else "blank"
            text = (
                f'is {before} in row {self.first} and "{shown(value)}" in row {line.number}, which '
                "are one report; make them agree, or give another event another reference"
            )
            self._object(Problem(field, text, line.number, "contradiction"))

    def _object(self, *problems: Problem) -> None:
        self.problems += problems[: MOST_PROBLEMS - len(self.problems)]

    def row(self) -> Row:
        """The report of these lines, or what is wrong with them."""
        numbers = tuple(self.numbers)
        if not self.problems:
            return Row(numbers, {**(self.report or {}), "findings": self.findings})
        told = None if self.reference is None else {"reference": self.reference}
        return Row(numbers, told, tuple(self.problems))

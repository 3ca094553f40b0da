"""Trying a profile on the first rows of a file, without taking anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ValidationError

from app.errors import Problem
from app.intake.rows import Row
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn, problems_of

ROWS = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What a report of the file would say, field by field, and what is wrong with it."""

    rows: tuple[int, ...]
    fields: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def tried(rows: Iterable[Row], most: int = ROWS) -> list[Tried]:
    """The first reports of a file, as they would be read. Raises Unreadable as the reader does."""
    return [Tried(row.numbers, tuple(_told(row)), _wrong(row)) for row in islice(rows, most)]


def _told(row: Row) -> Iterable[tuple[str, str]]:
    fields = dict(row.fields or {})
    findings = fields.pop("findings", None) or []
    for name in REPORT_FIELDS:
        if name in fields:
            yield name, _plain(fields[name])
    for number, finding in enumerate(findings, start=1):
        which = f" {number}" if len(findings) > 1 else ""
        for name in FINDING_FIELDS:
            if name in finding:
                yield f"{name}{which}", _plain(finding[name])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _wrong(row: Row) -> tuple[Problem, ...]:
    if row.fields is None or row.problems:
        return row.problems
    try:
        ReportIn.model_validate(row.fields)
    except ValidationError as error:
        return problems_of(error, row.number)
    return ()

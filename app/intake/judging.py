"""Judging rows one by one, before the database is asked anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pydantic import ValidationError

from app.access.roles import Actor
from app.errors import Problem
from app.intake.identification import Read, read_structures, unreadable, written
from app.intake.rows import Row
from app.intake.schema import ReportIn, problems_of
from app.intake.words import Fate, Resolution

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
CLOCK_SLACK = timedelta(days=1)  # it is tomorrow already in the Pacific


@dataclass(slots=True)
class Judged:
    """A row on its way: read, then accepted or not."""

    row: Row
    report: ReportIn | None
    fate: Fate
    notes: list[Problem]
    hash: str = ""
    held_id: int | None = None
    contradicts: int | None = None  # the id of a report held with other content
    resolutions: list[Resolution] = field(default_factory=list)
    read: list[Read | None] = field(default_factory=list)  # of each finding, its structure

    def reject(self, place: str, message: str) -> None:
        """It contradicts what is held already."""
        self.fate = Fate.REJECTED
        self.notes.append(Problem(place, message, self.row.number, "conflict"))


def judge(rows: Sequence[Row], by: Actor, today: date) -> list[Judged]:
    """What is to be said of each row as it stands; their structures are read together."""
    judged = [_validated(row) for row in rows]
    read = read_structures(one.report for one in judged if one.report)
    for one in judged:
        if one.report is None:
            continue
        row = one.row.number
        one.read = [read.get(written(finding)) for finding in one.report.findings]
        one.notes = [*_misplaced(one.report, by, today, row), *unreadable(one.read, row)]
        if one.notes:
            one.fate = Fate.REJECTED
        else:
            one.hash = content_hash(one.report)
    return judged


def _validated(row: Row) -> Judged:
    if row.fields is None or row.problems:
        return Judged(row, None, Fate.REJECTED, list(row.problems))
    try:
        return Judged(row, ReportIn.model_validate(row.fields), Fate.ACCEPTED, [])
    except ValidationError as error:
        return Judged(row, None, Fate.REJECTED, list(problems_of(error, row.number)))


def _misplaced(report: ReportIn, by: Actor, today: date, row: int) -> list[Problem]:
    wrong = []
    if report.country not in by.countries:
        own = ", ".join(by.countries) or "no country"
        text = f"{by.authority_code} reports for {own}, not for {report.country}"
        wrong.append(Problem("country", text, row, "foreign_country"))
    if report.event_date.first > today + CLOCK_SLACK:
        text = f"{report.event_date} lies in the future; today is {today}"
        wrong.append(Problem("event_date", text, row, "future_date"))
    elif report.period_end and report.period_end.first > today + CLOCK_SLACK:
        text = f"{report.period_end} lies in the future; count a period when it is over"
        wrong.append(Problem("period_end", text, row, "future_date"))
    return wrong


def content_hash(report: ReportIn) -> str:
    """SHA-256 of the report's canonical JSON: equal when, and only when, it says the same."""
    plain = report.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(_canonical(plain).encode()).hexdigest()

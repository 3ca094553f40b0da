"""A report as it was sent, made from what is held: to be sent again, corrected, or withdrawn.

What the tables do not keep (whether a period was given that ends where its date does, a format
given for no structure) is found by trying: the digest of what was sent is kept.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from itertools import chain, groupby, product
from typing import Any

from app.intake.dates import PartialDate
from app.intake.judging import content_hash
from app.intake.models import Finding, Report
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn
from app.intake.words import Precision, ReportType

FORMATS = ("auto", "smiles", "inchi", "molfile")
_WITHDRAWN = (
    "reference", "version", "event_kind", "event_date", "country", "handling", "embargo_until",
)  # fmt: skip
_ELSEWHERE = {"event_date", "period_end", "handling", "embargo_until"}


def as_sent(report: Report) -> ReportIn:
    """What was sent for this version; its handling as sent, whatever a focal point made of it."""
    tries = (
        ReportIn.model_validate(_fields(report, period_end, form))
        for period_end, form in product(_period_ends(report), FORMATS)
    )
    likeliest = next(tries)
    for sent in chain([likeliest], tries):
        if content_hash(sent) == report.content_hash:
            return sent
    return likeliest


def table_rows(sent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same as rows of a file: one for each finding, the report's fields in each of them."""
    report = {name: sent.get(name) for name in REPORT_FIELDS}
    for finding in sent.get("findings") or [{}]:
        yield report | {name: finding.get(name) for name in FINDING_FIELDS}


def correction_of(report: Report) -> dict[str, Any]:
    """The fields of a report as they were sent, as the next version; what is empty is left out."""
    sent = as_sent(report).model_dump(mode="json", exclude_none=True)
    sent["findings"] = [
        {name: value for name, value in finding.items() if value != []}
        for finding in sent["findings"]
    ]
    sent.pop("embargo_until", None)
    return sent | {"version": report.version + 1} | _manner(report)


def withdrawal_of(report: Report) -> dict[str, Any]:
    """The tombstone of a report: as restricted as the report itself, and with nothing in it."""
    fields = correction_of(report)
    kept = {name: fields[name] for name in _WITHDRAWN if name in fields}
    return kept | {"type": ReportType.WITHDRAWAL.value}


def _manner(report: Report) -> dict[str, Any]:
    """How it is handled now, which a focal point may have made another than was sent."""
    until = report.embargo_until
    told = {"handling": report.handling.word}
    return told | ({"embargo_until": until.isoformat()} if until else {})


def _fields(report: Report, period_end: PartialDate | None, form: str) -> dict[str, Any]:
    fields = {name: getattr(report, name) for name in REPORT_FIELDS if name not in _ELSEWHERE}
    fields["event_date"] = _date(report)
    fields["period_end"] = period_end
    changes = report.handling_changes
    fields["handling"] = changes[0].handling_before if changes else report.handling
    fields["embargo_until"] = changes[0].embargo_before if changes else report.embargo_until
    by_place = groupby(report.findings, key=lambda finding: finding.position)
    fields["findings"] = [_finding(next(parts), form) for _, parts in by_place]
    return fields


def _finding(finding: Finding, form: str) -> dict[str, Any]:
    fields = {name: getattr(finding, name) for name in FINDING_FIELDS}
    return fields | {"structure_format": finding.structure_format or form}


def _date(report: Report) -> PartialDate:
    return PartialDate.read(_written(report.event_date, report.precision))


def _period_ends(report: Report) -> list[PartialDate | None]:
    """What may have been given as `period_end`, the likeliest first."""
    end = report.event_end
    found: list[PartialDate | None] = [None] if end == _date(report).last else []
    shapes = [Precision.DAY]
    if end.day == calendar.monthrange(end.year, end.month)[1]:
        shapes.append(Precision.MONTH)
    if (end.month, end.day) == (12, 31):
        shapes.append(Precision.YEAR)
    return found + [PartialDate.read(_written(end, shape)) for shape in shapes]


def _written(day: date, precision: Precision) -> str:
    return day.isoformat()[: {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}[precision]]

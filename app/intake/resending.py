"""A report that is held, as its laboratory would send it again: corrected, or withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.access.handling import Handling
from app.intake.dates import PartialDate
from app.intake.models import Finding, Report
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS
from app.intake.words import Precision, ReportType

_SHAPES = {Precision.YEAR: "%Y", Precision.MONTH: "%Y-%m", Precision.DAY: "%Y-%m-%d"}
_WITHDRAWN = (
    "reference", "event_kind", "event_date", "country", "handling", "embargo_until",
)  # fmt: skip


def correction_of(report: Report) -> dict[str, Any]:
    """The fields of a report as they were sent, as the next version; what is empty is left out.

    The components of a mixture become the one finding again that they were sent as.
    """
    fields = {name: _plain(getattr(report, name, None)) for name in REPORT_FIELDS}
    fields |= {
        "version": report.version + 1,
        "event_date": report.event_date.strftime(_SHAPES[report.precision]),
        "period_end": _period_end(report),
    }
    findings = [_finding(one) for one in report.findings if one.component == 0]
    return {name: value for name, value in fields.items() if value is not None} | {
        "findings": findings
    }


def withdrawal_of(report: Report) -> dict[str, Any]:
    """The tombstone of a report: as restricted as the report itself, and with nothing in it."""
    fields = correction_of(report)
    kept = {name: fields[name] for name in _WITHDRAWN if name in fields}
    return kept | {"version": report.version + 1, "type": ReportType.WITHDRAWAL.value}


def _finding(finding: Finding) -> dict[str, Any]:
    fields = {name: _plain(getattr(finding, name)) for name in FINDING_FIELDS}
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _plain(value: Any) -> Any:
    """A stored value as it is written in JSON."""
    if isinstance(value, Handling):
        return value.word
    if isinstance(value, date):
        return value.isoformat()
    return getattr(value, "value", value)


def _period_end(report: Report) -> str | None:
    """The end of a period as coarsely as it can be said; None where the date says it already."""
    given = PartialDate.read(report.event_date.strftime(_SHAPES[report.precision]))
    if report.event_end == given.last:
        return None
    finer = list(_SHAPES)[list(_SHAPES).index(report.precision) :]
    said = (report.event_end.strftime(_SHAPES[precision]) for precision in finer)
    return next(text for text in said if PartialDate.read(text).last == report.event_end)

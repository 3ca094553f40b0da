"""What somebody typed into the form of a report: kept as typed, and read into a report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from app.errors import Problem
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn, problems_of
from app.web.formfields import Kind, as_typed, finding_fields, sections

Values = dict[str, tuple[str, ...]]  # by field name; several where several may be chosen

MOST_BLOCKS = 60  # more than a report may hold, so that the schema is what refuses
_FINDING_NAME = re.compile(r"findings-(\d{1,4})-([a-z_]+)")
_FINDING_PATH = re.compile(r"findings\[(\d+)\](?:\.([a-z_]+))?")
_SEVERAL = {f.name for group in finding_fields() for f in group if f.kind is Kind.SEVERAL}
_CHOSEN = {f.name for group in finding_fields() for f in group if f.default}  # from the start


@dataclass(slots=True)
class Typed:
    """A form as filled in: the fields of the report, and of each finding."""

    report: Values = field(default_factory=dict)
    findings: list[Values] = field(default_factory=list)

    def add(self) -> None:
        """One more finding to fill in."""
        self.findings.append(_fresh())

    def remove(self, number: int) -> None:
        """Take a finding out; one always stays."""
        if 0 <= number < len(self.findings):
            del self.findings[number]
        if not self.findings:
            self.add()

    def fields(self) -> dict[str, Any]:
        """The fields of a report as it is sent; what was left empty is left out."""
        self.findings = [one for one in self.findings if _says_something(one)] or [_fresh()]
        report = {name: values[0] for name, values in self.report.items() if any(values)}
        return report | {"findings": [_sent(one) for one in self.findings]}


def fresh() -> Typed:
    """An empty form."""
    first = {f.name: f.default for section in sections() for f in section.fields if f.default}
    return Typed(first, [_fresh()])


def _fresh() -> Values:
    return {f.name: f.default for group in finding_fields() for f in group if f.default}


def typed(pairs: Iterable[tuple[str, str]]) -> Typed:
    """What a form sent, field by field; names that are none of ours are passed over."""
    report: Values = {}
    findings: dict[int, Values] = {}
    for name, value in pairs:
        if name in REPORT_FIELDS:
            report[name] = (value.strip(),)
        elif (found := _FINDING_NAME.fullmatch(name)) and found[2] in FINDING_FIELDS:
            block = findings.setdefault(int(found[1]), {})
            before = block.get(found[2], ()) if found[2] in _SEVERAL else ()
            # a molfile begins with lines that may be empty, and browsers change its line ends
            kept = value.replace("\r\n", "\n") if found[2] == "structure" else value.strip()
            block[found[2]] = (*before, kept)
    blocks = [findings[number] for number in sorted(findings)[:MOST_BLOCKS]]
    return Typed(report, blocks or [_fresh()])


def typed_from(fields: Mapping[str, Any]) -> Typed:
    """The form filled with the fields of a report as it is sent."""
    report = {name: as_typed(value) for name, value in fields.items() if name in REPORT_FIELDS}
    blocks = [
        _fresh() | {name: as_typed(value) for name, value in one.items()}
        for one in fields.get("findings", ())
    ]
    return Typed(report, blocks or [_fresh()])


def _says_something(block: Values) -> bool:
    """Whether anything was given beyond what is chosen from the start."""
    return any(any(v.strip() for v in values) for n, values in block.items() if n not in _CHOSEN)


def _sent(block: Values) -> dict[str, Any]:
    filled = {name: [v for v in values if v.strip()] for name, values in block.items()}
    return {n: v if n in _SEVERAL else v[0] for n, v in filled.items() if v}


def read(form: Typed) -> tuple[ReportIn | None, tuple[Problem, ...]]:
    """The report that was typed, or what is wrong with it, field by field."""
    fields = form.fields()
    try:
        return ReportIn.model_validate(fields), ()
    except ValidationError as error:
        return None, problems_of(error, 1)


def canonical(report: ReportIn) -> bytes:
    """The report as it is kept: JSON, its fields in order, without those that were not given."""
    plain = report.model_dump(mode="json", exclude_unset=True)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something to mend, and the id of the field it stands beside; "" for the whole."""

    at: str
    label: str
    message: str


def beside_fields(problems: Iterable[Problem | Mapping[str, Any]]) -> list[Wrong]:
    """Problems as the form shows them, each with the field to go to."""
    return [_wrong(p.as_dict() if isinstance(p, Problem) else p) for p in problems]


def _wrong(problem: Mapping[str, Any]) -> Wrong:
    path, message = str(problem.get("field", "")), str(problem.get("message", ""))
    if found := _FINDING_PATH.match(path):
        name = found[2] if found[2] in FINDING_FIELDS else "substance_name"
        said = f"Finding {int(found[1]) + 1}, {_labels()[name]}"
        return Wrong(f"findings-{found[1]}-{name}", said, message)
    name = path.partition("[")[0]
    if name == "findings":
        return Wrong("findings-0-substance_name", "Findings", message)
    return (
        Wrong(name, _labels()[name], message) if name in REPORT_FIELDS else Wrong("", "", message)
    )


def _labels() -> dict[str, str]:
    fields = [f for section in sections() for f in section.fields]
    return {f.name: f.label for f in (*fields, *finding_fields()[0], *finding_fields()[1])}

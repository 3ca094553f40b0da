"""The report as it is sent: the single source for the API, files, templates and documentation.

The sentence below each field is what `/docs/codes`, the templates and OpenAPI say of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from app.access.handling import Handling
from app.countries import countries, why_no_country
from app.errors import Problem, shown
from app.intake.dates import PartialDate
from app.intake.words import (
    AgeBand,
    Agency,
    CausalRole,
    Confirmation,
    EventKind,
    FindingRole,
    Outcome,
    PhysicalForm,
    Precision,
    ReportType,
    Route,
    Sex,
    StructureFormat,
    Technique,
    Unit,
)

MOST_FINDINGS = 50
LARGEST_COUNT = 1_000_000_000
MOST_PROBLEMS = 50  # of one row; a receipt is for reading


_PART = re.compile(r"[0-9A-Z]{1,3}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def _country(code: str) -> str:
    if code not in countries():
        raise ValueError(why_no_country(code))
    return code


def _subdivision(code: str) -> str:
    land, dash, part = code.partition("-")
    if land not in countries() or not dash or not _PART.fullmatch(part):
        raise ValueError(f'"{shown(code)}" is not an ISO 3166-2 code such as DE-BY')
    return code


def _partial_date(value: Any) -> PartialDate:
    if isinstance(value, PartialDate):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("a date is text: YYYY, YYYY-MM or YYYY-MM-DD")
    return PartialDate.read(value)


def _day(value: Any) -> Any:
    """A day in full: an embargo that ends "in 2027" or at 1700000000 means nothing certain."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("a day is text: YYYY-MM-DD")
    read = PartialDate.read(value)
    if read.precision is not Precision.DAY:
        raise ValueError(f'"{shown(value)}" is no exact day; write YYYY-MM-DD')
    return read.first


def _no_yes_or_no(value: Any) -> Any:
    """To Python true is the number 1; to a laboratory it is a mistake."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _handling(value: Any) -> Handling:
    if isinstance(value, Handling):
        return value
    try:
        return Handling.of(value)
    except (KeyError, AttributeError):
        raise ValueError(f'"{shown(value)}" is not one of: clear, green, amber, red') from None


def _no_controls(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("holds control characters; send plain text")
    return text


def _split(value: Any) -> Any:
    """Spreadsheets write a list in one cell: "GC-MS; NMR"."""
    if isinstance(value, str):
        return [part.strip() for part in value.replace("|", ";").split(";") if part.strip()]
    return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """Said of a field that takes the words of a list without being typed so."""

    words: type[StructureFormat] | type[Handling]


Reference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_controls),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_no_controls),
]
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_no_controls),
]
CountryCode = Annotated[
    str, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})
]
SubdivisionCode = Annotated[str, AfterValidator(_subdivision)]
SomeDate = Annotated[
    PartialDate,
    BeforeValidator(_partial_date),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}),
]
HandlingWord = Annotated[
    Handling,
    BeforeValidator(_handling),
    PlainSerializer(lambda level: level.word, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "enum": [level.word for level in Handling]}),
    OneOf(Handling),
]
FormatWord = Annotated[
    str, Field(pattern=f"^({'|'.join(StructureFormat)})$"), OneOf(StructureFormat)
]
Number = BeforeValidator(_no_yes_or_no)
Techniques = Annotated[list[Technique], BeforeValidator(_split), Field(max_length=20)]


class Strict(BaseModel):
    """A field we do not know is an error, not a silence."""

    model_config = ConfigDict(
        extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True
    )


class FindingIn(Strict):
    """One substance detected: a name, a structure, or both."""

    substance_name: Name | None = None
    """Name of the substance as the reporter writes it; without a structure it is resolved exactly
    or waits for a curator."""
    structure: Annotated[str, StringConstraints(max_length=100_000)] | None = None
    """Structure of the substance as found, with its salt; a name is then not needed."""
    structure_format: FormatWord = "auto"
    """How `structure` is written."""
    role: FindingRole = FindingRole.MAIN
    """What the substance was in the material."""
    purity_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), Number] | None = None
    """Share of the material's weight, in per cent."""
    techniques: Techniques = Field(default_factory=list)
    """How it was analysed; in a file, several are separated by semicolons."""
    confirmation: Confirmation | None = None
    """How sure the identification is."""
    isomer_resolved: bool | None = None
    """Whether positional isomers were told apart."""

    @model_validator(mode="after")
    def says_what(self) -> FindingIn:
        """A finding without a name and without a structure says nothing."""
        if not self.substance_name and not (self.structure and self.structure.strip()):
            raise ValueError("give substance_name, structure, or both")
        return self


class ReportIn(Strict):
    """One event, one aggregate for a period, or the withdrawal of a report."""

    reference: Reference
    """The reporter's own case reference, unique for the authority; never a person's name or file
    number."""
    version: Annotated[int, Field(ge=1, le=10_000), Number] = 1
    """1 for the first sending; the next higher number corrects it."""
    type: ReportType = ReportType.EVENT
    """What this report is."""
    event_kind: EventKind
    """What happened."""
    event_date: SomeDate
    """When it happened, as exactly as is known; of an aggregate, when its period begins."""
    period_end: SomeDate | None = None
    """When the period of an aggregate ends; left out, it is the year or month of `event_date`."""
    country: CountryCode
    """Where it happened; a country the authority reports for."""
    subdivision: SubdivisionCode | None = None
    """State or province, as its ISO 3166-2 code."""
    origin: CountryCode | None = None
    """Country the material came from, where known."""
    transit: CountryCode | None = None
    """Country it passed through."""
    destination: CountryCode | None = None
    """Country it was bound for."""
    agency: Agency | None = None
    """Who made the detection."""
    count: Annotated[int, Field(ge=1, le=LARGEST_COUNT), Number] = 1
    """Reports in an aggregate; cases in an event."""
    quantity: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False), Number] | None = None
    """Amount of the material; the unit goes with it."""
    unit: Unit | None = None
    """Unit of the quantity; required with it."""
    trace: bool | None = None
    """Whether there was too little to weigh or count."""
    physical_form: PhysicalForm | None = None
    """What the material looked like."""
    sold_as: Name | None = None
    """What it was sold as; never a vendor's name."""
    handling: HandlingWord = Handling.AMBER
    """Who may see the report."""
    embargo_until: Annotated[date, BeforeValidator(_day)] | None = None
    """Day until which the report is held at red."""
    findings: Annotated[list[FindingIn], Field(max_length=MOST_FINDINGS)] = Field(
        default_factory=list
    )
    """The substances detected, each once; none in a withdrawal."""
    outcome: Outcome | None = None
    """How the person fared; for acute_toxicity and death."""
    causal_role: CausalRole | None = None
    """What part the substances had in the harm; for acute_toxicity and death."""
    route: Route | None = None
    """How it was taken."""
    age_band: AgeBand | None = None
    """Age as a band; an exact age could name a person."""
    sex: Sex | None = None
    """Sex as recorded."""
    matrix: ShortText | None = None
    """Sample of the person that was analysed, such as blood or urine."""
    concentration: ShortText | None = None
    """Concentration measured in it, with its unit, such as 1.2 ng/mL."""

    @model_validator(mode="after")
    def hangs_together(self) -> ReportIn:
        """What one field says must not contradict another."""
        if not self.findings and self.type is not ReportType.WITHDRAWAL:
            raise ValueError("findings: at least one substance is needed")
        if self.period_end and self.period_end.last < self.event_date.first:
            raise ValueError("period_end: lies before event_date")
        if self.quantity is not None and self.unit is None:
            raise ValueError("unit: a quantity needs its unit (g, kg, tablet, …)")
        return self


class ActivityIn(Strict):
    """Samples analysed in one month: the denominator of every rate."""

    month: SomeDate
    """The month, as YYYY-MM."""
    country: CountryCode
    """Where the samples came from; a country the authority reports for."""
    samples: Annotated[int, Field(ge=0, le=LARGEST_COUNT), Number]
    """Samples analysed in that month, whatever was found."""
    scope: Annotated[list[ShortText], BeforeValidator(_split), Field(max_length=40)] = Field(
        default_factory=list
    )
    """Classes of substances the laboratory could have found, such as nitazenes; left out, all of
    them."""
    handling: HandlingWord = Handling.AMBER
    """Who may see the number."""


FINDING_FIELDS = tuple(FindingIn.model_fields)
_NUMBERS = {
    "float_parsing": "number; write it with digits and a decimal point, such as 2.5",
    "int_parsing": "whole number; write it with digits alone, such as 3",
}
REPORT_FIELDS = tuple(name for name in ReportIn.model_fields if name != "findings")


def problems_of(error: ValidationError, row: int) -> tuple[Problem, ...]:
    """Pydantic's findings in our words: the field as a path, what is wrong, what would be right."""
    details = error.errors(include_url=False)
    found = tuple(_problem(detail, row) for detail in details[:MOST_PROBLEMS])
    if more := len(details) - len(found):
        found += (Problem("report", f"and {more} more", row, "more"),)
    return found


def _problem(detail: Any, row: int) -> Problem:
    path = [part for part in detail["loc"] if part != "function-after"]
    parts = (f"[{p}]" if isinstance(p, int) else f".{shown(p)}" for p in path)
    field = "".join(parts).lstrip(".")
    kind, context = detail["type"], detail.get("ctx", {})
    given = detail.get("input")
    if kind == "extra_forbidden":
        message = f"unknown field{_did_you_mean(str(path[-1]), len(path) > 1)}"
    elif kind == "missing":
        message = "is required"
    elif kind == "enum":
        message = f'"{shown(given)}" is not one of: {context["expected"]}'.replace("'", "")
        message += _meant(str(given), context["expected"])
    elif kind == "value_error":
        message = str(context["error"])
        if not path and ": " in message:
            field, message = message.split(": ", 1)
    elif kind in _NUMBERS:
        message = f'"{shown(given)}" is not a {_NUMBERS[kind]}'
    else:
        message = f'{detail["msg"][0].lower()}{detail["msg"][1:]} (got "{shown(given)}")'
    return Problem(field or "report", message, row=row, code=kind)


def _meant(given: str, expected: str) -> str:
    close = get_close_matches(given.casefold(), re.findall(r"'([^']*)'", expected), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _did_you_mean(name: str, in_finding: bool) -> str:
    close = get_close_matches(name, FINDING_FIELDS if in_finding else REPORT_FIELDS, n=1)
    return f"; did you mean {close[0]}?" if close else "; see /api/v1/openapi.json for the fields"

"""The fields of a report as a form shows them, taken from the schema of the report.

Options, limits, defaults, what is required and what helps are the schema's; here is only where a
field stands, and how it is labelled where its name alone would not do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import BaseModel

from app.access.handling import Handling
from app.intake.schema import FindingIn, ReportIn
from app.intake.words import ReportType
from app.web.wording import country_options, label, options, sentence

LONG_TEXT = 1000  # characters beyond which a text gets an area
COUNTRY, SOME_DATE = "^[A-Z]{2}$", r"^\d{4}(-\d{2}(-\d{2})?)?$"
_ALTERNATIVES = re.compile(r"\^\((\w+(?:\|\w+)*)\)\$")

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "event", "What happened",
        ("reference", "version", "type", "event_kind", "event_date", "period_end", "count",
         "agency"),
    ),
    ("material", "The material", ("physical_form", "quantity", "unit", "trace", "sold_as")),
    (
        "harm", "Harm to a person",
        ("outcome", "causal_role", "route", "age_band", "sex", "matrix", "concentration"),
    ),
    ("place", "Where", ("country", "subdivision", "origin", "transit", "destination")),
    ("sharing", "Who may see it", ("handling", "embargo_until")),
)  # fmt: skip
ASKED_FIRST = ("substance_name", "structure", "structure_format")  # what the live answer is about
LABELS = {
    "substance_name": "Name",
    "structure_format": "Written as",
    "purity_percent": "Purity, %",
    "isomer_resolved": "Isomer resolved",
    "reference": "Your reference",
    "type": "Kind of report",
    "event_date": "Date",
    "period_end": "End of the period",
}


class Kind(StrEnum):
    """How a field is asked for."""

    TEXT = "text"
    AREA = "area"
    NUMBER = "number"
    DAY = "day"
    DATE = "date"  # as exactly as it is known
    COUNTRY = "country"
    CHOICE = "choice"
    SEVERAL = "several"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: what it is called, what may be given, and what stands in it at first."""

    name: str
    kind: Kind
    label: str
    help: str
    required: bool
    options: tuple[tuple[str, str], ...]
    longest: int | None
    default: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that are asked for together."""

    key: str
    title: str
    fields: tuple[FormField, ...]


@cache
def sections() -> tuple[Section, ...]:
    """The sections of the report; a field of the schema with no place here joins the first."""
    placed = {name for _, _, names in SECTIONS for name in names}
    rest = tuple(n for n in ReportIn.model_fields if n not in placed | {"findings"})
    return tuple(
        Section(key, title, _fields(ReportIn, (*names, *(() if number else rest))))
        for number, (key, title, names) in enumerate(SECTIONS)
    )


@cache
def finding_fields() -> tuple[tuple[FormField, ...], tuple[FormField, ...]]:
    """The fields of a finding: those that say what it is, and the others."""
    others = (name for name in FindingIn.model_fields if name not in ASKED_FIRST)
    return _fields(FindingIn, ASKED_FIRST), _fields(FindingIn, others)


def _fields(model: type[BaseModel], names: Iterable[str]) -> tuple[FormField, ...]:
    schema = model.model_json_schema()
    return tuple(_field(model, schema, name) for name in names)


def _field(model: type[BaseModel], schema: dict[str, Any], name: str) -> FormField:
    given = schema["properties"][name]
    plain = next((one for one in given.get("anyOf", ()) if one.get("type") != "null"), given)
    about = _looked_up(plain, schema)
    items = _looked_up(about.get("items", {}), schema)
    kind, words = _kind(about, items)
    required = name in schema.get("required", ())
    return FormField(
        name=name,
        kind=kind,
        label=LABELS.get(name, sentence(label(name))),
        help=_help(given.get("description") or plain.get("description") or ""),
        required=required,
        options=_options(name, kind, words),
        longest=about.get("maxLength"),
        default=() if required else _default(model, name),
    )


def _default(model: type[BaseModel], name: str) -> tuple[str, ...]:
    return as_typed(model.model_fields[name].get_default(call_default_factory=True))


def _looked_up(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema, or what it refers to."""
    reference = str(part.get("$ref", ""))
    found: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else part
    return found


def _kind(about: dict[str, Any], items: dict[str, Any]) -> tuple[Kind, list[str]]:
    """How to ask for what a part of the schema describes, and its words if it has a list."""
    if "enum" in about:
        return Kind.CHOICE, about["enum"]
    if "enum" in items:
        return Kind.SEVERAL, items["enum"]
    pattern = about.get("pattern", "")
    if listed := _ALTERNATIVES.fullmatch(pattern):
        return Kind.CHOICE, listed[1].split("|")
    known = {COUNTRY: Kind.COUNTRY, SOME_DATE: Kind.DATE}.get(pattern)
    if known is None and about.get("format") == "date":
        known = Kind.DAY
    if known is None and about.get("maxLength", 0) > LONG_TEXT:
        known = Kind.AREA
    by_type = {"boolean": Kind.YES_NO, "integer": Kind.NUMBER, "number": Kind.NUMBER}
    return known or by_type.get(about.get("type", ""), Kind.TEXT), []


def _options(name: str, kind: Kind, words: list[str]) -> tuple[tuple[str, str], ...]:
    if name == "handling":
        return tuple((level.word, level.meaning) for level in Handling)
    if kind is Kind.COUNTRY:
        return tuple(country_options())
    if kind is Kind.YES_NO:
        return (("true", "yes"), ("false", "no"))
    # a withdrawal has a page of its own
    return tuple(options(word for word in words if word != ReportType.WITHDRAWAL))


def _help(text: str) -> str:
    """A description as a sentence."""
    said = sentence(" ".join(text.split()).replace("`", "").rstrip("."))
    return f"{said}." if said else ""


def as_typed(value: Any) -> tuple[str, ...]:
    """A value of the schema as somebody would have typed it; nothing for none."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(text for one in value for text in as_typed(one))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Handling):
        return (value.word,)
    if isinstance(value, float):
        return (f"{value:.15g}",)
    return (str(getattr(value, "value", value)),)

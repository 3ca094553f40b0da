"""What may be sent, told from the schema itself: every field and every code with its meaning.

The page, its JSON, the API and the templates read this; nothing here is written twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.access.handling import Handling
from app.countries import countries
from app.intake.dates import PartialDate
from app.intake.schema import ActivityIn, CountryCode, FindingIn, OneOf, ReportIn, SubdivisionCode
from app.intake.words import Code

COUNTRY = "country"
PARTS: dict[str, type[BaseModel]] = {
    "report": ReportIn,
    "finding": FindingIn,
    "activity": ActivityIn,
}
IN_FILES = ("report", "finding")  # one line of a file is one finding, with its report's fields
_SIMPLE = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    date: "day: YYYY-MM-DD",
    PartialDate: "date: YYYY, YYYY-MM or YYYY-MM-DD",
}


class CodeOut(BaseModel):
    """One word that may be sent."""

    code: str
    meaning: str


class CodeListOut(BaseModel):
    """One code list."""

    name: str
    meaning: str
    codes: list[CodeOut]


class FieldOut(BaseModel):
    """One field: `codes` names its code list, `column` its column in a file."""

    name: str
    meaning: str
    type: str
    limits: str
    required: bool
    default: str | int | None
    column: str | None
    codes: str | None


class PartOut(BaseModel):
    """The fields of a report, a finding or an activity."""

    name: str
    meaning: str
    fields: list[FieldOut]


class CodesOut(BaseModel):
    """Everything that may be sent."""

    parts: list[PartOut]
    code_lists: list[CodeListOut]

    def fields(self, *parts: str) -> list[FieldOut]:
        """The fields of these parts, in order."""
        return [field for part in self.parts if part.name in parts for field in part.fields]

    def code_list(self, name: str) -> CodeListOut:
        """One list, by its name."""
        return next(one for one in self.code_lists if one.name == name)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a field holds: inside of Annotated, `| None` and list, with the marks met on the way."""

    inner: Any
    hints: tuple[Any, ...]
    marks: tuple[Any, ...]
    many: bool

    @property
    def words(self) -> type[Code] | type[Handling] | None:
        """Its code list as we hold it, except of countries."""
        if isinstance(self.inner, type) and issubclass(self.inner, Code):
            return self.inner
        return next((mark.words for mark in self.marks if isinstance(mark, OneOf)), None)

    @property
    def listed(self) -> str | None:
        """The name of its code list."""
        if CountryCode in self.hints:
            return COUNTRY
        return _snake(self.words.__name__) if self.words else None

    @property
    def said(self) -> str:
        """The kind in words."""
        if self.inner is FindingIn:
            return "list of findings"
        if SubdivisionCode in self.hints:
            return "ISO 3166-2 code, such as DE-BY"
        one = "code" if self.listed else _SIMPLE.get(self.inner, "object")
        return f"list of {one}s" if self.many else one


@cache
def codes() -> CodesOut:
    """Fields and codes, as the schema has them."""
    words = {
        kind.listed: kind.words
        for model in PARTS.values()
        for kind in _kinds(model).values()
        if kind.listed and kind.words
    }
    return CodesOut(
        parts=[
            PartOut(name=name, meaning=_said(model.__doc__), fields=_fields(name, model))
            for name, model in PARTS.items()
        ],
        code_lists=[*(_code_list(name, of) for name, of in words.items()), _countries()],
    )


def columns() -> list[FieldOut]:
    """The fields that a file may have as columns."""
    return [field for field in codes().fields(*IN_FILES) if field.column]


def _fields(part: str, model: type[BaseModel]) -> list[FieldOut]:
    kinds, properties = _kinds(model), model.model_json_schema()["properties"]
    return [
        FieldOut(
            name=name,
            meaning=_said(about.description),
            type=kinds[name].said,
            limits=_limits(properties[name]),
            required=about.is_required(),
            default=_default(about),
            column=name if part in IN_FILES and name != "findings" else None,
            codes=kinds[name].listed,
        )
        for name, about in model.model_fields.items()
    ]


def _kinds(model: type[BaseModel]) -> dict[str, _Kind]:
    hints = get_type_hints(model, include_extras=True)
    return {name: _kind(hints[name]) for name in model.model_fields}


def _kind(hint: Any) -> _Kind:
    hints, marks, many = [hint], [], False
    while origin := get_origin(hint):
        inner, *more = (one for one in get_args(hint) if one is not NoneType)
        marks += more if origin is Annotated else []
        many = many or origin is list
        hint = inner
        hints.append(hint)
    return _Kind(hint, tuple(hints), tuple(marks), many)


def _code_list(name: str, words: type[Code] | type[Handling]) -> CodeListOut:
    found = [CodeOut(code=_word(word), meaning=word.meaning) for word in words]
    return CodeListOut(name=name, meaning=_said(words.__doc__), codes=found)


def _countries() -> CodeListOut:
    found = [CodeOut(code=c.code, meaning=c.name) for c in countries().values()]
    return CodeListOut(name=COUNTRY, meaning="ISO 3166-1 alpha-2 codes.", codes=found)


def _limits(schema: dict[str, Any]) -> str:
    """What the JSON schema of a field bounds, in words."""
    inner = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
    said = []
    if "minimum" in inner:
        said.append(f"{inner['minimum']:,.0f} to {inner['maximum']:,.0f}".replace(",", "\u202f"))
    if "maxLength" in inner:
        said.append(f"at most {inner['maxLength']:,} characters".replace(",", "\u202f"))
    if "maxItems" in inner:
        said.append(f"at most {inner['maxItems']}")
    return ", ".join(said)


def _default(about: FieldInfo) -> str | int | None:
    """What counts when a field is left out; None when nothing does."""
    if about.is_required():
        return None
    value = about.get_default(call_default_factory=True)
    if value is None or value == []:
        return None
    return _word(value) if isinstance(value, Enum) else value


def _word(word: Any) -> str:
    return word.word if isinstance(word, Handling) else str(word.value)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _said(text: str | None) -> str:
    """A docstring in one line, without its marks for code."""
    return " ".join((text or "").replace("`", "").split())

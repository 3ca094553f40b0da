"""What may be asked of a list: its filters, as one pydantic model that validates and documents.

A parameter that a list does not know, a value that cannot be, a cursor of another list: each is a
422 that names the parameter and says what would be right. Nothing is passed over in silence. What
could be but is not there (a substance of that number, an authority) is a 404.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from app.countries import countries, why_no_country
from app.errors import Problem, Refused, shown
from app.intake.schema import HandlingWord
from app.intake.words import Fate
from app.surveillance.ruleset import ruleset
from chem.families import EFFECTS, GROUPS, families

A = TypeVar("A", bound="Asked")

MOST_PER_PAGE = 200
PLAIN = r"^[^\x00-\x1f\x7f]+$"  # no database looks for control characters
_DIGITS = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Format(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    SDF = "sdf"


class YesNo(StrEnum):
    """A question with two answers."""

    TRUE = "true"
    FALSE = "false"

    @classmethod
    def asked(cls, word: YesNo | None) -> bool | None:
        """As a truth, or None when nothing was asked."""
        return None if word is None else word is cls.TRUE


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError(f'"{shown(value)}" is no whole number')
    return value


def as_day(value: Any) -> Any:
    """A day in full, YYYY-MM-DD, for pydantic."""
    if isinstance(value, date):
        return value
    try:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f'"{shown(value)}" is no day; write YYYY-MM-DD') from None


def _country(value: str) -> str:
    if value not in countries():
        raise ValueError(why_no_country(value))
    return value


def _one_of(words: Sequence[str], what: str) -> Any:
    """A validator for words that no enum holds: data files do."""

    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f'"{shown(value)}" is no {what}{nearest(value, words)}')
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(words)})


def nearest(given: str, words: Sequence[str]) -> str:
    """What to say after a word that is none of these."""
    close = get_close_matches(given, words, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; use one of {', '.join(words)}" if len(words) <= 20 else ""


_GROUPS = _one_of(GROUPS, "group")
_FAMILIES = _one_of([family.id for family in families()], "family")
_EFFECTS = _one_of(EFFECTS, "effect")
_PRESETS = _one_of(tuple(ruleset().presets), "preset")

Limit = Annotated[
    int,
    Field(ge=1, le=MOST_PER_PAGE, description="items on a page; an export without it is whole"),
    BeforeValidator(_whole),
]
Day = Annotated[date, BeforeValidator(as_day), WithJsonSchema({"type": "string", "format": "date"})]
Country = Annotated[
    str,
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "enum": sorted(countries())}),
    Field(description="ISO 3166-1 alpha-2"),
]
Group = Annotated[str, *_GROUPS, Field(description="UNODC group of a substance")]
FamilyId = Annotated[str, *_FAMILIES, Field(description="family of a substance")]
Effect = Annotated[str, *_EFFECTS, Field(description="effect group of a substance")]
Preset = Annotated[
    str, *_PRESETS, Field(description="weights of prevalent, persistent and harmful")
]
SubstanceCode = Annotated[
    str, Field(pattern=r"^TS-[0-9]{5,9}$", description="number of a substance, as TS-00042")
]
Level = Annotated[HandlingWord, Field(description="handling as it stands now")]
Text = Annotated[str, Field(pattern=PLAIN, max_length=300)]


class Asked(BaseModel):
    """What is asked of one endpoint. Unknown parameters are an error, with a guess at the right."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Paged(Asked):
    """What is asked of every list."""

    limit: Limit | None = None
    after: Annotated[Text, Field(description="the cursor of `next`")] | None = None


class NumberedAsked(Paged):
    """A list that goes by number, newest first."""

    after: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,10}$", description="the cursor of `next`")
    ] = None


class RowsAsked(Asked):
    """A receipt, from a row on."""

    after: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,10}$", description="the row after which to go on")
    ] = None
    fate: Annotated[Fate | None, Field(description="only rows that this became of")] = None


Written = Annotated[
    Format,
    WithJsonSchema({"type": "string", "enum": ["json", "csv", "ndjson"]}),
    Field(description="as the Accept header; csv and ndjson are whole, and stream"),
]
Drawn = Annotated[
    Format,
    WithJsonSchema({"type": "string", "enum": list(Format)}),
    Field(description="as the Accept header; csv, ndjson and sdf are whole, and stream"),
]


class Filed(Paged):
    """What is asked of a list that can be taken away as a file."""

    format: Written | None = None


class Listed(Filed):
    """What is asked of a list that can be cut to some fields, too."""

    fields: (
        Annotated[str, Field(description="only these fields, parted by commas; all without it")]
        | None
    ) = None


def ask(shape: type[A]) -> A:
    """What this request asks. Raises Refused, naming each parameter that cannot be."""
    given = request.args
    problems = [
        Problem(name, "is given twice; give it once", code="repeated")
        for name, values in given.lists()
        if len(values) > 1
    ]
    try:
        asked = shape.model_validate(given.to_dict())
    except ValidationError as error:
        problems += [_problem(detail, shape) for detail in error.errors(include_url=False)]
    if problems:
        raise Refused("; ".join(str(p) for p in problems[:5]), tuple(problems))
    return asked


def unknown(names: Sequence[str], known: Sequence[str]) -> tuple[Problem, ...]:
    """A problem for each parameter that is not known here."""
    return tuple(
        Problem(shown(name), f"is no parameter here{nearest(name, known)}", code="unknown")
        for name in names
        if name not in known
    )


def _problem(detail: Any, shape: type[Asked]) -> Problem:
    name = str(detail["loc"][0]) if detail["loc"] else "query"
    kind, given = detail["type"], detail.get("input")
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown([name], list(shape.model_fields))[0]
    if kind == "enum":
        words = [word.strip("'") for word in re.findall(r"'[^']*'", context["expected"])]
        message = f'"{shown(given)}" is none of: {", ".join(words)}{_guess(str(given), words)}'
    elif kind == "value_error":
        message = str(context["error"])
        if not detail["loc"] and ": " in message:  # said of the question as a whole
            name, message = message.split(": ", 1)
    elif kind == "string_pattern_mismatch" and name == "after":
        message = f'"{shown(given)}" is no cursor of this list; take it from `next`'
    elif kind == "string_pattern_mismatch":
        message = f'"{shown(given)}" does not look like one'
    else:
        message = f'{detail["msg"][0].lower()}{detail["msg"][1:]} (got "{shown(given)}")'
    return Problem(shown(name), message, code=kind)


def _guess(given: str, words: Sequence[str]) -> str:
    close = get_close_matches(given, words, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def parameters_of(shape: type[Asked]) -> list[dict[str, Any]]:
    """The query parameters as the OpenAPI document has them, from the model that reads them."""
    schema = shape.model_json_schema(mode="validation")
    defs = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        _parameter(name, field, defs, required=name in required)
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter(
    name: str, field: dict[str, Any], defs: dict[str, Any], *, required: bool
) -> dict[str, Any]:
    branch = next((b for b in field.get("anyOf", []) if b.get("type") != "null"), field)
    said = branch.get("description") or field.get("description") or ""
    if reference := branch.get("$ref"):
        branch = {**branch, **defs[reference.rsplit("/", 1)[1]]}
    kept = {
        key: value
        for key, value in branch.items()
        if key not in {"$ref", "title", "description", "default", "anyOf"}
    }
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": said or branch.get("description", ""),
        "schema": kept,
    }

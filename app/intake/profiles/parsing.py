"""Reading a profile's TOML: what may stand in it, and what is wrong with it, line by line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from app.errors import Problem, Refused, shown
from app.intake.profiles.profile import LISTS, Profile, folded, places
from app.intake.schema import (
    FINDING_FIELDS,
    REPORT_FIELDS,
    FindingIn,
    ReportIn,
    problems_of,
)

LONGEST_TEXT = 100_000
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FIELDS = (*REPORT_FIELDS, *FINDING_FIELDS)
REQUIRED = tuple(name for name, about in ReportIn.model_fields.items() if about.is_required())
_KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")
_TABLE = re.compile(r"\s*\[[^\[].*\]\s*(?:#.*)?")
_AT = re.compile(r"\s*\(at line (\d+), column \d+\)")
_DIRECTIVES = re.compile("%(.)")
_DATE_PARTS = set("dmYybBHMS")

_SHAPES = {
    "dict_type": "a table, such as [codes.event_kind]",
    "string_type": "text in quotes",
    "list_type": "text in quotes, or a list of such",
    "bool_type": "text in quotes, a number, true or false",
}

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Value = bool | int | float | date | str
Path = tuple[str, ...]


class ProfileIn(BaseModel):
    """An import profile as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    title: Text
    """What the profile is for, as people see it in lists."""
    columns: dict[str, Text] = {}
    """Our field on the left, the file's own column on the right."""
    constants: dict[str, Value | list[str]] = {}
    """Fields that every row has, unless a column of it says otherwise."""
    codes: dict[str, dict[str, Value]] = {}
    """For each field, the source's own words and the codes they mean; an empty code says nothing.
    Capitals do not matter, and a word that is not told stays as it is."""
    reference: Text | None = None
    """The reference of a row, built from columns named in braces; not needed when `columns` has
    one."""
    built: dict[str, Text] = {}
    """Other fields that are built from several columns in braces."""
    date_format: Annotated[list[Text] | Text, Field(union_mode="left_to_right")] = []
    """How the source writes dates, with %d, %m, %Y, %y, %b, %B; several are tried in turn. What
    fits none must be YYYY, YYYY-MM or YYYY-MM-DD."""
    decimal: Literal[".", ","] | None = None
    """The decimal mark of its numbers; the other mark and spaces then set thousands apart."""
    separator: Annotated[str, StringConstraints(min_length=1, max_length=5)] | None = None
    """What stands between several techniques in one cell; a semicolon or bar unless told."""
    ignore: list[str] = []
    """Columns that are meant to be passed over, `"*"` for all that are not told. Any other column
    refuses the file, so that nothing is lost unnoticed."""


def parse_profile(name: str, text: str) -> Profile:
    """The profile that a TOML text tells.

    Raises Refused; its problems name line and key, and say what would be right.
    """
    if len(text) > LONGEST_TEXT:
        raise Refused(f"a profile has at most {LONGEST_TEXT:,} characters, not {len(text):,}")
    data = _toml(text)
    lines = lines_of(text)
    try:
        told = ProfileIn.model_validate(data)
    except ValidationError as error:
        raise _refused(lines, (_shape(detail) for detail in error.errors())) from None
    formats = told.date_format if isinstance(told.date_format, list) else [told.date_format]
    if wrong := list(_wrong(told, formats)):
        raise _refused(lines, wrong)
    meaning = json.dumps(data, sort_keys=True, default=str)
    return Profile(
        name=name,
        title=told.title,
        columns=told.columns,
        constants={ours: _plain(value) for ours, value in told.constants.items()},
        reference=told.reference or told.built.get("reference", ""),
        built={ours: text for ours, text in told.built.items() if ours != "reference"},
        codes={
            ours: {folded(word): _plain(code) for word, code in words.items()}
            for ours, words in told.codes.items()
        },
        date_format=tuple(formats),
        decimal=told.decimal or "",
        separator=told.separator or "",
        ignore=tuple(told.ignore),
        digest=sha256(meaning.encode()).hexdigest()[:8],
    )


def _plain(value: Any) -> Any:
    """A value as a cell would have it: TOML knows days, and reports are sent as text."""
    return value.isoformat() if isinstance(value, date) else value


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        line = f"line {at[1]}: " if at else ""
        raise Refused(f"{line}this is not TOML: {shown(_AT.sub('', str(error)), 200)}") from None
    except RecursionError:
        raise Refused("this is nested too deeply; see the documentation of profiles") from None


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table and key stands first.

    >>> lines_of('title = "x"\\n[columns]\\ncountry = "Land"')
    {('title',): 1, ('columns',): 2, ('columns', 'country'): 3}
    """
    found: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            if _TABLE.fullmatch(line):
                table = _only_path(tomllib.loads(line))
                found.setdefault(table, number)
            elif key := _KEY.match(line):
                path = (*table, *_only_path(tomllib.loads(f"{key[1]} = 0")))
                found.setdefault(path, number)
        except tomllib.TOMLDecodeError:
            continue  # a line inside of a longer value
    return found


def _only_path(data: Any) -> Path:
    path: list[str] = []
    while isinstance(data, dict) and data:
        (key, data), *_ = data.items()
        path.append(key)
    return tuple(path)


Wrong = tuple[Path, str]


def _refused(lines: Mapping[Path, int], wrong: Iterable[Wrong]) -> Refused:
    first: dict[Path, str] = {}  # of the alternatives that a value does not fit, one is told
    for path, message in wrong:
        first.setdefault(path, message)
    problems = tuple(_problem(lines, path, message) for path, message in first.items())
    return Refused("; ".join(str(problem) for problem in problems[:5]), problems)


def _problem(lines: Mapping[Path, int], path: Path, message: str) -> Problem:
    nearest = (lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines)
    line = next(nearest, None)
    where = shown(".".join(path), 100)
    return Problem(f"line {line}, {where}" if line else where, message, code="profile")


def _shape(detail: Any) -> Wrong:
    """What is wrong with the shape of a profile, in our words."""
    # what stands behind a value's key names the alternatives that did not fit
    path = tuple(str(part) for part in detail["loc"])
    at = {"columns": 2, "built": 2, "constants": 2, "codes": 3}.get(path[0], 1)
    path = path[:at]
    if detail["type"] == "extra_forbidden":
        known = tuple(ProfileIn.model_fields)
        return (
            path,
            f"is no key of a profile{_close(path[0], known)}; there are: {', '.join(known)}",
        )
    if detail["type"] == "missing":
        return path, "is required"
    if detail["type"] in _SHAPES:
        return path, f"must be {_SHAPES[detail['type']]}"
    return path, f"{detail['msg'][0].lower()}{detail['msg'][1:]}"


def _wrong(told: ProfileIn, formats: list[str]) -> Iterator[Wrong]:
    yield from _wrong_fields(told)
    yield from _wrong_columns(told)
    yield from _wrong_values(told)
    yield from _wrong_formats(formats)
    given = {*told.columns, *told.built, *told.constants}
    given |= {"reference"} if told.reference else set()
    for ours in REQUIRED:
        if ours not in given:
            yield ("columns",), f"{ours} is required: give it a column or a constant"


def _wrong_fields(told: ProfileIn) -> Iterator[Wrong]:
    for table in ("columns", "built", "constants", "codes"):
        for ours in getattr(told, table):
            if ours not in FIELDS:
                yield (table, ours), f"is no field of a report{_close(ours, FIELDS)}"
    if told.reference is not None:
        for table in ("columns", "built"):
            if "reference" in getattr(told, table):
                yield (table, "reference"), "is told at the top already; keep one of them"
    if "reference" in told.constants:
        yield ("constants", "reference"), "would make all rows one report; give it a column"


def _wrong_columns(told: ProfileIn) -> Iterator[Wrong]:
    for ours, theirs in told.columns.items():
        if places(theirs):
            text = "what is built from columns in braces stands in the table built"
            yield ("columns", ours), text
    for ours in told.columns.keys() & told.built.keys():
        yield ("built", ours), "has a column already; keep one of them"
    templates: dict[Path, str] = {("built", ours): text for ours, text in told.built.items()}
    if told.reference is not None:
        templates[("reference",)] = told.reference
    for path, text in templates.items():
        rest = re.sub(r"\{[^{}]+\}", "", text)
        if "{" in rest or "}" in rest:
            yield path, "has a brace that names no column; write such as {Year}/{Number}"
        elif not places(text):
            yield path, "names no column; write such as {Year}/{Number}"


def _wrong_values(told: ProfileIn) -> Iterator[Wrong]:
    """Constants and codes that no report may have."""
    values: list[tuple[Path, str, Any]] = [
        (("constants", ours), ours, value) for ours, value in told.constants.items()
    ]
    for ours, words in told.codes.items():
        for word, code in words.items():
            if code != "":
                value = [str(code)] if ours in LISTS else code
                values.append((("codes", ours, word), ours, value))
    for path, ours, value in values:
        if ours in FIELDS and (text := not_right(ours, value)):
            yield path, text


def _wrong_formats(formats: list[str]) -> Iterator[Wrong]:
    for pattern in formats:
        parts = set(_DIRECTIVES.findall(pattern))
        if parts - _DATE_PARTS or not parts & {"Y", "y"}:
            text = f'"{shown(pattern)}" is no form of a date; write such as %d.%m.%Y'
            yield ("date_format",), text


def _close(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def not_right(ours: str, value: Any) -> str | None:
    """What is wrong with a value of a field, as the schema says it; None when nothing is."""
    try:
        _adapter(ours).validate_python(_plain(value))
    except ValidationError as error:
        return problems_of(error, 1)[0].message
    return None


@cache
def _adapter(ours: str) -> TypeAdapter[Any]:
    model = FindingIn if ours in FINDING_FIELDS else ReportIn
    hint = get_type_hints(model, include_extras=True)[ours]
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))

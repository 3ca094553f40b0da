"""What a profile makes of a row: the source's own columns and codes in, our fields out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from app.errors import Problem, Unreadable, shown
from app.intake.codes import columns

LONGEST_REFERENCE = 200
REMARKS = ("result", "problem")  # of a file of results that is mended and sent back
ALL_OTHERS = "*"
_PLACE = re.compile(r"\{([^{}]*)\}")
_LIST = re.compile(r"[;|]")
_THOUSANDS = {
    ",": re.compile(r"[+-]?\d{1,3}(?:[.\s']\d{3})+(?:,\d+)?"),
    ".": re.compile(r"[+-]?\d{1,3}(?:[,\s']\d{3})+(?:\.\d+)?"),
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_KINDS = {one.name: one.type for one in columns()}
DATES = frozenset(name for name, kind in _KINDS.items() if kind.startswith(("date", "day")))
NUMBERS = frozenset(name for name, kind in _KINDS.items() if kind.endswith("number"))
LISTS = frozenset(name for name, kind in _KINDS.items() if kind.startswith("list"))


@dataclass(frozen=True)
class Profile:
    """How the rows of one source are read; docs/profiles.md says what may stand in it.

    `columns` maps our field to their column, `built` our field to a text with {columns} in it, as
    is `reference` ("" when it is a column); `constants` hold where a row says nothing; `codes` map
    their words, folded, to ours, field by field. `digest` changes when any of it does.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    reference: str = ""
    built: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    date_format: tuple[str, ...] = ()
    decimal: str = ""
    separator: str = ""
    ignore: tuple[str, ...] = (ALL_OTHERS,)
    digest: str = ""

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """Their columns that it reads; a file without one of them is of another layout."""
        templates = (self.reference, *self.built.values())
        placed = (column for text in templates for column in places(text))
        return tuple(dict.fromkeys((*self.columns.values(), *placed)))

    def check(self, header: Sequence[str]) -> None:
        """Raise Unreadable when a file of these columns is not of this layout.

        A column that is neither read nor ignored refuses it too: something might be lost there.
        """
        needs = f"profile {self.name} needs the column"
        problems = [
            Problem(shown(column), f"{needs} {shown(column)}", 1, "column")
            for column in self.wanted
            if column not in header
        ]
        told = {*self.wanted, *self.ignore, *REMARKS, ""}
        if ALL_OTHERS not in self.ignore:
            text = f"the profile {self.name} does not tell of it; give it a field, or ignore it"
            problems += [
                Problem(shown(column), text, 1, "column") for column in header if column not in told
            ]
        if problems:
            raise Unreadable("; ".join(str(p) for p in problems[:5]), tuple(problems))

    def translate(self, row: Mapping[str, str]) -> dict[str, Any]:
        """One row of theirs in our fields. Every row has the same reference whenever it is read."""
        fields = dict(self.constants)
        fields |= {ours: value for ours, value in self._said(row) if value not in ("", [])}
        if any(column in row for column in places(self.reference)):
            fields["reference"] = _placed(self.reference, row).strip()
        if isinstance(reference := fields.get("reference"), str):
            fields["reference"] = _bounded(reference)
        return fields

    def _said(self, row: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        for ours, theirs in self.columns.items():
            if theirs in row:
                yield ours, self._read(ours, row[theirs])
        for ours, text in self.built.items():
            if any(column in row for column in places(text)):
                yield ours, self._read(ours, _placed(text, row).strip())

    def _read(self, ours: str, text: str) -> Any:
        """One cell in our words; what it does not know stays as it is, to be judged as such."""
        if ours in LISTS:
            parts = text.split(self.separator) if self.separator else _LIST.split(text)
            read = [self._word(ours, part.strip()) for part in parts]
            return [part for part in read if part != ""]
        value = self._word(ours, text)
        if not isinstance(value, str):
            return value
        if ours in DATES and self.date_format:
            return written_out(value, self.date_format)
        return plain_number(value, self.decimal) if ours in NUMBERS and self.decimal else value

    def _word(self, ours: str, text: str) -> Any:
        return self.codes.get(ours, {}).get(folded(text), text)


def folded(text: str) -> str:
    """A word as it is compared: without regard to capitals and the width of spaces.

    >>> folded(" Nasen  SPRAY")
    'nasen spray'
    """
    return " ".join(text.casefold().split())


def places(text: str) -> list[str]:
    """The columns that a text with {columns} in it asks for."""
    return _PLACE.findall(text)


def _placed(text: str, row: Mapping[str, str]) -> str:
    """The text with the row's cells in it; a column that is empty on this row is blank."""
    return _PLACE.sub(lambda place: row.get(place[1], ""), text)


def _bounded(reference: str) -> str:
    if len(reference) <= LONGEST_REFERENCE:
        return reference
    digest = sha256(reference.encode()).hexdigest()[:16]
    return f"{reference[: LONGEST_REFERENCE - 17]}~{digest}"


@lru_cache(maxsize=4096)
def written_out(text: str, formats: tuple[str, ...]) -> str:
    """A date of theirs as ours, as exact as its format; one that fits none stays as it is.

    >>> written_out("03.11.2026", ("%d.%m.%Y",)), written_out("11/2026", ("%d.%m.%Y", "%m/%Y"))
    ('2026-11-03', '2026-11')
    """
    for pattern in formats:
        try:
            read = datetime.strptime(text, pattern)
        except ValueError:
            continue
        if "%d" in pattern:
            return f"{read:%Y-%m-%d}"
        return f"{read:%Y-%m}" if re.search("%[mbB]", pattern) else f"{read:%Y}"
    return text


def plain_number(text: str, decimal: str) -> str:
    """A number of theirs as ours: no thousands apart, a decimal point.

    >>> plain_number("1.234,5", ","), plain_number("1,234.5", "."), plain_number("12 g", ",")
    ('1234.5', '1234.5', '12 g')
    """
    if _THOUSANDS[decimal].fullmatch(text):
        text = re.sub(r"[.\s']" if decimal == "," else r"[,\s']", "", text)
    return text.replace(",", ".") if decimal == "," and _DECIMAL_COMMA.fullmatch(text) else text

"""Import profiles: how a source's own columns become our fields, as data beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.errors import NotFound

HERE = Path(__file__).parent
LONGEST_REFERENCE = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """`columns` maps our field to their column; `constants` are the same on every row."""

    name: str
    title: str
    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    reference: str

    @property
    def digest(self) -> str:
        """Eight characters that change when what the profile makes of a row may change."""
        what = repr((sorted(self.columns.items()), sorted(self.constants.items()), self.reference))
        return sha256(what.encode()).hexdigest()[:8]

    def translate(self, row: Mapping[str, str]) -> dict[str, Any]:
        """One row of theirs in our fields. Every row has the same reference whenever it is read."""
        fields = dict(self.constants)
        fields |= {ours: row[theirs] for ours, theirs in self.columns.items() if theirs in row}
        reference = self.reference.format_map(_Blank(row))
        if len(reference) > LONGEST_REFERENCE:
            digest = sha256(reference.encode()).hexdigest()[:16]
            reference = f"{reference[: LONGEST_REFERENCE - 17]}~{digest}"
        fields["reference"] = reference
        return fields


class _Blank(dict[str, str]):
    """A column that is empty on this row is blank in the reference."""

    def __missing__(self, key: str) -> str:
        return ""


def profile_names() -> list[str]:
    """The profiles there are."""
    return sorted(path.stem for path in HERE.glob("*.toml"))


def load_profile(name: str) -> Profile:
    """The profile of that name. Raises NotFound, listing those there are."""
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise NotFound(f'there is no import profile "{name}"; there are: {known}')
    data = tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
    return Profile(name=name, **data)

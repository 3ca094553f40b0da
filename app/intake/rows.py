"""What a reader hands on: one report as it was read, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One report as read from a submission: its fields, or what is wrong with them.

    `numbers` are the rows it was read from, counted from 1; a file may use several for one.
    """

    numbers: tuple[int, ...]
    fields: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()

    @property
    def number(self) -> int:
        """The first of its rows."""
        return self.numbers[0]

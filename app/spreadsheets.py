"""Cells that a spreadsheet shows as they are, whoever wrote them."""

from __future__ import annotations

import re
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def plain_cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it.

    >>> plain_cell("=1+1"), plain_cell(-2), plain_cell("-2"), plain_cell("4F-MPH")
    ("'=1+1", -2, '-2', '4F-MPH')
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value

"""Cells of the tables that people take away, harmless in a spreadsheet, whoever wrote them."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def plain_cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it.

    Our readers take it off again, so that a table may be sent back.

    >>> plain_cell("=1+1"), plain_cell(-2), plain_cell("4F-MPH")
    ("'=1+1", -2, '4F-MPH')
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value

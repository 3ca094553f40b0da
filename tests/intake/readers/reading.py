"""Reading a file in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.intake.readers import open_rows
from app.intake.rows import Row

COLUMNS = ("reference", "event_kind", "event_date", "country")
HEAD = ",".join(COLUMNS)
LINE = "R-1,seizure,2026-11-02,DE"

ETHANOL = (
    "\n  drawn\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n"
    + "".join(
        f"{x:10.4f}    0.0000    0.0000 {atom}   0  0  0  0  0  0  0  0  0  0  0  0\n"
        for x, atom in ((0, "C"), (1.5, "C"), (3, "O"))
    )
    + "  1  2  1  0\n  2  3  1  0\nM  END"
)


def rows_of(tmp_path: Path, name: str, content: str | bytes, *more: Any) -> list[Row]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_rows(path, *more))


def fields(row: Row) -> dict[str, Any]:
    """What a sound row says."""
    assert row.fields is not None, row.problems
    assert not row.problems
    return dict(row.fields)


def told(row: Row) -> list[tuple[str, int | None]]:
    """Field and row of what is wrong with a row."""
    assert row.problems
    return [(problem.field, problem.row) for problem in row.problems]

"""Which reader reads a file: its suffix says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import Refused, shown
from app.intake.profiles import Profile
from app.intake.readers.delimited import read_delimited
from app.intake.readers.jsontext import read_json_file, read_ndjson_file
from app.intake.readers.sdf import read_sdf
from app.intake.readers.xlsx import read_xlsx
from app.intake.rows import Row

_TABLES: dict[str, Callable[[Path, Profile | None], Iterator[Row]]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), read_delimited),
    **dict.fromkeys((".xlsx", ".xlsm"), read_xlsx),
    **dict.fromkeys((".sdf", ".sd"), read_sdf),
}
_REPORTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".json": read_json_file,
    **dict.fromkeys((".ndjson", ".jsonl"), read_ndjson_file),
}
READ = (*_TABLES, *_REPORTS)


def open_rows(path: Path, profile: Profile | None = None) -> Iterator[Row]:
    """The rows of a file, read as they are asked for; a profile says what its columns mean.

    Raises Refused for a kind of file that is not read, at once; Unreadable, with the first row,
    when nothing can be read in it. JSON has our fields, so a profile for it is refused.
    """
    kind = path.suffix.lower()
    if read := _TABLES.get(kind):
        return read(path, profile)
    if kind not in _REPORTS:
        raise Refused(f'"{shown(kind or path.name)}" is not read; send {", ".join(READ)}')
    if profile:
        raise Refused(f'profile {profile.name} maps columns, and "{kind}" has none; send a table')
    return _REPORTS[kind](path)

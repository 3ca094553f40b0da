"""Importing a file: kept first, part by part, then read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from app.access.roles import Actor
from app.clock import Clock
from app.db import Database
from app.errors import Refused
from app.intake.profiles import load_profile
from app.intake.reading import read_delimited, read_json, read_ndjson
from app.intake.service import PART_BYTES, Row
from app.intake.taking import Receipt, take
from app.intake.words import Channel

READ = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl")


def take_file(
    database: Database,
    path: Path,
    *,
    by: Actor,
    clock: Clock,
    profile: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Receipt:
    """Import a file of reports for `by`; a second import of it changes nothing.

    Raises Refused for a kind of file that is not read, NotFound for an unknown profile.
    """
    reader = _reader(path, profile)
    return take(
        database,
        _parts(path),
        reader,
        by=by,
        channel=Channel.FILE,
        clock=clock,
        filename=path.name,
        progress=progress,
    )


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            yield part


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _reader(path: Path, profile: str | None) -> Callable[[], Iterable[Row]]:
    kind = path.suffix.lower()
    if kind not in READ:
        raise Refused(f'"{kind or path.name}" is not read; send {", ".join(READ)}')
    if kind == ".json":
        return lambda: read_json(path.read_bytes())
    if kind in {".ndjson", ".jsonl"}:
        return lambda: read_ndjson(_lines(path))
    chosen = load_profile(profile) if profile else None
    return lambda: read_delimited(path, chosen)

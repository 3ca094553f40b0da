"""Importing a file: kept first, part by part, then read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app.access.models import acting
from app.access.roles import Actor, Role
from app.clock import Clock
from app.db import Database
from app.errors import Conflict, Refused, shown
from app.intake.judging import Judged
from app.intake.keeping import PART_BYTES, Arrival, Begins, Sent, claim, content_of, waiting
from app.intake.models import Submission
from app.intake.profiles import Profile
from app.intake.profiles.keeping import find_profile
from app.intake.readers import READ, open_rows
from app.intake.taking import Receipt, keep, read_on, refusing, rehearsal, take
from app.intake.words import Channel

log = logging.getLogger("tocsin.intake")


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

    One that was interrupted goes on where it stopped. Raises Refused for a kind of file that is not
    read, NotFound for an unknown profile.
    """
    chosen = _profile(database, by, profile)
    return take(
        database,
        _parts(path),
        lambda: open_rows(path, chosen),
        by=by,
        channel=Channel.FILE,
        clock=clock,
        filename=path.name,
        reading=reading_of(path, chosen),
        begins=Begins.TAKING_OVER,
        progress=progress,
    )


def keep_file(
    database: Database,
    content: Iterable[bytes],
    filename: str,
    *,
    by: Actor,
    now: datetime,
    profile: str | None = None,
) -> tuple[Submission, Arrival]:
    """Keep a file of that name; `take_up`, or the worker, will read it. Raises as above."""
    chosen = _profile(database, by, profile)
    sent = Sent(
        Channel.FILE, filename, reading=reading_of(Path(filename), chosen), begins=Begins.LATER
    )
    return keep(database, content, sent, by=by, now=now)


def rehearse_file(
    database: Database,
    path: Path,
    *,
    by: Actor,
    clock: Clock,
    profile: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Judged]:
    """What would become of each report in a file; nothing is kept or changed. Raises as above."""
    chosen = _profile(database, by, profile)
    reading_of(path, chosen)
    return rehearsal(database, open_rows(path, chosen), by=by, clock=clock, progress=progress)


def take_up(database: Database, submission_id: int, *, clock: Clock) -> Receipt:
    """Read a kept submission that nobody reads to its end, from its bytes as they were kept.

    Raises Conflict when somebody was quicker, Refused when it cannot be read.
    """
    with database.transaction() as session:
        submission = claim(session, submission_id, now=clock())
        by = acting(Role.LABORATORY, submission.submitted_by, submission.authority)
    kind, _, told = submission.reading.partition(" ")
    with TemporaryDirectory(prefix="tocsin-") as folder, refusing(database, submission):
        path = Path(folder) / f"kept.{kind}"
        with database.reading() as session, path.open("wb") as file:
            file.writelines(content_of(session, submission))
        chosen = _profile(database, by, *told.split()) if told else None
        if reading_of(path, chosen) != submission.reading:
            raise Refused("its import profile has changed since it was sent; send it again")
        return read_on(database, submission, lambda: open_rows(path, chosen), by=by, clock=clock)


def take_up_waiting(database: Database, *, clock: Clock) -> int:
    """Read what waits, one after the other; how many were read to their end."""
    with database.reading() as session:
        ids = waiting(session, now=clock())
    done = 0
    for submission_id in ids:
        try:
            take_up(database, submission_id, clock=clock)
            done += 1
        except (Conflict, Refused) as refusal:
            log.info("submission %s: %s", submission_id, refusal)
    return done


def reading_of(path: Path, profile: Profile | None) -> str:
    """How a file is read, in words that change when its reading would. Raises Refused."""
    kind = path.suffix.lower()
    if kind not in READ:
        raise Refused(f'"{shown(kind or path.name)}" is not read; send {", ".join(READ)}')
    if profile is not None and kind in (".json", ".ndjson", ".jsonl"):
        raise Refused("a profile reads tables; JSON bears our field names, send it without one")
    return kind[1:] if profile is None else f"{kind[1:]} {profile.name} {profile.digest}"


def _profile(
    database: Database, by: Actor, name: str | None, digest: str | None = None
) -> Profile | None:
    if name is None:
        return None
    with database.reading() as session:
        return find_profile(session, by.authority_id, name, digest)


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            yield part

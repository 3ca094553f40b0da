"""From what arrives at a door to a receipt.

This module owns its transactions: what was sent must be safe before it is read, and a long file is
taken in chunks, so that an interruption loses nothing and a second try repeats nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy.exc import IntegrityError, OperationalError

from app.access.roles import Actor
from app.clock import Clock
from app.db import Database
from app.errors import Conflict, Refused, Unreadable
from app.intake.models import Submission
from app.intake.service import Judged, Row, conclude, process, receive, refuse
from app.intake.words import Channel, Fate, Resolution, SubmissionState

CHUNK = 500
TRIES = 3

_SAID = {
    Resolution.STRUCTURE: "resolved by structure",
    Resolution.NAME: "resolved by name",
    Resolution.CURATOR: "resolved by a curator",
    Resolution.GROUP_NAME: "name a group",
    Resolution.QUEUED: "queued as unresolved names",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a submission; the fate of each row is in the database.

    `resolutions` counts findings, `reasons` the codes of what there was to say.
    `repeated`: the same Idempotency-Key had brought it before.
    """

    submission: Submission
    fates: Counter[Fate]
    resolutions: Counter[Resolution]
    reasons: Counter[str]
    repeated: bool = False

    def summary(self) -> list[str]:
        """What came of it, in lines for a person."""
        lines = [f"{self.submission.code}: {self.submission.content_bytes:,} bytes kept"]
        rows = ", ".join(f"{n:,} {fate.value}" for fate, n in self.fates.most_common())
        lines.append(f"reports: {self.fates.total():,} ({rows})")
        by = Counter({_SAID[r]: n for r, n in self.resolutions.items()})
        found = ", ".join(f"{n:,} {how}" for how, n in by.most_common())
        lines.append(f"findings: {self.resolutions.total():,}" + (f" ({found})" if found else ""))
        if self.reasons:
            why = ", ".join(f"{n:,} {reason}" for reason, n in self.reasons.most_common())
            lines.append(f"remarks: {why}")
        return lines


def take(
    database: Database,
    content: Iterable[bytes],
    read: Callable[[], Iterable[Row]],
    *,
    by: Actor,
    channel: Channel,
    clock: Clock,
    filename: str | None = None,
    idempotency_key: str | None = None,
    simulated: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Receipt:
    """Keep `content`, then `read` it into reports.

    `progress` hears the number of rows read so far. Raises as `keep` and `refusing`.
    """
    submission, fresh = keep(
        database,
        content,
        by=by,
        channel=channel,
        now=clock(),
        filename=filename,
        idempotency_key=idempotency_key,
    )
    if not fresh:
        fates = Counter({Fate(word): n for word, n in submission.fates.items()})
        return Receipt(submission, fates, Counter(), Counter(), repeated=True)
    receipt, rows = Receipt(submission, Counter(), Counter(), Counter()), 0
    with refusing(database, submission):
        for chunk in _chunks(read()):
            judged = _process(database, submission, chunk, by=by, clock=clock, simulated=simulated)
            _count(receipt, judged)
            rows += sum(len(row.numbers) for row in chunk)
            if progress:
                progress(rows)
        if not receipt.fates:
            raise Unreadable("there is no row in it")
    with database.transaction() as session:
        # as it stands now: another try may have taken over its key
        conclude(session.get_one(Submission, submission.id), receipt.fates)
    return receipt


def keep(
    database: Database,
    content: Iterable[bytes],
    *,
    by: Actor,
    channel: Channel,
    now: datetime,
    filename: str | None = None,
    idempotency_key: str | None = None,
) -> tuple[Submission, bool]:
    """Keep what was sent, and whether it is to be read (False: its Idempotency-Key was answered).

    Raises Conflict when the key had brought other content, Unreadable when the key's first try was
    refused; what was sent is kept all the same, its code is in `error.submission`. Raises Forbidden
    and Refused as `receive`.
    """
    with database.transaction() as session:
        submission, fresh = receive(
            session,
            content,
            by=by,
            channel=channel,
            now=now,
            filename=filename,
            idempotency_key=idempotency_key,
        )
    if submission.state is SubmissionState.REFUSED:
        problem = submission.problem or "it could not be read"
        error = Conflict(problem) if fresh else Unreadable(problem)
        error.submission = submission.code
        raise error
    return submission, fresh


@contextmanager
def refusing(database: Database, submission: Submission) -> Iterator[None]:
    """While a submission is read: when it cannot be, it is marked so, and the error names it."""
    try:
        yield
    except Refused as error:
        with database.transaction() as session:
            refuse(session.get_one(Submission, submission.id), str(error))
        error.submission = submission.code
        raise


def _count(receipt: Receipt, judged: list[Judged]) -> None:
    for one in judged:
        receipt.fates[one.fate] += 1
        receipt.resolutions.update(one.resolutions)
        receipt.reasons.update(note.code for note in one.notes)


def _process(
    database: Database,
    submission: Submission,
    chunk: list[Row],
    *,
    by: Actor,
    clock: Clock,
    simulated: bool,
) -> list[Judged]:
    """One chunk in one transaction; tried again when another process was at the same rows at once:
    it sent the same report, or opens up the same substances in another order (a deadlock)."""
    for tries_left in reversed(range(TRIES)):
        try:
            with database.transaction() as session:
                return process(session, submission, chunk, by=by, now=clock(), simulated=simulated)
        except (IntegrityError, OperationalError):
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk

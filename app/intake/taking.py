"""From what arrives at a door to a receipt.

This module owns its transactions: what was sent must be safe before it is read, and a long file is
taken in chunks, so that an interruption loses nothing and a second try repeats nothing. How far the
reading has come is settled in the transaction of the chunk it speaks of, so that whatever is
stopped at any moment goes on exactly there.
"""

from __future__ import annotations

import gc
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.clock import Clock
from app.db import Database
from app.errors import Conflict, Forbidden, Refused, Unreadable
from app.intake.judging import Judged, judge
from app.intake.keeping import Arrival, Begins, Sent, advance, hold, plain_fates, receive, refuse
from app.intake.models import Submission
from app.intake.rows import Row
from app.intake.service import Line, process, rehearse
from app.intake.tally import Tally
from app.intake.versions import Versions
from app.intake.words import Channel, Fate, Resolution, SubmissionState

CHUNK = 2_500  # rows in one transaction,
HEAVIEST = 8_000_000  # or fewer, when their structures are that many characters long
TRIES = 3
SMALL = 128 * 1024  # bytes; what is longer may take long to read

log = logging.getLogger("tocsin.intake")


Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a submission; the fate of each row is in the database.

    `repeated`: what it brought had been answered before. `resumed`: the row at which reading went
    on, when part of it had been read before. `lines`: the fate of each row, where all were settled
    at once.
    """

    submission: Submission
    tally: Tally
    repeated: bool = False
    resumed: int = 0
    lines: list[Line] | None = None

    @property
    def fates(self) -> Counter[Fate]:
        """Reports of each fate."""
        return self.tally.fates

    @property
    def resolutions(self) -> Counter[Resolution]:
        """Findings of each resolution."""
        return self.tally.resolutions

    @property
    def reasons(self) -> Counter[str]:
        """Remarks of each code."""
        return self.tally.reasons

    def summary(self) -> list[str]:
        """What came of it, in lines for a person."""
        lines = [f"{self.submission.code}: {self.submission.content_bytes:,} bytes kept"]
        if self.submission.repeats_id:
            lines[0] += "; the same content was taken before, nothing changes"
        elif self.resumed:
            lines[0] += f"; went on after row {self.resumed:,}, where it had stopped"
        return lines + self.tally.summary()


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
    reading: str = "",
    begins: Begins = Begins.AT_ONCE,
    simulated: bool = False,
    progress: Progress | None = None,
) -> Receipt:
    """Keep `content`, then `read` it into reports; what is small and new is settled at once.

    `read` may be called twice. `progress` hears the number of rows read so far. Raises as `keep`
    and `read_on`.
    """
    sent = Sent(channel, filename, idempotency_key, reading, begins)
    parts = iter(content)
    head = list(islice(parts, 2))
    if len(head) < 2 and sum(map(len, head)) <= SMALL and not progress:
        receipt = _at_once(database, head, read, sent, by=by, clock=clock, simulated=simulated)
        if receipt:
            return receipt
    content = chain(head, parts)
    submission, arrival = keep(database, content, sent, by=by, now=clock())
    if arrival is Arrival.ANSWERED:
        return Receipt(submission, Tally.of(submission), repeated=True)
    return read_on(
        database, submission, read, by=by, clock=clock, simulated=simulated, progress=progress
    )


def _at_once(
    database: Database,
    content: list[bytes],
    read: Callable[[], Iterable[Row]],
    sent: Sent,
    *,
    by: Actor,
    clock: Clock,
    simulated: bool,
) -> Receipt | None:
    """Keep and settle a small submission in one transaction, at half the cost of two.

    None when that is not all there is to do, or cannot be done: then nothing was changed, and
    `take` goes the long way, on which what was sent is safe before anything else is tried. What
    stopped us here, it meets again there and tells.
    """
    try:
        # read before the transaction, in which others wait; not kept yet, but not answered either
        chunk = next(_judged(_chunks(read()), by, clock), None)
        if chunk is None or not chunk.last:
            return None
        with database.transaction() as session:
            now = clock()
            submission, arrival = receive(session, content, sent, by=by, now=now)
            if arrival is not Arrival.READ or submission.state is SubmissionState.REFUSED:
                session.rollback()
                return None
            lines = process(session, submission, chunk.judged, now=now, simulated=simulated)
            tally = Tally().with_more(chunk.judged)
            _advance(session, submission, chunk, tally, now)
    except Exception as error:
        log.info("not taken at once: %s", type(error).__name__)
        return None
    submission.rows_done = chunk.until
    _read_to_its_end(submission, tally)
    return Receipt(submission, tally, lines=lines)


def keep(
    database: Database, content: Iterable[bytes], sent: Sent, *, by: Actor, now: datetime
) -> tuple[Submission, Arrival]:
    """Keep what was sent, and what is to be done with it.

    Raises Conflict when the key had brought other content, Unreadable when the key's first try was
    refused; what was sent is kept all the same, its code is in `error.submission`. Raises Forbidden
    and Refused as `receive`.
    """
    with database.transaction() as session:
        submission, arrival = receive(session, content, sent, by=by, now=now)
    if submission.state is SubmissionState.REFUSED:
        problem = submission.problem or "it could not be read"
        fresh = arrival is not Arrival.ANSWERED
        error = Conflict(problem) if fresh else Unreadable(problem)
        error.submission = submission.code
        raise error
    return submission, arrival


def read_on(
    database: Database,
    submission: Submission,
    read: Callable[[], Iterable[Row]],
    *,
    by: Actor,
    clock: Clock,
    simulated: bool = False,
    progress: Progress | None = None,
) -> Receipt:
    """Read a submission to its end, from where its reading stopped; whoever calls holds its mark.

    Raises Conflict when another process has taken over, Unreadable when it cannot be read at all;
    it is then marked as refused.
    """
    tally, resumed = Tally.of(submission), submission.rows_done
    with refusing(database, submission), _collected_between_chunks():
        for chunk in _judged(_chunks(_beyond(read(), resumed)), by, clock):
            tally = _settle(
                database, submission, chunk, tally, by=by, clock=clock, simulated=simulated
            )
            if progress:
                progress(chunk.until)
            if not chunk.last:
                gc.collect(0)
        if not tally.fates:
            raise Unreadable("there is no row in it")
    _read_to_its_end(submission, tally)
    return Receipt(submission, tally, resumed=resumed)


def _read_to_its_end(submission: Submission, tally: Tally) -> None:
    """Say so of the object too, when its transaction is over."""
    submission.state, submission.fates = SubmissionState.PROCESSED, plain_fates(tally.fates)


def rehearsal(
    database: Database,
    rows: Iterable[Row],
    *,
    by: Actor,
    clock: Clock,
    progress: Progress | None = None,
) -> Iterator[Judged]:
    """What would become of each of these rows, without keeping or changing anything.

    Raises Forbidden when `by` speaks for no authority, Unreadable as the reader does.
    """
    if by.authority_id is None:
        raise Forbidden("reports are taken from authorities; sign in or send a key")
    seen: Versions = {}
    for chunk, _ in _chunks(rows):
        with database.reading() as session:
            yield from rehearse(session, by.authority_id, chunk, seen, by=by, now=clock())
        if progress:
            progress(chunk[-1].numbers[-1])


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


@contextmanager
def _collected_between_chunks() -> Iterator[None]:
    """Let garbage wait for the end of a chunk: looking for it every few hundred objects among
    those that the chunk still needs took a third of an import's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that are settled in one transaction, and what was made of them so far."""

    rows: list[Row]
    last: bool
    judged: list[Judged]

    @property
    def until(self) -> int:
        """The last row that it was read from."""
        return self.rows[-1].numbers[-1]


def _judged(chunks: Iterable[tuple[list[Row], bool]], by: Actor, clock: Clock) -> Iterator[_Chunk]:
    for rows, last in chunks:
        yield _Chunk(rows, last, judge(rows, by, clock().date()))


def _settle(
    database: Database,
    submission: Submission,
    chunk: _Chunk,
    tally: Tally,
    *,
    by: Actor,
    clock: Clock,
    simulated: bool,
) -> Tally:
    """One chunk in one transaction; tried again when another process was at the same rows at once:
    it sent the same report, or opens up the same substances in another order (a deadlock)."""
    judged = chunk.judged
    for tries_left in reversed(range(TRIES)):
        try:
            with database.transaction() as session:
                now = clock()
                hold(session, submission, now=now)
                process(session, submission, judged, now=now, simulated=simulated)
                after = tally.with_more(judged)
                _advance(session, submission, chunk, after, now)
                return after
        except (IntegrityError, OperationalError):
            if not tries_left:
                raise
            judged = judge(chunk.rows, by, clock().date())  # what was found of the first is spent
    raise AssertionError("unreachable")


def _advance(
    session: Session, submission: Submission, chunk: _Chunk, tally: Tally, now: datetime
) -> None:
    advance(
        session,
        submission,
        rows_done=chunk.until,
        fates=tally.fates,
        tally=tally.plain(),
        done=chunk.last,
        now=now,
    )


def _beyond(rows: Iterable[Row], done: int) -> Iterator[Row]:
    """The rows that were not settled before."""
    return (row for row in rows if row.number > done)


def _chunks(rows: Iterable[Row]) -> Iterator[tuple[list[Row], bool]]:
    """Chunks of rows, and whether each is the last."""
    chunk: list[Row] = []
    weight = 0
    for row in rows:
        if len(chunk) == CHUNK or weight > HEAVIEST:
            yield chunk, False
            chunk, weight = [], 0
        chunk.append(row)
        weight += _weight(row)
    if chunk:
        yield chunk, True


def _weight(row: Row) -> int:
    """Characters of the structures in a row, which are what can be long."""
    findings = row.fields.get("findings") if row.fields else None
    if not isinstance(findings, list):
        return 0
    structures = (one.get("structure") for one in findings if isinstance(one, dict))
    return sum(len(text) for text in structures if isinstance(text, str))

"""Keeping what was sent, verbatim and before it is read, and saying how far its reading has come.

A submission is read by one reader at a time. Whoever begins puts its mark on it, and every chunk of
rows is settled on condition that the mark still stands: a reader that was taken for dead and is not
stops at its next chunk, and one that took over goes on where the last settled row was.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import chain, islice
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session, make_transient_to_detached

from app.access.models import Authority
from app.access.roles import Actor
from app.bulk import insert_rows
from app.errors import Conflict, Forbidden, Refused, shown
from app.intake.models import Submission, SubmissionPart
from app.intake.words import Channel, Fate, SubmissionState

PART_BYTES = 1024 * 1024
LONGEST_KEY = 200
LEASE = timedelta(seconds=60)  # a reader that settles nothing for that long is taken for dead


class Arrival(Enum):
    """What is to be done with something that was sent."""

    READ = "to be read"
    RESUMED = "part of it was read before; to be read to its end"
    ANSWERED = "answered before; nothing is to be read"


class Begins(Enum):
    """When the reading of what was sent begins."""

    AT_ONCE = "by whoever keeps it, unless another reader is at the same content"
    TAKING_OVER = "by whoever keeps it; another reader of the same content is to stop"
    LATER = "by whoever takes up what waits"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with the content: the door, and what its sender said of it.

    `reading` says how the content is to be read ("csv", "csv nflis 1f0c…"); the same content read
    in the same way is the same submission. Empty where that is not to be known.
    """

    channel: Channel
    filename: str | None = None
    idempotency_key: str | None = None
    reading: str = ""
    begins: Begins = Begins.AT_ONCE


# built once and without objects: they are asked of every submission, or of every chunk of it
_TABLE = cast(Table, Submission.__table__)
_INSERT = insert(_TABLE).returning(_TABLE.c.id)
# by ix_submission_content_hash: as a sum the authority serves no index, since all that it ever sent
# would else be walked through, newest first, for what is nearly always not there
_SAME = (
    select(_TABLE.c.id)
    .where(
        _TABLE.c.content_hash == bindparam("hash"),
        _TABLE.c.authority_id + 0 == bindparam("authority"),
        _TABLE.c.reading == bindparam("reading"),
        _TABLE.c.state != SubmissionState.REFUSED,
        _TABLE.c.id != bindparam("this"),
    )
    .order_by(_TABLE.c.id.desc())
    .limit(1)
)
_HOLD = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("of"),
        _TABLE.c.reader == bindparam("mark"),
        _TABLE.c.state == SubmissionState.RECEIVED,
    )
    .values(leased_until=bindparam("until"))
)
_ADVANCE = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("of"))
    .values(
        {
            name: bindparam(name)
            for name in ("rows_done", "fates", "tally", "state", "reader", "leased_until")
        }
    )
)


def receive(
    session: Session, content: Iterable[bytes], sent: Sent, *, by: Actor, now: datetime
) -> tuple[Submission, Arrival]:
    """Keep what was sent, before it is read; and whether it is to be read at all.

    A submission is answered already when the same Idempotency-Key brought the same content before,
    or when the same content was read before and every row of it taken: then nothing can change.
    It is resumed when the same content was read in part by a reader that is dead.

    A key that came with other content before makes this submission a refused one. Raises Forbidden
    when `by` speaks for no authority, Refused for an overlong key.
    """
    if by.authority_id is None:
        raise Forbidden("reports are taken from authorities; sign in or send a key")
    key = sent.idempotency_key
    if key and (len(key) > LONGEST_KEY or "\x00" in key):
        raise Refused(f"Idempotency-Key: at most {LONGEST_KEY} characters of plain text")
    parts = iter(content)
    head = list(islice(parts, 2))
    later = sent.begins is Begins.LATER
    submission = _insert(
        session,
        code=f"SUB-{secrets.token_hex(6)}",
        authority_id=by.authority_id,
        submitted_by=by.label,
        channel=sent.channel,
        filename=shown(sent.filename[-255:], 255) if sent.filename else None,
        idempotency_key=None,
        content_hash=hashlib.sha256(head[0] if head else b"").hexdigest(),
        content_bytes=len(head[0]) if head else 0,
        received_at=now,
        state=SubmissionState.RECEIVED,
        problem=None,
        fates={},
        reading=sent.reading,
        rows_done=0,
        tally={},
        reader=None if later else _new_mark(),
        leased_until=None if later else now + LEASE,
        repeats_id=None,
    )
    _keep(session, submission, chain(head, parts))
    kept, arrival = (
        _keyed(session, submission, key, now)
        if key is not None
        else _compared(session, submission, now, sent.begins)
    )
    if arrival is Arrival.RESUMED:
        _mark(kept, now)
    session.flush()
    return kept, arrival


def _insert(session: Session, **values: Any) -> Submission:
    """A new row and its object, as adding and flushing it would, at a third of the cost."""
    new_id = session.connection().execute(_INSERT, values).scalar_one()
    submission = Submission(id=new_id, **values)
    make_transient_to_detached(submission)
    session.add(submission)
    return submission


def _mark(submission: Submission, now: datetime) -> None:
    submission.reader, submission.leased_until = _new_mark(), now + LEASE


def _new_mark() -> str:
    return secrets.token_hex(16)


def _keep(session: Session, submission: Submission, content: Iterable[bytes]) -> None:
    digest, size = hashlib.sha256(), 0
    for number, part in enumerate(content):
        digest.update(part)
        size += len(part)
        row = {"submission_id": submission.id, "part": number, "data": zlib.compress(part, 6)}
        insert_rows(session, SubmissionPart, [row])  # no object: a long file is never held whole
    if size > submission.content_bytes:  # most are one part, and then that was said already
        submission.content_hash, submission.content_bytes = digest.hexdigest(), size


def _keyed(
    session: Session, submission: Submission, key: str, now: datetime
) -> tuple[Submission, Arrival]:
    # one keyed submission of an authority at a time, so that the second sees the first
    home = select(Authority.id).where(Authority.id == submission.authority_id)
    session.execute(home.with_for_update(key_share=True))
    earlier = session.scalar(
        select(Submission).where(
            Submission.authority_id == submission.authority_id, Submission.idempotency_key == key
        )
    )
    if earlier and earlier.content_hash != submission.content_hash:
        refuse(submission, f"Idempotency-Key was used for other content, in {earlier.code}")
        return submission, Arrival.READ
    if earlier and earlier.state is not SubmissionState.RECEIVED:
        _forget(session, submission)
        return earlier, Arrival.ANSWERED
    if earlier and _left(earlier, now):
        _forget(session, submission)
        return earlier, Arrival.RESUMED
    if earlier:
        earlier.idempotency_key = None
        session.flush()
    submission.idempotency_key = key
    session.flush()
    return submission, Arrival.READ


def _compared(
    session: Session, submission: Submission, now: datetime, begins: Begins
) -> tuple[Submission, Arrival]:
    """Against what the authority sent before: the same bytes, to be read in the same way."""
    if not submission.reading:
        return submission, Arrival.READ
    session.flush()
    found = session.connection().execute(
        _SAME,
        {
            "hash": submission.content_hash,
            "authority": submission.authority_id,
            "reading": submission.reading,
            "this": submission.id,
        },
    )
    same = found.scalar()
    if same is None:
        return submission, Arrival.READ
    earlier = session.get_one(Submission, same)
    if earlier.state is SubmissionState.RECEIVED and (
        begins is Begins.TAKING_OVER or _left(earlier, now)
    ):
        _forget(session, submission)
        return earlier, Arrival.RESUMED
    if earlier.state is SubmissionState.PROCESSED and Fate.REJECTED.value not in earlier.fates:
        _repeat(session, submission, earlier)
        return submission, Arrival.ANSWERED
    return submission, Arrival.READ


def _left(submission: Submission, now: datetime) -> bool:
    return submission.leased_until is None or submission.leased_until < now


def _repeat(session: Session, submission: Submission, earlier: Submission) -> None:
    """On record as sent again; the bytes and the rows are those of the first."""
    submission.repeats_id = earlier.repeats_id or earlier.id
    conclude(submission, Counter({Fate.UNCHANGED: sum(earlier.fates.values())}))
    _drop_parts(session, submission)


def _forget(session: Session, submission: Submission) -> None:
    _drop_parts(session, submission)
    session.delete(submission)
    session.flush()


def _drop_parts(session: Session, submission: Submission) -> None:
    session.execute(delete(SubmissionPart).where(SubmissionPart.submission_id == submission.id))


def sliced(content: bytes) -> Iterator[bytes]:
    """Content in parts of the size they are kept in."""
    for start in range(0, len(content), PART_BYTES):
        yield content[start : start + PART_BYTES]


def content_of(session: Session, submission: Submission) -> Iterator[bytes]:
    """What was sent, byte for byte."""
    query = (
        select(SubmissionPart.data)
        .where(SubmissionPart.submission_id == (submission.repeats_id or submission.id))
        .order_by(SubmissionPart.part)
        .execution_options(yield_per=4)
    )
    for data in session.scalars(query):
        yield zlib.decompress(data)


def claim(session: Session, submission_id: int, *, now: datetime) -> Submission:
    """A submission that waits to be read, marked as read by the caller from now on.

    Raises Conflict when another reader was quicker.
    """
    mark = secrets.token_hex(16)
    taken = session.execute(
        update(Submission)
        .where(Submission.id == submission_id, *_waits(now))
        .values(reader=mark, leased_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise Conflict("it is being read, or was read to its end")
    return session.get_one(Submission, submission_id, populate_existing=True)


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(Submission.leased_until.is_(None), Submission.leased_until < now)
    return Submission.state == SubmissionState.RECEIVED, Submission.reading != "", free


def hold(session: Session, submission: Submission, *, now: datetime) -> None:
    """Make sure that it is still ours to read until this transaction ends.

    Raises Conflict when somebody else has taken over its reading.
    """
    bound = {"of": submission.id, "mark": submission.reader, "until": now + LEASE}
    held = session.connection().execute(_HOLD, bound)
    if not held.rowcount:
        raise Conflict("another process has taken over the reading of this submission")


def advance(
    session: Session,
    submission: Submission,
    *,
    rows_done: int,
    fates: Counter[Fate],
    tally: dict[str, dict[str, int]],
    done: bool,
    now: datetime,
) -> None:
    """Say that a submission, which is held, is read up to a row, or to its end (`done`)."""
    session.connection().execute(
        _ADVANCE,
        {
            "of": submission.id,
            "rows_done": rows_done,
            "fates": plain_fates(fates),
            "tally": tally,
            "state": SubmissionState.PROCESSED if done else SubmissionState.RECEIVED,
            "reader": None if done else submission.reader,
            "leased_until": None if done else now + LEASE,
        },
    )


def conclude(submission: Submission, fates: Counter[Fate]) -> None:
    """Close the submission with the number of rows of each fate."""
    submission.state = SubmissionState.PROCESSED
    submission.fates = plain_fates(fates)


def plain_fates(fates: Counter[Fate]) -> dict[str, int]:
    """As they are stored."""
    return {fate.value: number for fate, number in sorted(fates.items())}


def refuse(submission: Submission, problem: str) -> None:
    """Mark a submission as one that could not be read at all; what was sent stays."""
    submission.state = SubmissionState.REFUSED
    submission.problem = problem
    submission.reader, submission.leased_until = None, None


def waiting(session: Session, *, now: datetime, limit: int = 20) -> list[int]:
    """Submissions that nobody reads and that are not read to their end, oldest first."""
    query = select(Submission.id).where(*_waits(now)).order_by(Submission.id).limit(limit)
    return list(session.scalars(query))

"""The delivery loop of mail: lease, send, record.

The one place in a room that opens its own transactions: a mail server may take half a minute to
answer, and no transaction may be open meanwhile. Messages are handed over by a few threads; this
one does all that the database sees. Each turn is one short transaction: what was answered is put on
record before anything else is begun, so never more than `lanes * AHEAD` messages were accepted
by a server and are not yet on record. That many may be sent twice when the process is killed, each
under the Message-ID it had before.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.db import Database
from app.notification import outbox
from app.notification.models import Message, Trouble
from app.notification.outbox import LEASE
from app.notification.subscriptions import bounced
from app.notification.transport import Transport, TransportError

BATCH = 100  # messages leased at once; a dead deliverer keeps so many from going out for one lease
BEGUN = 25  # messages whose try is counted, and which are written, at once
AHEAD = 2  # messages for each lane: the one it sends, and the next
MOMENT = 0.05  # seconds to wait for further answers before the first is put on record
CUTS = 3  # connections lost one after the other before the server is left alone
LONGEST = timedelta(minutes=5)  # then other jobs of the worker's may want to run

Parcel = TypeVar("Parcel")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Channel(Generic[Parcel]):
    """One way out: what writes a message (in a session that only reads), and what takes it away."""

    write: Callable[[Session, Message], Parcel]
    transport: Transport[Parcel]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of one run: `failed` will be tried again, `parked` will not."""

    sent: int = 0
    failed: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """One message that can be handed over."""

    parcel: Any
    message_id: int
    recipient: str
    until: datetime  # after that, its lease might end before it is handed over


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one message: accepted, refused, or given back untried."""

    message_id: int
    recipient: str = ""
    error: TransportError | None = None
    trouble: Trouble | None = None
    tried: bool = True


def deliver(
    database: Database,
    mail: Channel[Any],
    *,
    owner: str,
    clock: Clock,
    lanes: int = 4,
    limit: int | None = None,
    prepare: Callable[[Session, datetime], object] | None = None,
) -> Delivered:
    """Send the mail that is due, at most `limit` messages; stop when no server can be reached.

    `lanes` are the threads that hand over, and so the most connections at once. `prepare` is called
    in each transaction that leases, before it does.
    """
    run = _Run(database, mail, owner=owner, clock=clock, lanes=lanes, limit=limit)
    try:
        return run.to_the_end(prepare)
    finally:
        mail.transport.close()


@dataclass
class _Run:
    """One run: what it holds, what is on its way, what came of it."""

    database: Database
    mail: Channel[Any]
    owner: str
    clock: Clock
    lanes: int
    limit: int | None
    leased: deque[int] = field(default_factory=deque)
    written: deque[Written] = field(default_factory=deque)
    on_the_way: set[Future[Answer]] = field(default_factory=set)
    unrecorded: list[Answer] = field(default_factory=list)
    stopped: bool = False
    cuts: int = 0
    taken: int = 0
    sent: int = 0
    failed: int = 0
    parked: int = 0

    def to_the_end(self, prepare: Callable[[Session, datetime], object] | None) -> Delivered:
        """Turn after turn until nothing is due, or the server is to be left alone."""
        until = self.clock() + LONGEST
        with ThreadPoolExecutor(self.lanes, thread_name_prefix="deliver") as threads:
            try:
                while True:
                    self.stopped = self.stopped or self.clock() >= until
                    with self.database.transaction() as session:
                        self._record(session, self.unrecorded)
                        begun = self._begin(session, prepare)
                    self.unrecorded = self._write(begun)
                    self._hand_over(threads)
                    if self.on_the_way:
                        self.unrecorded += self._answered()
                    if not (self.unrecorded or self.written or self.leased):
                        break
            finally:
                self._wind_up()
        return Delivered(self.sent, self.failed, self.parked)

    def _begin(
        self, session: Session, prepare: Callable[[Session, datetime], object] | None
    ) -> list[int]:
        """Begin the next tries when the lanes will run dry, or give back all when it is over."""
        now = self.clock()
        if self.stopped:
            self._give_back(session, now)
            return []
        if len(self.written) >= self.lanes:
            return []
        most = BATCH if self.limit is None else min(BATCH, self.limit - self.taken)
        if not self.leased and most > 0:
            if prepare is not None:
                prepare(session, now)
            self.leased.extend(outbox.lease_due(session, owner=self.owner, now=now, limit=most))
            self.taken += len(self.leased)
        wanted = [self.leased.popleft() for _ in range(min(BEGUN, len(self.leased)))]
        return outbox.begin_tries(session, wanted, owner=self.owner, now=now) if wanted else []

    def _write(self, begun: list[int]) -> list[Answer]:
        """Write the messages, so that they can be handed over; those that could not be written."""
        if not begun:
            return []
        failures, until = [], self.clock() + LEASE / 2
        with self.database.reading() as session:
            found = session.scalars(select(Message).where(Message.id.in_(begun)))
            messages = {message.id: message for message in found}
            for message in (messages[number] for number in begun if number in messages):
                try:
                    parcel = self.mail.write(session, message)
                except Exception as error:
                    _log.exception("message %d could not be composed", message.id)
                    failure = TransportError(f"could not be composed: {error}")
                    failures.append(
                        Answer(message.id, message.recipient, failure, Trouble.COMPOSING)
                    )
                else:
                    self.written.append(Written(parcel, message.id, message.recipient, until))
        return failures

    def _hand_over(self, threads: ThreadPoolExecutor) -> None:
        """Give each lane what it sends now and what it sends next, and no more."""
        while self.written and len(self.on_the_way) < self.lanes * AHEAD:
            self.on_the_way.add(threads.submit(self._send, self.written.popleft()))

    def _send(self, one: Written) -> Answer:
        """In a thread: hand one message over. Whatever is raised is a failure of this message."""
        if self.stopped or self.clock() > one.until:
            return Answer(one.message_id, one.recipient, tried=False)
        try:
            self.mail.transport.send(one.parcel)
        except TransportError as error:
            if error.settings and not self.stopped:
                _log.error("no mail is sent until this is mended: %s", error)
            elif not error.settings:
                _log.warning("message %d was not sent: %s", one.message_id, error)
            self.stopped = self.stopped or error.unreachable  # at once, for what is next in line
            return Answer(one.message_id, one.recipient, error, error.trouble)
        except Exception as error:
            _log.exception("message %d was not sent", one.message_id)
            failure = TransportError(f"could not be sent: {error}")
            return Answer(one.message_id, one.recipient, failure, Trouble.COMPOSING)
        return Answer(one.message_id, one.recipient)

    def _answered(self) -> list[Answer]:
        """Wait until something was answered, and a moment for what the other lanes bring."""
        most = len(self.on_the_way)
        done, self.on_the_way = wait(self.on_the_way, return_when=FIRST_COMPLETED)
        until = monotonic() + MOMENT
        while len(done) < most // 2 and (left := until - monotonic()) > 0:
            more, self.on_the_way = wait(self.on_the_way, left, FIRST_COMPLETED)
            done |= more
        answers = [future.result() for future in done]
        for answer in answers:
            self._look_at(answer.error)
        return answers

    def _look_at(self, error: TransportError | None) -> None:
        """Whether the server is to be left alone, since it hangs up again and again."""
        self.cuts = self.cuts + 1 if error is not None and error.cut_off else 0
        self.stopped = self.stopped or self.cuts >= CUTS

    def _record(self, session: Session, answers: Iterable[Answer]) -> None:
        """Put on record what became of messages."""
        now = self.clock()
        accepted, untried = [], []
        for answer in answers:
            if not answer.tried:
                untried.append(answer.message_id)
            elif answer.error is None:
                accepted.append(answer.message_id)
            else:
                self._record_failure(session, answer, answer.error, now)
        if accepted:
            outbox.mark_sent(session, accepted, now=now)
            self.sent += len(accepted)
        if untried:
            outbox.release(session, untried, owner=self.owner, now=now, begun=True)

    def _record_failure(
        self, session: Session, answer: Answer, error: TransportError, now: datetime
    ) -> None:
        gone = outbox.mark_failed(
            session,
            answer.message_id,
            owner=self.owner,
            now=now,
            error=str(error),
            trouble=answer.trouble or Trouble.PUT_OFF,
            permanent=error.permanent,
        )
        if error.bounced:
            bounced(session, answer.recipient, now)
        self.parked += gone
        self.failed += not gone

    def _give_back(self, session: Session, now: datetime) -> None:
        """What was leased and not tried is free for others at once."""
        begun = [one.message_id for one in self.written]
        outbox.release(session, begun, owner=self.owner, now=now, begun=True)
        outbox.release(session, list(self.leased), owner=self.owner, now=now)
        self.written.clear()
        self.leased.clear()

    def _wind_up(self) -> None:
        """After a mistake: what is still on its way ends, and is put on record if it can be."""
        self.stopped = True
        self.unrecorded += [future.result() for future in wait(self.on_the_way).done]
        if self.unrecorded or self.written or self.leased:
            with self.database.transaction() as session:
                self._record(session, self.unrecorded)
                self._give_back(session, self.clock())

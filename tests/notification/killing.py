"""A delivery whose workers are killed again and again, on a server with every mood.

Two workers deliver for a clock that runs thirty times as fast, so that leases end and tries come
back soon. At random points, counted in mails that the server accepted, one of them is killed with
SIGKILL and another takes its place. The server hangs up, stalls, greylists and refuses.

`python -m tests.notification.killing` prints the figures of 50 kills in 1,000 mails; with
`1000 50 postgresql://…` of as many on an empty database of that server.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic, sleep
from typing import Any

from sqlalchemy import func, select

from app.db import Database
from app.notification.delivery import AHEAD, Channel, deliver
from app.notification.digests import HoldingBack
from app.notification.models import FailedTry, Message, MessageState
from app.notification.smtp import SmtpConnection, SmtpPool
from tests.notification.making import NOW, MailServer, a_subscriber, a_substance, an_episode, told
from tests.notification.sending import letters

FASTER = 30  # the workers' clock against ours
LANES = 4
TIMEOUT = 3.0
BAD_MOOD = 0.02  # of mails, each for hanging up before and for stalling


class MoodyServer(MailServer):
    """Greylists a tenth of the recipients, refuses a fiftieth, hangs up and stalls by chance."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.seen: set[str] = set()
        self.ids: list[tuple[str, str]] = []  # recipient and Message-ID of what was accepted
        self.lock = Lock()
        self.moods: Counter[str] = Counter()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if refused(address):
            self.moods["refused"] += 1
            return "550 5.1.1 no such user"
        if _number(address) % 10 == 3 and address not in self.seen:
            self.seen.add(address)
            self.moods["greylisted"] += 1
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mood = self.chance.random()
        if mood < BAD_MOOD:
            self.moods["hung up"] += 1
            server.transport.abort()
            return "421 gone"
        if mood < 2 * BAD_MOOD:
            self.moods["stalled"] += 1
            await asyncio.sleep(2 * TIMEOUT)
            server.transport.abort()
            return "421 gone"
        head = envelope.content.partition(b"\r\n\r\n")[0].decode()
        named = next(line for line in head.splitlines() if line.startswith("Message-ID:"))
        with self.lock:
            self.ids.append((envelope.rcpt_tos[0], named.partition(": ")[2]))
        return "250 OK"

    @property
    def count(self) -> int:
        with self.lock:
            return len(self.ids)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a delivery with kills."""

    mails: int
    kills: int
    seconds: float
    missed: tuple[str, ...]  # who can be reached and got nothing
    duplicates: int
    other_ids: int  # duplicates under another Message-ID
    unexplained: tuple[str, ...]  # got it twice, though no killed worker had it in hand
    in_hand: int  # mails accepted that a worker had not yet recorded when it was killed
    most_in_hand: int  # of one worker
    not_sent: int  # messages to people who can be reached that are not on record as sent
    refused_parked: int
    moods: dict[str, int]


def refused(address: str) -> bool:
    return _number(address) % 50 == 7


def _number(address: str) -> int:
    return int(address.partition("@")[0].removeprefix("p"))


def fill(database: Database, mails: int) -> None:
    with database.transaction() as session:
        for number in range(mails):
            a_subscriber(session, f"p{number}@example.org")
        told(session, an_episode(session, a_substance(session)))


def work(url: str, port: int, began: float) -> None:
    """One worker: delivers until it is killed."""
    database = Database(url)

    def clock() -> datetime:
        return NOW + timedelta(seconds=FASTER * (monotonic() - began))

    def connect() -> SmtpConnection:
        return SmtpConnection(f"smtp://127.0.0.1:{port}", timeout=TIMEOUT, whole=1.5 * TIMEOUT)

    channel = Channel(letters().write, SmtpPool(connect))
    while True:
        deliver(
            database,
            channel,
            owner=f"w:{os.getpid()}",
            clock=clock,
            lanes=LANES,
            prepare=HoldingBack(5),
        )
        sleep(0.1)


def deliver_with_kills(
    database: Database, *, mails: int, kills: int, seed: int = 1, patience: float = 600
) -> Outcome:
    """Fill the outbox, deliver it with two workers, and kill one of them `kills` times."""
    chance = random.Random(seed)
    fill(database, mails)
    reachable = [f"p{n}@example.org" for n in range(mails) if not refused(f"p{n}@example.org")]
    points = sorted(chance.sample(range(1, len(reachable)), kills))
    began, spawn = monotonic(), get_context("spawn")
    in_hand: list[set[str]] = []
    known: Counter[str] = Counter()  # mails of each that were in hand at earlier kills
    with MoodyServer(seed) as server:

        def start() -> Any:
            worker = spawn.Process(target=work, args=(database.url, server.port, began))
            worker.start()
            return worker

        workers = [start(), start()]
        try:
            for point in points:
                while server.count < point and monotonic() - began < patience:
                    sleep(0.002)
                victim = workers.pop(chance.randrange(2))
                os.kill(victim.pid, signal.SIGKILL)
                victim.join()
                in_hand.append(_in_hand(database, victim.pid, server, known))
                workers.append(start())
            while _waiting(database) and monotonic() - began < patience:
                sleep(0.2)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        seconds = monotonic() - began
        accepted = Counter(recipient for recipient, _ in server.ids)
        twice = {recipient for recipient, times in accepted.items() if times > 1}
        distinct = Counter(recipient for recipient, _ in set(server.ids))
        return Outcome(
            mails=mails,
            kills=len(points),
            seconds=seconds,
            missed=tuple(who for who in reachable if who not in accepted),
            duplicates=sum(accepted.values()) - len(accepted),
            other_ids=sum(distinct.values()) - len(distinct),
            unexplained=tuple(sorted(twice.difference(*in_hand))),
            in_hand=sum(map(len, in_hand)),
            most_in_hand=max(map(len, in_hand)),
            not_sent=len(reachable) - _sent(database),
            refused_parked=_parked(database),
            moods=dict(server.moods),
        )


def _in_hand(database: Database, pid: int, server: MoodyServer, known: Counter[str]) -> set[str]:
    """To whom the dead worker's mail had been accepted without its having put that on record.

    What was accepted from one that died before, and is only leased again, is not in its hand.
    """
    sleep(0.3)  # what it had written to its socket is still on its way
    with database.reading() as session:
        theirs = session.scalars(
            select(Message.recipient).where(
                Message.lease_owner == f"w:{pid}", Message.state == MessageState.WAITING
            )
        ).all()
        with server.lock:
            accepted = Counter(recipient for recipient, _ in server.ids)
    in_hand = {recipient for recipient in theirs if accepted[recipient] > known[recipient]}
    known.update({recipient: accepted[recipient] - known[recipient] for recipient in in_hand})
    return in_hand


def _sent(database: Database) -> int:
    return _count(database, MessageState.SENT)


def _waiting(database: Database) -> int:
    return _count(database, MessageState.WAITING)


def _parked(database: Database) -> int:
    return _count(database, MessageState.PARKED)


def _count(database: Database, state: MessageState) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).where(Message.state == state)) or 0


def main() -> None:
    """The figures, on an embedded database or on the one named."""
    mails, kills = (int(word) for word in (sys.argv[1:3] or ("1000", "50")))
    with TemporaryDirectory() as folder:
        url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{Path(folder) / 'k.sqlite'}"
        database = Database(url)
        database.migrate()
        outcome = deliver_with_kills(database, mails=mails, kills=kills, patience=1800)
        with database.reading() as session:
            failed = session.scalar(select(func.count()).select_from(FailedTry))
    print(f"{datetime.now(UTC):%Y-%m-%d}: {outcome.mails} mails, {outcome.kills} kills")
    print(f"  took {outcome.seconds:.0f} s; failed tries on record: {failed}")
    print(f"  the server: {outcome.moods}")
    print(f"  missed: {len(outcome.missed)}; not on record as sent: {outcome.not_sent}")
    print(f"  refused recipients parked: {outcome.refused_parked}")
    print(
        f"  accepted and not yet on record at a kill: {outcome.in_hand}, "
        f"at most {outcome.most_in_hand} at one (bound: {LANES * AHEAD})"
    )
    print(
        f"  sent twice: {outcome.duplicates}, of these not in hand at a kill: "
        f"{len(outcome.unexplained)}; under another Message-ID: {outcome.other_ids}"
    )


if __name__ == "__main__":
    main()

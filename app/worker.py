"""The worker: APScheduler's table of jobs, in a process of its own.

The schedule lives here; who may run a job, and what came of it, lives in the database (app.jobs),
so any number of workers may run and a dead one's jobs are taken over.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from app import jobs
from app.access.roles import ANYBODY
from app.clock import Clock, utc_now
from app.db import Database
from app.feeds.announcing import announce, changed_feeds
from app.feeds.json_feed import item_for
from app.intake.duplicates.run import find_duplicates
from app.intake.files import take_up_waiting
from app.intake.moves import gather_stragglers
from app.intake.openness import settle_openness
from app.jobs import Job
from app.notification import digests
from app.notification.addresses import host_for
from app.notification.delivery import Channel, deliver
from app.notification.ending import close_expired
from app.notification.letters import Letters
from app.notification.operations import tell_operations
from app.notification.posts import Office, post_due
from app.notification.queries import newest_edition
from app.notification.reminders import remind
from app.notification.smtp import transport_for
from app.notification.targets import Allowed
from app.notification.telling import tell
from app.notification.withholding import withhold
from app.outgoing import printable
from app.registry.blocks import settle_blocks
from app.registry.proposals import fill_tautomer_keys
from app.settings import Settings
from app.surveillance import previews
from app.surveillance.rollup import roll
from app.surveillance.service import assess

log = logging.getLogger("tocsin.worker")
_CHANCE = secrets.token_hex(4)

LEASE = timedelta(minutes=10)
# messages have leases of their own, so several may deliver: a dead worker's are waited for less
LEASES = {"deliver": timedelta(minutes=1)}
LONGEST_ERROR = 2_000
GATHER_SECONDS = 60
READ_SECONDS = 5  # somebody is waiting for it before a page
DUPLICATES_SECONDS = 15 * 60
COMPARE_SECONDS = 60
PREVIEW_SECONDS = 5 * 60  # a long one may take as long as three of these
ANNOUNCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Work:
    """What a job needs."""

    database: Database
    settings: Settings
    clock: Clock = utc_now


def assess_and_tell(work: Work, as_of: date | None = None) -> dict[str, Any]:
    """Assess as of a day (today unless told otherwise); what opened is told in one transaction."""
    now = work.clock()
    with work.database.transaction() as session:
        roll(session, now=now)
    with work.database.transaction() as session:
        gather_stragglers(session, now=now)
        settle_openness(session, now=now)
        outcome = assess(session, as_of=as_of or now.date(), now=now)
        told = tell(session, outcome.changes, now=now, host=host_for(work.settings))
        expired = close_expired(session, now=now)
        withheld = withhold(session, now=now)
    return {
        "changes": len(outcome.changes),
        "messages": told.messages,
        "expired": expired,
        "withheld": withheld.messages + withheld.entries,
    }


def compare_new(work: Work, *, afresh: bool = False) -> dict[str, Any]:
    """Look for reports of one event among those that are new; with `afresh`, among all."""
    return asdict(find_duplicates(work.database, clock=work.clock, afresh=afresh))


def compare_substances(work: Work) -> dict[str, Any]:
    """Compute what proposes merges to curators, and building blocks, for some new substances."""
    with work.database.transaction() as session:
        compared = fill_tautomer_keys(session)
    with work.database.transaction() as session:
        return {"compared": compared, "cut": settle_blocks(session)}


def deliver_waiting(work: Work) -> dict[str, Any]:
    """Send what waits in the outbox."""
    done = deliver(
        work.database,
        Channel(Letters(work.settings).write, transport_for(work.settings)),
        owner=owner(),
        clock=work.clock,
        lanes=work.settings.smtp_connections,
        prepare=digests.HoldingBack(work.settings.mail_burst),
    )
    return {"sent": done.sent, "failed": done.failed, "parked": done.parked}


def post_waiting(work: Work) -> dict[str, Any]:
    """Post what waits for webhooks: the items of the feed, as far as each is cleared for them."""
    base_url = work.settings.base_url
    office = Office(
        work.database,
        lambda seen, clearance: item_for(seen, base_url=base_url, clearance=clearance),
        Allowed.of(work.settings.webhook_allow),
        owner(),
        work.clock,
        host_for(work.settings),
    )
    done = post_due(office)
    return {"sent": done.sent, "failed": done.failed, "parked": done.parked}


def gather_and_remind(work: Work) -> dict[str, Any]:
    """Queue what has its time: digests, reminders of what is urgent, the operations e-mail."""
    now, host = work.clock(), host_for(work.settings)
    with work.database.transaction() as session:
        gathered = digests.gather(session, now=now, host=host)
    with work.database.transaction() as session:
        reminded = remind(session, now=now)
    with work.database.transaction() as session:
        address = work.settings.operations_email
        operations = tell_operations(session, now=now, host=host, address=address)
    return {"digests": gathered, "reminders": reminded, "operations": operations}


def read_waiting(work: Work) -> dict[str, Any]:
    """Read what was kept and not read to its end: long uploads, and what an interruption left."""
    return {"read": take_up_waiting(work.database, clock=work.clock)}


def preview_waiting(work: Work) -> dict[str, Any]:
    """Run the oldest preview of a rule set that waits; one that cannot be run waits no longer."""
    with work.database.reading() as session:
        asked = previews.waiting(session)
        if asked is None:
            return {"previewed": None}
        code, result = asked.code, None
        try:
            result = previews.computed(session, asked)
        finally:
            with work.database.transaction() as writing:
                previews.finish(writing, code, result, now=work.clock())
    return {"previewed": code}


def announce_changes(work: Work) -> dict[str, Any]:
    """Tell the WebSub hub which public feeds changed since it last took it.

    A failure leaves no result, so that the next run tells the hub of every feed again.
    """
    with work.database.reading() as session:
        before = session.get(Job, "announce")
        told = int(((before and before.last_result) or {}).get("edition", 0))
        newest, _ = newest_edition(session, ANYBODY)
        changed = changed_feeds(session, told, work.settings.base_url) if newest > told else []
    return {"edition": newest, "feeds": announce(work.settings.websub_hub, changed)}


def owner() -> str:
    """This process, as leases name it; machines may share a name, and containers a number."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{_CHANCE}"


def run_job(
    work: Work, name: str, job: Callable[[Work], dict[str, Any]], lease: timedelta = LEASE
) -> None:
    """Run a job if no other worker holds it, and record what came of it."""
    with work.database.transaction() as session:
        if not jobs.claim(session, name, owner=owner(), now=work.clock(), lease=lease):
            return
    result, error = None, None
    try:
        result = job(work)
    except Exception as caught:
        log.exception("job %s failed", name)
        error = printable(f"{type(caught).__name__}: {caught}", LONGEST_ERROR)
    with work.database.transaction() as session:
        jobs.finish(session, name, owner=owner(), now=work.clock(), result=result, error=error)


def run_worker(settings: Settings) -> None:
    """Run the jobs on their schedule until told to stop."""
    work = Work(Database(settings.database_url), settings)
    table: tuple[tuple[str, int, Callable[[Work], dict[str, Any]]], ...] = (
        ("assess", settings.assess_minutes * 60, assess_and_tell),
        ("deliver", settings.deliver_seconds, deliver_waiting),
        ("post", settings.deliver_seconds, post_waiting),
        ("gather", GATHER_SECONDS, gather_and_remind),
        ("read", READ_SECONDS, read_waiting),
        ("duplicates", DUPLICATES_SECONDS, compare_new),
        ("compare", COMPARE_SECONDS, compare_substances),
        ("preview", PREVIEW_SECONDS, preview_waiting),
    )
    if settings.websub_hub:
        table = (*table, ("announce", ANNOUNCE_SECONDS, announce_changes))
    scheduler = BlockingScheduler(
        executors={"default": ThreadPoolExecutor(len(table))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for name, seconds, job in table:
        with work.database.transaction() as session:
            jobs.declare(session, name, seconds)
        scheduler.add_job(
            partial(run_job, work, name, job, LEASES.get(name, LEASE)),
            "interval",
            seconds=seconds,
            id=name,
            next_run_time=work.clock(),
        )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if scheduler.running:  # Ctrl-C reaches us twice: from the terminal and from our keeper
            scheduler.shutdown(wait=False)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("worker %s runs: %s", owner(), ", ".join(f"{n} every {s} s" for n, s, _ in table))
    scheduler.start()

"""What waits to be told, and may not be told any more.

Between an alert and its mail a report may be restricted again, and with it a substance that the
alert names; a mail cannot be called back. So what waits is looked at after each assessment, and
once more as its try begins. A subscription's clearance alone counts: that its own authority found
the substance is no reason to mail it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from app.access.handling import Handling
from app.access.roles import SYSTEM
from app.access.service import record
from app.db import one_of_ids
from app.notification.models import (
    DigestEntry,
    Edition,
    Message,
    MessageState,
    Purpose,
    Subscription,
)
from app.notification.subjects import named_by
from app.registry.models import Substance

WHY = "withheld: it names a substance that is restricted by now"


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many messages were given up, and how many entries of digests dropped."""

    messages: int = 0
    entries: int = 0


def withhold(session: Session, *, now: datetime) -> Withheld:
    """Give up what waits for readers who may not know of it any more, and record why.

    What a worker has in hand it looks at itself (`withhold_of`). Uses ix_message_due and
    ix_digest_entry_due.
    """
    free = or_(Message.leased_until.is_(None), Message.leased_until <= now)
    waiting = and_(Message.state == MessageState.WAITING, free)
    unsent = DigestEntry.message_id.is_(None)
    gathered = _too_restricted(session, DigestEntry, unsent)
    dropped = _count(
        session.scalars(
            delete(DigestEntry)
            .where(unsent, _those(DigestEntry, edition, clearance))
            .returning(DigestEntry.edition_id)
            .execution_options(synchronize_session=False)
        )
        for edition, clearance in gathered
    )
    given_up = _give_up_alone(session, waiting)
    digests = _give_up_digests(session, waiting)
    _record(session, given_up, dropped, now)
    return Withheld(given_up.total() + digests, dropped.total())


def withhold_of(session: Session, message_ids: Collection[int], *, now: datetime) -> None:
    """The same of these messages, whose tries are about to begin."""
    waiting = and_(
        Message.state == MessageState.WAITING, one_of_ids(session, Message.id, message_ids)
    )
    _record(session, _give_up_alone(session, waiting), Counter(), now)
    _give_up_digests(session, waiting)


def tellable(session: Session, editions: Collection[Edition], clearance: Handling) -> list[Edition]:
    """Those of them that a subscription of this clearance may be told of, as things are now."""
    level = _levels(session, editions)
    return [edition for edition in editions if level[edition.id] <= clearance]


def _levels(session: Session, editions: Iterable[Edition]) -> dict[int, Handling]:
    """How restricted each edition is now: as it is itself, or a substance that it names."""
    named = {edition: list(named_by(edition)) for edition in editions}
    numbers = {number for those in named.values() for number in those}
    rows = session.execute(
        select(Substance.id, Substance.handling).where(one_of_ids(session, Substance.id, numbers))
    )
    open_to = {number: handling for number, handling in rows}
    return {
        edition.id: max([edition.handling, *(open_to[n] for n in those if n in open_to)])
        for edition, those in named.items()
    }


def _levels_of(session: Session, numbers: Collection[int]) -> dict[int, Handling]:
    if not numbers:
        return {}
    query = select(Edition).where(one_of_ids(session, Edition.id, numbers))
    return _levels(session, session.scalars(query))


def _too_restricted(
    session: Session, table: type[Message | DigestEntry], which: ColumnElement[bool]
) -> list[tuple[int, Handling]]:
    """Editions, and clearances of those they wait for, that do not go together any more."""
    pairs = session.execute(
        select(table.edition_id, Subscription.clearance)
        .join(Subscription, Subscription.id == table.subscription_id)
        .where(which)
        .distinct()
    ).all()
    level = _levels_of(session, {number for number, _ in pairs if number is not None})
    return [
        (number, clearance)
        for number, clearance in pairs
        if number is not None and level[number] > clearance
    ]


def _those(
    table: type[Message | DigestEntry], edition: int, clearance: Handling
) -> ColumnElement[bool]:
    """The rows of an edition for subscriptions of a clearance."""
    readers = select(Subscription.id).where(Subscription.clearance == clearance)
    return and_(table.edition_id == edition, table.subscription_id.in_(readers))


def _give_up_alone(session: Session, waiting: ColumnElement[bool]) -> Counter[int]:
    """Give up messages that tell of one edition; how many of each."""
    return _count(
        session.scalars(_given_up(waiting, _those(Message, edition, clearance)))
        for edition, clearance in _too_restricted(session, Message, waiting)
    )


def _give_up_digests(session: Session, waiting: ColumnElement[bool]) -> int:
    """Give up digests of which nothing is left to tell; what is left of others is told."""
    digests = session.execute(
        select(Message.id, Message.detail, Subscription.clearance)
        .join(Subscription, Subscription.id == Message.subscription_id)
        .where(waiting, Message.purpose == Purpose.DIGEST)
    ).all()
    level = _levels_of(session, {n for _, detail, _ in digests for n in detail["editions"]})
    empty = [
        number
        for number, detail, clearance in digests
        if not any(level[one] <= clearance for one in detail["editions"])
    ]
    if empty:
        session.execute(_given_up(waiting, one_of_ids(session, Message.id, empty)))
    return len(empty)


def _given_up(*which: ColumnElement[bool]) -> ReturningUpdate[int | None]:
    return (
        update(Message)
        .where(*which)
        .values(state=MessageState.GIVEN_UP, last_error=WHY, lease_owner=None, leased_until=None)
        .returning(Message.edition_id)
        .execution_options(synchronize_session=False)
    )


def _count(editions: Iterable[Iterable[int | None]]) -> Counter[int]:
    return Counter(number for some in editions for number in some if number is not None)


def _record(session: Session, given_up: Counter[int], dropped: Counter[int], now: datetime) -> None:
    """One line in the audit trail for each edition of which something was withheld."""
    for number in sorted(given_up | dropped):
        alert = session.get_one(Edition, number).alert
        record(
            session, SYSTEM, "alert.withhold", alert.code, now,
            messages=given_up[number], entries=dropped[number], reason=WHY,
        )  # fmt: skip

"""Reading alerts back, each in the wording for who asks; and the state of the outbox.

The newest edition an actor may read is the one with the highest id among the levels they are
cleared for (see `Edition`), so one aggregate over ix_edition_latest answers every question here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.access.handling import Handling, visible_up_to
from app.access.roles import Actor
from app.db import Page, id_of
from app.errors import NotFound
from app.languages import N_
from app.notification.models import (
    Alert,
    AlertState,
    Edition,
    Message,
    MessageState,
    Product,
    Purpose,
    Trouble,
)
from app.notification.named import lists, of_substances
from app.registry.models import Substance
from app.registry.queries import known_to, naming_unknown

_ALERT = re.compile(r"A-(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert as one reader sees it: the newest wording they may read, and their first."""

    alert: Alert
    edition: Edition
    first_issued: datetime

    @property
    def modified(self) -> datetime:
        """When the wording they see was issued."""
        return self.edition.issued_at

    @property
    def open(self) -> bool:
        """Whether any signal they may know of is still open, or what people wrote still stands."""
        if self.alert.product is Product.NOTICE:
            return bool(self.edition.detail.get("episodes"))
        return self.alert.state is AlertState.ISSUED

    @property
    def state(self) -> AlertState:
        """Where it stands for them: signals that they may not know of keep no notice open."""
        if self.alert.product is not Product.NOTICE:
            return self.alert.state
        return AlertState.ISSUED if self.open else AlertState.CLOSED

    def expired(self, today: date) -> bool:
        """Whether its last day has passed, and nobody closed it yet."""
        until = self.alert.valid_until
        return self.open and until is not None and until < today


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How many messages stand where, and since when the longest waiting one waits."""

    waiting: int = 0
    sent: int = 0
    parked: int = 0
    oldest_waiting: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutboxReason:
    """How many messages of a kind are not sent for one reason, and when the first is tried."""

    state: MessageState
    purpose: Purpose
    trouble: Trouble | None
    messages: int
    next_try_at: datetime


def alerts(
    session: Session,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int = 50,
    group: str | None = None,
    substance_id: int | None = None,
    country: str | None = None,
    where: Iterable[ColumnElement[bool]] = (),
) -> Page[SeenAlert]:
    """Alerts as `actor` may know them, the last changed first, a page at a time.

    `where` says more of the alerts and of their newest editions.
    """
    query = _chosen(actor, after, country, where)
    if group is not None:
        common = Edition.detail["group"].as_string() == group  # of a family, of what it shares
        of_it = and_(Alert.substance_id.is_(None), common)
        query = query.where(or_(Substance.group == group, of_it, lists("groups", group)))
    if substance_id is not None:
        query = query.where(of_substances([substance_id]))
    found = [_seen_alert(*row) for row in session.execute(query.limit(limit + 1))]
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].edition.id))


def wordings(
    session: Session,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int = 50,
    country: str | None = None,
    where: Iterable[ColumnElement[bool]] = (),
) -> tuple[Any, ...]:
    """What a page of `alerts` is made of, in short: the same as long as it says the same."""
    chosen = _chosen(actor, after, country, where).limit(limit + 1)
    columns = Edition.id, Alert.state, Alert.valid_until
    rows = session.execute(chosen.with_only_columns(*columns, maintain_column_froms=True))
    return tuple(tuple(row) for row in rows)


def alert_by_code(session: Session, actor: Actor, code: str) -> SeenAlert:
    """The alert of that number. Raises NotFound, also when the actor may not know of it."""
    number = alert_number(code)
    if number is None:
        raise NotFound(
            N_("%(code)s is no alert number; they look like %(example)s"),
            code=code,
            example="A-00042",
        )
    row = session.execute(_seen(actor).where(Alert.id == number)).one_or_none()
    if row is None:
        raise NotFound(N_("there is no alert %(code)s"), code=code.upper())
    return _seen_alert(*row)


def alert_number(code: str) -> int | None:
    """The number in A-00042; None when it looks otherwise."""
    found = _ALERT.fullmatch(code)
    return int(found[1]) if found else None


def history(session: Session, actor: Actor, alert: Alert) -> list[Edition]:
    """What the actor could read of an alert at each time, the oldest first.

    Of the editions written in one run they get the fullest they may read.
    """
    newest_of_run = (
        select(func.max(Edition.id))
        .where(Edition.alert_id == alert.id, may_be_read(actor))
        .group_by(Edition.issued_at)
    )
    query = select(Edition).where(Edition.id.in_(newest_of_run)).order_by(Edition.id)
    return list(session.scalars(query))


def told_to(session: Session, edition: Edition, clearance: Handling) -> SeenAlert:
    """The alert of an edition as somebody of that clearance was told of it."""
    first = session.scalar(
        select(func.min(Edition.issued_at)).where(
            Edition.alert_id == edition.alert_id, Edition.handling <= clearance
        )
    )
    return SeenAlert(edition.alert, edition, first or edition.issued_at)


def newest_edition(session: Session, actor: Actor) -> tuple[int, datetime | None]:
    """Id and time of the newest edition the actor may read; (0, None) when there is none.

    It grows whenever anything they may read changes, so it makes a cheap ETag.
    """
    query = select(func.max(Edition.id), func.max(Edition.issued_at)).where(may_be_read(actor))
    newest, at = session.execute(query).one()
    return newest or 0, at


def outbox_state(session: Session, now: datetime | None = None) -> OutboxState:
    """Counts for the status page and the metrics; what waits for a time after `now` is no delay."""
    late = Message.due_at <= now if now is not None else true()
    query = select(Message.state, func.count(), func.min(case((late, Message.due_at)))).group_by(
        Message.state
    )
    rows = {state: (count, oldest) for state, count, oldest in session.execute(query)}
    nothing = (0, None)
    return OutboxState(
        waiting=rows.get(MessageState.WAITING, nothing)[0],
        sent=rows.get(MessageState.SENT, nothing)[0],
        parked=rows.get(MessageState.PARKED, nothing)[0],
        oldest_waiting=rows.get(MessageState.WAITING, nothing)[1],
    )


def outbox_reasons(session: Session) -> list[OutboxReason]:
    """What is not sent, by what it is and why, the most first (ix_message_due)."""
    messages = func.count().label("messages")
    query = (
        select(
            Message.state,
            Message.purpose,
            Message.trouble,
            messages,
            func.min(Message.next_try_at),
        )
        .where(Message.state.in_((MessageState.WAITING, MessageState.PARKED)))
        .group_by(Message.state, Message.purpose, Message.trouble)
        .order_by(messages.desc(), Message.state, Message.purpose)
    )
    return [OutboxReason(*row) for row in session.execute(query)]


def refused_settings(session: Session) -> str | None:
    """Why the mail server takes nothing from us as we are set up, while mail waits for that to be
    mended (ix_message_due)."""
    return session.scalar(
        select(Message.last_error)
        .where(Message.state == MessageState.WAITING, Message.trouble == Trouble.SETTINGS)
        .order_by(Message.next_try_at.desc())
        .limit(1)
    )


def may_be_read(actor: Actor) -> ColumnElement[bool]:
    """Editions that `actor` may read: handled no higher than they are cleared for, and naming no
    substance that they may no longer know of."""
    return and_(visible_up_to(actor, Edition.handling), names_the_known(known_to(actor)))


def names_the_known(known: ColumnElement[bool]) -> ColumnElement[bool]:
    """Editions that name only substances that are `known` (a condition on Substance), the one that
    the alert is about among them."""
    of_others = (
        select(Alert.id)
        .join(Substance, Substance.id == Alert.substance_id)
        .where(known.is_not(true()))
        .correlate(None)
    )
    of_notices = _naming("members", Alert.substance_id.is_(None), known)
    of_people = _naming("substances", Alert.product != Product.NOTICE, known)
    return and_(
        Edition.alert_id.not_in(of_others),
        Edition.id.not_in(of_notices),
        Edition.id.not_in(of_people),
    )


def _naming(name: str, such: ColumnElement[bool], known: ColumnElement[bool]) -> Select[int]:
    """The editions of such alerts whose detail names, in a list, a substance that is not known."""
    edition = aliased(Edition)
    theirs = (
        select(edition.id)
        .select_from(Alert)
        .join(edition, edition.alert_id == Alert.id)
        .where(such)
    )
    return naming_unknown(theirs, edition.detail[name], "code", known)


def _chosen(
    actor: Actor, after: str | None, country: str | None, where: Iterable[ColumnElement[bool]]
) -> Select[Alert, Edition, datetime]:
    query = _seen(actor).where(*where).order_by(Edition.id.desc())
    if (last := id_of(after)) is not None:
        query = query.where(Edition.id < last)
    if country is not None:
        # a JSON list of two-letter codes, so the quoted code is found in its text and nowhere else
        codes = cast(Edition.countries, String)
        query = query.where(codes.contains(f'"{country}"', autoescape=True))
    return query


def _seen(actor: Actor) -> Select[Alert, Edition, datetime]:
    """Alerts with the newest edition the actor may read, and when they could first read one."""
    newest = (
        select(
            func.max(Edition.id).label("edition_id"),
            func.min(Edition.issued_at).label("first_issued"),
        )
        .where(may_be_read(actor))
        .group_by(Edition.alert_id)
        .subquery()
    )
    return (
        select(Alert, Edition, newest.c.first_issued)
        .join(newest, newest.c.edition_id == Edition.id)
        .join(Alert, Alert.id == Edition.alert_id)
        .outerjoin(Substance, Substance.id == Alert.substance_id)
    )


def _seen_alert(alert: Alert, edition: Edition, first_issued: datetime) -> SeenAlert:
    return SeenAlert(alert=alert, edition=edition, first_issued=first_issued)

"""Reading alerts back, each in the wording for who asks; and the state of the outbox.

The newest edition an actor may read is the one with the highest id among the levels they are
cleared for (see `Edition`), so one aggregate over ix_edition_latest answers every question here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, String, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from app.access.handling import Handling, visible_up_to
from app.access.roles import Actor
from app.db import Page, id_of
from app.errors import NotFound
from app.notification.models import Alert, Edition, Message, MessageState
from app.registry.models import Substance
from app.registry.queries import known_to

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
        """Whether any signal they may know of is still open."""
        return bool(self.edition.detail.get("episodes"))


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How many messages stand where, and since when the longest waiting one waits."""

    waiting: int = 0
    sent: int = 0
    parked: int = 0
    oldest_waiting: datetime | None = None


def alerts(
    session: Session,
    actor: Actor,
    *,
    after: str | None = None,
    limit: int = 50,
    group: str | None = None,
    substance_id: int | None = None,
    country: str | None = None,
) -> Page[SeenAlert]:
    """Alerts as `actor` may know them, the last changed first, a page at a time."""
    query = _seen(actor).order_by(Edition.id.desc())
    if (last := id_of(after)) is not None:
        query = query.where(Edition.id < last)
    if group is not None:
        common = Edition.detail["group"].as_string() == group  # of a family, of what it shares
        query = query.where(
            or_(Substance.group == group, and_(Alert.substance_id.is_(None), common))
        )
    if substance_id is not None:
        query = query.where(Alert.substance_id == substance_id)
    if country is not None:
        # a JSON list of two-letter codes, so the quoted code is found in its text and nowhere else
        codes = cast(Edition.countries, String)
        query = query.where(codes.contains(f'"{country}"', autoescape=True))
    found = [_seen_alert(*row) for row in session.execute(query.limit(limit + 1))]
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].edition.id))


def alert_by_code(session: Session, actor: Actor, code: str) -> SeenAlert:
    """The alert of that number. Raises NotFound, also when the actor may not know of it."""
    number = _ALERT.fullmatch(code)
    if number is None:
        raise NotFound(f"{code} is no alert number; they look like A-00042")
    row = session.execute(_seen(actor).where(Alert.id == int(number[1]))).one_or_none()
    if row is None:
        raise NotFound(f"there is no alert {code.upper()}")
    return _seen_alert(*row)


def history(session: Session, actor: Actor, alert: Alert) -> list[Edition]:
    """What the actor could read of an alert at each time, the oldest first.

    Of the editions written in one run they get the fullest they may read.
    """
    newest_of_run = (
        select(func.max(Edition.id))
        .where(Edition.alert_id == alert.id, visible_up_to(actor, Edition.handling))
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
    query = select(func.max(Edition.id), func.max(Edition.issued_at)).where(
        visible_up_to(actor, Edition.handling)
    )
    newest, at = session.execute(query).one()
    return newest or 0, at


def outbox_state(session: Session) -> OutboxState:
    """Counts for the status page and the metrics."""
    query = (
        select(Message.state, func.count(), func.min(Edition.issued_at))
        .join(Edition, Edition.id == Message.edition_id)
        .group_by(Message.state)
    )
    rows = {state: (count, oldest) for state, count, oldest in session.execute(query)}
    nothing = (0, None)
    return OutboxState(
        waiting=rows.get(MessageState.WAITING, nothing)[0],
        sent=rows.get(MessageState.SENT, nothing)[0],
        parked=rows.get(MessageState.PARKED, nothing)[0],
        oldest_waiting=rows.get(MessageState.WAITING, nothing)[1],
    )


def _seen(actor: Actor) -> Select[Alert, Edition, datetime]:
    """Alerts with the newest edition the actor may read, and when they could first read one."""
    newest = (
        select(
            func.max(Edition.id).label("edition_id"),
            func.min(Edition.issued_at).label("first_issued"),
        )
        .where(visible_up_to(actor, Edition.handling))
        .group_by(Edition.alert_id)
        .subquery()
    )
    return (
        select(Alert, Edition, newest.c.first_issued)
        .join(newest, newest.c.edition_id == Edition.id)
        .join(Alert, Alert.id == Edition.alert_id)
        .outerjoin(Substance, Substance.id == Alert.substance_id)
        .where(or_(Alert.substance_id.is_(None), known_to(actor)))
    )


def _seen_alert(alert: Alert, edition: Edition, first_issued: datetime) -> SeenAlert:
    return SeenAlert(alert=alert, edition=edition, first_issued=first_issued)

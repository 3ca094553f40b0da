"""From what changed in surveillance to what people are told: alerts, editions and the outbox.

`tell` runs in the transaction that opened the episodes, so an alert is never lost between deciding
and sending. For a substance with changes it writes an edition of its alert at each handling level
from the lowest one that changed upwards, so that a reader cleared for more never sees less or
something older; messages go only to those for whom something is news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.notification import wording
from app.notification.addresses import message_id
from app.notification.filters import passes
from app.notification.models import (
    Alert,
    AlertState,
    Edition,
    Message,
    MessageState,
    Subscription,
)
from app.notification.stories import CLOSED, NEWS, Story, stories
from app.notification.wording import Shown
from app.registry.models import Standing, Substance
from app.surveillance.models import Tier, of_substance
from app.surveillance.service import Change


@dataclass(frozen=True, slots=True)
class Told:
    """How much was told."""

    alerts: int = 0
    editions: int = 0
    messages: int = 0
    closed: int = 0


def tell(session: Session, changes: Sequence[Change], *, now: datetime, host: str) -> Told:
    """Word the changes for each audience and queue a mail for everybody who asked to know.

    The same changes are never told twice because an assessment without change has none. `host` ends
    the Message-IDs (see `addresses.host_for`). A closing changes what the alert says, but is not
    mailed.
    """
    if not changes:
        return Told()
    subscriptions = _active(session, now)
    alerts = editions = messages = closed = 0
    for story in stories(session, changes):
        alert = story.alert or _new_alert(story, now)
        if alert is None:
            continue
        session.add(alert)
        written = _write_editions(session, alert, story, now)
        queued = _messages(story, written, subscriptions, now, host)
        session.add_all(queued)
        alerts += story.alert is None
        editions += len(written)
        messages += len(queued)
        if not story.open:
            alert.state, alert.closed_at = AlertState.CLOSED, now
            _recall(session, alert)
            closed += 1
    session.flush()
    return Told(alerts=alerts, editions=editions, messages=messages, closed=closed)


def _recall(session: Session, alert: Alert) -> None:
    """What has ended is not mailed any more, unless a worker has it in hand."""
    editions = select(Edition.id).where(Edition.alert_id == alert.id)
    session.execute(
        delete(Message).where(
            Message.edition_id.in_(editions),
            Message.state == MessageState.WAITING,
            Message.leased_until.is_(None),
        )
    )


def _active(session: Session, now: datetime) -> list[Subscription]:
    query = (
        select(Subscription)
        .where(Subscription.ended_at.is_(None), Subscription.created_at <= now)
        .order_by(Subscription.id)
    )
    return list(session.scalars(query))


def _new_alert(story: Story, now: datetime) -> Alert | None:
    """An alert, unless nothing is open: what ended before anybody was told needs none."""
    if not story.open:
        return None
    node = of_substance(story.substance.id)
    return Alert(
        node_kind=node.kind,
        node_key=node.key,
        substance=story.substance,
        state=AlertState.ISSUED,
        simulated=story.simulated,
        issued_at=now,
    )


def _write_editions(
    session: Session, alert: Alert, story: Story, now: datetime
) -> dict[Handling, Edition]:
    """One edition for each level, flushed lowest first, so that ids grow with the level."""
    written: dict[Handling, Edition] = {}
    name = story.substance.name
    rulesets = {episode.ruleset for episode in (*story.open, *story.ended)}
    for level in story.levels:
        seen = story.seen_at(level)
        before = story.last_told(level)
        if seen:
            tier = max(e.tier for e in seen)
            countries = sorted({country for e in seen for country in e.countries})
        elif before is not None:  # ended for them, perhaps because a country took it back
            tier, countries = before.tier, []
        else:
            continue
        written[level] = Edition(
            alert=alert,
            handling=level,
            tier=tier,
            reason=_reason(seen, story),
            headline=wording.headline(name, seen),
            sentences=[e.sentence for e in seen] or [wording.nothing_left(name)],
            countries=countries,
            detail=wording.detail(story.substance, seen, sorted(rulesets)),
            issued_at=now,
        )
        session.add(written[level])
        session.flush()
    return written


def _reason(seen: Sequence[Shown], story: Story) -> str:
    """The strongest reason this audience has; failing one, the strongest of the run."""
    here = {e.news for e in seen if e.news} or (
        {change.reason for change in story.changes.values()} if seen else set()
    )
    return next((reason for reason in NEWS if reason in here), CLOSED)


def _messages(
    story: Story,
    written: dict[Handling, Edition],
    subscriptions: Sequence[Subscription],
    now: datetime,
    host: str,
) -> list[Message]:
    """At most one message for each recipient: the fullest edition they may read, if it is news."""
    edition_for: dict[Handling, Edition | None] = {}
    chosen: dict[str, tuple[Subscription, Edition]] = {}
    for subscription in subscriptions:
        clearance = subscription.clearance
        if clearance not in edition_for:
            edition_for[clearance] = _news_for(clearance, story, written)
        edition = edition_for[clearance]
        if edition is None or not _wanted(subscription, edition, story.substance):
            continue
        before = chosen.get(subscription.recipient)
        if before is None or before[0].clearance < clearance:
            chosen[subscription.recipient] = subscription, edition
    return [
        Message(
            edition=edition,
            subscription=subscription,
            recipient=recipient,
            message_id=message_id(edition.alert.code, edition.id, recipient, host),
            state=MessageState.WAITING,
            tries=0,
            next_try_at=now,
        )
        for recipient, (subscription, edition) in chosen.items()
    ]


def _news_for(
    clearance: Handling, story: Story, written: dict[Handling, Edition]
) -> Edition | None:
    """The fullest edition for that clearance, when it says something they did not know.

    A change at a lower level is no news to somebody who sees the episode through a higher view.
    """
    if not any(e.news in NEWS for e in story.seen_at(clearance)):
        return None
    readable = [level for level in written if level <= clearance]
    return written[max(readable)] if readable else None


def _wanted(subscription: Subscription, edition: Edition, substance: Substance) -> bool:
    """Whether the edition passes the subscription's filters.

    What no family rule knows is shown, and mailed only when deaths make it urgent: most of it is an
    everyday substance that nobody has looked at yet.
    """
    worth_a_mail = substance.standing is not Standing.UNCLASSIFIED or edition.tier is Tier.URGENT
    return (
        worth_a_mail
        and passes(subscription.filters, substance, edition.countries)
        and edition.tier >= subscription.min_tier
    )

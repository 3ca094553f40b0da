"""From what changed in surveillance to what people are told: alerts, editions and the outbox.

`tell` runs in the transaction that opened the episodes, so an alert is never lost between deciding
and sending. For a node with changes it writes an edition of its alert at each handling level
from the lowest one that changed upwards, so that a reader cleared for more never sees less or
something older; messages go only to those for whom something is news.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.languages import SOURCE, speaking
from app.notification import wording
from app.notification.addresses import message_id
from app.notification.already import already
from app.notification.filters import Filters, Subject, matches
from app.notification.models import (
    Alert,
    AlertState,
    DigestEntry,
    Edition,
    Message,
    MessageState,
    Subscription,
)
from app.notification.rhythms import is_gathered, when_to_tell
from app.notification.standing import State, in_state
from app.notification.stories import CLOSED, NEWS, OpenAlert, Story, open_alerts_on, stories
from app.notification.subjects import subjects
from app.notification.wording import Shown
from app.surveillance.models import Tier
from app.surveillance.service import Change


@dataclass(frozen=True, slots=True)
class Told:
    """How much was told: messages that go out by themselves, and entries gathered for digests."""

    alerts: int = 0
    editions: int = 0
    messages: int = 0
    closed: int = 0
    gathered: int = 0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription with its filters read once."""

    subscription: Subscription
    filters: Filters

    def wants(self, subject: Subject) -> bool:
        """Whether they asked to be told of such an alert."""
        one = self.subscription
        return wants(self.filters, one.min_tier, subject, home=one.authority.country)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one recipient is told of an alert: which edition, when, and whether with others."""

    subscription: Subscription
    edition: Edition
    at: datetime
    gathered: bool

    def or_rather(self, other: Chosen) -> Chosen:
        """One telling for two wishes: the fuller edition, at the earlier of the two times."""
        fuller = other if other.subscription.clearance > self.subscription.clearance else self
        sooner = min(self, other, key=lambda one: (one.gathered, one.at))
        return replace(fuller, at=sooner.at, gathered=sooner.gathered)


def wants(filters: Filters, min_tier: Tier, subject: Subject, *, home: str | None = None) -> bool:
    """Whether an alert is mailed to somebody with these filters.

    What no family rule knows is shown, and mailed only when deaths make it urgent: most of it is an
    everyday substance that nobody has looked at yet.
    """
    worth_a_mail = not subject.unclassified or subject.tier is Tier.URGENT
    return worth_a_mail and subject.tier >= min_tier and matches(filters, subject, home=home)


@speaking(SOURCE)  # what is stored is in English, whoever's page this is
def tell(session: Session, changes: Sequence[Change], *, now: datetime, host: str) -> Told:
    """Word the changes for each audience and queue a mail for everybody who asked to know.

    The same changes are never told twice because an assessment without change has none. `host` ends
    the Message-IDs (see `addresses.host_for`). A closing changes what the alert says, but is not
    mailed.
    """
    if not changes:
        return Told()
    subscribers = active_subscribers(session, now)
    told: list[tuple[Story, dict[Handling, Edition]]] = []
    for story, beside in _with_alerts_beside(session, stories(session, changes)):
        alert = story.alert or _new_alert(story, now)
        if alert is None:
            continue
        session.add(alert)
        alert.node_name = None if story.substance else story.name
        told.append((story, _write_editions(session, alert, story, beside, now)))
        if not story.open:
            alert.state, alert.closed_at = AlertState.CLOSED, now
            recall(session, alert)
    editions = [edition for _, written in told for edition in written.values()]
    about = subjects(
        session,
        editions,
        today=now.date(),
        event_kinds=any(one.filters.event_kinds for one in subscribers),
    )
    messages = entries = 0
    # families first: who is told of one just now is not told of what is left to it
    for for_some in (False, True):
        some = [(story, written) for story, written in told if story.is_for_some is for_some]
        known = already(session, [story for story, _ in some], now)
        chosen = [
            one
            for story, written in some
            for one in choose(
                subscribers,
                partial(_news_for, story=story, written=written),
                about,
                now,
                knows=known.knower(story) if for_some else None,
            ).values()
        ]
        queued = queue(session, chosen, host)
        messages, entries = messages + queued[0], entries + queued[1]
    session.flush()
    return Told(
        alerts=sum(story.alert is None for story, _ in told),
        editions=len(editions),
        messages=messages,
        closed=sum(not story.open for story, _ in told),
        gathered=entries,
    )


def _with_alerts_beside(
    session: Session, found: Sequence[Story]
) -> Iterator[tuple[Story, Sequence[OpenAlert]]]:
    """Each story with the open alerts on members of what several substances share.

    Those are read once the stories of the substances, which come first, have been told.
    """
    beside: Sequence[OpenAlert] | None = None
    for story in found:
        if story.substance is not None:
            yield story, ()
            continue
        if beside is None:
            beside = open_alerts_on(session, story.substances)
        yield story, beside


def recall(session: Session, alert: Alert) -> None:
    """What has ended is not mailed any more, unless a worker has it in hand."""
    editions = select(Edition.id).where(Edition.alert_id == alert.id)
    session.execute(
        delete(Message).where(
            Message.edition_id.in_(editions),
            Message.state == MessageState.WAITING,
            Message.leased_until.is_(None),
        )
    )
    session.execute(
        delete(DigestEntry).where(
            DigestEntry.edition_id.in_(editions), DigestEntry.message_id.is_(None)
        )
    )


def active_subscribers(session: Session, now: datetime) -> list[Subscriber]:
    """Those that may be told now."""
    query = (
        select(Subscription)
        .where(*in_state(State.ACTIVE, now), Subscription.created_at <= now)
        .order_by(Subscription.id)
    )
    return [Subscriber(one, Filters.from_json(one.filters)) for one in session.scalars(query)]


def _new_alert(story: Story, now: datetime) -> Alert | None:
    """An alert, unless nothing is open: what ended before anybody was told needs none."""
    if not story.open:
        return None
    return Alert(
        node_kind=story.node.kind,
        node_key=story.node.key,
        substance=story.substance,
        state=AlertState.ISSUED,
        simulated=story.simulated,
        issued_at=now,
    )


def _write_editions(
    session: Session, alert: Alert, story: Story, beside: Sequence[OpenAlert], now: datetime
) -> dict[Handling, Edition]:
    """One edition for each level, flushed lowest first, so that ids grow with the level."""
    written: dict[Handling, Edition] = {}
    for level in story.levels:
        seen = story.seen_at(level)
        before = story.last_told(level)
        if seen:
            edition = _open_edition(story, seen, level, beside)
        elif before is not None:
            edition = _over(story, before)
        else:
            continue
        edition.alert, edition.handling, edition.issued_at = alert, level, now
        edition.reason = _reason(seen, story)
        written[level] = edition
        session.add(edition)
        session.flush()
    return written


def _open_edition(
    story: Story, seen: Sequence[Shown], level: Handling, beside: Sequence[OpenAlert]
) -> Edition:
    """What somebody cleared for the level reads while signals are open for them."""
    alerts = {a.substance_id: a.code for a in beside if a.known_at(level, story.simulated)}
    return Edition(
        tier=max(e.tier for e in seen),
        headline=wording.headline(story.name, seen, story.node.kind),
        sentences=[e.sentence for e in seen],
        countries=sorted({country for e in seen for country in e.countries}),
        detail=wording.detail(story.about(level), seen, story.rulesets, alerts),
    )


def _over(story: Story, before: Edition) -> Edition:
    """What they read when all has ended for them, perhaps because a country took it back.

    They go on reading the name and class that they knew, not what only others may know.
    """
    name = before.detail["name"] if story.substance is None else story.name
    detail = {**before.detail, "episodes": [], "members": []}
    if story.substance is not None:
        detail = wording.detail(story.about(before.handling), (), story.rulesets, {})
    return Edition(
        tier=before.tier,
        headline=wording.headline(name, (), story.node.kind),
        sentences=[wording.nothing_left(name, story.node.kind)],
        countries=[],
        detail=detail,
    )


def _reason(seen: Sequence[Shown], story: Story) -> str:
    """The strongest reason this audience has; failing one, the strongest of the run."""
    here = {e.news for e in seen if e.news} or (
        {change.reason for change in story.changes.values()} if seen else set()
    )
    return next((reason for reason in NEWS if reason in here), CLOSED)


def choose(
    subscribers: Iterable[Subscriber],
    news_for: Callable[[Handling], Edition | None],
    about: dict[int, Subject],
    now: datetime,
    *,
    knows: Callable[[str, Handling], bool] | None = None,
) -> dict[str, Chosen]:
    """At most one telling for each recipient: the fullest edition they may read, if it is news.

    `news_for` gives the edition that is news to somebody of a clearance, or None; who `knows` it
    all has been told already.
    """
    edition_for: dict[Handling, Edition | None] = {}
    chosen: dict[str, Chosen] = {}
    for one in subscribers:
        subscription = one.subscription
        clearance = subscription.clearance
        if clearance not in edition_for:
            edition_for[clearance] = news_for(clearance)
        edition = edition_for[clearance]
        if edition is None or not one.wants(about[edition.id]):
            continue
        if knows is not None and knows(subscription.recipient, clearance):
            continue
        telling = Chosen(
            subscription,
            edition,
            when_to_tell(subscription, now, edition.tier),
            is_gathered(subscription.rhythm, edition.tier),
        )
        before = chosen.get(subscription.recipient)
        chosen[subscription.recipient] = before.or_rather(telling) if before else telling
    return chosen


def queue(
    session: Session, chosen: Iterable[Chosen], host: str, told: Iterable[dict[str, Any]] = ()
) -> tuple[int, int]:
    """Write what was chosen, and rows of `message_row`; how many messages, and entries gathered."""
    chosen = list(chosen)
    messages = [
        message_row(one.subscription.recipient, one.subscription, one.edition, one.at, host)
        for one in chosen
        if not one.gathered
    ]
    messages += told
    entries = [_entry(one) for one in chosen if one.gathered]
    for table, rows in ((Message, messages), (DigestEntry, entries)):
        if rows:  # thousands at once, so not one by one through the session
            session.execute(insert(table), rows)
    return len(messages), len(entries)


def message_row(
    recipient: str, subscription: Subscription, edition: Edition, at: datetime, host: str
) -> dict[str, Any]:
    """The row of a mail or a post."""
    return {
        "edition_id": edition.id,
        "subscription_id": subscription.id,
        "webhook_id": subscription.webhook_id,
        "recipient": recipient,
        "message_id": message_id(edition.alert.code, edition.id, recipient, host),
        "state": MessageState.WAITING,
        "next_try_at": at,
    }


def _entry(one: Chosen) -> dict[str, Any]:
    """The row of what waits for a digest."""
    return {
        "subscription_id": one.subscription.id,
        "edition_id": one.edition.id,
        "due_at": one.at,
    }


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

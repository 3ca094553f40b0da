"""Who knows already of what is not told to everybody: what is left to the signal of a family.

A member's weak signal is not told to those who were told of its family (surveillance.inhibition),
and is told late to the others. Who was told of what is not guessed from wishes: it is what was sent
to an address, or waits for it. Wishes differ, subscriptions come later, mail is parked, and a
family's alert names neither every member nor every country. In doubt somebody is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, load_only

from app.access.handling import Handling
from app.db import one_of_ids
from app.notification.models import (
    Alert,
    AlertState,
    DigestEntry,
    Edition,
    Message,
    MessageState,
    Product,
    Subscription,
)
from app.notification.stories import NEWS, Story
from app.notification.wording import Shown
from app.surveillance.models import Episode, Tier
from app.surveillance.service import Change

# what was told longer ago speaks for nothing new: the rest of what is only to be watched (2.4)
KNOWN_FOR = timedelta(days=90)
REACHING = (MessageState.WAITING, MessageState.SENT)


@dataclass(frozen=True, slots=True)
class Already:
    """What was told so far of some alerts, by address, and of what those alerts are.

    `families` are the numbers of the alerts by the number of the family's episode.
    """

    heard: dict[str, list[Edition]]
    families: dict[int, int]
    now: datetime

    def knower(self, story: Story) -> Callable[[str, Handling], bool]:
        """Whether an address, cleared for so much, was told of all that is news in a story."""
        news = {level: _news(story, level) for level in Handling}

        def knows(recipient: str, clearance: Handling) -> bool:
            heard = self.heard.get(recipient, ())
            return all(
                change is not None
                and any(self._tells(edition, shown, change, about) for edition in heard)
                for shown, change, about in news[clearance]
            )

        return knows

    def _tells(self, edition: Edition, shown: Shown, change: Change, about: frozenset[str]) -> bool:
        """Whether an edition spoke for a change, where it is, and of all that it is about."""
        if not set(shown.countries) <= set(edition.countries):
            return False
        if change.left_to is None:
            return _said(edition, shown)
        return (
            edition.alert_id == self.families.get(change.left_to)
            and edition.issued_at > self.now - KNOWN_FOR
            and bool(about)
            and about <= {member["code"] for member in edition.detail.get("members", ())}
        )


def already(session: Session, stories: Sequence[Story], now: datetime) -> Already:
    """What was told of the families to which something in these stories is left, and of what in
    them is late."""
    changes = [change for story in stories for change in story.changes.values()]
    families = _alerts_of(session, {c.left_to for c in changes if c.left_to is not None})
    late = {
        story.alert.id
        for story in stories
        if story.alert is not None and any(change.late for change in story.changes.values())
    }
    return Already(_heard(session, {*families.values(), *late}), families, now)


def _news(story: Story, level: Handling) -> list[tuple[Shown, Change | None, frozenset[str]]]:
    """What is news at a level; its change, where it is not news to all; and the substances that it
    is about, of a building block those that carry it."""
    reserved = story.reserved(level)
    members = (story.substance,) if story.substance else story.about(level).members
    about = frozenset(one.code for one in members)
    seen = [one for one in story.seen_at(level) if one.news in NEWS]
    return [(one, reserved.get(one.code), about) for one in seen]


def _said(edition: Edition, shown: Shown) -> bool:
    """Whether an edition told as much of an episode as is shown now."""
    return any(
        told["code"] == shown.code and Tier[told["tier"].upper()] >= shown.tier
        for told in edition.detail["episodes"]
    )


def _alerts_of(session: Session, families: Iterable[int]) -> dict[int, int]:
    """The open notices about the nodes of these episodes (uq_alert_open)."""
    if not (numbers := sorted(families)):
        return {}
    query = (
        select(Episode.id, Alert.id)
        .join(
            Alert,
            and_(
                Alert.node_kind == Episode.node_kind,
                Alert.node_key == Episode.node_key,
                Alert.simulated == Episode.simulated,
            ),
        )
        .where(
            one_of_ids(session, Episode.id, numbers),
            Alert.product == Product.NOTICE,
            Alert.state == AlertState.ISSUED,
        )
    )
    return {episode: alert for episode, alert in session.execute(query)}


def _heard(session: Session, alerts: Iterable[int]) -> dict[str, list[Edition]]:
    """By address: the editions that were sent to it, alone or in a digest, or that wait for it.

    Uses ix_edition_latest and ix_message_edition.
    """
    if not (numbers := sorted(alerts)):
        return {}
    query = select(Edition).where(one_of_ids(session, Edition.alert_id, numbers))
    only = load_only(Edition.alert_id, Edition.countries, Edition.detail, Edition.issued_at)
    editions = {edition.id: edition for edition in session.scalars(query.options(only))}
    alone = select(Message.recipient, Message.edition_id).where(
        one_of_ids(session, Message.edition_id, editions), Message.state.in_(REACHING)
    )
    gathered = (
        select(Subscription, DigestEntry.edition_id)
        .join(DigestEntry, DigestEntry.subscription_id == Subscription.id)
        .outerjoin(Message, Message.id == DigestEntry.message_id)
        .where(
            one_of_ids(session, DigestEntry.edition_id, editions),
            or_(DigestEntry.message_id.is_(None), Message.state.in_(REACHING)),
        )
    )
    told = {(recipient, number) for recipient, number in session.execute(alone)}
    told |= {(one.recipient, number) for one, number in session.execute(gathered)}
    heard: defaultdict[str, list[Edition]] = defaultdict(list)
    for recipient, number in sorted(told, key=lambda one: one[1] or 0):
        heard[recipient].append(editions[number or 0])
    return dict(heard)

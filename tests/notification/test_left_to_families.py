"""What is left to the signal of a family: only those are spared who were told of the family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.notification.already import KNOWN_FOR
from app.notification.models import (
    Alert,
    AlertState,
    DigestEntry,
    Message,
    MessageState,
    Rhythm,
)
from app.notification.telling import Told, tell
from app.surveillance.models import Episode, EpisodeState, Rule, Tier
from app.surveillance.service import Change
from tests.notification.making import (
    AMBER,
    BLOCK,
    CLEAR,
    FAMILY,
    HOST,
    NOW,
    a_subscriber,
    a_substance,
    add_view,
    an_episode,
    changes_of,
    messages,
    told,
)

LATER = NOW + timedelta(days=1)
LONG_AFTER = NOW + KNOWN_FOR + timedelta(days=1)
DUTY = "duty@example.org"


def a_family(session, *members, countries=("DE", "EE", "FR"), views=None, **more) -> Episode:
    views = views or {CLEAR: Tier.ALERT}
    return an_episode(
        session, FAMILY, Rule.FAMILY, name="Nitazenes", members=members, countries=countries,
        views=views, **more,
    )  # fmt: skip


def a_large_seizure(session, of, country="DE", level: Handling = CLEAR, **more) -> Episode:
    views = {level: Tier.WATCH}
    return an_episode(session, of, Rule.QUANTITY, countries=[country], views=views, **more)


def left(member: Episode, family: Episode) -> list[Change]:
    return [replace(change, left_to=family.id) for change in changes_of(member)]


def late(member: Episode) -> list[Change]:
    return [replace(change, late=True) for change in changes_of(member)]


def telling(session, changes: Sequence[Change], now: datetime = LATER) -> list[str]:
    """Who is told of them, the newest messages alone."""
    before = {message.id for message in messages(session)}
    tell(session, changes, now=now, host=HOST)
    return sorted(m.recipient for m in messages(session) if m.id not in before)


@pytest.mark.parametrize("together", [True, False])
def test_who_was_told_of_the_family_is_not_mailed_of_the_member(database, together):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        if together:
            assert telling(session, [*left(seizure, family), *changes_of(family)]) == [DUTY]
        else:
            told(session, family)
            assert telling(session, left(seizure, family)) == []
        (message,) = messages(session)
        assert message.edition.alert.node == FAMILY
        alerts = {alert.node_key for alert in session.scalars(select(Alert))}
        assert alerts == {"nitazene", member.code}, "it can be looked up, and read in a feed"


@pytest.mark.parametrize(
    "wish",
    [
        {"filters": {"rules": ["QUANTITY"]}},
        {"filters": {"clusters": ["nitazene"]}},
        {"filters": {"substances": ["{member}"], "rules": ["QUANTITY", "GROWTH"]}},
        {"created_at": LATER},
    ],
)
def test_whose_wish_passes_the_member_and_not_the_family_is_told_of_the_member(database, wish):
    with database.transaction() as session:
        a_subscriber(session, "all@example.org")
        member = a_substance(session)
        one = a_subscriber(session, DUTY, created_at=wish.get("created_at", NOW))
        one.filters = {
            name: [value.format(member=member.code) for value in values]
            for name, values in wish.get("filters", {}).items()
        }
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        assert [m.recipient for m in messages(session)] == ["all@example.org"]
        assert telling(session, left(seizure, family)) == [DUTY]


@pytest.mark.parametrize(
    ("countries", "names_it", "now", "hears"),
    [
        (("DE", "FR"), True, LATER, False),
        (("FR",), True, LATER, True),
        (("DE", "FR"), False, LATER, True),
        (("DE", "FR"), True, LONG_AFTER, True),
    ],
)
def test_a_family_told_without_the_country_or_the_member_or_long_ago_says_nothing_of_it(
    database, countries, names_it, now, hears
):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        member = a_substance(session)
        other = a_substance(session, "Metonitazene", connectivity="HNGZTLMRQTVPBH")
        named = (member, other) if names_it else (other,)
        family = a_family(session, *named, countries=countries)
        told(session, family)
        seizure = a_large_seizure(session, member)
        assert telling(session, left(seizure, family), now) == [DUTY] * hears


def test_who_may_read_less_of_the_family_than_of_the_member_is_told_of_the_member(database):
    with database.transaction() as session:
        member = a_substance(session)
        a_subscriber(session, DUTY, clearance=AMBER)
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        family = a_family(session, views={CLEAR: Tier.ALERT})
        add_view(family, AMBER, Tier.ALERT, members=(member,))
        session.flush()
        told(session, family)
        seizure = a_large_seizure(session, member)
        assert telling(session, left(seizure, family)) == ["public@example.org"]


def test_those_who_see_less_hear_of_what_is_left_to_a_family_for_others(database):
    with database.transaction() as session:
        member = a_substance(session)
        a_subscriber(session, DUTY, clearance=AMBER)
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        family = a_family(session, member, views={AMBER: Tier.ALERT})
        told(session, family)
        seizure = a_large_seizure(session, member)
        add_view(seizure, AMBER, Tier.WATCH, ["DE"])
        session.flush()
        (low,), (high,) = (changes_of(seizure, levels=[level]) for level in (CLEAR, AMBER))
        changes = [low, replace(high, left_to=family.id)]
        assert telling(session, changes) == ["public@example.org"]


@pytest.mark.parametrize("state", [MessageState.PARKED, MessageState.GIVEN_UP])
def test_a_mail_about_the_family_that_nobody_got_spares_nobody(database, state):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        messages(session)[0].state = state
        session.flush()
        assert telling(session, left(seizure, family)) == [DUTY]


def test_what_waits_for_a_digest_is_told(database):
    with database.transaction() as session:
        a_subscriber(session, DUTY).rhythm = Rhythm.WEEKLY
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        assert tell(session, left(seizure, family), now=LATER, host=HOST).gathered == 0
        entry = session.scalars(select(DigestEntry)).one()
        entry.message_id = _a_digest(session, entry).id
        session.flush()
        gone = an_episode(session, member, Rule.QUANTITY, "DE", countries=["DE"], views={CLEAR: 1})
        assert tell(session, left(gone, family), now=LATER, host=HOST).gathered == 1


def _a_digest(session, entry: DigestEntry) -> Message:
    message = Message(
        purpose="digest", subscription_id=entry.subscription_id, recipient=DUTY,
        message_id="digest@tocsin", state=MessageState.PARKED, next_try_at=NOW,
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message


def test_other_news_of_the_member_is_told_with_what_is_left(database):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        first = an_episode(session, member, Rule.FIRST_COUNTRY, "DE", countries=["DE"])
        assert telling(session, [*left(seizure, family), *changes_of(first)]) == [DUTY]
        assert len(messages(session)[-1].edition.sentences) == 2


def test_a_block_is_left_to_the_family_that_names_all_who_carry_it(database):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        one = a_substance(session)
        other = a_substance(session, "Metonitazene", connectivity="HNGZTLMRQTVPBH")
        family = a_family(session, one)
        told(session, family)
        block = an_episode(
            session, BLOCK, Rule.BLOCK, name="pent-4-enyl", members=(one, other),
            views={CLEAR: Tier.WATCH}, countries=["DE"],
        )  # fmt: skip
        assert telling(session, left(block, family)) == [DUTY]


def test_once_the_family_has_closed_those_are_told_who_were_spared(database):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        a_subscriber(session, "rule@example.org").filters = {"rules": ["QUANTITY"]}
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        assert telling(session, left(seizure, family)) == ["rule@example.org"]
        family.state = EpisodeState.CLOSED
        closing = changes_of(family, "closed")
        assert telling(session, [*closing, *late(seizure)], LATER + timedelta(days=1)) == [DUTY]


def test_what_was_left_to_a_family_closes_its_alert_when_it_ends(database):
    with database.transaction() as session:
        a_subscriber(session, DUTY)
        member = a_substance(session)
        family, seizure = a_family(session, member), a_large_seizure(session, member)
        told(session, family)
        told_then = tell(session, left(seizure, family), now=LATER, host=HOST)
        assert told_then == Told(alerts=1, editions=1)
        seizure.state = EpisodeState.CLOSED
        assert tell(session, changes_of(seizure, "closed"), now=LATER, host=HOST).closed == 1
        states = {alert.node_key: alert.state for alert in session.scalars(select(Alert))}
        assert states == {"nitazene": AlertState.ISSUED, member.code: AlertState.CLOSED}

"""Rhythms in the outbox: what is gathered, what waits for the morning, and one mail for two wishes;
what families and watch lists let pass; and what a wish would have brought."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.access.roles import SYSTEM, Actor, Role
from app.notification.filters import Filters
from app.notification.looking_back import look_back
from app.notification.models import DigestEntry, Rhythm
from app.notification.telling import Told
from app.notification.wishes import Wish
from app.surveillance.models import EpisodeState, Rule, Tier
from tests.intake.taking import take_reports
from tests.notification.making import (
    AMBER,
    CLEAR,
    NOW,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)
from tests.reporting import laboratory, report

MORNING = datetime(2026, 11, 21, 7, tzinfo=UTC)


def entries(session):
    return list(session.scalars(select(DigestEntry).order_by(DigestEntry.id)))


def test_a_digest_gathers_and_what_is_urgent_comes_at_once(database):
    with database.transaction() as session:
        one = a_subscriber(session)
        one.rhythm = Rhythm.DAILY
        calm = an_episode(session, a_substance(session))
        grave = an_episode(
            session, a_substance(session, "B", connectivity="B"), views={CLEAR: Tier.URGENT}
        )
        assert told(session, calm, grave) == Told(alerts=2, editions=2, messages=1, gathered=1)
        (entry,), (message,) = entries(session), messages(session)
        assert (entry.subscription_id, entry.due_at) == (one.id, MORNING)
        assert message.edition.tier is Tier.URGENT
        calm.state = EpisodeState.CLOSED
        told(session, calm, reason="closed", now=NOW + timedelta(hours=1))
        assert entries(session) == []  # what has ended is not told late


def test_quiet_hours_keep_a_mail_until_the_morning(database):
    with database.transaction() as session:
        one = a_subscriber(session)
        one.quiet_from, one.quiet_until = 8, 7
        told(session, an_episode(session, a_substance(session)))
        assert messages(session)[0].next_try_at == MORNING


def test_two_wishes_of_one_address_are_one_telling_the_fuller_and_the_sooner(database):
    with database.transaction() as session:
        gathered = a_subscriber(session)
        gathered.rhythm = Rhythm.WEEKLY
        a_subscriber(session, clearance=CLEAR)
        told(session, an_episode(session, a_substance(session), views={CLEAR: 1, AMBER: 2}))
        (message,) = messages(session)
        assert (message.edition.handling, message.next_try_at) == (AMBER, NOW)
        assert entries(session) == []


@pytest.mark.parametrize(
    ("filters", "hears"),
    [
        ({"families": ["nitazene"]}, True),
        ({"families": ["cathinone"]}, False),
        ({"clusters": ["nitazene"]}, True),
        ({"substances": ["TS-00001"]}, True),
        ({"substances": ["TS-00002"]}, False),
        ({"regions": ["Europe"]}, True),
        ({"regions": ["Asia"]}, False),
        ({"near_me": True}, True),
        ({"rules": ["NEW_SPREAD"]}, True),
        ({"rules": ["GROWTH"]}, False),
        ({"event_kinds": ["death"]}, False),
    ],
)
def test_each_filter_looks_at_what_the_alert_says(database, filters, hears):
    with database.transaction() as session:
        substance = a_substance(session)
        one = a_subscriber(session)
        if wanted := filters.get("substances"):
            filters = {"substances": [substance.code] if wanted == ["TS-00001"] else ["TS-99999"]}
        one.filters = filters
        told(session, an_episode(session, substance))
        assert len(messages(session)) == hears


def test_a_watch_list_follows_a_merge(database):
    with database.transaction() as session:
        kept, gone = a_substance(session), a_substance(session, "Same", connectivity="GONE")
        gone.merged_into_id = kept.id
        a_subscriber(session).filters = {"substances": [gone.code]}
        told(session, an_episode(session, kept))
        assert len(messages(session)) == 1


def test_a_kind_of_event_is_known_to_those_who_may_count_its_report(database):
    from app.registry.models import Substance

    sent = report(reference="D-1", event_kind="death", outcome="death", handling="amber")
    take_reports(database, [sent], by=laboratory(database, "DE"))
    with database.transaction() as session:
        substance = session.scalar(select(Substance))
        for level in (CLEAR, AMBER):
            one = a_subscriber(session, f"{level.word}@example.org", clearance=level)
            one.filters = {"event_kinds": ["death"]}
        told(session, an_episode(session, substance, views={CLEAR: 2, AMBER: 2}))
        assert [m.recipient for m in messages(session)] == ["amber@example.org"]


def back(session, wish=None, by=SYSTEM, home="DE", now=NOW):
    return look_back(session, wish or Wish(), home=home, by=by, now=now)


def test_looking_back_counts_what_was_told_and_nothing_else(database):
    with database.transaction() as session:
        substance = a_substance(session)
        first = an_episode(session, substance, views={CLEAR: 1, AMBER: Tier.URGENT})
        told(session, first)
        later = NOW + timedelta(days=2)
        told(session, an_episode(session, substance, Rule.FIRST_REGION, "Asia"), now=later)
        first.state = EpisodeState.CLOSED
        told(session, first, reason="closed", now=later + timedelta(days=1))
        end = later + timedelta(days=2)
        seen = back(session, now=end)
        assert (seen.told, seen.urgent, seen.mails) == (2, 2, 2)
        assert [edition.handling for edition in seen.newest] == [AMBER, AMBER]
        public = back(session, Wish(clearance=CLEAR), now=end)
        assert (public.told, public.urgent) == (2, 0)
        assert {edition.handling for edition in public.newest} == {CLEAR}
        assert back(session, now=end + timedelta(days=365)).told == 0


def test_looking_back_agrees_with_what_was_sent(database):
    wishes = {
        "all@example.org": Wish(),
        "nitazenes@example.org": Wish(filters=Filters(groups=frozenset({"nitazenes"}))),
        "urgent@example.org": Wish(min_tier=Tier.URGENT),
        "asia@example.org": Wish(filters=Filters(regions=frozenset({"Asia"}))),
        "clear@example.org": Wish(clearance=CLEAR),
    }
    with database.transaction() as session:
        for email, wish in wishes.items():
            one = a_subscriber(session, email)
            one.filters, one.min_tier = wish.filters.as_json(), wish.min_tier
            one.clearance = wish.clearance
        nitazene = a_substance(session)
        other = a_substance(session, "B", connectivity="B", group="other", family="other")
        told(
            session,
            an_episode(session, nitazene, views={CLEAR: 1, AMBER: 3}),
            an_episode(session, nitazene, Rule.FIRST_REGION, "Asia", views={AMBER: 2}),
            an_episode(session, other, countries=["JP"]),
        )
        sent = [message.recipient for message in messages(session)]
        for email, wish in wishes.items():
            assert back(session, wish).told == sent.count(email), email
        assert len(set(sent)) == len(wishes)


def test_nobody_looks_back_at_what_they_are_not_cleared_for(database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={Handling.RED: 3, AMBER: 2}))
        stranger = Actor(Role.PUBLIC, "anybody")
        home = an_authority(session)
        reader = Actor(Role.SUBSCRIBER, "a@example.org", home.id, home.code)
        assert back(session, by=stranger).told == 0
        assert back(session, by=reader).urgent == 0
        assert {e.handling for e in back(session, by=SYSTEM).newest} == {AMBER}  # never red

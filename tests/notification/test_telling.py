"""What is told, to whom, in which words."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.notification.models import Alert, AlertState, Edition, Message
from app.notification.telling import Told, tell
from app.surveillance.models import EpisodeState, Rule, Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    GREEN,
    HOST,
    NOW,
    RED,
    a_subscriber,
    a_substance,
    add_view,
    an_episode,
    changes_of,
    messages,
    told,
)

LATER = NOW + timedelta(days=1)


def newest(session, level):
    return session.scalar(
        select(Edition).where(Edition.handling <= level).order_by(Edition.id.desc()).limit(1)
    )


def test_three_episodes_of_one_substance_make_one_mail_for_each_subscriber(database):
    with database.transaction() as session:
        substance = a_substance(session)
        for who in ("a@example.org", "b@example.org"):
            a_subscriber(session, who)
        done = told(
            session,
            an_episode(session, substance, Rule.FIRST_WORLD),
            an_episode(session, substance, Rule.FIRST_COUNTRY, "DE", countries=["DE"]),
            an_episode(session, substance, Rule.NEW_SPREAD, views={CLEAR: Tier.URGENT}),
        )
        assert done == Told(alerts=1, editions=1, messages=2, closed=0)
        edition = messages(session)[0].edition
        assert edition.headline == "Protonitazene: new spread in 3 countries"
        assert len(edition.sentences) == 3
        assert edition.tier is Tier.URGENT
        assert edition.countries == ["DE", "EE", "FR"]


def test_without_changes_nothing_is_told_again(database):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
    with database.transaction() as session:
        assert tell(session, (), now=LATER, host=HOST) == Told()
        assert session.scalar(select(func.count()).select_from(Edition)) == 1
        assert len(messages(session)) == 1


def test_two_subscriptions_of_one_address_are_one_mail(database):
    with database.transaction() as session:
        a_subscriber(session, clearance=CLEAR)
        a_subscriber(session, group="nitazenes")
        told(session, an_episode(session, a_substance(session), views={CLEAR: 1, AMBER: 2}))
        (message,) = messages(session)
        assert message.edition.handling is AMBER


@pytest.mark.parametrize(
    ("filters", "hears"),
    [
        ({}, True),
        ({"group": "nitazenes"}, True),
        ({"group": "other"}, False),
        ({"country": "EE"}, True),
        ({"country": "BR"}, False),
        ({"min_tier": Tier.ALERT}, True),
        ({"min_tier": Tier.URGENT}, False),
        ({"ended_at": NOW}, False),
        ({"created_at": LATER}, False),
    ],
)
def test_a_subscriber_hears_what_passes_the_filters(database, filters, hears):
    with database.transaction() as session:
        a_subscriber(session, **filters)
        told(session, an_episode(session, a_substance(session)))
        assert len(messages(session)) == hears


@pytest.mark.parametrize(
    ("level", "hearers"),
    [
        (CLEAR, {"clear", "green", "amber", "red"}),
        (GREEN, {"green", "amber", "red"}),
        (AMBER, {"amber", "red"}),
        (RED, {"red"}),
    ],
)
def test_nobody_hears_of_what_they_are_not_cleared_for(database, level, hearers):
    with database.transaction() as session:
        for clearance in (CLEAR, GREEN, AMBER, RED):
            a_subscriber(session, f"{clearance.word}@example.org", clearance=clearance)
        told(session, an_episode(session, a_substance(session), views={level: Tier.ALERT}))
        assert {m.recipient.partition("@")[0] for m in messages(session)} == hearers
        assert {m.edition.handling for m in messages(session)} == {level}


def test_each_reader_gets_the_words_for_their_level(database):
    with database.transaction() as session:
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        a_subscriber(session, "amber@example.org")
        views = {CLEAR: Tier.WATCH, AMBER: Tier.URGENT}
        told(session, an_episode(session, a_substance(session), views=views))
        said = {m.recipient: m.edition for m in messages(session)}
        assert said["public@example.org"].sentences == ["NEW_SPREAD world clear"]
        assert said["public@example.org"].tier is Tier.WATCH
        assert said["amber@example.org"].sentences == ["NEW_SPREAD world amber"]
        assert said["amber@example.org"].tier is Tier.URGENT


def test_a_clear_view_is_no_news_to_those_who_read_the_amber_one(database):
    with database.transaction() as session:
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        a_subscriber(session, "amber@example.org")
        episode = an_episode(session, a_substance(session), views={AMBER: Tier.ALERT})
        told(session, episode)
        add_view(episode, CLEAR, Tier.ALERT)
        session.flush()
        tell(session, changes_of(episode, levels=[CLEAR]), now=LATER, host=HOST)
        assert [m.recipient for m in messages(session)] == [
            "amber@example.org",
            "public@example.org",
        ]


def test_an_amber_view_that_becomes_clear_is_no_news_to_those_who_read_it(database):
    with database.transaction() as session:
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        a_subscriber(session, "amber@example.org")
        episode = an_episode(session, a_substance(session), views={AMBER: Tier.ALERT})
        told(session, episode)
        episode.views.clear()
        session.flush()
        add_view(episode, CLEAR, Tier.ALERT)
        session.flush()
        told(session, episode, now=LATER)
        assert [m.recipient for m in messages(session)] == [
            "amber@example.org",
            "public@example.org",
        ]
        assert newest(session, AMBER).issued_at == LATER


def test_when_one_audience_loses_its_view_the_alert_is_over_for_them_alone(database):
    with database.transaction() as session:
        a_subscriber(session)
        views = {CLEAR: Tier.WATCH, AMBER: Tier.ALERT}
        episode = an_episode(session, a_substance(session), views=views)
        told(session, episode)
        gone = changes_of(episode, "closed", [CLEAR])
        episode.views.pop(0)
        session.flush()
        assert tell(session, gone, now=LATER, host=HOST).closed == 0
        assert newest(session, CLEAR).detail["episodes"] == []
        assert newest(session, AMBER).sentences == ["NEW_SPREAD world amber"]
        assert len(messages(session)) == 1


def test_a_newer_clear_edition_never_hides_what_amber_readers_know(database):
    with database.transaction() as session:
        a_subscriber(session, "amber@example.org")
        substance = a_substance(session)
        secret = an_episode(
            session, substance, Rule.FIRST_REGION, "Asia", views={AMBER: Tier.URGENT}
        )
        told(session, secret)
        told(session, an_episode(session, substance), now=LATER)
        for level in (AMBER, RED):
            edition = newest(session, level)
            assert edition.handling is AMBER
            assert edition.sentences == ["NEW_SPREAD world clear", "FIRST_REGION Asia amber"]
            assert edition.tier is Tier.URGENT
        for level in (CLEAR, GREEN):
            assert newest(session, level).sentences == ["NEW_SPREAD world clear"]
        assert messages(session)[-1].edition.handling is AMBER


def test_what_is_new_comes_first_in_the_next_edition_of_the_same_alert(database):
    with database.transaction() as session:
        substance = a_substance(session)
        told(session, an_episode(session, substance, views={CLEAR: Tier.URGENT}))
        told(session, an_episode(session, substance, Rule.FIRST_COUNTRY, "CL"), now=LATER)
        edition = newest(session, CLEAR)
        assert session.scalar(select(func.count()).select_from(Alert)) == 1
        assert edition.headline == "Protonitazene: first report in Chile"
        assert edition.sentences == ["FIRST_COUNTRY CL clear", "NEW_SPREAD world clear"]
        assert [e["news"] for e in edition.detail["episodes"]] == ["opened", None]


@pytest.mark.parametrize(
    ("reason", "headline"),
    [
        ("raised", "Protonitazene: new spread in 3 countries, now alert"),
        ("wider", "Protonitazene: new spread in 3 countries"),
        ("doubled", "Protonitazene: new spread in 3 countries, doubled since you were told"),
    ],
)
def test_people_are_told_again_when_it_rises_widens_or_doubles(database, reason, headline):
    with database.transaction() as session:
        a_subscriber(session)
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        told(session, episode, now=LATER, reason=reason)
        assert len(messages(session)) == 2
        assert messages(session)[1].edition.reason == reason
        assert messages(session)[1].edition.headline == headline
        (sentence,) = messages(session)[1].edition.sentences
        said = "The evidence has doubled since you were told." in sentence
        assert said is (reason == "doubled")


def test_when_the_last_episode_closes_the_alert_closes_without_a_mail(database):
    with database.transaction() as session:
        a_subscriber(session)
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        episode.state = EpisodeState.CLOSED
        done = told(session, episode, now=LATER, reason="closed")
        assert (done.messages, done.closed) == (0, 1)
        alert = session.scalar(select(Alert))
        assert alert.state is AlertState.CLOSED
        assert alert.closed_at == LATER
        assert newest(session, CLEAR).headline == "Protonitazene: no signal open any more"
        assert newest(session, CLEAR).countries == []  # one of them may have taken it back
        assert session.scalar(select(func.count()).select_from(Message)) == 0  # nor mailed late


def test_a_later_episode_opens_a_new_alert(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        episode.state = EpisodeState.CLOSED
        told(session, episode, now=LATER, reason="closed")
        told(session, an_episode(session, episode.substance), now=LATER + timedelta(days=90))
        assert session.scalar(select(func.count()).select_from(Alert)) == 2


def test_when_one_of_two_closes_the_alert_says_so_and_stays_open(database):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        ends = an_episode(session, substance, Rule.FIRST_WORLD, views={AMBER: Tier.URGENT})
        told(session, ends, an_episode(session, substance))
        ends.state = EpisodeState.CLOSED
        done = told(session, ends, now=LATER, reason="closed")
        assert (done.messages, done.closed) == (0, 0)
        assert newest(session, AMBER).sentences == ["NEW_SPREAD world clear"]
        assert newest(session, AMBER).reason == "closed"
        assert newest(session, CLEAR).issued_at == NOW


def test_what_closed_before_anybody_was_told_makes_no_alert(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        episode.state = EpisodeState.CLOSED
        assert told(session, episode, reason="closed") == Told()


def test_an_exercise_is_marked_and_kept_apart_from_the_real(database):
    with database.transaction() as session:
        substance = a_substance(session)
        told(
            session,
            an_episode(session, substance, simulated=True),
            an_episode(session, substance, Rule.FIRST_WORLD),
        )
        said = {e.alert.simulated: e.sentences for e in session.scalars(select(Edition))}
        assert said == {
            True: ["NEW_SPREAD world clear"],
            False: ["FIRST_WORLD world clear"],
        }


def test_message_ids_name_alert_edition_and_recipient_without_showing_the_address(database):
    with database.transaction() as session:
        a_subscriber(session, "duty@example.org")
        told(session, an_episode(session, a_substance(session)))
        (message,) = messages(session)
        code, edition = message.edition.alert.code, message.edition_id
        assert message.message_id.startswith(f"<{code}.E{edition}.")
        assert message.message_id.endswith(f"@{HOST}>")
        assert "duty" not in message.message_id

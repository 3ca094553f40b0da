"""Alerts told together: each once, in its newest wording, the gravest first."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.roles import SYSTEM
from app.notification import digests
from app.notification.models import (
    AlertState,
    DigestEntry,
    Edition,
    Message,
    MessageState,
    Purpose,
    Rhythm,
)
from app.notification.subscriptions import end
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    HOST,
    NOW,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)
from tests.notification.sending import letters, send, through
from tests.notification.test_letters import parts

HOUR = timedelta(hours=1)


def an_alert(session, number=0, level=CLEAR, tier=Tier.ALERT, now=NOW, **more):
    """An alert about a substance of its own; its newest edition."""
    name = more.pop("name", f"Substance {number}")
    substance = a_substance(session, name, connectivity=f"AAAAAAAAAAAA{number:02d}")
    told(session, an_episode(session, substance, views={level: tier}, **more), now=now)
    return session.scalars(select(Edition).order_by(Edition.id.desc())).first()


def waits(session, subscription, *editions, due=NOW):
    for edition in editions:
        session.add(DigestEntry(subscription_id=subscription.id, edition=edition, due_at=due))
    session.flush()


def gather(session, now=NOW):
    return digests.gather(session, now=now, host=HOST)


def mail_of(session, message):
    """Subject and text."""
    headers, bodies = parts(letters().write(session, message).content)
    return headers["Subject"], bodies[0][3].replace("\r\n", "\n")


def test_what_is_due_is_one_mail_the_gravest_first(database):
    with database.transaction() as session:
        editions = [
            an_alert(session, 1, now=NOW),
            an_alert(session, 2, tier=Tier.URGENT, now=NOW + HOUR),
            an_alert(session, 3, level=AMBER, now=NOW + 2 * HOUR),
        ]
        later = an_alert(session, 4)
        reader = a_subscriber(session)
        reader.rhythm = Rhythm.DAILY
        waits(session, reader, *editions)
        waits(session, reader, later, due=NOW + 9 * HOUR)
        assert gather(session) == 1
        assert gather(session) == 0
        (digest,) = messages(session)
        assert (digest.purpose, digest.recipient) == (Purpose.DIGEST, "duty@example.org")
        subject, text = mail_of(session, digest)
        assert subject == "Tocsin daily: 3 alerts [TLP:AMBER]"
        assert text.startswith("3 alerts since yesterday.")
        places = [text.index(f"Substance {number}:") for number in (2, 3, 1)]
        assert places == sorted(places)
        assert "Substance 4" not in text


def test_an_alert_is_told_once_in_its_newest_wording(database):
    with database.transaction() as session:
        substance = a_substance(session)
        for scope in ("Asia", "Europe"):
            told(session, an_episode(session, substance, scope=scope), now=NOW)
        older, newer = session.scalars(select(Edition).order_by(Edition.id))
        reader = a_subscriber(session)
        reader.rhythm = Rhythm.WEEKLY
        waits(session, reader, older, newer)
        gather(session)
        (digest,) = messages(session)
        assert digest.detail["editions"] == [newer.id]
        assert mail_of(session, digest)[0] == "Tocsin weekly: 1 alert [TLP:CLEAR]"


def test_nothing_above_the_clearance_is_told_and_the_mark_is_that_of_what_is(database):
    with database.transaction() as session:
        reader = a_subscriber(session, clearance=CLEAR)
        public = an_alert(session, 1)
        amber = an_alert(session, 2, level=AMBER)
        session.query(Message).delete()
        waits(session, reader, public, amber)
        gather(session)
        (digest,) = messages(session)
        subject, text = mail_of(session, digest)
        assert subject == "Tocsin: 1 alert [TLP:CLEAR]"
        assert "Substance 2" not in text and "AMBER" not in text


def test_what_became_restricted_since_is_not_told_at_all(database):
    with database.transaction() as session:
        reader = a_subscriber(session, clearance=CLEAR)
        waits(session, reader, an_alert(session, level=AMBER))
        gather(session)
        (digest,) = messages(session)
        assert digest.state is MessageState.GIVEN_UP


@pytest.mark.parametrize("state", [AlertState.CLOSED, AlertState.RETRACTED])
def test_what_ended_meanwhile_says_so(database, state):
    with database.transaction() as session:
        edition = an_alert(session)
        waits(session, a_subscriber(session), edition)
        gather(session)
        edition.alert.state = state
        session.flush()
        (digest,) = messages(session)
        assert f"{state.value.title()} since" in mail_of(session, digest)[1]


def test_who_ended_gets_no_digest_and_who_pauses_gets_it_later(database):
    with database.transaction() as session:
        gone = a_subscriber(session, "a@example.org")
        paused = a_subscriber(session, "b@example.org")
        edition = an_alert(session)
        session.query(Message).delete()
        waits(session, gone, edition)
        waits(session, paused, edition)
        end(session, gone.id, now=NOW, by=SYSTEM)
        paused.paused_until = NOW + HOUR
        session.flush()
        assert gather(session) == 0
        assert gather(session, NOW + HOUR) == 1
        assert [m.recipient for m in messages(session)] == ["b@example.org"]


def test_many_alerts_at_once_are_five_mails_and_one_for_the_rest(database, mail_server):
    def burst(session, now):
        return digests.hold_back(session, now=now, most=5)

    with database.transaction() as session:
        a_subscriber(session)
        for number in range(9):
            an_alert(session, number, tier=Tier.URGENT if number == 8 else Tier.ALERT)
    transport = through(mail_server)
    assert send(database, transport, prepare=burst).sent == 6
    subjects = [mail["Subject"] for mail in mail_server.accepted]
    assert sum("Substance 8" in subject for subject in subjects) == 1
    later = NOW + HOUR / 2
    with database.transaction() as session:
        an_alert(session, 9, now=later)
    assert send(database, transport, later, prepare=burst).sent == 0
    with database.transaction() as session:
        assert gather(session, NOW + HOUR) == 1
    assert send(database, transport, NOW + HOUR, prepare=burst).sent == 1
    last = mail_server.accepted[-1]
    assert last["Subject"] == "Tocsin: 4 alerts [TLP:CLEAR]"
    with database.transaction() as session:
        an_alert(session, 10, now=NOW + 2 * HOUR)
    assert send(database, transport, NOW + 2 * HOUR, prepare=burst).sent == 1


def test_each_recipient_is_counted_apart(database):
    with database.transaction() as session:
        for who in ("a@example.org", "b@example.org"):
            a_subscriber(session, who)
        for number in range(3):
            an_alert(session, number)
        assert digests.hold_back(session, now=NOW, most=3) == 0
        assert digests.hold_back(session, now=NOW, most=2) == 2
        assert sorted(m.recipient[0] for m in messages(session)) == ["a", "a", "b", "b"]
        assert digests.hold_back(session, now=NOW, most=2) == 0


def test_a_retraction_waits_for_no_digest(database):
    with database.transaction() as session:
        a_subscriber(session)
        for number in range(2):
            edition = an_alert(session, number)
        edition.reason = "retracted"
        session.flush()
        assert digests.hold_back(session, now=NOW, most=1) == 0


@pytest.fixture
def steps(database):
    """Counts the steps of SQLite's machine, which no other program on the machine can change."""
    if database.engine.dialect.name != "sqlite":
        pytest.skip("counted in SQLite's steps")

    def count(session, work):
        ticks, line = [0], session.connection().connection.driver_connection

        def tick():
            ticks[0] += 1

        line.set_progress_handler(tick, 1_000)
        work()
        line.set_progress_handler(None, 0)
        return ticks[0]

    return count


def half_sent(session, edition, reader, people):
    """Mails of one alert to so many people, every second one sent."""
    session.query(Message).delete()
    session.add_all(
        Message(
            edition=edition,
            subscription=reader,
            recipient=f"p{number}@example.org",
            message_id=f"<{number}@example.org>",
            state=MessageState.SENT if number % 2 else MessageState.WAITING,
            sent_at=NOW if number % 2 else None,
            next_try_at=NOW,
        )
        for number in range(people)
    )
    session.flush()


def test_ten_times_the_mails_are_ten_times_the_work(database, steps):
    with database.transaction() as session:
        reader = a_subscriber(session)
        edition = an_alert(session)
        worked = []
        for people in (300, 3_000):
            half_sent(session, edition, reader, people)
            worked.append(steps(session, lambda: digests.hold_back(session, now=NOW, most=5)))
        assert worked[1] < 20 * max(worked[0], 1)


def test_what_waits_is_looked_at_once_a_run_and_again_when_more_was_written(
    database, mail_server, monkeypatch
):
    looked = []
    monkeypatch.setattr(digests, "hold_back", lambda *_, **__: looked.append(1))
    monkeypatch.setattr("app.notification.delivery.BATCH", 1)
    with database.transaction() as session:
        for who in "abc":
            a_subscriber(session, f"{who}@example.org")
        an_alert(session, 1)
    holding = digests.HoldingBack(5)
    assert send(database, through(mail_server), prepare=holding).sent == 3
    assert len(looked) == 1
    with database.transaction() as session:
        an_alert(session, 2)
    assert send(database, through(mail_server), prepare=holding).sent == 3
    assert len(looked) == 2

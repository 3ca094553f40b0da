"""The whole way: reports come in, the rules run, people are told, the mail server has the mail."""

from datetime import timedelta

from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.notification.delivery import Delivered
from app.notification.queries import alerts
from app.notification.telling import Told, tell
from app.surveillance.queries import episodes
from app.surveillance.service import assess
from app.surveillance.triage import close
from tests.notification.making import (
    AMBER,
    CLEAR,
    HOST,
    NOW,
    RED,
    a_subscriber,
    a_substance,
    messages,
)
from tests.notification.sending import send, through
from tests.surveillance.making import a_report

TODAY = NOW.date()
ANALYST = Actor(Role.ANALYST, "analyst")


def assess_and_tell(session, days=0):
    now = NOW + timedelta(days=days)
    outcome = assess(session, as_of=now.date(), now=now)
    return tell(session, outcome.changes, now=now, host=HOST)


def report(session, substance, country, days=0, **more):
    return a_report(session, substance, country, TODAY + timedelta(days=days - 1), **more)


def test_reports_from_three_countries_are_one_mail_and_one_alert(database, mail_server):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        for country in ("DE", "EE", "FR"):
            report(session, substance, country)
        done = assess_and_tell(session)
        assert (done.alerts, done.editions, done.messages) == (1, 1, 1)
    assert send(database, through(mail_server)) == Delivered(sent=1)
    (mail,) = mail_server.accepted
    assert mail["Subject"].startswith("Protonitazene: ")
    assert "Germany" in mail.get_body(("plain",)).get_content()
    with database.transaction() as session:
        assert assess_and_tell(session) == Told()
        assert assess_and_tell(session, days=1) == Told()


def test_amber_reports_reach_the_subscriber_and_not_the_public(database):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        for country in ("DE", "EE", "FR"):
            report(session, substance, country, handling=AMBER)
        assess_and_tell(session)
        assert [m.edition.handling for m in messages(session)] == [AMBER]
        assert alerts(session, ANYBODY).items == []
        report(session, substance, "PL", days=1, handling=CLEAR)
        assess_and_tell(session, days=1)
        (public,) = alerts(session, ANYBODY).items
        assert public.edition.countries == ["PL"]
        (everything,) = alerts(session, SYSTEM).items
        assert set(everything.edition.countries) == {"DE", "EE", "FR", "PL"}


def test_red_reports_are_told_to_nobody_by_mail(database):
    with database.transaction() as session:
        a_subscriber(session)
        report(session, a_substance(session), "DE", handling=RED)
        done = assess_and_tell(session)
        assert (done.alerts, done.messages) == (1, 0)
        assert messages(session) == []


def test_when_an_analyst_closes_the_last_episode_the_alert_closes_without_a_mail(database):
    with database.transaction() as session:
        a_subscriber(session)
        report(session, a_substance(session), "DE")
        assess_and_tell(session)
        (seen,) = episodes(session, ANALYST).items
        changes = close(
            session,
            seen.episode.code,
            outcome="data_error",
            by=ANALYST,
            now=NOW,
            note="mislabelled",
        )
        done = tell(session, changes, now=NOW, host=HOST)
        assert (done.closed, done.messages) == (1, 0)
        (alert,) = alerts(session, ANYBODY).items
        assert not alert.open


def test_an_alert_about_a_substance_that_was_taken_back_is_gone_for_everybody_else(database):
    with database.transaction() as session:
        substance = a_substance(session)
        report(session, substance, "DE")
        assess_and_tell(session)
        assert alerts(session, ANYBODY).items
        assert episodes(session, ANYBODY).items
        substance.handling = RED
        session.flush()
        assert not alerts(session, ANYBODY).items
        assert not episodes(session, ANYBODY).items

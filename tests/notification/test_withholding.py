"""What waits is not told once it names a substance that its reader may not know of any more."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import SYSTEM
from app.notification import webhooks
from app.notification.digest_mail import compose
from app.notification.digests import gather
from app.notification.models import (
    DigestEntry,
    Message,
    MessageState,
    Purpose,
    Rhythm,
    Subscription,
)
from app.notification.posts import Office, Posted, post_due
from app.notification.subscriptions import subscribe
from app.notification.withholding import WHY, withhold
from app.registry.models import Substance
from app.surveillance.models import EpisodeState, Rule, Tier
from app.worker import Work, assess_and_tell
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    FAMILY,
    HOST,
    NOW,
    RED,
    SENDER,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)
from tests.notification.receiving import LOCAL
from tests.notification.sending import send, through
from tests.reporting import NOW as TODAY

LATER = NOW + timedelta(days=1)
OTHER = "OTHERZENEAAAAA"


def restrict(session, level, connectivity="SJHUJFHOXYDSJY"):
    one = session.scalar(select(Substance).where(Substance.connectivity == connectivity))
    one.handling = level
    session.flush()


def a_family(session):
    members = [a_substance(session), a_substance(session, "Otherzene", connectivity=OTHER)]
    return an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=members)


def states(session):
    return {m.recipient.partition("@")[0]: (m.state.value, m.last_error) for m in messages(session)}


ABOUT = {
    "substance": lambda session: an_episode(session, a_substance(session)),
    "member": a_family,
}


@pytest.mark.parametrize("about", ABOUT)
@pytest.mark.parametrize(("level", "still"), [(CLEAR, "clear amber"), (AMBER, "amber"), (RED, "")])
def test_a_mail_that_waits_is_given_up_for_those_below_the_handling(database, about, level, still):
    with database.transaction() as session:
        a_subscriber(session, "clear@example.org", clearance=CLEAR)
        a_subscriber(session, "amber@example.org")
        told(session, ABOUT[about](session))
        restrict(session, level)
        done = withhold(session, now=NOW)
        session.expire_all()
        waiting, gone = ("waiting", None), ("given_up", WHY)
        assert states(session) == {
            who: waiting if who in still.split() else gone for who in ("clear", "amber")
        }
        assert done.messages == 2 - len(still.split())
        said = session.scalars(select(AuditEvent).where(AuditEvent.action == "alert.withhold"))
        assert [(e.subject, e.detail) for e in said] == (
            [("A-00001", {"messages": done.messages, "entries": 0, "reason": WHY})]
            if done.messages
            else []
        )
        assert withhold(session, now=NOW).messages == 0


def test_somebody_cleared_for_less_by_now_is_not_told_what_waits(database):
    with database.transaction() as session:
        one = a_subscriber(session)
        substance = a_substance(session)
        told(session, an_episode(session, substance, views={AMBER: Tier.ALERT}))
        one.clearance = CLEAR
        session.flush()
        assert withhold(session, now=NOW).messages == 1


def test_what_is_parked_or_sent_or_in_hand_stays_as_it_is(database):
    with database.transaction() as session:
        for name in ("parked", "sent", "waiting"):
            a_subscriber(session, f"{name}@example.org")
        told(session, an_episode(session, a_substance(session)))
        for one in messages(session):
            one.state = MessageState(one.recipient.partition("@")[0])
            if one.state is MessageState.WAITING:
                one.lease_owner, one.leased_until = "somebody", NOW + timedelta(minutes=1)
        restrict(session, RED)
        assert withhold(session, now=NOW).messages == 0
        assert withhold(session, now=NOW + timedelta(minutes=2)).messages == 1  # a dead worker's


def test_what_waits_for_a_digest_is_dropped(database):
    with database.transaction() as session:
        for name, clearance in (("clear", CLEAR), ("amber", AMBER)):
            a_subscriber(session, f"{name}@example.org", clearance=clearance).rhythm = Rhythm.WEEKLY
        told(session, a_family(session))
        restrict(session, AMBER, OTHER)
        assert withhold(session, now=NOW).entries == 1
        (left,) = session.scalars(select(DigestEntry))
        assert session.get(Subscription, left.subscription_id).clearance is AMBER


def test_a_digest_tells_the_newest_that_names_none_and_of_no_other(database):
    with database.transaction() as session:
        a_subscriber(session).rhythm = Rhythm.WEEKLY
        first = a_substance(session)
        episode = an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=[first])
        told(session, episode)
        second = a_substance(session, "Otherzene", connectivity=OTHER)
        view = episode.views[0]
        named = [{"id": one.code, "name": one.name} for one in (first, second)]
        view.evidence = view.evidence | {"details": {"members": named}}
        session.flush()
        told(session, episode, now=LATER, reason="wider")
        restrict(session, RED, OTHER)
        session.expire_all()
        week = NOW + timedelta(days=8)
        assert gather(session, now=week, host=HOST) == 1
        (message,) = messages(session)
        assert message.detail["editions"] == [1]
        restrict(session, RED)
        assert withhold(session, now=week).messages == 1
        session.expire_all()
        assert (message.state, message.last_error) == (MessageState.GIVEN_UP, WHY)


def test_a_digest_of_which_a_part_is_restricted_tells_the_rest(database):
    with database.transaction() as session:
        a_subscriber(session).rhythm = Rhythm.WEEKLY
        kept = a_substance(session, "Otherzene", connectivity=OTHER)
        told(session, an_episode(session, a_substance(session)), an_episode(session, kept))
        gather(session, now=NOW + timedelta(days=8), host=HOST)
        restrict(session, RED)
        assert withhold(session, now=NOW).messages == 0
        (message,) = messages(session)
        mail = compose(session, message, base_url=BASE, sender=SENDER)
        text = mail.get_body(("plain",)).get_content()
        assert "Otherzene" in text and "Protonitazene" not in text


def test_what_was_restricted_a_moment_ago_is_not_sent_though_nothing_was_assessed(
    database, mail_server
):
    with database.transaction() as session:
        a_subscriber(session)
        weekly = a_subscriber(session, "weekly@example.org")
        weekly.rhythm = Rhythm.WEEKLY
        told(session, an_episode(session, a_substance(session)))
        gather(session, now=NOW + timedelta(days=8), host=HOST)
        restrict(session, RED)
    done = send(database, through(mail_server), NOW + timedelta(days=8))
    assert (done.sent, done.failed, done.parked, mail_server.recipients) == (0, 0, 0, [])
    with database.reading() as session:
        assert [(m.purpose, m.state, m.last_error) for m in messages(session)] == [
            (Purpose.ALERT, MessageState.GIVEN_UP, WHY),
            (Purpose.DIGEST, MessageState.GIVEN_UP, WHY),
        ]


def test_a_webhook_is_not_told_either(database, receiver):
    with database.transaction() as session:
        home = an_authority(session)
        hook = webhooks.add(
            session, receiver.url, authority=home, allowed=LOCAL, by=SYSTEM, now=NOW
        )
        subscribe(session, None, authority=home, webhook_id=hook.id, now=NOW)
        told(session, an_episode(session, a_substance(session)))
        restrict(session, RED)
    office = Office(database, lambda *_: {}, LOCAL, "one", lambda: NOW, HOST)
    assert post_due(office) == Posted()
    assert receiver.received == []
    with database.reading() as session:
        assert [m.state for m in messages(session)] == [MessageState.GIVEN_UP]


def test_the_worker_withholds_after_it_has_assessed(database, settings):
    with database.transaction() as session:
        a_subscriber(session, created_at=TODAY)
        episode = an_episode(session, a_substance(session))
        told(session, episode, now=TODAY)
        episode.state = EpisodeState.CLOSED  # made by hand, it is nothing to assess
        restrict(session, RED)
    done = assess_and_tell(Work(database, settings, clock=lambda: TODAY))
    assert done["withheld"] == 1
    with database.reading() as session:
        assert [m.state for m in session.scalars(select(Message))] == [MessageState.GIVEN_UP]

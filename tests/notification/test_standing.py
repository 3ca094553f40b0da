"""Confirming, pausing, bouncing, mending: when a subscription is told and when it is silent."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.roles import SYSTEM, Actor, Role
from app.errors import Forbidden, NotFound, Refused
from app.notification.models import DigestEntry, Purpose, Rhythm, Webhook
from app.notification.standing import (
    HOLDER,
    MOST_QUESTIONS,
    State,
    ask_again,
    bounced,
    confirm,
    end,
    mend,
    pause,
    resume,
    state_of,
)
from app.notification.subscriptions import change, subscribe, subscriptions, wish_of
from app.notification.wishes import Wish
from tests.notification.making import (
    NOW,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)

WEEK = timedelta(days=7)


def focal_point(authority, label="focal@example.org"):
    return Actor(Role.FOCAL_POINT, label, authority.id, authority.code)


def alerted(session):
    """The purposes of the mails that wait once something was told."""
    told(session, an_episode(session, a_substance(session)))
    return [message.purpose for message in messages(session)]


def test_an_address_of_somebody_else_is_asked_and_told_nothing_before(database):
    with database.transaction() as session:
        ours = an_authority(session)
        by = focal_point(ours)
        own = subscribe(session, by.label, authority=ours, now=NOW, by=by)
        other = subscribe(session, "duty@example.org", authority=ours, now=NOW, by=by)
        assert (state_of(own, NOW), state_of(other, NOW)) == (State.ACTIVE, State.UNCONFIRMED)
        assert alerted(session) == [Purpose.CONFIRMATION, Purpose.ALERT]
        confirm(session, other.id, now=NOW, by=HOLDER)
        again = subscribe(session, "duty@example.org", authority=ours, country="DE", now=NOW, by=by)
        assert state_of(again, NOW) is State.ACTIVE  # who confirmed once need not again
        end(session, other.id, now=NOW, by=HOLDER)
        with pytest.raises(NotFound):
            confirm(session, other.id, now=NOW, by=HOLDER)


def test_nobody_is_flooded_with_questions(database):
    with database.transaction() as session:
        ours = an_authority(session)
        by = focal_point(ours)
        wish = {"authority": ours, "now": NOW, "by": by}
        first = subscribe(session, "duty@example.org", **wish)
        for _ in range(MOST_QUESTIONS - 1):
            ask_again(session, first.id, now=NOW, by=by)
        with pytest.raises(Refused, match="does not answer"):
            ask_again(session, first.id, now=NOW, by=by)
        for country in ("DE", "FR", "SE", "IT"):
            subscribe(session, "duty@example.org", country=country, **wish)
        with pytest.raises(Refused, match="to confirm already"):
            subscribe(session, "duty@example.org", country="ES", **wish)


@pytest.mark.parametrize(
    ("silenced", "told_again"),
    [
        (lambda s, one: pause(s, one.id, NOW + WEEK, now=NOW, by=SYSTEM),
         lambda s, one: resume(s, one.id, now=NOW, by=SYSTEM)),
        (lambda s, one: bounced(s, one.email, NOW),
         lambda s, one: mend(s, one.id, now=NOW, by=SYSTEM)),
    ],
)  # fmt: skip
def test_a_pause_and_a_bounce_silence_until_they_end(database, silenced, told_again):
    with database.transaction() as session:
        one = a_subscriber(session)
        silenced(session, one)
        assert alerted(session) == []
        told_again(session, one)
        told(session, an_episode(session, a_substance(session, "B", connectivity="B")))
        assert len(messages(session)) == 1


def test_a_pause_drops_what_waits_and_ends_by_itself(database):
    with database.transaction() as session:
        one, digest = a_subscriber(session), a_subscriber(session, "b@example.org")
        digest.rhythm = Rhythm.DAILY
        assert alerted(session) == [Purpose.ALERT]
        for each in (one, digest):
            pause(session, each.id, NOW + WEEK, now=NOW, by=SYSTEM)
        assert (messages(session), list(session.scalars(select(DigestEntry)))) == ([], [])
        assert state_of(one, NOW + WEEK) is State.ACTIVE
        for until in (NOW, NOW + timedelta(days=400)):
            with pytest.raises(Refused, match="within a year"):
                pause(session, one.id, until, now=NOW, by=SYSTEM)


def test_an_address_that_bounced_is_found_and_mended_whole(database):
    with database.transaction() as session:
        first, second = a_subscriber(session), a_subscriber(session, country="DE")
        assert bounced(session, "Duty@Example.org", NOW) == 2
        assert bounced(session, "duty@example.org", NOW) == 0
        found = subscriptions(session, SYSTEM, state=State.BOUNCED, now=NOW)
        assert found == [first, second]
        mend(session, first.id, now=NOW, by=SYSTEM)
        assert subscriptions(session, SYSTEM, state=State.ACTIVE, now=NOW) == [first, second]


def test_one_changes_what_is_ones_own_and_a_focal_point_that_of_others(database):
    with database.transaction() as session:
        one = a_subscriber(session, "a@example.org")
        home = one.authority
        colleague = Actor(Role.SUBSCRIBER, "b@example.org", home.id, home.code)
        own = Actor(Role.SUBSCRIBER, "a@example.org", home.id, home.code)
        with pytest.raises(Forbidden, match="your own"):
            change(session, one.id, Wish(language="fr"), now=NOW, by=colleague)
        with pytest.raises(Forbidden, match="your own"):
            end(session, one.id, now=NOW, by=colleague)
        for by, language in ((own, "fr"), (focal_point(home), "es")):
            changed = change(session, one.id, Wish(language=language), now=NOW, by=by)
            assert wish_of(changed) == Wish(language=language)


def test_a_second_contact_is_somebody_of_the_authority(database):
    with database.transaction() as session:
        one = a_subscriber(session, "a@example.org")
        wish = Wish(second_contact="b@example.org")
        with pytest.raises(Refused, match="subscribe it first"):
            change(session, one.id, wish, now=NOW, by=SYSTEM)
        a_subscriber(session, "b@example.org")
        assert change(session, one.id, wish, now=NOW, by=SYSTEM).second_contact == "b@example.org"


def test_a_webhook_is_told_at_once_and_by_itself(database):
    with database.transaction() as session:
        home = an_authority(session)
        hook = Webhook(
            authority=home, url="https://a.example", secret="s", created_by="a", created_at=NOW
        )
        session.add(hook)
        session.flush()
        wanted = {"authority": home, "webhook_id": hook.id, "now": NOW}
        with pytest.raises(Refused, match="at once"):
            subscribe(session, None, wish=Wish(rhythm=Rhythm.DAILY), **wanted)
        with pytest.raises(Refused, match="no webhook"):
            subscribe(session, None, **wanted | {"authority": an_authority(session, "X", "FR")})
        subscribe(session, None, **wanted)
        alerted(session)
        (message,) = messages(session)
        assert (message.webhook_id, message.recipient) == (hook.id, f"webhook:{hook.id}")

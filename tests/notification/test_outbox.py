"""Leases, back-off and parking, by the clock."""

from datetime import timedelta

import pytest

from app.errors import NotFound
from app.notification import outbox
from app.notification.models import Message, MessageState
from app.notification.outbox import BACK_OFF, LEASE, MOST_TRIES
from app.notification.queries import outbox_state
from tests.notification.making import NOW, a_subscriber, a_substance, an_episode, told

SECOND = timedelta(seconds=1)


@pytest.fixture
def waiting(database):
    """Three messages in the outbox."""
    with database.transaction() as session:
        for who in "abc":
            a_subscriber(session, f"{who}@example.org")
        told(session, an_episode(session, a_substance(session)))
    return database


def lease(database, owner="one", now=NOW, **more):
    with database.transaction() as session:
        return outbox.lease_due(session, owner=owner, now=now, **more)


def begin(database, number, owner="one", now=NOW):
    with database.transaction() as session:
        return bool(outbox.begin_tries(session, [number], owner=owner, now=now))


def fail(database, number, owner="one", now=NOW, **more):
    with database.transaction() as session:
        return outbox.mark_failed(session, number, owner=owner, now=now, error="451 no", **more)


def held(database, number):
    with database.reading() as session:
        return session.get(Message, number)


def test_what_one_holds_another_does_not_get(waiting):
    first = lease(waiting, "one", limit=2)
    second = lease(waiting, "two")
    assert len(first) == 2
    assert len(second) == 1
    assert not set(first) & set(second)
    assert lease(waiting, "three") == []


def test_a_lease_that_ended_is_taken_over(waiting):
    numbers = lease(waiting, "dead")
    assert lease(waiting, "heir", NOW + LEASE - SECOND) == []
    assert lease(waiting, "heir", NOW + LEASE) == numbers
    assert not begin(waiting, numbers[0], "dead", NOW + LEASE)
    assert begin(waiting, numbers[0], "heir", NOW + LEASE)


def test_failures_are_put_off_by_the_table_and_parked_after_the_last_try(waiting):
    now = NOW
    for tries, seconds in enumerate(BACK_OFF, start=1):
        (number, *_) = lease(waiting, now=now, limit=1)
        assert begin(waiting, number, now=now)
        assert not fail(waiting, number, now=now)
        message = held(waiting, number)
        assert (message.tries, message.state) == (tries, MessageState.WAITING)
        assert message.next_try_at == now + timedelta(seconds=seconds)
        with waiting.transaction() as session:  # the others are not what this test is about
            session.query(Message).where(Message.id != number).update({"state": "sent"})
        now = message.next_try_at
        assert lease(waiting, now=now - SECOND) == []
    (number,) = lease(waiting, now=now)
    assert begin(waiting, number, now=now)
    assert fail(waiting, number, now=now)
    message = held(waiting, number)
    assert (message.tries, message.state) == (MOST_TRIES, MessageState.PARKED)
    assert message.last_error == "451 no"
    assert lease(waiting, now=now + timedelta(days=365)) == []


def test_a_permanent_failure_is_parked_at_once(waiting):
    (number, *_) = lease(waiting)
    begin(waiting, number)
    assert fail(waiting, number, permanent=True)
    assert held(waiting, number).state is MessageState.PARKED


def test_a_message_that_kills_its_deliverer_waits_and_is_parked_in_the_end(waiting):
    (number,) = lease(waiting, limit=1)
    now = NOW
    for _ in range(MOST_TRIES):
        assert begin(waiting, number, now=now)  # and then nothing is heard of it
        now = now + timedelta(days=1)
        assert number in lease(waiting, now=now)
    assert not begin(waiting, number, now=now)
    assert held(waiting, number).state is MessageState.PARKED


def test_sent_is_sent_even_when_the_lease_was_lost_meanwhile(waiting):
    (number, *_) = lease(waiting)
    begin(waiting, number)
    assert number in lease(waiting, "heir", NOW + LEASE)
    with waiting.transaction() as session:
        outbox.mark_sent(session, [number], now=NOW)
    assert not begin(waiting, number, "heir", NOW + LEASE)
    assert held(waiting, number).state is MessageState.SENT


def test_what_was_not_tried_is_given_back(waiting):
    numbers = lease(waiting)
    with waiting.transaction() as session:
        outbox.release(session, numbers[1:], owner="one", now=NOW)
    assert lease(waiting, "two") == numbers[1:]


def test_a_parked_message_can_be_taken_up_again(waiting):
    (number, *_) = lease(waiting)
    begin(waiting, number)
    with waiting.transaction() as session, pytest.raises(NotFound):
        outbox.try_again(session, number, now=NOW)
    fail(waiting, number, permanent=True)
    with waiting.transaction() as session:
        outbox.try_again(session, number, now=NOW)
    assert lease(waiting, "two") == [number]
    assert held(waiting, number).tries == 0


def test_the_state_of_the_outbox_is_visible(waiting):
    (number, *_) = lease(waiting)
    begin(waiting, number)
    fail(waiting, number, permanent=True)
    with waiting.reading() as session:
        state = outbox_state(session)
    assert (state.waiting, state.sent, state.parked) == (2, 0, 1)
    assert state.oldest_waiting == NOW

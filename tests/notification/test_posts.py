"""From the outbox to webhooks: taken, refused, put off, switched off; none holds up another."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.access.roles import Role
from app.access.service import add_person
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.feeds.json_feed import item_for
from app.notification import posts, webhooks
from app.notification.delivery import Delivered
from app.notification.models import Message, MessageState, Webhook
from app.notification.outbox import BACK_OFF, LEASE, lease_due, try_again
from app.notification.posting import Outcome
from app.notification.posts import Office, Posted, post_due, post_test
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    GREEN,
    HOST,
    NOW,
    RED,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)
from tests.notification.receiving import LOCAL, Receiver
from tests.notification.sending import send, through
from tests.notification.test_webhooks import ANALYST, focal, subscribe_to


def compose(seen, clearance):
    return item_for(seen, base_url=BASE, clearance=clearance)


def run(database, now=NOW, owner="one", composing=compose, limit=500):
    office = Office(database, composing, LOCAL, owner, lambda: now, HOST)
    return post_due(office, limit=limit)


@pytest.fixture
def outbox(database):
    return filling(database)


def filling(database):
    """As many alerts as asked for, waiting for webhooks at these addresses."""

    def fill(*urls, alerts=1):
        with database.transaction() as session:
            for url in urls:
                webhook = webhooks.add(
                    session, url, authority=an_authority(session), allowed=LOCAL, by=ANALYST,
                    now=NOW,
                )  # fmt: skip
                subscribe_to(session, webhook)
            for number in range(alerts):
                name = f"Substance {number}"
                substance = a_substance(session, name, connectivity=f"{number:A>14}")
                told(session, an_episode(session, substance))

    return fill


def held(database):
    with database.reading() as session:
        return messages(session)


def the_webhook(database):
    with database.reading() as session:
        return session.query(Webhook).order_by(Webhook.id).first()


def log(database, webhook=None):
    with database.reading() as session:
        return webhooks.attempts(session, webhook or the_webhook(database)).items


def test_an_alert_is_posted_as_the_item_of_the_feed_and_once(database, outbox, receiver):
    outbox(receiver.url)
    assert run(database) == Posted(sent=1)
    assert run(database) == Posted()
    (got,) = receiver.received
    sent = json.loads(got.body)
    (message,) = held(database)
    assert message.state is MessageState.SENT
    assert sent["delivery"] == got.headers["Tocsin-Delivery"] == message.message_id.strip("<>")
    assert sent["event"] == got.headers["Tocsin-Event"] == "alert"
    assert sent["item"]["id"] == f"{BASE}/alerts/A-00001"
    assert sent["item"]["_nps"]["substance"] == "TS-00001"
    (line,) = log(database)
    assert (line.status, line.error, line.message_id) == (204, None, message.id)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Substance 0: new spread in 3 countries"),
        ("fr", "Substance 0"),
        ("es", "Substance 0"),
    ],
)
def test_it_is_in_the_language_of_the_subscription(database, outbox, receiver, language, title):
    outbox(receiver.url)
    with database.transaction() as session:
        (message,) = messages(session)
        message.subscription.language = language
    assert run(database) == Posted(sent=1)
    item = json.loads(receiver.received[0].body)["item"]
    assert item["language"] == language
    assert item["title"].startswith("Substance 0")
    assert ("new spread" in item["title"]) is (language == "en")
    assert item["_nps"]["substance"] == "TS-00001"


@pytest.mark.parametrize("level", [CLEAR, GREEN, AMBER, RED])
def test_an_authority_reads_up_to_amber_and_nothing_above(database, outbox, receiver, level):
    outbox(receiver.url, alerts=0)
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={level: Tier.URGENT}))
    assert run(database) == (Posted(sent=1) if level <= AMBER else Posted())
    handling = [json.loads(got.body)["item"]["_nps"]["handling"] for got in receiver.received]
    assert handling == ([level.word] if level <= AMBER else [])


def test_what_is_above_the_clearance_of_a_subscription_is_given_up(database, outbox, receiver):
    """The query that queues is the first check; this is the last."""
    outbox(receiver.url, alerts=0)
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={AMBER: Tier.URGENT}))
        (message,) = messages(session)
        message.subscription.clearance = GREEN
    assert run(database) == Posted()
    assert receiver.received == []
    assert held(database)[0].state is MessageState.GIVEN_UP
    assert the_webhook(database).failures == 0, "the fault is ours, not its server's"


def test_mail_and_posts_wait_apart(database, outbox, receiver, mail_server):
    with database.transaction() as session:
        a_subscriber(session)
    outbox(receiver.url)
    assert send(database, through(mail_server)) == Delivered(sent=1)
    assert receiver.received == []
    assert run(database) == Posted(sent=1)
    assert mail_server.recipients == ["duty@example.org"]


def test_a_refusal_of_one_alert_parks_it_and_the_others_go_on(database, outbox, receiver):
    outbox(receiver.url, alerts=3)
    receiver.status, receiver.text = 422, b"no such field"
    assert run(database) == Posted(parked=3)
    assert len(receiver.received) == 3
    assert {m.last_error for m in held(database)} == {"answered 422: no such field"}


def test_after_a_failure_all_of_that_webhook_wait_and_are_not_lost(database, outbox, receiver):
    outbox(receiver.url, alerts=4)
    receiver.status = 500
    assert run(database) == Posted(failed=1)
    assert len(receiver.received) == 1, "one knock is enough for one run"
    assert [m.tries for m in held(database)] == [1, 0, 0, 0]
    assert run(database, NOW + timedelta(seconds=BACK_OFF[0] - 1)) == Posted()
    receiver.status = 200
    assert run(database, NOW + timedelta(seconds=BACK_OFF[0])) == Posted(sent=4)
    deliveries = [got.headers["Tocsin-Delivery"] for got in receiver.received]
    assert deliveries[0] in deliveries[1:], "the same name on every try"
    assert the_webhook(database).failing_since is None
    assert [line.status for line in log(database)] == [200] * 4 + [500]


def test_a_retry_signs_anew(database, outbox, receiver):
    outbox(receiver.url)
    receiver.status = 500
    run(database)
    run(database, NOW + timedelta(minutes=5))
    one, two = receiver.received
    assert one.body == two.body
    assert one.headers["Tocsin-Timestamp"] != two.headers["Tocsin-Timestamp"]
    assert one.headers["Tocsin-Signature"] != two.headers["Tocsin-Signature"]


@pytest.mark.parametrize(
    ("status", "asked", "waits"),
    [
        (429, "600", 600),
        (503, "600", 600),
        (503, "1", 30),
        (503, "99999", 3_600),
        (500, "600", 30),
    ],
)
def test_a_server_may_ask_for_patience_within_bounds(
    database, outbox, receiver, status, asked, waits
):
    outbox(receiver.url, alerts=2)
    receiver.status, receiver.headers = status, {"Retry-After": asked}
    assert run(database) == Posted(failed=1)
    assert {m.next_try_at for m in held(database)} == {NOW + timedelta(seconds=waits)}


def test_after_the_last_try_it_is_parked_and_the_next_has_its_turn(database, outbox, receiver):
    outbox(receiver.url, alerts=2)
    receiver.status, now = 500, NOW
    for seconds in (*BACK_OFF, 0):
        run(database, now)
        now += timedelta(seconds=seconds)
    first, second = held(database)
    assert (first.state, second.state) == (MessageState.PARKED, MessageState.WAITING)
    assert second.next_try_at == now + timedelta(seconds=BACK_OFF[0])
    receiver.status = 200
    assert run(database, second.next_try_at) == Posted(sent=1)


def test_gone_ends_the_webhook_and_parks_what_waits_where_it_is_seen(database, outbox, receiver):
    outbox(receiver.url, alerts=3)
    receiver.status = 410
    assert run(database).parked >= 1
    assert len(receiver.received) == 1
    webhook = the_webhook(database)
    assert webhook.ended_at == NOW and "410" in webhook.ended_why
    assert {m.state for m in held(database)} == {MessageState.PARKED}


def test_those_who_keep_a_webhook_are_told_by_mail_that_it_was_switched_off(
    database, outbox, receiver, mail_server
):
    with database.transaction() as session:
        home, ews = an_authority(session), an_authority(session, "EWS", None)
        for email, where, role in (
            ("fócal@example.org", home, Role.FOCAL_POINT),
            ("laboratory@example.org", home, Role.LABORATORY),
            ("admin@example.org", ews, Role.ADMIN),
        ):
            add_person(
                session, email, authority=where, role=role, password="a long enough one", now=NOW
            )
    outbox(f"{receiver.url}?token=hush")
    receiver.status, receiver.text = 410, b"no\r\nBcc: everybody@example.org"
    run(database)
    assert send(database, through(mail_server)) == Delivered(sent=1)
    assert mail_server.recipients == ["fócal@example.org"]
    (told_of,) = mail_server.accepted
    text = told_of.get_content()
    assert "127.0.0.1" in told_of["Subject"] and told_of["Bcc"] is None
    assert "answered 410" in text and f"{BASE}/subscriptions/webhooks" in text
    assert "hush" not in text


def test_what_is_parked_for_an_ended_webhook_is_not_taken_up_again(database, outbox, receiver):
    outbox(receiver.url)
    receiver.status = 410
    run(database)
    with database.transaction() as session, pytest.raises(Conflict, match="has ended"):
        try_again(session, held(database)[0].id, now=NOW)
    with database.transaction() as session:  # one that was taken up before it ended
        message = session.get_one(Message, held(database)[0].id)
        message.state, message.next_try_at = MessageState.WAITING, NOW
    assert run(database) == Posted(parked=1)
    assert len(receiver.received) == 1
    assert held(database)[0].last_error == "the webhook has ended"


def test_days_of_failures_switch_it_off(database, outbox, receiver):
    outbox(receiver.url, alerts=6)
    receiver.status, now = 500, NOW
    while (webhook := the_webhook(database)).ended_at is None and now < NOW + timedelta(days=9):
        now = max(now, min(m.next_try_at for m in held(database) if m.state == "waiting"))
        run(database, now)
    assert timedelta(days=3) <= webhook.ended_at - NOW < timedelta(days=4)
    assert {m.state for m in held(database)} == {MessageState.PARKED}


def test_one_webhook_that_fails_or_dawdles_holds_up_no_other(database, outbox, receiver):
    with Receiver() as slow:
        slow.raw = lambda line: slow.released.wait(20)
        outbox(slow.url, receiver.url, alerts=3)

        def posted(parcel, **like):
            if parcel.url == slow.url:
                like["seconds"] = 0.5
            return posts.post(parcel, **like)

        office = Office(database, compose, LOCAL, "one", lambda: NOW, HOST, posted)
        assert post_due(office) == Posted(sent=3, failed=1)
    assert len(receiver.received) == 3


def test_what_cannot_be_composed_holds_up_nothing(database, outbox, receiver):
    outbox(receiver.url, alerts=3)

    def clumsy(seen, clearance):
        if seen.alert.code == "A-00001":
            raise KeyError("smiles")
        return compose(seen, clearance)

    assert run(database, composing=clumsy) == Posted(sent=2, failed=1)
    assert "could not be composed" in held(database)[0].last_error
    assert the_webhook(database).failing_since is None


def test_the_posts_of_a_dead_worker_are_taken_up_by_another(database, outbox, receiver):
    outbox(receiver.url)
    with database.transaction() as session:
        assert lease_due(session, owner="dead", now=NOW, webhooks=True)
    assert run(database, owner="heir") == Posted()
    assert run(database, NOW + LEASE, owner="heir") == Posted(sent=1)


def test_no_more_than_the_limit_goes_out_at_once(database, outbox, receiver):
    outbox(receiver.url, alerts=3)
    assert run(database, limit=2) == Posted(sent=2)
    assert run(database) == Posted(sent=1)


def test_a_long_line_lets_others_pass(database, outbox, receiver, monkeypatch):
    monkeypatch.setattr(posts, "LINE_SECONDS", -1.0)
    outbox(receiver.url, alerts=2)
    assert run(database, limit=2) == Posted()
    monkeypatch.undo()
    assert run(database) == Posted(sent=2)


def test_a_test_is_signed_logged_and_told_apart(database, outbox, receiver):
    outbox(receiver.url, alerts=0)
    number = the_webhook(database).id
    with database.transaction() as session:
        session.get_one(Webhook, number).failing_since = NOW
    outcome = post_test(database, number, allowed=LOCAL, by=ANALYST, clock=lambda: NOW)
    assert outcome.taken
    (got,) = receiver.received
    sent = json.loads(got.body)
    assert (sent["event"], sent["item"], got.headers["Tocsin-Event"]) == ("test", None, "test")
    assert got.headers["Tocsin-Signature"].startswith("v1=")
    (line,) = log(database)
    assert (line.event, line.delivery) == ("test", sent["delivery"])
    assert the_webhook(database).failing_since is None


def test_a_failed_test_says_why_and_counts_for_nothing(database, outbox, receiver):
    outbox(receiver.url, alerts=0)
    receiver.status, receiver.text = 410, b"wrong door"
    number = the_webhook(database).id
    outcome = post_test(database, number, allowed=LOCAL, by=ANALYST, clock=lambda: NOW)
    assert outcome.error == "answered 410: wrong door"
    webhook = the_webhook(database)
    assert (webhook.ended_at, webhook.failures) == (None, 0)


def test_a_test_is_for_those_who_keep_it(database, outbox, receiver):
    outbox(receiver.url, alerts=0)
    number = the_webhook(database).id
    with database.transaction() as session:
        stranger = focal(an_authority(session, "OTHER", "FR"))
        by = focal(an_authority(session))

    def test(number, by):
        return post_test(database, number, allowed=LOCAL, by=by, clock=lambda: NOW)

    for wrong, who in ((number, stranger), (number + 1, by), (2**40, by)):
        with pytest.raises((Forbidden, NotFound)):
            test(wrong, who)
    for _ in range(webhooks.TESTS_AN_HOUR):
        assert test(number, by).taken
    with pytest.raises(Refused):
        test(number, by)
    with database.transaction() as session:
        webhooks.end(session, session.get_one(Webhook, number), by=ANALYST, now=NOW)
    with pytest.raises(Conflict):
        test(number, by)


def test_taken_means_that_nothing_went_wrong():
    assert Outcome(200, 1).taken and not Outcome(None, 1, "no").taken

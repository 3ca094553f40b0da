"""A webhook or a subscription that ends while its post is on its way takes no other with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.notification import posts, webhooks
from app.notification.models import Message, MessageState, Webhook
from app.notification.posts import Office, Posted, post_due
from app.notification.subscriptions import end
from tests.notification.making import HOST, NOW
from tests.notification.receiving import LOCAL, Receiver
from tests.notification.test_posts import compose, filling, held, log, run, the_webhook
from tests.notification.test_webhooks import ANALYST


def ended(session, webhook):
    webhooks.end(session, webhook, by=ANALYST, now=NOW)


def unsubscribed(session, webhook):
    for one in webhooks.subscriptions_of(session, [webhook])[webhook.id]:
        end(session, one.id, now=NOW, by=ANALYST)


def switched_off(session, webhook):
    webhooks.switch_off(session, webhook, "somebody said so", now=NOW, host=HOST)


@pytest.mark.parametrize("status", [204, 503])
@pytest.mark.parametrize("what", [ended, unsubscribed, switched_off])
@pytest.mark.parametrize("when", ["before it is written", "in flight"])
def test_what_ends_meanwhile_ends_for_itself_alone(database, receiver, what, when, status):
    with Receiver() as other:
        filling(database)(other.url, receiver.url, alerts=2)
        other.status = status
        done = []

        def meanwhile(number):
            if not done:
                done.append(number)
                with database.transaction() as session:
                    what(session, session.get_one(Webhook, number))

        first = the_webhook(database).id

        def posted(parcel, **like):
            if parcel.url == other.url and when == "in flight":
                meanwhile(first)
            return posts.post(parcel, **like)

        office = Office(database, compose, LOCAL, "one", lambda: NOW, HOST, posted)
        if when == "before it is written":
            begin = posts.outbox.begin_tries

            def begun(session, numbers, **like):
                found = begin(session, numbers, **like)
                if found and session.get_one(Message, numbers[0]).webhook_id == first:
                    session.commit()
                    meanwhile(first)
                return found

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(posts.outbox, "begin_tries", begun)
                outcome = post_due(office)
        else:
            outcome = post_due(office)
        assert len(receiver.received) == 2, "the other webhook got both of its own"
        assert outcome.sent == 2 + (when == "in flight" and status == 204)
        assert len(other.received) == (when == "in flight")
        tried = [line for line in log(database) if line.error != "the webhook has ended"]
        assert len(tried) == len(other.received), "what was tried is on record"
        assert run(database, NOW + timedelta(days=1)) == Posted()
    left = [m for m in held(database) if m.webhook_id == first]
    if what is not switched_off:
        assert left == []
    else:
        assert {m.state for m in left} <= {MessageState.PARKED, MessageState.SENT}

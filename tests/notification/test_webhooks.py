"""Who keeps webhooks, with which secrets, and what the log remembers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.notification import webhooks
from app.notification.models import Event, MessageState, Trouble, Webhook, WebhookAttempt
from app.notification.posting import Outcome
from app.notification.subscriptions import subscribe
from app.notification.targets import Allowed
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    HOST,
    NOW,
    RED,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)

URL = "https://hook.example/alerts"
ANALYST = Actor(Role.ANALYST, "ana@tocsin.test")


def focal(authority):
    return Actor(Role.FOCAL_POINT, "focal@example.org", authority.id, authority.code)


def a_webhook(session, url=URL, by=ANALYST, **like):
    webhook = webhooks.add(
        session, url, authority=an_authority(session), allowed=Allowed(), by=by, now=NOW
    )
    subscribe_to(session, webhook, by=by, **like)
    return webhook


def subscribe_to(session, webhook, *, by=ANALYST, **like):
    return subscribe(
        session, None, authority=webhook.authority, webhook_id=webhook.id, by=by, now=NOW, **like
    )


def test_only_focal_points_of_the_authority_and_the_secretariat_keep_webhooks(database):
    with database.transaction() as session:
        own, other = an_authority(session), an_authority(session, "OTHER", "FR")
        webhook = a_webhook(session, by=focal(own))
        strangers = [focal(other)] + [
            Actor(role, "x", own.id, own.code)
            for role in (Role.PUBLIC, Role.SUBSCRIBER, Role.LABORATORY)
        ]
        for stranger in strangers:
            with pytest.raises(Forbidden):
                webhooks.add(session, URL, authority=own, allowed=Allowed(), by=stranger, now=NOW)
            with pytest.raises(Forbidden):
                subscribe_to(session, webhook, by=stranger)
            with pytest.raises(NotFound):
                webhooks.webhook_of(session, webhook.id, stranger)
            for verb in (webhooks.rotate, webhooks.end, webhooks.may_test):
                with pytest.raises(Forbidden):
                    verb(session, webhook, by=stranger, now=NOW)
        assert webhooks.webhooks(session, focal(other), NOW) == []
        for keeper in (focal(own), ANALYST):
            assert webhooks.webhooks(session, keeper, NOW) == [webhook]
            assert webhooks.webhook_of(session, webhook.id, keeper) is webhook


def test_an_address_that_may_not_be_posted_to_is_not_kept(database):
    with database.transaction() as session:
        for url in ("http://hook.example/", "https://127.0.0.1/", "https://0x7f.1/", "nonsense"):
            with pytest.raises(Refused):
                a_webhook(session, url)
        assert session.scalar(select(func.count()).select_from(Webhook)) == 0


def test_an_authority_has_each_address_once_and_not_too_many(database):
    with database.transaction() as session:
        first = a_webhook(session)
        with pytest.raises(Conflict, match="already"):
            a_webhook(session, f" {URL} ")
        for number in range(webhooks.MOST_WEBHOOKS - 1):
            a_webhook(session, f"{URL}/{number}")
        with pytest.raises(Conflict, match="end one first"):
            a_webhook(session, f"{URL}/one-more")
        webhooks.end(session, first, by=ANALYST, now=NOW)
        a_webhook(session)


def test_every_webhook_has_a_secret_that_no_other_place_repeats(database):
    with database.transaction() as session:
        one, two = a_webhook(session), a_webhook(session, f"{URL}/2")
        assert one.secret != two.secret and len(one.secret) > 40
        new = webhooks.rotate(session, one, by=ANALYST, now=NOW)
        session.flush()
        trail = [(e.subject, str(e.detail)) for e in session.scalars(select(AuditEvent))]
        assert trail and not any(s in str(trail) for s in (one.secret, two.secret, new))


def test_during_a_rotation_both_secrets_sign_and_then_the_new_one_alone(database):
    with database.transaction() as session:
        webhook = a_webhook(session)
        old = webhook.secret
        assert webhooks.signing(webhook, NOW) == (old,)
        new = webhooks.rotate(session, webhook, by=ANALYST, now=NOW)
        assert webhooks.signing(webhook, NOW) == (new, old)
        over = NOW + webhooks.OVERLAP
        assert webhooks.signing(webhook, over - timedelta(seconds=1)) == (new, old)
        assert webhooks.signing(webhook, over) == (new,)


def test_what_has_ended_is_told_nothing_and_keeps_no_secret(database):
    with database.transaction() as session:
        webhook = a_webhook(session)
        told(session, an_episode(session, a_substance(session)))
        assert [m.webhook_id for m in messages(session)] == [webhook.id]
        for _ in range(2):
            webhooks.end(session, webhook, by=ANALYST, now=NOW)
        assert messages(session) == [] and webhook.secret == ""
        assert "ana@tocsin.test" in webhook.ended_why
        assert webhooks.subscriptions_of(session, [webhook]) == {}
        for verb in (webhooks.rotate, webhooks.may_test):
            with pytest.raises(Conflict):
                verb(session, webhook, by=ANALYST, now=NOW)
        assert webhooks.webhooks(session, ANALYST, NOW) == [webhook]
        assert webhooks.webhooks(session, ANALYST, NOW + webhooks.ENDED_SHOWN) == []


def test_a_webhook_is_told_of_what_passes_its_filters_at_its_clearance_and_once(database):
    with database.transaction() as session:
        a_webhook(session, min_tier=Tier.ALERT, group="nitazenes", country="DE")
        both = a_webhook(session, f"{URL}/both")
        subscribe_to(session, both, min_tier=Tier.URGENT)
        for one in (both, both):
            subscribe_to(session, one)
        a_webhook(session, f"{URL}/other", group="fentanyl analogues")
        views = {CLEAR: Tier.WATCH, AMBER: Tier.URGENT, RED: Tier.URGENT}
        told(session, an_episode(session, a_substance(session), views=views))
        sent = messages(session)
        assert [m.webhook.url for m in sent] == [URL, f"{URL}/both"]
        assert {m.edition.handling for m in sent} == {AMBER}
        assert len(webhooks.subscriptions_of(session, [both])[both.id]) == 2


@pytest.mark.parametrize(("group", "country"), [("nitazene", None), (None, "UK"), ("", "XX")])
def test_a_filter_that_means_nothing_is_refused_by_name(database, group, country):
    with database.transaction() as session, pytest.raises(Refused) as refused:
        a_webhook(session, group=group, country=country)
    assert refused.value.problems[0].field == ("group" if group else "country")


def test_the_log_keeps_the_last_tries_of_each_webhook(database):
    kept = webhooks.ATTEMPTS_KEPT
    with database.transaction() as session:
        busy, quiet = a_webhook(session), a_webhook(session, f"{URL}/quiet")
        for number in range(kept + 5):
            webhooks.log(
                session, busy, Outcome(200, number), event=Event.TEST, delivery="x", now=NOW
            )
            if number == 0:
                webhooks.log(
                    session, quiet, Outcome(None, 1, "no"), event=Event.ALERT, delivery="y", now=NOW
                )
        count = select(WebhookAttempt.webhook_id, func.count()).group_by(WebhookAttempt.webhook_id)
        assert dict(session.execute(count).all()) == {busy.id: kept, quiet.id: 1}
        page = webhooks.attempts(session, busy, limit=50)
        assert [a.milliseconds for a in page.items] == list(range(kept + 4, kept - 46, -1))
        after = webhooks.attempts(session, busy, after=page.next, limit=kept)
        assert len(after.items) == kept - 50 and after.next is None


def test_the_test_button_is_no_way_to_knock_at_others(database):
    with database.transaction() as session:
        webhook = a_webhook(session)
        for _ in range(webhooks.TESTS_AN_HOUR):
            webhooks.may_test(session, webhook, by=ANALYST, now=NOW)
            webhooks.log(session, webhook, Outcome(200, 1), event=Event.TEST, delivery="x", now=NOW)
        with pytest.raises(Refused, match="an hour"):
            webhooks.may_test(session, webhook, by=ANALYST, now=NOW)
        webhooks.may_test(session, webhook, by=ANALYST, now=NOW + timedelta(hours=1))


def test_only_days_of_nothing_but_failures_switch_a_webhook_off(database):
    """And what waits for it is parked where somebody sees it, not forgotten."""
    bad = Outcome(503, 5, "answered 503")
    with database.transaction() as session:
        webhook = a_webhook(session)
        told(session, an_episode(session, a_substance(session)))
        for hours in range(30):
            webhooks.failed(session, webhook, bad, now=NOW + timedelta(hours=hours), host=HOST)
        assert webhook.ended_at is None
        webhooks.worked(webhook)
        late = NOW + timedelta(days=10)
        for _ in range(20):
            webhooks.failed(session, webhook, bad, now=late, host=HOST)
        assert webhook.ended_at is None
        webhooks.failed(session, webhook, bad, now=late + webhooks.FAILS_FOR, host=HOST)
        assert webhook.ended_at and "answered 503" in webhook.ended_why
    with database.reading() as session:
        (message,) = messages(session)
        assert message.state is MessageState.PARKED and "switched off" in message.last_error
        assert message.trouble is Trouble.SWITCHED_OFF

"""Acknowledging an urgent alert, and looking after what is not sent."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.access.service import add_person
from app.notification import acknowledging, webhooks
from app.notification.models import FailedTry, Message, MessageState, Trouble
from app.notification.subscriptions import subscribe
from app.notification.targets import Allowed
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    HOST,
    NOW,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    told,
)

OWN = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "a long enough password"


@pytest.fixture
def urgent(app, known, settings):
    """An urgent amber alert that was mailed: the message and the path of its link."""
    with known.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session, "Unheardofazene", connectivity="AAAAAAAAAAAAAA")
        told(session, an_episode(session, substance, views={AMBER: Tier.URGENT}))
        message = session.scalars(select(Message)).one()
        message.state, message.sent_at = MessageState.SENT, NOW
        for who, role in (("analyst", Role.ANALYST), ("duty", Role.FOCAL_POINT)):
            add_person(
                session,
                f"{who}@example.org",
                authority=an_authority(session),
                role=role,
                password=PASSWORD,
                now=NOW,
            )
    return message, f"/acknowledge/{acknowledging.token(settings.secret_key, message.id)}"


def held(database, message):
    with database.reading() as session:
        return session.get_one(Message, message.id)


def signed_in(app, who):
    client = app.test_client()
    client.post("/login", data={"email": f"{who}@example.org", "password": PASSWORD}, headers=OWN)
    return client


def test_following_the_link_acknowledges_nothing_and_its_button_does(client, known, urgent):
    message, link = urgent
    asked = client.get(link)
    assert "<button" in asked.text and asked.headers["Cache-Control"] == "no-store"
    assert held(known, message).acknowledged_at is None
    assert client.post(link, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "is acknowledged" in client.post(link, headers=OWN).text
    assert held(known, message).acknowledged_by == "duty@example.org"
    assert "<button" not in client.get(link).text.partition("<main")[2]


def test_the_page_behind_the_link_says_nothing_that_is_restricted(client, urgent):
    text = client.get(urgent[1]).text
    assert "A-00001" in text
    assert "Unheardofazene" not in text and "Germany" not in text
    assert client.get("/acknowledge/made-up").status_code == 404


def test_the_secretariat_sees_who_has_not_answered_and_others_may_answer(app, known, urgent):
    message, _ = urgent
    analyst, duty = signed_in(app, "analyst"), signed_in(app, "duty")
    assert "not yet" in analyst.get("/alerts/A-00001").text
    page = duty.get("/alerts/A-00001").text
    assert "not yet" not in page and "/alerts/A-00001/acknowledge" in page
    assert duty.post("/alerts/A-00001/acknowledge", headers=OWN).status_code == 302
    assert held(known, message).acknowledged_by == "duty@example.org"
    assert "not yet" not in analyst.get("/alerts/A-00001").text
    assert app.test_client().post("/alerts/A-00001/acknowledge", headers=OWN).status_code == 302


def test_what_is_not_sent_is_shown_by_reason_with_its_history_and_given_up(app, known, urgent):
    message, _ = urgent
    with known.transaction() as session:
        parked = session.get_one(Message, message.id)
        parked.state, parked.trouble = MessageState.PARKED, Trouble.REFUSED
        parked.last_error = "550 no such mailbox"
        session.add(
            FailedTry(message_id=parked.id, at=NOW, trouble=Trouble.REFUSED, error="550 no")
        )
    analyst = signed_in(app, "analyst")
    assert "refused for good" in analyst.get("/status").text
    page = analyst.get(f"/status/messages/{message.id}").text
    assert "550 no" in page and "Give up" in page
    assert signed_in(app, "duty").get(f"/status/messages/{message.id}").status_code == 403
    assert analyst.post(f"/status/parked/{message.id}/give-up", headers=OWN).status_code == 302
    assert held(known, message).state is MessageState.GIVEN_UP
    assert "given up" in analyst.get(f"/status/messages/{message.id}").text
    assert "Parked messages" not in analyst.get("/status").text


@pytest.fixture
def many(known, urgent):
    """Sixty parked messages to two places, for two reasons, and one to somebody who ended."""
    with known.transaction() as session:
        message = session.get_one(Message, urgent[0].id)
        gone = a_subscriber(session, "gone@north.example", ended_at=NOW)
        for number in range(61):
            south = number % 2
            who = f"p{number}@{'south' if south else 'north'}.example"
            session.add(
                Message(
                    edition=message.edition,
                    subscription=gone if number == 60 else message.subscription,
                    recipient=gone.email if number == 60 else who,
                    message_id=f"<{number}@example.org>",
                    state=MessageState.PARKED,
                    trouble=Trouble.REFUSED if south else Trouble.CUT_OFF,
                    last_error="no",
                    tries=8,
                    next_try_at=NOW,
                )
            )


def standing(database, state):
    with database.reading() as session:
        return set(session.scalars(select(Message.recipient).where(Message.state == state)))


def test_every_parked_message_is_on_some_page(app, known, many):
    analyst = signed_in(app, "analyst")
    first = analyst.get("/status").text
    (after,) = re.findall(r"/status\?after=(\d+)", first)
    pages = first + analyst.get(f"/status?after={after}").text
    shown = set(re.findall(r">([a-z0-9]+@[a-z.]+)</a>", pages))
    assert shown == standing(known, MessageState.PARKED) and len(shown) == 61
    south = analyst.get("/status?to=south.example").text
    assert "30 of 61" in south and "p1@south.example</a>" in south and "@north" not in south


@pytest.mark.parametrize(
    ("form", "taken", "said"),
    [
        ({"to": "south.example"}, 30, "30 messages will be tried again."),
        ({"to": "@South.Example"}, 30, "30 messages will be tried again."),
        ({"trouble": "refused"}, 30, "30 messages will be tried again."),
        ({"trouble": "cut_off"}, 30, "1 message stays parked"),
        ({"trouble": "cut_off", "to": "p2@north.example"}, 1, "1 message will be"),
        ({"trouble": "cut_off", "to": "south.example"}, 0, "0 messages will be"),
        ({"to": "outh.example"}, 0, "0 messages will be"),
        ({"to": "%"}, 0, "0 messages will be"),
        ({"to": "gone@north.example"}, 0, "1 message stays parked"),
        ({}, 60, "60 messages will be tried again."),
    ],
)
def test_those_chosen_are_tried_again_at_one_press(app, known, many, form, taken, said):
    analyst = signed_in(app, "analyst")
    answer = analyst.post("/status/parked", data=form, headers=OWN, follow_redirects=True)
    assert said in answer.text.replace("\u00a0", " ")
    waiting = standing(known, MessageState.WAITING)
    assert len(waiting) == taken and "gone@north.example" not in waiting
    with known.reading() as session:
        assert set(session.scalars(select(Message.tries).where(Message.state == "waiting"))) <= {0}
        kept = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "message.try_all_again")
        ).all()
        assert [one.detail["messages"] for one in kept] == ([taken] if taken else [])


def test_only_the_secretariat_presses_it_and_only_on_our_own_page(app, known, many):
    assert signed_in(app, "duty").post("/status/parked", headers=OWN).status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert signed_in(app, "analyst").post("/status/parked", headers=elsewhere).status_code == 403
    assert standing(known, MessageState.WAITING) == set()
    assert "Try these again" not in signed_in(app, "duty").get("/status").text


def test_who_ended_is_not_written_to_by_hand_either(app, known, many):
    with known.reading() as session:
        number = session.scalar(select(Message.id).where(Message.recipient == "gone@north.example"))
    analyst = signed_in(app, "analyst")
    answer = analyst.post(f"/status/parked/{number}", headers=OWN, follow_redirects=True)
    assert "the subscription of gone@north.example has ended" in answer.text
    assert standing(known, MessageState.WAITING) == set()


def test_settings_that_the_mail_server_does_not_take_are_said_to_those_who_mend_them(
    app, known, urgent, client
):
    with known.transaction() as session:
        waiting = session.get_one(Message, urgent[0].id)
        waiting.state, waiting.sent_at = MessageState.WAITING, None
        waiting.trouble, waiting.last_error = Trouble.SETTINGS, "550 5.1.8 no mail from you"
    assert "550 5.1.8 no mail from you" in signed_in(app, "analyst").get("/status").text
    public = client.get("/status").text
    assert "takes no mail from this service" in public and "5.1.8" not in public
    # mail cannot tell of it, so those who watch from outside must
    assert "tocsin_mail_settings_refused 1.0" in client.get("/metrics").text


def test_why_a_webhook_was_switched_off_is_seen_by_who_keeps_it_and_by_who_looks_after_mail(
    app, known, urgent
):
    with known.transaction() as session:
        home = an_authority(session)
        by = Actor(Role.FOCAL_POINT, "duty@example.org", home.id, home.code)
        url = "https://hook.example/alerts"
        hook = webhooks.add(session, url, authority=home, allowed=Allowed(), by=by, now=NOW)
        subscribe(session, None, authority=home, webhook_id=hook.id, by=by, now=NOW)
        told(
            session, an_episode(session, a_substance(session, "Otherazene", connectivity="B" * 14))
        )
        why = "its server answered 410: it wants nothing more"
        webhooks.switch_off(session, hook, why, now=NOW, host=HOST)
        lost = session.scalars(select(Message).where(Message.webhook_id == hook.id)).one()
    duty, analyst = signed_in(app, "duty"), signed_in(app, "analyst")
    for page in ("/subscriptions/webhooks", f"/subscriptions/webhooks/{hook.id}"):
        assert why in duty.get(page).text and why in analyst.get(page).text
    assert "1\u00a0alert: every try failed" in duty.get(page).text
    (said,) = duty.get("/api/v1/webhooks").json["items"]
    assert (said["ended_why"], said["undelivered"]) == (why, 1)
    shown = analyst.get(f"/status/messages/{lost.id}").text
    assert "the webhook was switched off" in shown and why in shown
    assert "the webhook was switched off" in analyst.get("/status").text


def test_a_reason_that_is_none_chooses_nothing(app, known, many):
    analyst = signed_in(app, "analyst")
    answer = analyst.post("/status/parked", data={"trouble": "refusd"}, headers=OWN)
    assert answer.status_code == 422 and "refusd" in answer.text
    assert standing(known, MessageState.WAITING) == set()

"""Acknowledging an urgent alert, and looking after what is not sent."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.access.roles import Role
from app.access.service import add_person
from app.notification import acknowledging
from app.notification.models import FailedTry, Message, MessageState, Trouble
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
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

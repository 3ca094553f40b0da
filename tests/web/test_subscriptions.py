"""The page of subscriptions, and the links in mail that need no login."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.access.roles import SYSTEM, Role
from app.access.service import authority_by_code
from app.db import Database
from app.notification.letters import Letters
from app.notification.links import CONFIRM, UNSUBSCRIBE, link_token
from app.notification.models import Message, Subscription
from app.notification.standing import State, bounced, end, state_of
from app.notification.subscriptions import subscribe
from app.settings import Settings
from tests.web.conftest import Visit
from tests.web.making import NOW

OWN = {"Sec-Fetch-Site": "same-origin"}
ME = "focal_point@tocsin.test"


def send(client: FlaskClient, path: str, **form: object):
    return client.post(path, data=form, headers=OWN, follow_redirects=True)


def held(database: Database, number: int) -> Subscription:
    with database.reading() as session:
        return session.get_one(Subscription, number)


def number_in(page: str) -> int:
    return max(map(int, re.findall(r'href="/subscriptions/(\d+)"', page)))


def test_a_wish_is_tried_saved_changed_paused_and_ended(visit: Visit, full: Database):
    client = visit(Role.FOCAL_POINT)
    wish = {
        "email": ME, "groups": ["nitazenes", "synthetic cathinones"], "near_me": "on",
        "min_tier": "alert", "rhythm": "daily", "time_zone": "Europe/Stockholm",
    }  # fmt: skip
    tried = send(client, "/subscriptions", do="preview", **wish)
    said = " ".join(unescape(re.sub(r"<[^>]+>", "", tried.text)).split())
    assert re.search(r"In the last 12 months this subscription would have received [1-9]", said)
    assert 'value="nitazenes" checked' in tried.text and "/alerts/A-" in tried.text
    saved = send(client, "/subscriptions", **wish).text
    assert "nitazenes, synthetic cathinones, near the authority, alert and above" in saved
    number = number_in(saved)
    path = f"/subscriptions/{number}"
    form = client.get(path).text
    assert 'value="synthetic cathinones" checked' in form and 'value="daily" checked' in form
    changed = send(client, path, **wish | {"groups": ["other"], "near_me": [], "rhythm": "weekly"})
    assert "other, alert and above; weekly (Europe/Stockholm)" in changed.text
    assert "is told nothing for 30 days" in send(client, f"{path}/pause", pause="month").text
    assert state_of(held(full, number), NOW) is State.PAUSED
    assert "told again" in send(client, f"{path}/resume").text
    assert "will not be told any more" in send(client, f"{path}/end").text
    assert ME in client.get("/subscriptions?state=ended").text


def test_a_refused_wish_keeps_what_was_typed_and_says_beside_the_field_what_to_mend(visit: Visit):
    client = visit(Role.FOCAL_POINT)
    wish = {"email": "duty@se.example", "containing": "c1ccc", "groups": "other"}
    page = client.post("/subscriptions", data=wish, headers=OWN)
    assert page.status_code == 422 and "Not subscribed" in page.text
    assert 'id="containing-wrong"' in page.text and 'value="c1ccc"' in page.text
    assert 'value="other" checked' in page.text and 'value="duty@se.example"' in page.text


def test_the_secretariat_finds_and_mends_what_bounced(visit: Visit, full: Database):
    with full.transaction() as session:
        bounced(session, "people@tocsin.test", NOW)
    client = visit(Role.ADMIN)
    page = client.get("/subscriptions?state=bounced").text
    assert "people@tocsin.test" in page
    path = f"/subscriptions/{number_in(page)}"
    assert "The address works again" in client.get(path).text
    assert "told again" in send(client, f"{path}/mend").text
    assert "people@tocsin.test" not in client.get("/subscriptions?state=bounced").text


def test_a_colleague_reads_and_does_not_change(visit: Visit, full: Database):
    with full.transaction() as session:
        home = authority_by_code(session, "SUBSCRIBER-SE")
        number = subscribe(session, "boss@tocsin.test", authority=home, now=NOW).id
    client, path = visit(Role.SUBSCRIBER), f"/subscriptions/{number}"
    page = client.get(path)
    assert page.status_code == 200 and "Change it" not in page.text
    for act in ("", "/end", "/pause", "/resume", "/ask"):
        assert client.post(f"{path}{act}", data={}, headers=OWN).status_code == 403
    assert visit(Role.FOCAL_POINT).get(path).status_code == 404  # of another authority


def link(settings: Settings, purpose: str, number: int, **more: object) -> str:
    token = link_token(settings.secret_key, purpose, number, **more)  # type: ignore[arg-type]
    return f"/{purpose}/{token}"


@pytest.fixture
def told(full: Database) -> int:
    """A subscription that is told."""
    with full.transaction() as session:
        home = authority_by_code(session, "SUBSCRIBER-SE")
        return subscribe(session, "secret@tocsin.test", authority=home, now=NOW).id


def test_a_mail_program_ends_it_with_one_click(full_app, full: Database, settings, told: int):
    client, path = full_app.test_client(), link(settings, UNSUBSCRIBE, told)
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://mail.example"}):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        assert held(full, told).ended_at == NOW


def test_following_the_link_changes_nothing_and_shows_no_address(
    full_app, full: Database, settings, told: int
):
    client, path = full_app.test_client(), link(settings, UNSUBSCRIBE, told)
    page = client.get(path)
    assert "Stop this mail" in page.text and "secret@tocsin.test" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert held(full, told).ended_at is None
    paused = client.post(path, data={"pause": "month"})
    assert held(full, told).paused_until == NOW + timedelta(days=30)
    assert "Resume now" in paused.text and "secret@tocsin.test" not in paused.text
    assert client.post(path, data={"resume": "yes"}).status_code == 200
    assert held(full, told).paused_until is None
    assert client.post(path, data={}).status_code == 422
    assert held(full, told).ended_at is None


def test_a_link_is_for_one_thing_and_cannot_be_guessed(full_app, full, settings, told: int):
    client = full_app.test_client()
    good = link(settings, UNSUBSCRIBE, told)
    late = link(settings, CONFIRM, told, until=NOW - timedelta(seconds=1))
    for path in (
        good[:-1], good.replace("unsubscribe", "confirm"), f"/unsubscribe/{told}",
        f"/unsubscribe/{'x' * 2_000}", "/unsubscribe/Wz.%FF", late,
    ):  # fmt: skip
        for answer in (client.get(path), client.post(path, data={"List-Unsubscribe": "One-Click"})):
            assert answer.status_code == 404, path
    assert held(full, told).ended_at is None


def test_somebody_else_confirms_through_the_mail_they_got(
    visit: Visit, full: Database, full_app, settings
):
    page = send(visit(Role.FOCAL_POINT), "/subscriptions", email="duty@se.example").text
    assert "is asked by mail to confirm" in page
    number = number_in(page)
    with full.reading() as session:
        question = session.query(Message).filter_by(subscription_id=number).one()
        letter = Letters(settings).write(session, question)
    mail = message_from_bytes(letter.content, policy=policy.default)
    assert letter.content.count(b"Message-ID") == 1
    body = mail.get_body(("plain",)).get_content()
    path = re.search(r"http://tocsin.test(/confirm/\S+)", body)[1]
    client = full_app.test_client()
    assert "Yes, tell me" in client.get(path).text
    assert held(full, number).confirmed_at is None
    assert "You will be told" in client.post(path).text
    assert held(full, number).confirmed_at == NOW
    with full.transaction() as session:
        end(session, number, now=NOW, by=SYSTEM)
    assert client.post(path).status_code == 404

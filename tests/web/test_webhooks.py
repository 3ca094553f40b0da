"""The pages of webhooks: added, tested, rotated and ended by those who answer for them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app import create_app
from app.access.roles import Role
from tests.notification.receiving import Receiver
from tests.web.making import HOSTILE, NOW

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = "/subscriptions/webhooks"
KEEPERS = (Role.FOCAL_POINT, Role.ANALYST)


@pytest.fixture
def full_app(full, settings):
    allowed = replace(settings, webhook_allow=("127.0.0.0/8",))
    return create_app(allowed, database=full, clock=lambda: NOW)


@pytest.fixture
def receiver():
    with Receiver() as server:
        yield server


def send(client, path, **form):
    return client.post(path, data=form, headers=SAME, follow_redirects=True)


def add(client, url="https://hook.example/alerts", **form):
    return send(client, PAGE, **{"url": url, "min_tier": "watch"} | form)


def secret_in(page):
    return re.search(r"tocsin_hook_[\w-]{40,}", page)[0]


def test_they_are_for_focal_points_and_the_secretariat(visit):
    for role in (Role.SUBSCRIBER, Role.LABORATORY):
        assert visit(role).get(PAGE).status_code == 403
        assert add(visit(role)).status_code == 403
        assert PAGE not in visit(role).get("/subscriptions").text
    assert visit(Role.PUBLIC).get(PAGE).status_code == 302
    for role in KEEPERS:
        assert "Nowhere yet" in visit(role).get(PAGE).text
        assert PAGE in visit(role).get("/subscriptions").text


def test_the_secret_is_shown_once_and_kept_by_no_cache(visit):
    client = visit(Role.FOCAL_POINT)
    made = add(client, group="nitazenes", country="DE", min_tier="alert")
    secret = secret_in(made.text)
    assert made.headers["Cache-Control"] == "private, no-store"
    for path in (PAGE, f"{PAGE}/1", "/subscriptions", "/api/v1/webhooks"):
        assert secret not in client.get(path).text
    listed = client.get(PAGE).text
    assert (
        "https://hook.example/alerts" in listed and "nitazenes, Germany, alert and above" in listed
    )
    assert "FOCAL_POINT-SE" in listed and "webhook 1" in client.get("/subscriptions").text
    new = secret_in(send(client, f"{PAGE}/1/secret").text)
    assert new != secret
    assert "two secrets until" in client.get(f"{PAGE}/1").text


def test_what_may_not_be_posted_to_is_refused_and_stays_in_the_form(visit):
    client = visit(Role.FOCAL_POINT)
    for url in (
        "http://192.168.0.1/",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        f"https://{HOSTILE}/",
    ):
        answer = add(client, url)
        assert answer.status_code == 422 and "Not added" in answer.text
        assert HOSTILE not in answer.text
    assert "https://0x7f.1/" in add(client, "https://0x7f.1/").text
    assert "no group" in add(client, group="x").text


def test_a_focal_point_adds_for_the_own_authority_and_an_analyst_for_any(visit):
    assert "FOCAL_POINT-SE" in add(visit(Role.FOCAL_POINT), authority="EWS").text
    assert "LAB-FR" in add(visit(Role.ANALYST), authority="LAB-FR").text
    assert add(visit(Role.ANALYST), authority="NOBODY").status_code == 422
    assert visit(Role.FOCAL_POINT).get(f"{PAGE}/2").status_code == 404
    assert visit(Role.ANALYST).get(f"{PAGE}/1").status_code == 200
    for verb in ("test", "secret", "end"):
        assert send(visit(Role.FOCAL_POINT), f"{PAGE}/2/{verb}").status_code == 404


def test_a_test_says_what_came_of_it_and_the_log_keeps_it(visit, receiver):
    client = visit(Role.FOCAL_POINT)
    add(client, receiver.url)
    assert "Nothing yet" in client.get(f"{PAGE}/1").text
    assert "The test was taken: 204" in send(client, f"{PAGE}/1/test").text
    receiver.status, receiver.text = 500, f"broken {HOSTILE}".encode()
    page = send(client, f"{PAGE}/1/test").text
    assert "The test was not taken: answered 500: broken" in page
    assert HOSTILE not in page and "not taken" in page and "test-" in page
    assert len(receiver.received) == 2


def test_what_has_ended_says_so_and_can_do_nothing_more(visit, receiver):
    client = visit(Role.FOCAL_POINT)
    add(client, receiver.url)
    assert "Nothing more is posted there" in send(client, f"{PAGE}/1/end").text
    page = client.get(f"{PAGE}/1").text
    assert "Ended" in page and "ended by focal_point@tocsin.test" in page
    assert "Send a test" not in page
    assert "Not tested" in send(client, f"{PAGE}/1/test").text
    assert "Not changed" in send(client, f"{PAGE}/1/secret").text
    assert receiver.received == []

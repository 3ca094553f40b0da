"""Webhooks by machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app import create_app
from app.access.roles import Role
from tests.notification.receiving import Receiver
from tests.reporting import NOW, key_for

PATH = "/api/v1/webhooks"


@pytest.fixture
def app(database, settings):
    allowed = replace(settings, webhook_allow=("127.0.0.0/8",))
    return create_app(allowed, database=database, clock=lambda: NOW)


@pytest.fixture
def focal(database):
    return key_for(database, "DE", Role.FOCAL_POINT)


def test_a_webhook_from_first_to_last(client, focal):
    with Receiver() as receiver:
        wanted = {"url": receiver.url, "min_tier": "alert", "group": "nitazenes", "country": "DE"}
        made = client.post(PATH, json=wanted, headers=focal)
        assert made.status_code == 201, made.text
        held = dict(made.json)
        secret, path = held.pop("secret"), f"{PATH}/{held['id']}"
        assert secret.startswith("tocsin_hook_")
        assert client.get(PATH, headers=focal).json == {"items": [held], "next": None}
        assert client.post(PATH, json=wanted, headers=focal).status_code == 409

        tested = client.post(f"{path}/test", headers=focal)
        assert tested.json["taken"] is True and tested.json["error"] is None
        receiver.status = 503
        assert client.post(f"{path}/test", headers=focal).json["error"] == "answered 503"
        tries = client.get(f"{path}/attempts?limit=1", headers=focal).json
        assert [one["status"] for one in tries["items"]] == [503]
        older = client.get(tries["next"].removeprefix("http://tocsin.test"), headers=focal).json
        assert [one["status"] for one in older["items"]] == [204] and older["next"] is None

        rotated = client.post(f"{path}/secret", headers=focal).json
        assert rotated["secret"] != secret and rotated["both_until"]
        assert client.delete(path, headers=focal).status_code == 204
        assert client.get(PATH, headers=focal).json["items"][0]["ended_why"]
        assert client.post(f"{path}/test", headers=focal).status_code == 409
        assert len(receiver.received) == 2


def test_what_cannot_be_is_refused_by_its_field(client, focal):
    for url in ("https://169.254.169.254/latest", "http://hook.example:8080x/", "https://[::1]/"):
        answer = client.post(PATH, json={"url": url}, headers=focal)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "url"
    wrong = {"url": "https://hook.example/", "country": "UK"}
    assert client.post(PATH, json=wrong, headers=focal).json["errors"][0]["field"] == "country"


def test_another_authority_s_webhook_is_not_there(client, database, focal):
    made = client.post(PATH, json={"url": "https://hook.example/"}, headers=focal).json
    path = f"{PATH}/{made['id']}"
    peer, analyst = key_for(database, "FR", Role.FOCAL_POINT), key_for(database, "CH", Role.ANALYST)
    assert client.get(PATH, headers=peer).json["items"] == []
    for method, where in (
        ("DELETE", path), ("POST", f"{path}/test"), ("POST", f"{path}/secret"),
        ("GET", f"{path}/attempts"),
    ):  # fmt: skip
        assert client.open(where, method=method, headers=peer).status_code == 404
    assert len(client.get(PATH, headers=analyst).json["items"]) == 1
    other = {"url": "https://hook.example/", "authority": "LAB-DE"}
    assert client.post(PATH, json=other, headers=peer).status_code == 403

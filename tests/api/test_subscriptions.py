"""Subscriptions through the API: all that a wish may be, changed, paused, looked back on."""

from __future__ import annotations

from app.access.roles import Role
from tests.api.conftest import key_for
from tests.reporting import NOW

PATH = "/api/v1/subscriptions"
WISH = {
    "filters": {"groups": ["nitazenes"], "countries": ["DE", "FR"], "containing": "[N+](=O)[O-]"},
    "min_tier": "alert",
    "rhythm": "daily",
    "time_zone": "Europe/Berlin",
    "quiet_from": 22,
    "quiet_until": 7,
}


def test_a_wish_is_kept_read_changed_and_paused(client, database):
    key = key_for(database, "DE", Role.FOCAL_POINT)
    made = client.post(PATH, json={"email": "duty@example.org", **WISH}, headers=key)
    assert made.status_code == 201
    assert {name: made.json[name] for name in WISH} == WISH
    assert (made.json["state"], made.json["group"]) == ("unconfirmed", "nitazenes")
    one = f"{PATH}/{made.json['id']}"
    assert client.get(one, headers=key).json == made.json
    changed = client.patch(one, json={"min_tier": "urgent", "quiet_from": None,
                                      "quiet_until": None}, headers=key).json  # fmt: skip
    assert changed == made.json | {"min_tier": "urgent", "quiet_from": None, "quiet_until": None}
    assert client.patch(one, json={"filters": {}}, headers=key).json["filters"] == {}
    until = "2026-12-01T08:00:00Z"
    assert client.patch(one, json={"paused_until": until}, headers=key).json["paused_until"]
    assert client.patch(one, json={"paused_until": None}, headers=key).json["paused_until"] is None
    naive = client.patch(one, json={"paused_until": "2026-12-01T08:00:00"}, headers=key)
    assert naive.status_code == 422 and "time zone" in naive.json["detail"]
    other = key_for(database, "FR", Role.FOCAL_POINT)
    for answer in (client.get(one, headers=other), client.patch(one, json={}, headers=other)):
        assert answer.status_code == 404


def test_what_cannot_be_wished_is_named_by_field(client, database):
    key = key_for(database, "DE", Role.FOCAL_POINT)
    wrong = {"filters": {"families": ["nitazines"]}, "time_zone": "Berlin"}
    for path, more in ((PATH, {"email": "a@example.org"}), (f"{PATH}/preview", {})):
        answer = client.post(path, json=wrong | more, headers=key)
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json["errors"]} == {"families", "time_zone"}
    for who in ({}, {"email": "a@example.org", "webhook": 1}):
        assert client.post(PATH, json=who, headers=key).status_code == 422


def test_a_wish_looks_back_before_it_is_saved(client, database):
    key = key_for(database, "DE", Role.FOCAL_POINT)
    seen = client.post(f"{PATH}/preview", json=WISH, headers=key).json
    assert (seen["told"], seen["urgent"], seen["mails"], seen["newest"]) == (0, 0, 0, [])
    assert seen["since"].startswith(str(NOW.year - 1))
    assert client.get(PATH, headers=key).json["items"] == []


def test_the_list_goes_on_page_by_page_and_by_state(client, database):
    key = key_for(database, "DE", Role.FOCAL_POINT)
    for number in range(3):
        wanted = {"email": f"a{number}@example.org"}
        assert client.post(PATH, json=wanted, headers=key).status_code == 201
    first = client.get(f"{PATH}?limit=2", headers=key).json
    assert len(first["items"]) == 2
    rest = client.get(first["next"].partition("http://tocsin.test")[2], headers=key).json
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert len(client.get(f"{PATH}?state=unconfirmed", headers=key).json["items"]) == 3
    assert client.get(f"{PATH}?state=active", headers=key).json["items"] == []

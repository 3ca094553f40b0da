"""Lists come in pages: following `next` shows everything once, and then ends."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from app import create_app
from app.access.roles import Role
from tests.reporting import NOW, key_for, report


def walk(client, path, headers):
    """Everything in a list, page after page, as a client would fetch it."""
    items, pages = [], 0
    while path:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        assert set(answer.json) == {"items", "next"}
        items += answer.json["items"]
        pages += 1
        parts = urlsplit(answer.json["next"] or "")
        path = f"{parts.path}?{parts.query}" if answer.json["next"] else None
    return items, pages


@pytest.mark.parametrize("thing", ["reports", "submissions"])
def test_every_row_comes_once(post, client, key, thing):
    for number in range(7):
        post(report(reference=f"R-{number}"))
    items, pages = walk(client, f"/api/v1/{thing}?limit=3", key)
    assert pages == 3
    assert len(items) == len({item["id"] for item in items}) == 7


def test_a_filter_survives_the_next_page(post, client, key):
    kinds = ["seizure", "death"] * 3
    post([report(reference=f"R-{n}", event_kind=kind) for n, kind in enumerate(kinds)])
    items, _ = walk(client, "/api/v1/reports?limit=1&event_kind=death&country=DE", key)
    assert {item["event_kind"] for item in items} == {"death"} and len(items) == 3


@pytest.mark.parametrize("thing", ["substances", "clusters"])
def test_the_whole_register_can_be_walked(known, settings, thing):
    client = create_app(settings, database=known, clock=lambda: NOW).test_client()
    items, pages = walk(client, f"/api/v1/{thing}?limit=200", {})
    assert len(items) == len({item["id"] for item in items}) > 200 and pages > 1


def test_a_next_page_is_at_the_address_that_readers_use(post, client, key):
    post([report(reference="R-1"), report(reference="R-2")])
    answer = client.get("/api/v1/reports?limit=1", headers=key)
    assert answer.json["next"].startswith("http://tocsin.test/api/v1/reports?")


def test_a_long_receipt_is_read_page_by_page(post, client, key):
    bad = [report(reference=f"R-{n}", count=0) for n in range(450)]
    receipt = post([*bad, report()]).json
    rows, parts = receipt["rows"], receipt["next"]
    while parts:
        answer = client.get(urlsplit(parts).path + "?" + urlsplit(parts).query, headers=key).json
        rows, parts = rows + answer["rows"], answer["next"]
    assert [row["row"] for row in rows] == list(range(1, 452))


def test_only_a_focal_point_names_others_to_be_told(client, key):
    wanted = {"email": "anyone@example.net"}
    assert client.post("/api/v1/subscriptions", json=wanted, headers=key).status_code == 403


def test_subscriptions_begin_and_end(client, database):
    key = key_for(database, "DE", Role.FOCAL_POINT)
    wanted = {"email": "duty@example.org", "group": "nitazenes", "min_tier": "alert"}
    made = client.post("/api/v1/subscriptions", json=wanted, headers=key)
    assert made.status_code == 201
    assert client.get("/api/v1/subscriptions", headers=key).json["items"] == [made.json]
    path = f"/api/v1/subscriptions/{made.json['id']}"
    assert client.delete(path, headers=key_for(database, "FR")).status_code in {403, 404}
    ended = client.delete(path, headers=key)
    assert (ended.status_code, ended.data) == (204, b"")
    assert client.get("/api/v1/subscriptions", headers=key).json["items"] == []

"""Conditional GET on the feeds: the same is told in one line, an alert makes it new."""

from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest

from app.access.roles import ANYBODY
from app.notification.queries import alerts
from tests.notification.making import a_substance, an_episode, told
from tests.reporting import NOW

FEEDS = {"/feed.json": "application/feed+json", "/feed.atom": "application/atom+xml"}


def tell(database, days_ago):
    with database.transaction() as session:
        name, block = f"Substance {days_ago}", f"SJHUJFHOXYDS{days_ago:02d}"
        substance = a_substance(session, name, connectivity=block)
        told(session, an_episode(session, substance), now=NOW - timedelta(days=days_ago))


@pytest.mark.parametrize("path", FEEDS)
def test_who_has_the_newest_is_told_so(client, database, path):
    tell(database, days_ago=3)
    first = client.get(path)
    assert first.status_code == 200 and first.content_type.startswith(FEEDS[path])
    assert first.last_modified == (NOW - timedelta(days=3)).replace(microsecond=0)
    for asked in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = client.get(path, headers=asked)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("path", FEEDS)
def test_a_new_alert_makes_the_feed_new(client, database, path):
    empty = client.get(path)
    assert empty.status_code == 200
    tell(database, days_ago=3)
    first = client.get(path, headers={"If-None-Match": empty.headers["ETag"]})
    tell(database, days_ago=1)
    second = client.get(
        path,
        headers={
            "If-None-Match": first.headers["ETag"],
            "If-Modified-Since": first.headers["Last-Modified"],
        },
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert len({answer.headers["ETag"] for answer in (empty, first, second)}) == 3
    assert "Substance 1" in second.text and "Substance 3" in second.text


def test_the_feeds_are_whole(client, database):
    for days in range(1, 60):
        tell(database, days)
    found, path = [], "/feed.json"
    while path:
        feed = client.get(path).json
        found += [item["id"] for item in feed["items"]]
        path = feed.get("next_url", "").removeprefix("http://tocsin.test")
    assert len(found) == len(set(found)) == 59
    atom = feedparser.parse(client.get("/feed.atom").data)
    assert not atom.bozo and [entry.id for entry in atom.entries] == found[:50]


def test_cap_answers_for_each_alert(client, database):
    tell(database, days_ago=3)
    with database.reading() as session:
        code = alerts(session, ANYBODY).items[0].alert.code
    answer = client.get(f"/cap/{code}.xml")
    assert answer.status_code == 200 and answer.content_type.startswith("application/cap+xml")
    assert client.get("/cap/A-99999.xml").status_code == 404
    assert client.get("/cap/nonsense.xml").status_code == 404


def test_health_readiness_and_metrics(client, database):
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").status_code == 200
    metrics = client.get("/metrics").text
    assert "tocsin_messages_parked 0.0" in metrics
    assert "report" not in metrics  # a count of reports would tell when a red one comes in
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    try:
        assert client.get("/readyz").status_code == 503
    finally:
        with database.engine.begin() as connection:
            newest = database.newest_revision()
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newest}'")

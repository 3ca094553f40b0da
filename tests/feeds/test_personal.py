"""Feeds of one's own: what they carry, whose they are, and when they stop."""

from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.access.models import ApiKey, AuditEvent, Person
from app.access.roles import SYSTEM, Role
from app.access.service import add_person, issue_key, revoke_key
from app.errors import Conflict, Forbidden
from app.feeds import personal
from app.feeds.personal import FeedToken, make_feed, revoke_feed
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    GREEN,
    NOW,
    RED,
    a_substance,
    an_authority,
    an_episode,
    told,
)

PASSWORD = "a long enough password"
KEYS = {CLEAR: "C", GREEN: "G", AMBER: "A", RED: "R"}


@pytest.fixture
def alerts(database):
    """An alert at each level."""
    with database.transaction() as session:
        for level, letter in KEYS.items():
            one = a_substance(session, f"{level.word}zene", connectivity=letter * 14)
            one.handling = level
            told(session, an_episode(session, one, views={level: Tier.ALERT}))


@pytest.fixture
def person(database):
    with database.transaction() as session:
        made = add_person(
            session,
            "duty@example.org",
            authority=an_authority(session),
            role=Role.ANALYST,
            password=PASSWORD,
            now=NOW,
        )
        return made.actor()


def made(database, by, clearance=AMBER, label="board"):
    with database.transaction() as session:
        return make_feed(session, label, clearance, by=by, now=NOW).secret


def levels(answer):
    assert answer.status_code == 200, answer.text
    return {item["_nps"]["handling"] for item in answer.json["items"]}


@pytest.mark.parametrize(
    ("clearance", "carried"),
    [(GREEN, {"clear", "green"}), (AMBER, {"clear", "green", "amber"})],
)
def test_it_carries_what_it_is_cleared_for_even_where_its_maker_reads_more(
    database, client, alerts, person, clearance, carried
):
    secret = made(database, person, clearance)
    answer = client.get(f"/feed/{secret}.json")
    assert levels(answer) == carried
    assert f"TLP:{clearance.name}" in answer.json["title"]
    marked = {i["title"] for i in answer.json["items"] if i["title"].startswith("[TLP:")}
    assert len(marked) == len(carried) - 1
    twin = feedparser.parse(client.get(f"/feed/{secret}.atom").data)
    assert not twin.bozo and len(twin.entries) == len(carried)
    assert "redzene" not in answer.text


def test_no_cache_keeps_it_and_no_search_engine_lists_it(database, client, alerts, person):
    answer = client.get(f"/feed/{made(database, person)}.json")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "ETag" not in answer.headers and "hubs" not in answer.json


def test_it_is_narrowed_and_paged_at_its_own_address(database, client, alerts, person, monkeypatch):
    secret = made(database, person)
    monkeypatch.setattr("app.feeds.pages.PER_PAGE", 2)
    first = client.get(f"/feed/{secret}.json")
    assert first.json["next_url"].startswith(f"http://tocsin.test/feed/{secret}.json?after=")
    rest = client.get(first.json["next_url"].removeprefix("http://tocsin.test"))
    assert levels(first) | levels(rest) == {"clear", "green", "amber"}
    page = client.get(f"/feed/{secret}.json?group=nitazenes")
    assert f"/feed/{secret}.json?group=nitazenes&after=" in page.json["next_url"]
    narrowed = client.get(f"/feed/{secret}.json?substance=TS-00003")
    assert levels(narrowed) == {"amber"}
    assert client.get(f"/feed/{secret}.json?substance=TS-00004").status_code == 404  # red
    assert client.get(f"/feed/{secret}.json?group=nonsense").status_code == 404


class TestItStops:
    def test_when_it_is_revoked(self, database, client, alerts, person):
        secret = made(database, person)
        with database.transaction() as session:
            revoke_feed(session, secret[:10], by=person, now=NOW)
        answer = client.get(f"/feed/{secret}.json")
        assert answer.status_code == 404 and "/subscriptions/feeds" in answer.json["detail"]

    def test_when_the_login_of_its_maker_is_shut_or_may_read_no_more(
        self, database, client, alerts, person
    ):
        secret = made(database, person)
        for change in ({"active": False}, {"active": True, "role": Role.PUBLIC}):
            with database.transaction() as session:
                one = session.scalars(select(Person)).one()
                for name, value in change.items():
                    setattr(one, name, value)
            assert client.get(f"/feed/{secret}.json").status_code == 404

    def test_when_the_key_of_its_maker_is_revoked(self, database, client, alerts):
        with database.transaction() as session:
            key = issue_key(session, an_authority(session), role=Role.LABORATORY, now=NOW)
        bearer = {"Authorization": f"Bearer {key}"}
        sent = {"label": "board", "clearance": "amber"}
        answer = client.post("/api/v1/feeds", json=sent, headers=bearer)
        assert answer.status_code == 201
        path = answer.json["json_feed"].removeprefix("http://tocsin.test")
        assert levels(client.get(path)) == {"clear", "green", "amber"}
        with database.transaction() as session:
            revoke_key(session, session.scalars(select(ApiKey.prefix)).one(), now=NOW)
        assert client.get(path).status_code == 404

    @pytest.mark.parametrize("wrong", ["none", "0123456789_" + "a" * 43, "%00", "é" * 50, "_"])
    def test_and_a_guess_opens_nothing(self, database, client, alerts, person, wrong):
        secret = made(database, person)
        guesses = (wrong, secret[:-1], secret[:11] + "A" * 43, secret + "A")
        for guess in guesses:
            assert client.get(f"/feed/{guess}.json").status_code == 404


class TestMaking:
    def test_only_a_digest_is_kept_and_the_trail_says_who(self, database, client, person):
        secret = made(database, person)
        with database.reading() as session:
            held = session.scalars(select(FeedToken)).one()
            assert secret[11:] not in repr(vars(held))
            line = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
            assert (line.action, line.actor, line.subject) == (
                "feed.make",
                person.label,
                secret[:10],
            )
            assert secret[11:] not in str(line.detail)

    def test_the_day_it_was_read_is_noted(self, database, client, person):
        client.get(f"/feed/{made(database, person)}.json")
        with database.reading() as session:
            assert session.scalars(select(FeedToken)).one().last_used_on == NOW.date()

    def test_it_belongs_to_somebody_and_there_is_an_end_to_them(
        self, database, person, monkeypatch
    ):
        with pytest.raises(Forbidden):
            made(database, SYSTEM)
        monkeypatch.setattr(personal, "MOST", 2)
        first = made(database, person)
        made(database, person)
        with pytest.raises(Conflict):
            made(database, person)
        with database.transaction() as session:
            revoke_feed(session, first[:10], by=person, now=NOW + timedelta(days=1))
        made(database, person)

    def test_by_machine(self, database, client, person):
        with database.transaction() as session:
            home = an_authority(session)
            keys = [issue_key(session, home, role=Role.SUBSCRIBER, now=NOW) for _ in range(2)]
        mine, other = ({"Authorization": f"Bearer {key}"} for key in keys)
        for sent, field in (
            ({"label": "x", "clearance": "red"}, "clearance"),
            ({"label": " ", "clearance": "amber"}, "label"),
            ({"label": "a\x00b"}, "label"),
        ):
            refused = client.post("/api/v1/feeds", json=sent, headers=mine)
            assert refused.status_code == 422 and refused.json["errors"][0]["field"] == field
        feed = client.post("/api/v1/feeds", json={"label": "board"}, headers=mine).json
        assert feed["clearance"] == "green"
        (listed,) = client.get("/api/v1/feeds", headers=mine).json["items"]
        assert listed["id"] == feed["id"] and "json_feed" not in listed
        assert client.get("/api/v1/feeds", headers=other).json["items"] == []
        assert client.delete(f"/api/v1/feeds/{feed['id']}", headers=other).status_code == 404
        assert client.delete(f"/api/v1/feeds/{feed['id']}", headers=mine).status_code == 204
        assert client.get("/api/v1/feeds", headers=mine).json["items"] == []

    def test_on_the_page(self, database, client, alerts, person):
        sign_in = {"email": person.label, "password": PASSWORD}
        client.post("/login", data=sign_in, headers={"Sec-Fetch-Site": "same-origin"})
        assert "None yet" in client.get("/subscriptions/feeds").text
        assert "/subscriptions/feeds" in client.get("/subscriptions").text
        form = {"label": "<b>board</b>", "clearance": "amber"}
        page = client.post("/subscriptions/feeds", data=form)
        (address,) = (
            word for word in page.text.replace("<", " ").replace(">", " ").split()
            if word.startswith("http://tocsin.test/feed/") and word.endswith(".json")
        )  # fmt: skip
        assert page.headers["Cache-Control"] == "private, no-store"
        assert "<b>board" not in page.text
        assert "amber" in levels(client.get(address.removeprefix("http://tocsin.test")))
        again = client.get("/subscriptions/feeds").text
        assert address not in again and address.split("/")[-1][:10] in again
        prefix = address.split("/")[-1][:10]
        client.post(f"/subscriptions/feeds/{prefix}/revoke")
        assert "None yet" in client.get("/subscriptions/feeds").text
        wrong = client.post("/subscriptions/feeds", data={"label": "x", "clearance": "red"})
        assert wrong.status_code == 302
        assert "Not made" in client.get("/subscriptions/feeds").text


def test_no_feed_of_ones_own_is_for_red():
    assert max(personal.CLEARANCES) == Handling.AMBER

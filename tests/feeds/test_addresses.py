"""The public feeds as they are asked for: right to the moment, narrowed, paged, spread by a hub."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep

import feedparser
import jsonschema_rs
import pytest
from sqlalchemy import event, select

from app import create_app
from app.access.handling import Handling
from app.db import Database
from app.doorstep import Doorstep
from app.feeds import pages
from app.registry.models import Substance
from app.surveillance.models import EpisodeState, Tier
from tests.feeds.making import LATER, WHY, retract
from tests.notification.making import AMBER, RED, a_substance, an_episode, told

DOCS = Path(__file__).parents[2] / "docs" / "feeds.md"
BOTH = ("/feed.json", "/feed.atom")
SECURE = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")


@pytest.fixture
def elsewhere(database):
    """Another process: a database object of its own on the same database."""
    other = Database(database.url)
    yield other
    other.engine.dispose()


def tell(database, *names, views=None, countries=("DE", "EE"), **what):
    """An alert about a substance of each name."""
    with database.transaction() as session:
        for name in names:
            key = (re.sub("[^A-Z]", "", name.upper()) + "A" * 14)[:14]
            substance = a_substance(session, name, connectivity=key, **what)
            told(session, an_episode(session, substance, views=views, countries=countries))


def alone(database):
    """A server has other databases, and whatever is committed there counts too."""
    if database.engine.dialect.name == "postgresql":
        pytest.skip("others may commit on this server meanwhile")


def titles(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [item["title"].partition(":")[0] for item in answer.json["items"]]


class TestFreshness:
    @pytest.mark.parametrize("path", BOTH)
    def test_who_has_it_is_told_so_until_another_process_changes_it(self, client, elsewhere, path):
        tell(elsewhere, "Alphazene")
        first = client.get(path)
        assert first.headers["Last-Modified"] == "Fri, 20 Nov 2026 09:30:00 GMT"
        assert first.headers["Cache-Control"] == "public, max-age=60"
        asked = {"If-None-Match": first.headers["ETag"]}
        assert client.get(path, headers=asked).status_code == 304
        assert client.get(path, headers=asked).data == b""
        tell(elsewhere, "Betazene")
        again = client.get(path, headers=asked)
        assert again.status_code == 200 and "Betazene" in again.text

    def test_what_is_restricted_is_gone_with_the_next_request(self, client, elsewhere):
        tell(elsewhere, "Alphazene")
        first = client.get("/feed.json")
        assert "Alphazene" in first.text
        with elsewhere.transaction() as session:
            session.scalars(select(Substance)).one().handling = RED
        again = client.get("/feed.json", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 200 and "Alphazene" not in again.text

    def test_what_the_public_may_not_read_changes_nothing_for_it(self, client, elsewhere):
        tell(elsewhere, "Alphazene")
        first = client.get("/feed.json")
        tell(elsewhere, "Secretzene", views={AMBER: Tier.URGENT})
        again = client.get("/feed.json")
        assert again.headers["ETag"] == first.headers["ETag"] and again.data == first.data

    def test_it_is_written_once_however_often_it_is_asked_for(self, client, elsewhere, monkeypatch):
        tell(elsewhere, "Alphazene")
        written = []
        real = pages.write
        monkeypatch.setattr(pages, "write", lambda *a, **k: written.append(1) or real(*a, **k))
        for _ in range(3):
            client.get("/feed.json")
        with elsewhere.transaction() as session:  # something else entirely
            session.scalars(select(Substance)).one().formula = "C2H6"
        client.get("/feed.json")
        assert written == [1]

    def test_who_asks_at_once_shares_one_look(self, house, database, monkeypatch):
        """While reports come in, each commit has the alerts asked for again, and not by each."""
        tell(database, "Alphazene")
        house.test_client().get("/feed.json")
        looks, real = [], pages.wordings

        def slowly(*given, **more):
            looks.append(1)
            sleep(0.3)
            return real(*given, **more)

        monkeypatch.setattr(pages, "wordings", slowly)
        tell(database, "Betazene")
        with ThreadPoolExecutor(8) as threads:
            asked = [
                threads.submit(lambda: titles(house.test_client(), "/feed.json")) for _ in range(8)
            ]
        assert [one.result() for one in asked] == [["Betazene", "Alphazene"]] * 8
        assert len(looks) <= 4  # one, and one for those who asked after it had begun

    def test_a_look_begun_before_it_was_asked_for_is_not_taken(self, house, database, monkeypatch):
        tell(database, "Alphazene")
        house.test_client().get("/feed.json")
        begun, go, real = Event(), Event(), pages.wordings

        def held_up(*given, **more):
            told = real(*given, **more)
            begun.set()
            assert go.wait(20)
            return told

        with database.transaction() as session:  # something else: there is a reason to look
            session.scalars(select(Substance)).one().formula = "C2H6"
        monkeypatch.setattr(pages, "wordings", held_up)
        with ThreadPoolExecutor(2) as threads:
            early = threads.submit(lambda: titles(house.test_client(), "/feed.json"))
            assert begun.wait(20)
            tell(database, "Betazene")
            late = threads.submit(lambda: titles(house.test_client(), "/feed.json"))
            sleep(0.2)
            go.set()
            assert late.result() == ["Betazene", "Alphazene"]
            assert early.result() in (["Alphazene"], ["Betazene", "Alphazene"])

    def test_unchanged_costs_no_statement_of_ours(self, client, database):
        alone(database)
        tell(database, "Alphazene")
        client.get("/feed.json")
        asked = []
        event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        client.get("/feed.json")
        assert asked == []

    @pytest.mark.parametrize("path", BOTH)
    def test_on_the_doorstep_it_is_the_same_as_inside(self, house, client, database, path):
        tell(database, "Alphazene")
        assert isinstance(house.wsgi_app, Doorstep)
        outside = client.get(path)
        inside = client.get(path, headers={"Cookie": "something=else"})
        assert outside.data == inside.data
        assert dict(outside.headers) == dict(inside.headers)
        assert all(name in outside.headers for name in SECURE)
        for answer in (client.head(path), client.head(path, headers={"Cookie": "a=b"})):
            assert answer.data == b"" and answer.status_code == 200
            assert answer.headers["Content-Length"] == str(len(outside.data))
        assert client.post(path).status_code == 405
        assert client.get(path, headers={"Authorization": "Bearer none"}).status_code == 401

    def test_it_is_in_one_language_whoever_was_answered_before(self, client, database):
        tell(database, "Alphazene")
        french = {"Accept-Language": "fr"}
        assert client.get("/alerts", headers=french).headers["Content-Language"] == "fr"
        for path in ("/feed.json", "/countries/DE/feed.json", "/cap/A-00001.xml?lang=en"):
            said = client.get(path, headers=french).text
            assert "Germany" in said and "Allemagne" not in said

    def test_a_fault_is_told_as_every_other(self, house, monkeypatch):
        def fails(*_, **__):
            raise RuntimeError("a secret of ours")

        monkeypatch.setattr(pages, "wordings", fails)
        answer = house.test_client().get("/feed.json")
        assert answer.status_code == 500 and "secret" not in answer.text
        assert answer.content_type == "application/problem+json"

    def test_a_stamp_is_the_same_until_somebody_commits(self, database, elsewhere):
        before = database.stamp()
        with elsewhere.transaction() as session:
            a_substance(session)
            session.flush()
        assert database.stamp() != before
        alone(database)
        assert database.stamp() == database.stamp()

    def test_a_lost_connection_is_made_anew(self, database):
        before = database.stamp()
        database._stamp._held[1].close()
        lost = database.stamp()
        assert lost not in (before, database.stamp())
        alone(database)
        assert database.stamp() == database.stamp()


SCOPES = {
    "group=nitazenes": "/groups/nitazenes",
    "group=synthetic-cathinones": "/groups/synthetic-cathinones",
    "family=nitazene": "/families/nitazene",
    "country=FR": "/countries/FR",
    "substance=TS-00001": "/substances/TS-00001",
}
HELD = {
    "group=nitazenes": ["Betazene", "Alphazene"],
    "group=synthetic-cathinones": ["Cathone"],
    "family=nitazene": ["Betazene", "Alphazene"],
    "country=FR": ["Cathone", "Betazene"],
    "substance=TS-00001": ["Alphazene"],
}


class TestScopes:
    @pytest.fixture(autouse=True)
    def register(self, database):
        tell(database, "Alphazene")
        tell(database, "Betazene", countries=["FR"])
        tell(
            database, "Cathone", countries=["FR"], group="synthetic cathinones", family="cathinone"
        )

    @pytest.mark.parametrize("asked", SCOPES)
    def test_a_feed_holds_what_its_address_says(self, client, asked):
        for path in (f"/feed.json?{asked}", f"{SCOPES[asked]}/feed.json"):
            assert titles(client, path) == HELD[asked]
            assert client.get(path).json["feed_url"].endswith(f"{SCOPES[asked]}/feed.json")
        twin = feedparser.parse(client.get(f"{SCOPES[asked]}/feed.atom").data)
        assert not twin.bozo
        assert [e.title.partition(":")[0] for e in twin.entries] == HELD[asked]
        assert twin.feed.id.endswith(f"{SCOPES[asked]}/feed.atom")

    def test_several_narrow_together_and_the_title_names_them(self, client):
        answer = client.get("/feed.json?group=nitazenes&country=fr")
        assert titles(client, "/feed.json?group=nitazenes&country=fr") == ["Betazene"]
        assert answer.json["title"].endswith("– nitazenes, France")
        assert answer.json["feed_url"].endswith("/feed.json?group=nitazenes&country=FR")
        assert client.get("/substances/TS-00001/feed.json").json["title"].endswith("– Alphazene")

    @pytest.mark.parametrize(
        ("path", "remedy"),
        [
            ("/groups/nitazine/feed.json", "the groups are: aminoindanes"),
            ("/families/nitazines/feed.atom", "did you mean nitazene"),
            ("/feed.json?country=UK", "did you mean GB"),
            ("/countries/France/feed.json", "did you mean FR"),
            ("/substances/TS-99999/feed.json", "there is no substance TS-99999"),
            ("/feed.json?substance=x", "they look like TS-00042"),
        ],
    )
    def test_what_there_is_not_is_said_with_what_would_be_right(self, client, path, remedy):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"
        assert remedy in answer.json["detail"]

    def test_a_substance_nobody_may_know_of_is_none(self, client, database):
        tell(database, "Secretzene", views={AMBER: Tier.URGENT})
        with database.transaction() as session:
            for one in session.scalars(select(Substance).where(Substance.name == "Secretzene")):
                one.handling = Handling.AMBER
        for path in ("/substances/TS-00004/feed.json", "/feed.atom?substance=TS-00004"):
            assert client.get(path).status_code == 404


def test_pages_lose_nothing_while_alerts_come_in_and_change(database, client, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 2)
    names = ["Alphazene", "Betazene", "Gammazene", "Deltazene", "Epsilone"]
    tell(database, *names)
    page, met = client.get("/groups/nitazenes/feed.json").json, []
    tell(database, "Newcomer")
    while True:
        met += [item["title"].partition(":")[0] for item in page["items"]]
        if "next_url" not in page:
            break
        assert "/groups/nitazenes/feed.json?after=" in page["next_url"]
        page = client.get(page["next_url"].removeprefix("http://tocsin.test")).json
    assert met == names[::-1]
    with database.transaction() as session:
        first = session.scalars(select(Substance).where(Substance.name == "Alphazene")).one()
        told(session, an_episode(session, first, scope="Asia"), now=LATER)
    assert titles(client, "/feed.json") == ["Alphazene", "Newcomer"]


class TestItems:
    def test_every_item_is_what_the_schema_says(self, client, database):
        with database.transaction() as session:
            episode = an_episode(session, a_substance(session))
            told(session, episode)
            other = a_substance(session, "Unknown", connectivity="B" * 14, group="", family="")
            gone = an_episode(session, other, simulated=True, countries=[])
            told(session, gone)
            gone.state = EpisodeState.CLOSED
            told(session, gone, now=LATER, reason="closed")
        answer = client.get("/schemas/nps-feed-1.json")
        assert answer.content_type == "application/schema+json"
        jsonschema_rs.meta.validate(answer.json)
        strict = json.loads(answer.text) | {"additionalProperties": False}
        valid = jsonschema_rs.validator_for(strict, validate_formats=True)
        feed = client.get("/feed.json").json
        assert feed["_nps"]["about"].endswith("/schemas/nps-feed-1.json")
        for item in feed["items"]:
            assert [error.message for error in valid.iter_errors(item["_nps"])] == []
        assert len(feed["items"]) == 2

    def test_every_member_is_explained(self, client):
        schema = client.get("/schemas/nps-feed-1.json").json
        rows = {
            **schema["properties"],
            **{f"rules.{k}": v for k, v in schema["$defs"]["rule"]["properties"].items()},
            **{f"substances.{k}": v for k, v in schema["$defs"]["substance"]["properties"].items()},
            **{f"controlled.{k}": v for k, v in schema["$defs"]["listing"]["properties"].items()},
        }
        text = DOCS.read_text(encoding="utf-8")
        members = text[text.index("## `_nps`") : text.index("## CAP")]
        said = set(re.findall(r"^\| `[^|]+ \| .+ \|$", members, re.M))
        assert said == {f"| `{name}` | {rule['description']} |" for name, rule in rows.items()}

    def test_what_is_attached_can_be_fetched(self, client, database):
        tell(database, "Alphazene")
        (item,) = client.get("/feed.json").json["items"]
        urls = {one["url"]: one["mime_type"] for one in item["attachments"]}
        assert list(urls.values()) == ["image/svg+xml", "chemical/x-mdl-molfile"]
        for url, kind in urls.items() | {(item["image"], "image/png")}:
            answer = client.get(url.removeprefix("http://tocsin.test"))
            assert (answer.status_code, answer.mimetype) == (200, kind)
        assert "V2000" in client.get("/substances/TS-00001.mol").text

    def test_a_retraction_is_an_update_of_the_same_id(self, client, database):
        tell(database, "Alphazene")
        (before,) = client.get("/feed.json").json["items"]
        with database.transaction() as session:
            retract(session)
        (after,) = client.get("/feed.json").json["items"]
        assert after["id"] == before["id"]
        assert after["date_published"] == before["date_published"]
        assert after["date_modified"] > before["date_modified"]
        assert after["title"] == f"[Retracted] {before['title']}"
        assert WHY in after["content_text"] and WHY in after["content_html"]
        assert after["_nps"]["retracted"] is True and after["_nps"]["open"] is False
        (entry,) = feedparser.parse(client.get("/feed.atom").data).entries
        assert entry.title.startswith("[Retracted] ") and entry.updated > entry.published


class TestHub:
    HUB = "https://hub.example.org/"

    def test_it_is_announced_where_it_is_set_and_nowhere_else(self, database, settings):
        tell(database, "Alphazene")
        told_of = create_app(replace(settings, websub_hub=self.HUB), database=database)
        silent = create_app(settings, database=database).test_client()
        client = told_of.test_client()
        for path in ("/feed.json", "/groups/nitazenes/feed.json"):
            answer = client.get(path)
            assert answer.json["hubs"] == [{"type": "WebSub", "url": self.HUB}]
            own = f'<http://tocsin.test{path}>; rel="self"'
            assert answer.headers["Link"] == f'{own}, <{self.HUB}>; rel="hub"'
            assert "hubs" not in silent.get(path).json
            assert "hub" not in silent.get(path).headers["Link"]
        links = feedparser.parse(client.get("/feed.atom").data).feed.links
        assert [link.href for link in links if link.rel == "hub"] == [self.HUB]
        # a combination is told to nobody when it changes, so it names nobody
        assert "hubs" not in client.get("/feed.json?group=nitazenes&country=DE").json

"""Feeds in the language of their address: the same alerts, the same ids, other words."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import feedparser
import pytest

from app.access.models import ApiKey
from app.access.roles import Actor, Role
from app.access.service import issue_key
from app.feeds import pages
from app.feeds.cap import NAMESPACE
from app.feeds.personal import make_feed
from app.languages import LANGUAGES
from tests.feeds.cap12 import complaints
from tests.feeds.making import WHY, retract
from tests.notification.making import GREEN, NOW, a_substance, an_authority, told
from tests.notification.test_anew import SPREAD, a_spread
from tests.notification.written import issued

SITE = "http://tocsin.test"
SAID = {
    "en": ("Protonitazene: new spread in 3 countries", "Where: Estonia, Germany, Spain."),
    "fr": ("Protonitazene", "Lieux\u00a0: Allemagne, Espagne, Estonie."),
    "es": ("Protonitazene", "Lugares: Alemania, España, Estonia."),
}
SCOPED = (
    "/groups/nitazenes", "/families/nitazene", "/countries/EE", "/substances/TS-00001", "",
)  # fmt: skip


@pytest.fixture
def spread(database):
    """A notice whose sentence can be said in every language."""
    with database.transaction() as session:
        told(session, a_spread(session, a_substance(session), SPREAD))


def in_language(language: str, path: str) -> str:
    return path if language == "en" else f"{path}?lang={language}"


@pytest.mark.parametrize("folder", SCOPED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_feed_is_in_the_language_of_its_address(client, spread, language, folder):
    path = in_language(language, f"{folder}/feed.json")
    answer = client.get(path)
    feed = answer.json
    assert feed["language"] == answer.headers["Content-Language"] == language
    assert feed["feed_url"] == SITE + path
    (item,) = feed["items"]
    title, places = SAID[language]
    assert item["title"].startswith(title) and "language" not in item
    assert places in item["content_text"] and places in item["content_html"]
    english = client.get(f"{folder}/feed.json").json["items"][0]
    sentence = item["_nps"]["rules"][0]["sentence"]
    assert (sentence == english["_nps"]["rules"][0]["sentence"]) == (language == "en")
    assert sentence in item["content_text"]
    words = {"label", "sentence"}
    for one in (item, english):
        for rule in one["_nps"]["rules"]:
            assert words <= rule.keys()
            for word in words:
                del rule[word]
    assert item["_nps"] == english["_nps"]
    same = ("id", "url", "image", "date_published", "date_modified", "tags")
    assert [item[key] for key in same] == [english[key] for key in same]
    path = in_language(language, f"{folder}/feed.atom")
    twin = feedparser.parse(client.get(path).data)
    assert not twin.bozo and twin.feed.language == language
    assert twin.entries[0].id == item["id"] and twin.entries[0].title == item["title"]
    assert twin.feed.id == f"{SITE}{folder}/feed.atom"
    assert [link.href for link in twin.feed.links if link.rel == "self"] == [SITE + path]


@pytest.mark.parametrize("file", ["feed.json", "feed.atom"])
def test_each_language_has_its_own_validator_whatever_else_is_asked(client, spread, file):
    tags = {}
    for language in LANGUAGES:
        answer = client.get(f"/{file}?lang={language}")
        tags[language] = answer.headers["ETag"]
        assert f'<{SITE}{in_language(language, f"/{file}")}>; rel="self"' in answer.headers["Link"]
    assert len(set(tags.values())) == 3
    assert client.get(f"/{file}").headers["ETag"] == tags["en"]
    for language, tag in tags.items():
        for asked in LANGUAGES:
            headers = {"If-None-Match": tag, "Accept-Language": "es"}
            answer = client.get(f"/{file}?lang={asked}", headers=headers)
            assert answer.status_code == (304 if asked == language else 200)
            assert answer.headers["ETag"] == tags[asked]


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_the_doorstep_a_language_is_the_same_as_inside(client, spread, language):
    for path in (f"/feed.json?lang={language}", f"/feed.atom?lang={language}"):
        outside, inside = client.get(path), client.get(path, headers={"Cookie": "language=es"})
        assert outside.data == inside.data and dict(outside.headers) == dict(inside.headers)


def test_a_feed_goes_on_in_its_language(database, client, monkeypatch):
    monkeypatch.setattr(pages, "PER_PAGE", 1)
    with database.transaction() as session:
        for name in ("Alphazene", "Betazene", "Gammazene"):
            key = (name.upper() + "A" * 14)[:14]
            told(session, a_spread(session, a_substance(session, name, connectivity=key), SPREAD))
    path, met = "/groups/nitazenes/feed.json?lang=fr", []
    while path:
        page = client.get(path).json
        assert page["language"] == "fr" and "Allemagne" in page["items"][0]["content_text"]
        met += [item["title"].partition("\u00a0:")[0] for item in page["items"]]
        path = page.get("next_url", "").removeprefix(SITE)
        assert not path or "lang=fr&after=" in path
    assert len(met) == 3


@pytest.mark.parametrize("path", ["/feed.json", "/groups/nitazenes/feed.atom", "/cap/A-00001.xml"])
def test_a_language_that_there_is_not_is_said_so(client, spread, path):
    answer = client.get(f"{path}?lang=de")
    assert answer.status_code == 404 and "choose one of: en, fr, es" in answer.json["detail"]
    assert client.get(f"{path}?lang=").status_code == 200


def test_a_feed_of_ones_own_is_in_its_language_too(database, client, spread):
    with database.transaction() as session:
        issue_key(session, an_authority(session), role=Role.ANALYST, now=NOW)
        prefix = session.query(ApiKey).one().prefix
        by = Actor(Role.ANALYST, f"key {prefix}")
        secret = make_feed(session, "board", GREEN, by=by, now=NOW).secret
    answer = client.get(f"/feed/{secret}.json?lang=fr&country=EE")
    assert answer.headers["Content-Language"] == answer.json["language"] == "fr"
    assert answer.json["feed_url"] == f"{SITE}/feed/{secret}.json?country=EE&lang=fr"
    assert "pour vous seul" in answer.json["title"]
    assert "Allemagne" in answer.json["items"][0]["content_text"]
    assert client.get(f"/feed/{secret}.atom?lang=xx").status_code == 404


def test_what_people_wrote_is_in_english_and_says_so(database, client):
    with database.transaction() as session:
        issued(session)
    english = client.get("/feed.json").json["items"][0]
    french = client.get("/feed.json?lang=fr").json
    (item,) = french["items"]
    assert french["language"] == "fr" and item.pop("language") == "en"
    titles = [one.pop("title") for item in (item, english) for one in item.get("attachments", ())]
    assert item == english and not titles
    feed = ElementTree.fromstring(client.get("/feed.atom?lang=fr").data)
    (entry,) = feed.findall("{http://www.w3.org/2005/Atom}entry")
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert (feed.get(lang), entry.get(lang)) == ("fr", "en")
    infos = blocks(client.get("/cap/A-00001.xml").data)
    assert [info["language"] for info in infos] == ["en"]
    assert blocks(client.get("/cap/A-00001.xml?lang=fr").data) == infos


def test_a_notice_taken_back_keeps_the_reason_in_every_language(database, client, spread):
    with database.transaction() as session:
        retract(session)
    for language in LANGUAGES:
        (item,) = client.get(f"/feed.json?lang={language}").json["items"]
        assert WHY in item["content_text"] and item["title"].startswith("[Retracted] ")


def blocks(xml: bytes) -> list[dict[str, str]]:
    assert complaints(xml) == []
    infos = ElementTree.fromstring(xml).findall(f"{{{NAMESPACE}}}info")
    return [{e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in info.iter()} for info in infos]


def test_cap_has_a_block_for_each_language_english_first(client, spread):
    infos = blocks(client.get("/cap/A-00001.xml").data)
    assert [info["language"] for info in infos] == list(LANGUAGES) == ["en", "fr", "es"]
    english, french, spanish = infos
    assert (english["areaDesc"], french["areaDesc"], spanish["areaDesc"]) == (
        "Estonia, Germany, Spain", "Allemagne, Espagne, Estonie", "Alemania, España, Estonia",
    )  # fmt: skip
    for name in ("headline", "description", "instruction", "event", "areaDesc"):
        assert len({info[name] for info in infos}) == 3, name
    for name in ("category", "urgency", "severity", "certainty", "effective", "web", "uri"):
        assert len({info[name] for info in infos}) == 1, name
    assert blocks(client.get("/cap/A-00001.xml?lang=fr").data) == [french]


def test_cap_is_asked_for_again_at_no_cost(client, spread):
    first = client.get("/cap/A-00001.xml")
    assert first.headers["Last-Modified"] == "Fri, 20 Nov 2026 09:30:00 GMT"
    asked = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/cap/A-00001.xml", headers=asked).status_code == 304
    assert client.get("/cap/A-00001.xml?lang=fr", headers=asked).status_code == 200


def test_the_schema_holds_in_every_language(client, spread):
    import jsonschema_rs

    schema = json.loads(client.get("/schemas/nps-feed-1.json").text)
    valid = jsonschema_rs.validator_for(schema, validate_formats=True)
    for language in LANGUAGES:
        for item in client.get(f"/feed.json?lang={language}").json["items"]:
            assert [error.message for error in valid.iter_errors(item["_nps"])] == []

"""Feeds that other people's programs can read."""

import json
from datetime import timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import feedparser
import pytest

from app.access.roles import ANYBODY
from app.errors import NotFound
from app.feeds.atom import atom
from app.feeds.cap import NAMESPACE, cap
from app.feeds.json_feed import json_feed
from app.notification.queries import alert_by_code, alerts, history
from app.surveillance.models import Rule, Tier
from tests.feeds.cap12 import complaints
from tests.notification.making import (
    AMBER,
    BASE,
    BLOCK,
    FAMILY,
    NAME,
    NOW,
    a_substance,
    an_episode,
    told,
)

LATER = NOW + timedelta(days=1)
FEED = f"{BASE}/feed.json"
ATOM = f"{BASE}/feed.atom"


def as_json(session, **more):
    page = alerts(session, ANYBODY)
    return json.loads(json.dumps(json_feed(page.items, base_url=BASE, feed_url=FEED, **more)))


def as_atom(session, **more):
    page = alerts(session, ANYBODY)
    return atom(page.items, base_url=BASE, feed_url=ATOM, updated=NOW, **more)


def as_cap(session, code="A-00001"):
    seen = alert_by_code(session, ANYBODY, code)
    earlier = history(session, ANYBODY, seen.alert)
    return cap(seen, earlier, base_url=BASE, sender="alerts@tocsin.example.org")


def cap_values(xml):
    root = ElementTree.fromstring(xml)
    return {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in reversed(list(root.iter()))}


class TestJsonFeed:
    def test_it_has_what_version_1_1_requires(self, database):
        with database.transaction() as session:
            told(session, an_episode(session, a_substance(session)))
            feed = as_json(session, next_url=f"{FEED}?after=7")
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"]
        assert feed["feed_url"] == FEED
        assert feed["next_url"] == f"{FEED}?after=7"
        assert feed["authors"][0]["name"]
        (item,) = feed["items"]
        assert item["id"] == item["url"] == f"{BASE}/alerts/A-00001"
        assert item["title"] == "Protonitazene: new spread in 3 countries"
        assert item["content_text"]
        assert item["content_html"]
        assert item["image"] == f"{BASE}/substances/TS-00001.png"
        assert item["date_published"] == "2026-11-20T09:30:00+00:00"
        assert item["tags"] == ["nitazenes", "nitazene", "alert", "NEW_SPREAD"]

    def test_the_coded_data_say_what_the_words_say(self, database):
        with database.transaction() as session:
            told(session, an_episode(session, a_substance(session)))
            facts = as_json(session)["items"][0]["_nps"]
        assert facts["about"] == f"{BASE}/substances/TS-00001"
        assert (facts["alert"], facts["substance"]) == ("A-00001", "TS-00001")
        assert facts["inchikey"].startswith(facts["connectivity"])
        assert facts["countries"] == ["DE", "EE", "FR"]
        assert facts["controlled"] == [{"convention": 1961, "schedule": "I", "year": 2024}]
        assert (facts["tier"], facts["handling"], facts["simulated"]) == ("alert", "clear", False)
        (rule,) = facts["rules"]
        assert (rule["rule"], rule["scope"], rule["tier"]) == ("NEW_SPREAD", "world", "alert")
        assert rule["sentence"] == "NEW_SPREAD world clear"

    def test_a_later_edition_keeps_the_id_and_moves_the_date(self, database):
        with database.transaction() as session:
            episode = an_episode(session, a_substance(session))
            told(session, episode)
            told(session, episode, now=LATER, reason="wider")
            (item,) = as_json(session)["items"]
        assert item["date_published"] == "2026-11-20T09:30:00+00:00"
        assert item["date_modified"] == "2026-11-21T09:30:00+00:00"

    def test_an_empty_register_is_an_empty_feed(self, database):
        with database.transaction() as session:
            assert as_json(session)["items"] == []


class TestAtom:
    def test_a_feed_reader_reads_it(self, database):
        with database.transaction() as session:
            told(session, an_episode(session, a_substance(session)))
            read = feedparser.parse(as_atom(session, next_url=f"{ATOM}?after=7"))
        assert not read.bozo
        assert read.version == "atom10"
        assert read.feed.id == ATOM
        assert {link.rel for link in read.feed.links} == {"self", "alternate", "next"}
        (entry,) = read.entries
        assert entry.id == entry.link == f"{BASE}/alerts/A-00001"
        assert entry.title == "Protonitazene: new spread in 3 countries"
        assert entry.published == entry.updated == "2026-11-20T09:30:00+00:00"
        assert [tag.term for tag in entry.tags][:2] == ["nitazenes", "nitazene"]
        assert "Germany" in entry.content[0].value

    def test_an_empty_feed_still_has_its_date(self, database):
        with database.transaction() as session:
            read = feedparser.parse(as_atom(session))
        assert not read.bozo
        assert read.feed.updated == "2026-11-20T09:30:00+00:00"


class TestNames:
    NAME = '<script>alert("1")</script> & \x0b\x1b co]]>'

    def test_no_name_breaks_a_feed_or_adds_markup_to_it(self, database):
        class Tags(HTMLParser):
            seen = frozenset()

            def handle_starttag(self, tag, attrs):
                self.seen |= {tag}

        with database.transaction() as session:
            told(session, an_episode(session, a_substance(session, self.NAME)))
            tags = Tags()
            tags.feed(as_json(session)["items"][0]["content_html"])
            assert tags.seen == {"ul", "li", "p", "a", "em"}
            read = feedparser.parse(as_atom(session), sanitize_html=False)
            assert not read.bozo
            assert "<script>" not in read.entries[0].content[0].value
            assert cap_values(as_cap(session))["headline"].startswith("<script>")


class TestWhatIsNoSubstance:
    """Families, building blocks and unknown names in every format."""

    def tell_of_all(self, session):
        member = a_substance(session)
        told(session, an_episode(session, member))
        told(session, an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=[member]))
        told(session, an_episode(session, BLOCK, Rule.BLOCK, name="pent-4-enyl"))
        told(session, an_episode(session, NAME, Rule.NEW_UNKNOWN, name="KESTREL <7> \x0b"))

    def test_the_json_feed_says_what_it_is_about_and_shows_no_structure(self, database):
        with database.transaction() as session:
            self.tell_of_all(session)
            unknown, block, family, substance = as_json(session)["items"]
        assert substance["image"] == f"{BASE}/substances/TS-00001.png"
        assert substance["_nps"]["node"]["key"] == "TS-00001"
        assert not any("image" in item for item in (unknown, block, family))
        facts = family["_nps"]
        assert facts["about"] == f"{BASE}/substances?family=nitazene"
        assert facts["node"] == {
            "kind": "family",
            "key": "nitazene",
            "name": "Nitazenes (2-benzylbenzimidazole opioids)",
        }
        assert facts["members"] == [
            {"code": "TS-00001", "name": "Protonitazene", "alert": "A-00001"}
        ]
        assert (facts["substance"], facts["smiles"], facts["group"]) == (None, None, "nitazenes")
        assert block["_nps"]["about"] == block["url"]  # it has no page of its own
        assert unknown["_nps"]["node"]["name"].startswith("KESTREL <7>")
        assert "KESTREL &lt;7&gt;" in unknown["content_html"]

    def test_a_feed_reader_reads_them(self, database):
        with database.transaction() as session:
            self.tell_of_all(session)
            read = feedparser.parse(as_atom(session))
        assert not read.bozo
        assert [entry.title for entry in read.entries][:3] == [
            'Unknown name "KESTREL <7>": reported in 3 countries',
            "Building block pent-4-enyl (tail): growing with several substances in 3 countries",
            "Nitazenes: growing as a whole in 3 countries",
        ]

    @pytest.mark.parametrize("code", ["A-00002", "A-00003", "A-00004"])
    def test_cap_carries_the_codes_and_is_valid(self, database, code):
        with database.transaction() as session:
            self.tell_of_all(session)
            xml = as_cap(session, code)
        assert complaints(xml) == []
        info = ElementTree.fromstring(xml).find(f"{{{NAMESPACE}}}info")
        assert info.find(f"{{{NAMESPACE}}}resource") is None
        said = {
            parameter[0].text: parameter[1].text
            for parameter in info.findall(f"{{{NAMESPACE}}}parameter")
        }
        assert said.keys() >= {"nps:kind", "nps:key", "nps:name", "nps:tier"}
        assert not said.keys() & {"nps:substance", "nps:inchikey"}
        assert said.get("nps:member") == ("TS-00001" if code == "A-00002" else None)

    def test_an_amber_name_is_in_no_feed(self, database):
        with database.transaction() as session:
            views = {AMBER: Tier.ALERT}
            told(
                session, an_episode(session, NAME, Rule.NEW_UNKNOWN, name="Secretine", views=views)
            )
            assert as_json(session)["items"] == []
            assert b"ecretine" not in as_atom(session)
            with pytest.raises(NotFound):
                as_cap(session)

"""What people wrote of several substances: each is told, and the alert is in the feed of each."""

from __future__ import annotations

from xml.etree import ElementTree

import feedparser
import jsonschema_rs
import pytest

from app.access.roles import ANYBODY
from app.feeds.announcing import changed_feeds
from app.feeds.cap import NAMESPACE
from app.notification.models import Edition
from app.notification.queries import alerts
from tests.feeds.cap12 import complaints
from tests.notification.making import a_substance, an_episode, told
from tests.notification.written import issued, updated

NAMES = ("Protonitazene", "Mephedrone", "Etizolam")
FEEDS = (
    "/substances/TS-00001", "/substances/TS-00002", "/substances/TS-00003",
    "/groups/nitazenes", "/groups/synthetic-cathinones", "/groups/benzodiazepines",
    "/families/nitazene", "/families/cathinone", "/families/benzodiazepine", "/countries/DE", "",
)  # fmt: skip
OTHERS = ("/substances/TS-00004", "/groups/tryptamines", "/families/tryptamine", "/countries/SE")


@pytest.fixture
def several(database):
    """An alert about three substances of three groups; a fourth is in the register."""
    with database.transaction() as session:
        a_substance(session)
        places = (
            ("Mephedrone", "B", "synthetic cathinones", "cathinone"),
            ("Etizolam", "C", "benzodiazepines", "benzodiazepine"),
            ("Psilocin", "D", "tryptamines", "tryptamine"),
        )
        for name, letter, group, family in places:
            a_substance(session, name, connectivity=letter * 14, group=group, family=family)
        codes = ("TS-00001", "TS-00002", "TS-00003")
        return issued(session, subject="", substances=codes, countries=("DE",)).code


def ids(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [item["_nps"]["alert"] for item in answer.json["items"]]


@pytest.mark.parametrize("folder", FEEDS)
def test_it_is_in_the_feed_of_each_that_it_names(client, several, folder):
    assert ids(client, f"{folder}/feed.json") == [several]
    (entry,) = feedparser.parse(client.get(f"{folder}/feed.atom").data).entries
    assert entry.id.endswith(several)


@pytest.mark.parametrize("folder", OTHERS)
def test_it_is_in_no_feed_of_what_it_does_not_name(client, several, folder):
    assert ids(client, f"{folder}/feed.json") == []


def test_every_substance_is_told_and_the_main_one_as_before(client, several):
    (item,) = client.get("/feed.json").json["items"]
    facts = item["_nps"]
    assert (facts["substance"], facts["name"], facts["group"]) == (
        "TS-00001", "Protonitazene", "nitazenes",
    )  # fmt: skip
    told = facts["substances"]
    assert [one["name"] for one in told] == list(NAMES)
    assert {key: told[0][key] for key in told[0] if key != "about"} == {
        key: facts[key] for key in told[0] if key != "about"
    }
    assert told[2]["family"] == "benzodiazepine" and told[2]["inchikey"].startswith("C" * 14)
    assert told[2]["about"] == "http://tocsin.test/substances/TS-00003"
    assert {"nitazenes", "synthetic cathinones", "benzodiazepine"} <= set(item["tags"])
    for name in NAMES:
        assert name in item["content_text"] and f">{name}</a>" in item["content_html"]
    schema = client.get("/schemas/nps-feed-1.json").json
    valid = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert [error.message for error in valid.iter_errors(facts)] == []
    (entry,) = feedparser.parse(client.get("/feed.atom").data).entries
    related = [link.href.rpartition("/")[2] for link in entry.links if link.rel == "related"]
    assert related == ["TS-00001", "TS-00002", "TS-00003"]


def test_cap_gives_the_values_of_each_in_turn(client, several):
    xml = client.get(f"/cap/{several}.xml").data
    assert complaints(xml) == []
    info = ElementTree.fromstring(xml).find(f"{{{NAMESPACE}}}info")
    said = [(p[0].text, p[1].text) for p in info.findall(f"{{{NAMESPACE}}}parameter")]
    assert [value for name, value in said if name == "nps:name"] == list(NAMES)
    numbers = [place for place, (name, _) in enumerate(said) if name == "nps:substance"]
    for start, stop in zip(numbers, [*numbers[1:], None], strict=True):
        of_one = [name for name, _ in said[start:stop]]
        assert of_one[:2] == ["nps:substance", "nps:name"]
        assert of_one.count("nps:inchikey") == of_one.count("nps:family") == 1


def test_an_alert_from_before_they_were_told_in_full_is_still_found_and_valid(
    client, database, several
):
    with database.transaction() as session:
        edition = session.query(Edition).one()
        held = dict(edition.detail)
        held["substances"] = [{k: one[k] for k in ("code", "name")} for one in held["substances"]]
        del held["groups"], held["families"]
        edition.detail = held
    assert ids(client, "/substances/TS-00003/feed.json") == [several]
    facts = client.get("/feed.json").json["items"][0]["_nps"]
    assert [one["name"] for one in facts["substances"]] == list(NAMES)
    assert facts["substances"][0]["inchikey"] and facts["substances"][2]["inchikey"] is None
    schema = client.get("/schemas/nps-feed-1.json").json
    assert list(jsonschema_rs.validator_for(schema).iter_errors(facts)) == []
    assert complaints(client.get(f"/cap/{several}.xml").data) == []


def test_what_an_update_names_no_more_is_out_of_its_feed(client, database, several):
    with database.transaction() as session:
        (seen,) = alerts(session, ANYBODY).items
        updated(session, seen.alert, substances=("TS-00003", "TS-00001"))
    assert ids(client, "/substances/TS-00002/feed.json") == []
    assert ids(client, "/groups/synthetic-cathinones/feed.json") == []
    assert ids(client, "/groups/nitazenes/feed.json") == [several]


def test_a_family_named_beside_substances_counts_too(client, database, several):
    with database.transaction() as session:
        also = issued(session, subject="family:tryptamine", substances=("TS-00002",)).code
    assert ids(client, "/families/tryptamine/feed.json") == [also]
    assert ids(client, "/groups/tryptamines/feed.json") == [also]


def test_a_notice_tells_of_its_one_substance_and_a_family_of_none(client, database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session)))
        issued(session)
    family, notice = client.get("/feed.json").json["items"]
    assert [one["substance"] for one in notice["_nps"]["substances"]] == ["TS-00001"]
    assert family["_nps"]["substances"] == [] and family["_nps"]["family"] == "nitazene"


def test_the_hub_is_told_of_every_feed_that_it_is_in(client, database, several):
    with database.reading() as session:
        changed = set(changed_feeds(session, 0, ""))
    wanted = {f"{folder}/{file}" for folder in FEEDS for file in ("feed.json", "feed.atom")}
    assert changed == wanted | {f"{path}?lang={code}" for path in wanted for code in ("fr", "es")}


def test_lists_and_pages_find_it_under_each_as_well(client, several):
    for group in ("nitazenes", "benzodiazepines"):
        found = client.get(f"/api/v1/alerts?group={group}").json["items"]
        assert [one["id"] for one in found] == [several]
    assert client.get("/api/v1/alerts?group=tryptamines").json["items"] == []
    assert several in client.get("/substances/TS-00003").text

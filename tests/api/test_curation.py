"""Machines of the secretariat curate names as people do."""

from __future__ import annotations

import pytest

from app.access.roles import Role
from tests.reporting import key_for, report


@pytest.fixture
def app(known, settings):
    from app import create_app
    from tests.reporting import NOW

    return create_app(settings, database=known, clock=lambda: NOW)


@pytest.fixture
def database(known):
    return known


@pytest.fixture
def analyst(known):
    return key_for(known, "CH", Role.ANALYST)


@pytest.fixture
def waiting(post):
    names = ("isotonitazen", "Kestrel//7", "Amber / bird")
    for number, name in enumerate(names):
        finding = {"substance_name": name}
        assert post(report(reference=f"R-{number}", findings=[finding])).status_code == 201


def names(client, analyst, query=""):
    answer = client.get(f"/api/v1/curation/names{query}", headers=analyst)
    assert answer.status_code == 200, answer.text
    return {item["key"]: item for item in answer.json["items"]}


def test_the_queue_comes_with_suggestions(client, analyst, waiting):
    found = names(client, analyst)
    assert set(found) == {"isotonitazen", "kestrel//7", "amber/bird"}
    (suggestion,) = found["isotonitazen"]["suggestions"]
    assert suggestion["name"] == "Isotonitazene" and "one letter" in suggestion["why"]
    assert found["isotonitazen"]["new_unknown"] is False
    assert found["isotonitazen"]["kinds"] == {"seizure": 1}
    assert set(names(client, analyst, "?q=kestrel")) == {"kestrel//7"}
    first = client.get("/api/v1/curation/names?limit=2", headers=analyst).json
    rest = client.get(first["next"], headers=analyst).json
    assert len(first["items"]) == 2 and len(rest["items"]) == 1 and rest["next"] is None


@pytest.mark.parametrize("name", ["isotonitazen", "kestrel//7", "amber/bird"])
def test_a_name_is_decided_at_its_own_address_and_taken_back(client, analyst, waiting, name):
    address = names(client, analyst)[name]["url"]
    said = {"means": "substance", "substance": "Isotonitazene"}
    made = client.post(address, json=said, headers=analyst)
    assert made.status_code == 201, made.text
    assert (made.json["means"], made.json["findings"]) == ("substance", 1)
    assert name not in names(client, analyst)
    assert client.post(address, json=said, headers=analyst).status_code == 404
    undone = client.post(f"/api/v1/curation/decisions/{made.json['id']}/undo", headers=analyst)
    assert undone.status_code == 200 and undone.json["undone_at"]
    again = client.post(f"/api/v1/curation/decisions/{made.json['id']}/undo", headers=analyst)
    assert again.status_code == 409
    assert name in names(client, analyst)
    listed = client.get("/api/v1/curation/decisions", headers=analyst).json["items"]
    assert [one["id"] for one in listed] == [made.json["id"]]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"means": "nothing"}, 201),
        ({"means": "group", "group": "nitazenes", "language": "de"}, 201),
        ({"means": "family", "family": "nitazene", "authority": "LABORATORY-DE"}, 201),
        ({"means": "isomer_set", "members": ["Mephedrone", "3-MMC"]}, 201),
        ({"means": "isomer_set", "members": ["Mephedrone"]}, 422),
        ({"means": "group", "group": "x"}, 422),
        ({"means": "else"}, 422),
        ({"means": "nothing", "language": "German"}, 422),
        ({"means": "nothing", "more": 1}, 422),
        ({"means": "nothing", "authority": "NOBODY"}, 404),
        ({"means": "substance", "substance": "TS-99999"}, 404),
        ([], 400),
    ],
)
def test_what_it_means_is_said_in_words_of_the_house(client, analyst, waiting, said, status):
    answer = client.post("/api/v1/curation/names/isotonitazen", json=said, headers=analyst)
    assert answer.status_code == status, answer.text


def test_words_that_are_none_are_told(client, analyst):
    for query in ("kind=x", "order=x"):
        answer = client.get(f"/api/v1/curation/names?{query}", headers=analyst)
        assert answer.status_code == 422 and "none of" in answer.json["detail"]

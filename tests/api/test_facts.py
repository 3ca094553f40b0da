"""Measures, uses, lists and standards come through the same doors as reports, and are read back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.access.roles import Role
from app.db import Database
from app.settings import Settings
from tests.reporting import NOW, PROTONITAZENE, key_for

MEASURES = "/api/v1/measures"
DECLARED = f"{MEASURES}?country=DE"  # the shipped facts are of other countries


@pytest.fixture
def app(known: Database, settings: Settings) -> Flask:
    return create_app(settings, database=known, clock=lambda: NOW)


@pytest.fixture
def key(known: Database) -> dict[str, str]:
    return key_for(known, "DE")


def measure(**changed: Any) -> dict[str, Any]:
    """A measure that is right in every field; `changed` replaces or, with None, removes fields."""
    fields: dict[str, Any] = {
        "reference": "M-1",
        "substance": "Protonitazene",
        "country": "DE",
        "kind": "temporary",
        "since": "2026-03",
        "title": "Order on nitazenes",
        "source": "https://law.example/order",
    } | changed
    return {name: value for name, value in fields.items() if value is not None}


def fates(answer) -> list[str]:
    receipt = answer.json.get("receipt", answer.json)
    return [row["fate"] for row in receipt["rows"]]


def errors(answer) -> dict[str, str]:
    return {error["field"]: error["message"] for error in answer.json["errors"]}


@pytest.mark.parametrize(
    "pointed",
    ["Protonitazene", "protonitazene HCl", PROTONITAZENE, "TS-{id}", "{inchikey}"],
)
def test_a_substance_is_meant_by_name_structure_number_or_inchikey(client, post, pointed):
    known = client.get("/api/v1/substances?q=protonitazene").json["items"]
    meant = next(one for one in known if one["name"] == "Protonitazene")
    text = pointed.format(id=meant["id"].removeprefix("TS-"), inchikey=meant["inchikey"])
    assert post(measure(substance=text), MEASURES).status_code == 201
    (held,) = client.get(f"{DECLARED}&substance={meant['id']}").json["items"]
    assert held["substance"] == meant["id"] and held["id"].startswith("NM-")
    assert (held["since"], held["says"], held["authority"]) == (
        "2026-03", "Order on nitazenes", "LABORATORY-DE",
    )  # fmt: skip


def test_what_means_no_one_substance_is_a_problem_of_its_row(client, post):
    rows = [
        measure(),
        measure(reference="M-2", substance="no such thing"),
        measure(reference="M-3", substance=f"{PROTONITAZENE}.CNC(C)C(=O)c1ccc(C)cc1"),
        measure(reference="M-4", substance="TS-99999999999"),
        measure(reference="M-5", substance=None),
        measure(reference="M-6", covers="family:nitazene"),
    ]
    answer = post(rows, MEASURES)
    assert fates(answer) == ["accepted"] + ["rejected"] * 5
    assert "exact name" in answer.json["rows"][1]["notes"][0]["message"]
    assert len(client.get(DECLARED).json["items"]) == 1


def test_a_country_speaks_for_itself_alone(client, post):
    answer = post(measure(country="FR"), MEASURES)
    assert answer.status_code == 403 and "FR" in errors(answer)["country"]
    assert client.get(DECLARED).json["items"] == []


def test_the_same_again_is_nothing_new_and_a_higher_version_corrects(client, post):
    first = post(measure(), MEASURES)
    assert first.status_code == 201
    again = post(measure(), MEASURES)
    assert again.status_code == 200 and fates(again) == ["unchanged"]
    other = post(measure(kind="emergency"), MEASURES)
    assert other.status_code == 409 and "as 2" in errors(other)["version"]
    assert fates(post(measure(kind="emergency", version=2), MEASURES)) == ["amended"]
    (held,) = client.get(DECLARED).json["items"]
    assert (held["kind"], held["version"]) == ("emergency", 2)
    assert fates(post(measure(version=3, withdrawn=True), MEASURES)) == ["withdrawn"]
    assert client.get(DECLARED).json["items"] == []


def test_a_past_day_is_seen_as_it_was_known_then(known, settings, key):
    for days, sent in ((0, measure()), (2, measure(kind="emergency", version=2))):
        later = create_app(settings, database=known, clock=lambda d=days: NOW + timedelta(days=d))
        assert later.test_client().post(MEASURES, json=sent, headers=key).status_code == 201
    client = later.test_client()

    def kinds(day: str) -> list[str]:
        return [m["kind"] for m in client.get(f"{DECLARED}&as_of={day}").json["items"]]

    assert kinds("2026-11-20") == []
    assert kinds("2026-11-22") == ["temporary"]
    assert kinds("2026-11-23") == ["emergency"]
    assert client.get(f"{DECLARED}&as_of=yesterday").status_code == 422


def test_dates_last_as_long_as_they_may_mean(client, post):
    assert post(measure(since="2024", until="2026"), MEASURES).status_code == 201
    for day, held in (("2023-12-31", 0), ("2024-01-01", 1), ("2026-12-31", 1), ("2027-01-01", 0)):
        assert len(client.get(f"{DECLARED}&in_force={day}").json["items"]) == held, day


def test_a_class_is_covered_and_its_members_are_found_by_it(client, post):
    sent = measure(substance=None, covers="family:nitazene", kind="generic")
    assert post(sent, MEASURES).status_code == 201
    member = client.get("/api/v1/substances?q=protonitazene").json["items"][0]["id"]
    (held,) = client.get(f"{DECLARED}&substance={member}").json["items"]
    assert held["covers"] == "family:nitazene" and held["substance"] is None
    answer = post(measure(reference="M-2", substance=None, covers="family:unheard"), MEASURES)
    assert "group:nitazenes" in errors(answer)["covers"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "forbidden"), ("since", "spring"), ("until", "2020"), ("source", "http://x.test"),
        ("source", "javascript://x"), ("title", "a\x00b"), ("colour", "red"), ("country", "UK"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_field(post, field, value):
    answer = post(measure(**{field: value}), MEASURES)
    assert answer.status_code == 422 and field in errors(answer)


def test_a_dose_is_not_taken(post):
    use = {
        "reference": "U-1", "substance": "Protonitazene", "kind": "therapeutic",
        "description": "pain, 10 mg twice a day", "source": "a leaflet",
    }  # fmt: skip
    answer = post(use, "/api/v1/uses")
    assert answer.status_code == 422 and "doses are not kept" in errors(answer)["description"]
    assert post(use | {"description": "pain"}, "/api/v1/uses").status_code == 201


def test_a_key_that_is_sent_again_is_answered_with_the_first_receipt(post):
    again = {"Idempotency-Key": "once"}
    first = post(measure(), MEASURES, again)
    second = post(measure(), MEASURES, again)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]


def test_what_is_restricted_stays_with_those_it_is_for(client, known, post, key):
    post([measure(handling="amber"), measure(reference="M-2", handling="green")], MEASURES)
    french = key_for(known, "FR")
    analyst = key_for(known, "SE", Role.ANALYST)
    seen = {
        name: len(client.get(DECLARED, headers=headers).json["items"])
        for name, headers in {"all": {}, "de": key, "fr": french, "ews": analyst}.items()
    }
    assert seen == {"all": 0, "de": 2, "fr": 1, "ews": 2}


def test_what_was_opened_wrongly_and_is_closed_again_is_closed_for_past_days_too(client, post):
    post(measure(), MEASURES)
    assert len(client.get(f"{DECLARED}&as_of=2026-11-21").json["items"]) == 1
    post(measure(version=2, handling="red"), MEASURES)
    assert client.get(f"{DECLARED}&as_of=2026-11-21").json["items"] == []


def test_which_laboratory_holds_a_standard_is_for_those_signed_in(client, post, key):
    standard = {
        "reference": "S-1", "substance": "Protonitazene", "kind": "commercial", "held": True,
        "source": "our own inventory",
    }  # fmt: skip
    assert post(standard, "/api/v1/standards").status_code == 201
    (public,) = client.get("/api/v1/standards").json["items"]
    assert public["held"] and public["authority"] is None and public["country"] is None
    assert client.get("/api/v1/standards?country=DE").status_code == 422
    (inside,) = client.get("/api/v1/standards?country=DE", headers=key).json["items"]
    assert (inside["authority"], inside["country"]) == ("LABORATORY-DE", "DE")


def test_surveillance_lists_are_for_the_secretariat_to_keep(client, known, key):
    entry = {
        "reference": "L-1", "substance": "Protonitazene", "kind": "who",
        "list_name": "WHO surveillance", "since": "2023", "source": "47th ECDD",
    }  # fmt: skip
    path = "/api/v1/surveillance"
    assert client.post(path, json=entry, headers=key).status_code == 403
    analyst = key_for(known, "SE", Role.ANALYST)
    assert client.post(path, json=entry, headers=analyst).status_code == 201
    newest = client.get(path).json["items"][0]
    assert newest["says"] == "WHO surveillance"
    assert newest["id"].startswith("SL-") and newest["country"] is None


def test_too_many_rows_for_one_transaction_are_refused_and_kept(client, post, monkeypatch):
    monkeypatch.setattr("app.api.facts.MOST_ROWS", 2)
    answer = post([measure(reference=f"M-{n}") for n in range(3)], MEASURES)
    assert answer.status_code == 400 and "in parts" in answer.json["detail"]
    assert client.get(DECLARED).json["items"] == []

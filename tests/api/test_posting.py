"""Sending reports: one, many, a stream, and again."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from tests.reporting import report


def test_one_report_is_answered_with_a_receipt_and_where_to_find_it(post, client, key):
    answer = post(report())
    assert answer.status_code == 201
    assert answer.json["fates"] == {"accepted": 1}
    assert answer.headers["Location"] == answer.json["url"]
    found = client.get(urlsplit(answer.headers["Location"]).path, headers=key)
    assert found.status_code == 200 and found.json == answer.json
    shown = client.get(f"/api/v1/reports/{answer.json['rows'][0]['report']}", headers=key)
    assert shown.json["reference"] == "R-1" and shown.json["findings"][0]["substance"]


def test_a_long_receipt_has_the_same_first_page_when_it_is_asked_for(post, client, key):
    answer = post([report(reference=f"R-{n}") for n in range(201)])
    assert len(answer.json["rows"]) == 200
    found = client.get(urlsplit(answer.headers["Location"]).path, headers=key)
    assert found.json == answer.json
    rest = client.get(answer.json["next"].removeprefix("http://tocsin.test"), headers=key)
    assert [row["row"] for row in rest.json["rows"]] == [201]


def test_one_bad_row_does_not_lose_the_batch(post):
    sent = [report(), report(reference="R-2", country="UK"), report(reference="R-3")]
    answer = post(sent)
    assert answer.status_code == 201
    assert [row["fate"] for row in answer.json["rows"]] == ["accepted", "rejected", "accepted"]
    note = answer.json["rows"][1]["notes"][0]
    assert (note["row"], note["field"]) == (2, "country") and "GB" in note["message"]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl"])
def test_a_stream_of_lines_is_read_line_by_line(post, kind):
    lines = [json.dumps(report()), "", "{broken", json.dumps(report(reference="R-2"))]
    answer = post("\n".join(lines), content_type=kind)
    assert answer.status_code == 201
    assert {row["row"]: row["fate"] for row in answer.json["rows"]} == {
        1: "accepted",
        3: "rejected",
        4: "accepted",
    }


def test_the_same_again_is_no_news(post):
    first, again = post(report()), post(report())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["fates"] == {"unchanged": 1}
    assert again.json["id"] != first.json["id"]
    assert again.json["rows"][0]["report"] == first.json["rows"][0]["report"]


def test_nothing_new_beside_a_bad_row_is_no_success_either(post):
    post(report())
    answer = post([report(), report(reference="R-2", count=0)])
    assert answer.status_code == 200
    assert answer.json["fates"] == {"rejected": 1, "unchanged": 1}


def test_an_idempotency_key_brings_the_first_receipt_again(post):
    headers = {"Idempotency-Key": "7f3c"}
    first, again = post(report(), headers=headers), post(report(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json


@pytest.mark.parametrize("body", [report(country="FR"), [], "{"])
def test_what_was_refused_is_refused_again_in_the_same_words(post, body):
    headers = {"Idempotency-Key": "7f3c"}
    first, again = post(body, headers=headers), post(body, headers=headers)
    assert again.status_code == first.status_code >= 400
    assert again.json == first.json


def test_an_idempotency_key_used_for_something_else_is_a_conflict(post):
    headers = {"Idempotency-Key": "7f3c"}
    post(report(), headers=headers)
    answer = post(report(reference="R-2"), headers=headers)
    assert answer.status_code == 409
    assert "Idempotency-Key" in answer.json["detail"]


def test_an_endless_idempotency_key_is_refused(post):
    answer = post(report(), headers={"Idempotency-Key": "x" * 500})
    assert answer.status_code == 422 and "Idempotency-Key" in answer.json["detail"]


def test_sample_counts_are_taken_the_same_way(post):
    counts = {"month": "2026-10", "country": "DE", "samples": 412}
    headers = {"Idempotency-Key": "a"}
    first = post(counts, path="/api/v1/activity", headers=headers)
    assert first.status_code == 201 and first.json["fates"] == {"accepted": 1}
    again = post(counts, path="/api/v1/activity", headers=headers)
    assert again.status_code == 200 and again.json == first.json


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_no_sample_counts_at_all_are_unreadable(post, kind):
    answer = post("", path="/api/v1/activity", content_type=kind)
    assert answer.status_code == 400 and answer.json["submission"].startswith("SUB-")

"""What cannot be taken: a problem document says where and why, and what was sent is kept."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import select

from app.access.roles import Role
from app.intake.keeping import content_of
from app.intake.models import Submission
from app.intake.words import SubmissionState
from tests.reporting import key_for, report

REPORTS = "/api/v1/reports"


def is_a_problem(answer, status):
    """RFC 9457, and no word about our insides."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] and answer.json["title"]
    assert "Traceback" not in answer.text and ".py" not in answer.text
    return answer.json


def is_kept(database, sent: bytes, *, refused=True):
    with database.reading() as session:
        newest = session.scalars(select(Submission).order_by(Submission.id.desc()).limit(1)).one()
        assert b"".join(content_of(session, newest)) == sent
        assert (newest.state is SubmissionState.REFUSED) == refused
        return newest.code


UNREADABLE = {
    "nothing": b"",
    "an empty list": b"[]",
    "no JSON": b"reference=R-1",
    "half an object": b'{"reference": "R-1"',
    "not UTF-8": json.dumps(report(reference="M\u00fcller"), ensure_ascii=False).encode("latin-1"),
    "a number without end": b'{"count": NaN}',
    "a pit of brackets": b"[" * 200_000,
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_kept_all_the_same(post, database, sent):
    said = is_a_problem(post(sent), 400)
    assert said["submission"] == is_kept(database, sent)
    assert said["detail"]


@pytest.mark.parametrize("kind", ["text/csv", "application/xml", "", "multipart/form-data"])
def test_another_media_type_is_told_which_one_is_right(post, database, kind):
    sent = json.dumps(report()).encode()
    said = is_a_problem(post(sent, content_type=kind), 400)
    assert "application/json" in said["detail"]
    assert said["submission"] == is_kept(database, sent)


WRONG = {
    "no fields": ({}, "reference"),
    "an unknown field": (report(colour="blue"), "colour"),
    "no such kind": (report(event_kind="raid"), "event_kind"),
    "a wrong structure": (report(findings=[{"structure": "c1ccccc"}]), "findings[0].structure"),
    "a lone surrogate": ('{"reference": "\\ud800"}', "reference"),
    "a lone surrogate as a field": ('{"\\ud800": 1}', "report"),
    "a NUL": ('{"reference": "R\\u0000"}', "reference"),
    "a NUL in a structure": (report(findings=[{"structure": "CC\x00C"}]), "findings[0].structure"),
    "a day to come": (report(event_date="2027-06-01"), "event_date"),
    "text for a report": ('["report"]', "report"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "field"), WRONG.values(), ids=WRONG)
def test_the_error_names_row_and_field(post, database, sent, field):
    body = sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()
    said = is_a_problem(post(body), 422)
    named = {(error["row"], error["field"]) for error in said["errors"]}
    assert (1, field) in named
    assert all(error["message"] for error in said["errors"])
    assert said["receipt"]["id"] in said["detail"]
    is_kept(database, body, refused=False)


def test_a_foreign_country_is_forbidden(post):
    said = is_a_problem(post(report(country="FR")), 403)
    assert said["errors"][0]["field"] == "country"


def test_other_content_under_the_same_version_is_a_conflict(post):
    post(report())
    said = is_a_problem(post(report(agency="customs")), 409)
    assert "version 2" in said["errors"][0]["message"]


def test_what_is_too_large_is_on_record_by_length_or_not(client, key, app, database):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    body = b'"' + b"x" * 2000 + b'"'
    chunked = {
        "input_stream": io.BytesIO(body),
        "environ_overrides": {"wsgi.input_terminated": True},
    }
    for more in ({"data": body}, chunked):
        answer = client.post(REPORTS, headers=key, content_type="application/json", **more)
        said = is_a_problem(answer, 413)
        assert is_kept(database, b"") in said["detail"]


PATHS = ("/", REPORTS, "/api/v1/substances", "/feed.json", "/healthz", "/nowhere", "/static/x.css")
KEYS = ("Bearer tocsin_0123456789_wrong", "Bearer", "Basic dTpw", "", "Bearer \u00fc")


@pytest.mark.parametrize("wrong", KEYS)
def test_a_key_that_is_none_of_ours_is_told_so_wherever_it_knocks(client, wrong):
    for path in PATHS:
        answer = client.get(path, headers={"Authorization": wrong})
        is_a_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_key_it_says_that_one_is_needed(client):
    assert "laboratory" in is_a_problem(client.post(REPORTS, json=report()), 401)["detail"]


def test_a_subscriber_does_not_report(client, database):
    answer = client.post(REPORTS, json=report(), headers=key_for(database, "FR", Role.SUBSCRIBER))
    assert is_a_problem(answer, 403)["detail"]


def test_a_wrong_method_is_told_the_right_ones(client):
    answer = client.delete(REPORTS)
    is_a_problem(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("sent", [b"[]", b"null", b"{", b"[" * 200_000, b"\xff", b'{"name": 7}'])
def test_a_search_that_makes_no_sense_is_refused(client, sent):
    answer = client.post("/api/v1/search", data=sent, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert is_a_problem(answer, answer.status_code)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/substances/%00",
        "/api/v1/substances?q=%00",
        "/api/v1/substances?after=%00",
        "/api/v1/clusters/%00",
        "/api/v1/reports?country=%00",
        "/api/v1/reports?authority=%00&after=%00",
        "/api/v1/alerts?after=%C2%B2&group=%00",
        "/api/v1/reports?after=%C2%B2",
        "/api/v1/reports?after=99999999999999999999999&limit=99999999999999999999999",
        "/api/v1/alerts?after=99999999999999999999999",
        "/api/v1/submissions?after=99999999999999999999999",
        "/api/v1/episodes?after=x",
        "/api/v1/episodes?rule=nonsense",
        "/api/v1/reports/RP-9999999999",
        "/api/v1/alerts/A-999999999",
    ],
)  # fmt: skip
def test_a_strange_question_is_never_our_fault(client, key, path):
    answer = client.get(path, headers=key)
    assert answer.status_code in {200, 400, 404, 422}, answer.text


def test_a_number_no_row_can_bear_is_not_found(client, key):
    answer = client.delete(f"/api/v1/subscriptions/{10**30}", headers=key)
    assert is_a_problem(answer, 404)["detail"]


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 300])
def test_a_strange_subscription_is_refused(client, database, text):
    focal_key = key_for(database, "FR", Role.FOCAL_POINT)
    for body in ({"email": f"{text}@example.org"}, {"email": "a@example.org", "group": text}):
        answer = client.post("/api/v1/subscriptions", json=body, headers=focal_key)
        assert is_a_problem(answer, 422)["detail"]

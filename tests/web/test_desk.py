"""Signing in and out, and the forms of the desk."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import Role
from app.db import Database
from app.jobs import claim, declare, finish
from app.notification.models import Message, MessageState
from app.spreadsheets import plain_cell
from app.surveillance.evidence import Evidence
from app.surveillance.models import Episode, EpisodeState, EpisodeView, Rule, Tier
from app.surveillance.queries import SeenEpisode
from app.web.signals import _statistics
from app.web.signing import local_path
from tests.web.conftest import Visit
from tests.web.making import FORMULA, NOW, PASSWORD

OWN = {"Sec-Fetch-Site": "same-origin"}


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    """Send a form from its own page, and go where that leads."""
    return client.post(path, data=form, headers=OWN, follow_redirects=True)


def log_in(client: FlaskClient, **form: str):
    fields = {"email": "analyst@tocsin.test", "password": PASSWORD} | form
    return client.post("/login", data=fields, headers=OWN)


def test_signing_in_leads_back_to_where_one_wanted_to_go(full_app: Flask):
    client = full_app.test_client()
    asked = client.get("/curation?x=1")
    form = client.get(asked.location)
    assert 'name="next" value="/curation?x=1"' in form.text
    answer = log_in(client, next="/curation?x=1")
    assert answer.location == "/curation?x=1"
    assert client.get("/curation").status_code == 200


def test_signing_out_ends_it(visit: Visit):
    client = visit(Role.ANALYST)
    assert client.post("/logout", headers=OWN).status_code == 302
    assert client.get("/curation").status_code == 302


def test_a_wrong_password_is_refused_counted_and_never_shown(full_app: Flask):
    client = full_app.test_client()
    for _ in range(10):
        answer = log_in(client, password="wrong password here")
        assert answer.status_code == 403
        assert "do not belong together" in answer.text
        assert "wrong password here" not in answer.text
    assert "too many failed attempts" in log_in(client).text.lower()
    with full_app.extensions["tocsin.database"].reading() as session:
        failed = select(func.count()).where(AuditEvent.action == "person.sign_in_failed")
        assert session.scalar(failed) == 10  # or trying on would keep the door shut for ever


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example",
     "javascript:alert(1)", "\\\\evil.example", "http:/evil.example", "/ok\nSet-Cookie: a=b"],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(full_app: Flask, target: str):
    assert local_path(target) == ""
    assert log_in(full_app.test_client(), next=target).location == "/"


def test_a_form_from_another_site_is_refused(visit: Visit):
    client = visit(Role.ANALYST)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/review", data={"substance": "TS-00001"}, headers=elsewhere)
    assert answer.status_code == 403
    login = client.post("/login", data={}, headers={"Origin": "https://evil.example"})
    assert login.status_code == 403


def test_a_signal_is_acknowledged_and_closed_with_a_reason(visit: Visit):
    analyst, public = visit(Role.ANALYST), visit(Role.PUBLIC)
    code = re.search(r"/signals/(E-\d+)", public.get("/signals").text)[1]
    seen = send(analyst, f"/signals/{code}/acknowledge", note="seen it").text
    assert "seen it" in seen and f"{code} is acknowledged" in seen
    assert "seen it" not in public.get(f"/signals/{code}").text
    assert "Nothing changed" in send(analyst, f"/signals/{code}/acknowledge").text
    closed = send(analyst, f"/signals/{code}/close", outcome="confirmed", note="so it is").text
    assert f"{code} is closed: confirmed." in closed
    assert "confirmed" in public.get(f"/signals/{code}").text
    assert send(visit(Role.LABORATORY), f"/signals/{code}/close").status_code == 403


def test_the_chart_of_a_signal_has_its_table(visit: Visit):
    public = visit(Role.PUBLIC)
    codes = sorted(set(re.findall(r"/signals/(E-\d+)", public.get("/signals").text)))
    texts = [public.get(f"/signals/{code}").text for code in codes]
    charted = [text for text in texts if 'class="chart wide"' in text]
    assert charted
    for text in charted:
        table = text.split("<summary>Table of the months</summary>")[1].split("</table>")[0]
        drawn = text.split('class="chart wide"')[1].split("</svg>")[0]
        assert table.count('<th scope="row">') == drawn.count('class="reach"')


def test_a_signal_says_what_looking_was_measured_by_and_which_chance_is_meant():
    cluster = _statistics(
        replace(_evidence(details={"p": 0.0004, "harms": 3}), rule=Rule.CLUSTER_OF_HARM)
    )
    said = "Probability of so many by chance, given those before"
    assert (said, "less than 0.001") in cluster
    growth = dict(_statistics(_evidence(details={"p": 0.1, "q": 0.2, "exposure": "reports"})))
    assert growth["Last three months against the twelve before: probability by chance"] == "0.100"
    assert "all that the same laboratories reported" in growth.values()


@pytest.mark.parametrize(
    ("state", "as_of", "said"),
    [
        (EpisodeState.OPEN, "2026-11-20", None),
        (EpisodeState.OPEN, "2026-09-30", date(2026, 9, 30)),
        (EpisodeState.CLOSED, "2026-09-30", None),
    ],
)
def test_a_signal_that_is_open_and_no_longer_met_says_when_it_was(state, as_of, said):
    episode = Episode(state=state, evaluated_on=date(2026, 11, 20))
    seen = SeenEpisode(episode, EpisodeView(evidence={"as_of": as_of}))
    assert seen.last_met == said


def _evidence(details: dict[str, object]) -> Evidence:
    day = date(2026, 11, 1)
    return Evidence(
        rule=Rule.GROWTH, scope="world", tier=Tier.ALERT, level=Handling.CLEAR, countries=("DE",),
        numbers={}, first=day, first_end=day, last=day, since=day, as_of=day, ruleset="1",
        thresholds={}, details=details,
    )  # fmt: skip


def test_a_signal_says_why_it_fired_and_what_would_silence_it(visit: Visit):
    client = visit(Role.PUBLIC)
    code = re.search(r"/signals/(E-\d+)", client.get("/signals?rule=NEW_SPREAD").text)[1]
    text = client.get(f"/signals/{code}").text
    assert "was reported by 3 countries" in text
    assert "Would not fire if" in text
    assert "Germany" in text
    assert "Singapore" in text


def test_a_name_is_resolved_once_for_all_that_wait(visit: Visit):
    client = visit(Role.ANALYST)
    queue = client.get("/curation").text
    assert "Isomer 7 &lt;b&gt;unresolved&lt;/b&gt;" in queue
    key = unescape(re.search(r'name="key" value="([^"]*)"', queue)[1])
    assert "stays in the queue" in send(client, "/curation", key=key, substance="nonsense").text
    good = send(client, "/curation", key=key, substance="TS-00001")
    assert "now means" in good.text
    assert "No name waits" in good.text


def test_an_address_is_subscribed_and_ended_by_its_own_authority(visit: Visit):
    client = visit(Role.SUBSCRIBER)
    refused = send(client, "/subscriptions", email="other@tocsin.test", min_tier="watch")
    assert "your own address" in refused.text
    form = {"group": "nitazenes", "country": "SE", "min_tier": "alert"}
    form["email"] = "subscriber@tocsin.test"
    page = send(client, "/subscriptions", **form).text
    assert "nitazenes, Sweden, alert and above" in page
    assert "people@tocsin.test" not in page  # another authority's
    number = re.search(r"/subscriptions/(\d+)/end", page)[1]
    ended = send(client, f"/subscriptions/{number}/end")
    assert "will not be told any more" in ended.text
    assert "Not subscribed" in send(client, "/subscriptions", email="nobody").text


def test_a_case_is_opened_once_and_closed_with_what_came_of_it(visit: Visit):
    client = visit(Role.REVIEWER)
    form = {"substance": "TS-00001", "question": "How far has it spread?"}
    opened = client.post("/review", data=form, headers=OWN)
    assert opened.location.startswith("/review/C-")
    assert "open for" in send(client, "/review", **form).text
    closed = send(client, f"{opened.location}/close", outcome="Kept under watch.")
    assert "Kept under watch." in closed.text
    assert send(visit(Role.SUBSCRIBER), "/review", **form).status_code == 403


def test_a_receipt_tells_the_fate_of_each_row(visit: Visit):
    client = visit(Role.ADMIN)
    receipts = re.findall(r"/submissions/(SUB-\w+)", client.get("/submissions").text)
    texts = [client.get(f"/submissions/{code}").text for code in receipts]
    assert any("rejected" in text and "did you mean GB?" in text for text in texts)
    assert visit(Role.LABORATORY).get(f"/submissions/{receipts[0]}").status_code == 404


def test_the_priority_file_holds_no_formula(visit: Visit):
    answer = visit(Role.PUBLIC).get("/priority.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert any(row["name"] == f"'{FORMULA}" for row in rows)
    assert not any(cell.startswith(("=", "+", "@", "\t")) for row in rows for cell in row.values())


def test_the_pillars_of_the_priority_file_add_up_to_its_score(visit: Visit):
    rows = list(csv.DictReader(io.StringIO(visit(Role.PUBLIC).get("/priority.csv").text)))
    points: Counter[str] = Counter()
    for row in {(r["substance"], r["pillar"]): r for r in rows}.values():
        points[row["substance"]] += float(row["contribution"])
    for row in rows:
        assert points[row["substance"]] == pytest.approx(float(row["score"]), abs=0.01)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_looks_like_a_formula_is_written_as_text(text: str):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("cell", [-2.5, 0, None, "2C-B", ""])
def test_numbers_and_other_text_are_written_as_they_are(cell: object):
    assert plain_cell(cell) == cell


def test_a_picture_is_kept_by_browsers_and_asked_for_once(visit: Visit):
    client = visit(Role.PUBLIC)
    first = client.get("/substances/TS-00001.svg")
    assert first.mimetype == "image/svg+xml"
    assert "public" in first.headers["Cache-Control"]
    again = client.get("/substances/TS-00001.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/substances/TS-00001.png").data.startswith(b"\x89PNG")


def test_the_overview_tells_the_secretariat_what_waits_and_nobody_else(visit: Visit):
    text = visit(Role.ANALYST).get("/").text
    assert "name\u00a0to resolve" in text or "name to resolve" in text
    assert "open\u00a0case" in text or "open case" in text
    assert "to resolve" not in visit(Role.PUBLIC).get("/").text


def test_a_parked_message_is_shown_and_tried_again(full, visit: Visit):
    with full.transaction() as session:
        message = session.scalars(select(Message).limit(1)).one()
        message.state, message.tries = MessageState.PARKED, 8
        message.last_error = "550 no such mailbox"
        number = message.id
    public, analyst = visit(Role.PUBLIC), visit(Role.ANALYST)
    assert "parked:</b>" in public.get("/status").text
    assert "no such mailbox" not in public.get("/status").text
    assert "no such mailbox" in analyst.get("/status").text
    assert send(public, f"/status/parked/{number}").request.path == "/login"
    assert "will be tried again" in send(analyst, f"/status/parked/{number}").text
    assert analyst.post(f"/status/parked/{number}", headers=OWN).status_code == 404


def test_a_substance_page_leads_to_its_alert_and_to_its_open_case(visit: Visit):
    client = visit(Role.REVIEWER)
    case = re.search(r"/review/C-\d+", client.get("/review").text)[0]
    substance = re.search(r"/substances/TS-\d+", client.get(case).text)[0]
    assert f'href="{case}"' in client.get(substance).text
    assert f'href="{case}"' not in visit(Role.PUBLIC).get(substance).text


def test_a_receipt_names_what_each_row_was_identified_as(visit: Visit):
    client = visit(Role.ADMIN)
    receipts = re.findall(r"/submissions/(SUB-\w+)", client.get("/submissions").text)
    texts = [client.get(f"/submissions/{code}").text for code in receipts]
    assert any("Identified as" in text and "/substances/TS-" in text for text in texts)


def test_the_secretariat_is_told_everywhere_when_a_job_fails(visit: Visit, full: Database) -> None:
    said = "attention:</b>"
    with full.transaction() as session:
        declare(session, "assess", 900)
        claim(session, "assess", owner="one", now=NOW, lease=timedelta(minutes=1))
        finish(session, "assess", owner="one", now=NOW, error="no space left")
    assert said in visit(Role.ANALYST).get("/substances").text
    assert said not in visit(Role.LABORATORY).get("/substances").text
    assert "no space left" not in visit(Role.PUBLIC).get("/").text

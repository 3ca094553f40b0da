"""Trying other thresholds: for the secretariat, in a form, as text or as a file."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from app.access.roles import Role
from app.db import Database
from app.surveillance import previews
from app.surveillance.queries import last_assessment
from app.surveillance.ruleset import ruleset_text
from app.worker import Work, preview_waiting
from tests.web.conftest import Visit
from tests.web.making import HOSTILE, NOW

ADDRESS = "/signals/rules/preview"
OWN = {"Sec-Fetch-Site": "same-origin"}


def send(client: FlaskClient, **form):
    return client.post(ADDRESS, data={"months": "2"} | form, headers=OWN)


def last_run_took(database: Database, milliseconds: int) -> None:
    with database.transaction() as session:
        run = last_assessment(session)
        assert run is not None
        run.milliseconds = milliseconds


@pytest.fixture(autouse=True)
def a_quick_register(full: Database) -> None:
    last_run_took(full, 10)


def test_it_is_for_the_secretariat_and_the_rules_lead_to_it(visit: Visit) -> None:
    for role in (Role.PUBLIC, Role.LABORATORY, Role.FOCAL_POINT):
        assert visit(role).get(ADDRESS).status_code in {302, 403}
        assert send(visit(role)).status_code in {302, 403}
        assert ADDRESS not in visit(role).get("/signals/rules").text
    assert f'href="{ADDRESS}"' in visit(Role.ANALYST).get("/signals/rules").text


def test_a_changed_threshold_shows_what_would_have_been_silent(visit: Visit) -> None:
    analyst = visit(Role.ANALYST)
    page = analyst.get(ADDRESS).text
    assert 'name="threshold.spread.countries" value="3"' in page and "Nothing was tried" in page
    sent = send(analyst, **{"threshold.spread.countries": "99", "threshold.spread.events": "3"})
    assert sent.location == f"{ADDRESS}/V-00001"
    page = analyst.get(sent.location).text
    assert "Would have been silent" in page and "New spread" in page
    assert "<code>spread.countries</code> 99 instead of 3" in page and "value = 99" in page
    assert "V-00001" in analyst.get(ADDRESS).text


@pytest.mark.parametrize("way", ["text", "file"])
def test_a_whole_rule_set_may_be_sent(visit: Visit, way: str) -> None:
    analyst = visit(Role.ANALYST)
    text = ruleset_text().replace('version = "', f'version = "{HOSTILE[:8]}')
    text = text.replace("[tiers.new_spread]\nvalue = 2", "[tiers.new_spread]\nvalue = 3")
    form = text if way == "text" else (io.BytesIO(text.encode()), "draft.toml")
    page = analyst.get(send(analyst, **{way: form}).location).text
    assert "Would have asked for more or less" in page and "<script" not in page.split("<main")[1]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"months": "99"}, "looks back 1 to 24 months"),
        ({"months": "two"}, "looks back 1 to 24 months"),
        ({"text": "version ="}, "is no TOML"),
        ({"text": "version = 1"}, "is missing"),
        ({"file": b"\xff\xfe\x00"}, "is no TOML: it is not UTF-8"),
        ({"threshold.spread.cuontries": "4"}, "is no threshold of the rules"),
        ({"threshold.growth.sightings": "2.5"}, "growth.sightings: is a whole number"),
        ({}, "change a threshold"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(visit: Visit, form, said: str) -> None:
    sent = {
        name: (io.BytesIO(value), "draft.toml") if name == "file" else value
        for name, value in form.items()
    }
    answer = send(visit(Role.ANALYST), **sent)
    assert answer.status_code == 422 and said in answer.text
    for name, value in form.items():
        assert name == "file" or name not in answer.text or value in answer.text


def test_what_takes_long_waits_for_the_worker(visit: Visit, full: Database, settings) -> None:
    analyst = visit(Role.ANALYST)
    last_run_took(full, 60_000)
    address = send(analyst, **{"threshold.spread.countries": "99"}).location
    assert "It waits for the worker" in analyst.get(address).text
    work = Work(full, settings, lambda: NOW)
    assert preview_waiting(work) == {"previewed": "V-00001"}
    assert "Would have been silent" in analyst.get(address).text
    assert preview_waiting(work) == {"previewed": None}


def test_one_that_cannot_be_run_says_so(visit: Visit, full: Database, settings, monkeypatch):
    analyst = visit(Role.ANALYST)
    last_run_took(full, 60_000)
    address = send(analyst, **{"threshold.spread.countries": "99"}).location
    monkeypatch.setattr(previews, "computed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        preview_waiting(Work(full, settings, lambda: NOW))
    assert "It could not be run" in analyst.get(address).text

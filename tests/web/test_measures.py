"""The pages about measures, and what a substance's page says of them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from app.access.models import Authority
from app.access.roles import Actor, Role
from app.db import Database
from app.registry.facts import Topic
from app.registry.queries import substances
from tests.intake.declaring import declared as take_declared
from tests.web.making import FORMULA, HOSTILE

SAME = {"Sec-Fetch-Site": "same-origin"}
PROTO = "N-Pyrrolidino protonitazene"


def declared(database: Database, topic: Topic, sent: str, role: Role = Role.LABORATORY) -> None:
    """Take one declaration in as the laboratory of Germany, or as the secretariat."""
    code = "LAB-DE" if role is Role.LABORATORY else "EWS"
    with database.reading() as session:
        home = session.query(Authority).filter_by(code=code).one()
        by = Actor(role, "key", home.id, home.code, home.countries)
    take_declared(database, topic, json.loads(sent), by=by)


@pytest.fixture
def declared_much(full: Database) -> str:
    """The number of a substance with a measure, a use, a list and a standard."""
    declared(
        full,
        Topic.MEASURE,
        '[{"reference": "1", "substance": "isotonitazene", "country": "DE", "kind": "temporary",'
        '"since": "2027-01-10", "title": "=1+1 <b>order</b>", "source": "https://law.example/1"},'
        '{"reference": "2", "covers": "family:nitazene", "country": "DE", "kind": "generic",'
        '"since": "2025", "title": "Generic law", "source": "gazette 12"},'
        '{"reference": "3", "substance": "isotonitazene", "country": "DE", "kind": "none",'
        '"title": "Hidden remark", "source": "secret", "handling": "amber"}]',
    )
    declared(
        full,
        Topic.USE,
        '{"reference": "1", "substance": "isotonitazene", "kind": "scientific",'
        '"description": "reference material", "source": "a pharmacopoeia"}',
    )
    declared(
        full,
        Topic.STANDARD,
        '{"reference": "1", "substance": "isotonitazene", "kind": "commercial", "held": true,'
        '"source": "own inventory"}',
    )
    with full.reading() as session:
        return substances(session, Actor(Role.ADMIN, "x"), text="isotonitazene").items[0].code


def test_without_any_measure_the_page_says_how_they_come(empty_app):
    page = empty_app.test_client().get("/measures").text
    assert "No measure in force is held here" in page and "/api/v1/measures" in page
    assert empty_app.test_client().get("/measures.csv").text.count("\n") == 1


def test_the_list_says_who_controls_what_and_hides_what_is_not_public(visit, declared_much):
    page = visit(Role.PUBLIC).get("/measures").text
    assert "temporary control" in page and "10 Jan 2027" in page and "gazette 12" in page
    assert "control" in page and "1\u00a0whole class" in page
    assert "<b>order</b>" not in page and "&lt;b&gt;order" in page
    assert "Hidden remark" not in page
    assert "Hidden remark" in visit(Role.ANALYST).get("/measures").text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"country": "DE"}, True), ({"country": "FR"}, False), ({"kind": "generic"}, True),
        ({"kind": "emergency"}, False), ({"substance": "isotonitazene"}, True),
        ({"substance": "caffeine"}, False), ({"substance": "no such thing"}, False),
    ],
)  # fmt: skip
def test_the_list_is_filtered_by_its_address(visit, declared_much, asked, shown):
    page = visit(Role.PUBLIC).get("/measures", query_string=asked)
    assert page.status_code == 200 and ("Generic law" in page.text) is shown


def test_the_file_holds_no_formula(visit, declared_much):
    text = visit(Role.PUBLIC).get("/measures.csv").text
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["country"] == "DE"]
    assert {row["title"] for row in rows} == {"'=1+1 <b>order</b>", "Generic law"}
    assert {row["since"] for row in rows} == {"2027-01-10", "2025"}


def test_a_substance_says_its_measures_uses_and_standards(visit, declared_much):
    page = visit(Role.PUBLIC).get(f"/substances/{declared_much}").text
    assert "Measures, uses, standards" in page and "not legal advice" in page
    assert "all of the family" in page and "(not in force today)" in page
    assert "A use counts against haste" in page
    assert "1\u00a0laboratory says to hold one" in page
    assert "own inventory" not in page and "Hidden remark" not in page
    inside = visit(Role.SUBSCRIBER).get(f"/substances/{declared_much}").text
    assert "LAB-DE</b> holds it" in inside


def test_a_measure_says_how_long_after_the_first_alert_it_came(full, visit):
    with full.reading() as session:
        code = substances(session, Actor(Role.ADMIN, "x"), text=PROTO).items[0].code
    declared(
        full,
        Topic.MEASURE,
        f'{{"reference": "1", "substance": "{code}", "country": "DE", "kind": "nps_act",'
        '"since": "2026-11-30", "title": "Order", "source": "gazette"}',
    )
    page = visit(Role.PUBLIC).get(f"/substances/{code}").text
    assert "10 days after the first alert here" in page


def form(**changed: Any) -> dict[str, str]:
    return {
        "substance": "isotonitazene", "country": "SE", "kind": "nps_act", "since": "2026-05",
        "title": f"Act {HOSTILE}", "source": "https://law.example/2", "until": "", "reference": "",
    } | changed  # fmt: skip


def test_a_laboratory_declares_with_the_form_and_finds_it_in_the_list(visit):
    browser = visit(Role.LABORATORY)
    assert "Declare a national measure" in browser.get("/measures/new").text
    answer = browser.post("/measures/new", data=form(), headers=SAME)
    assert answer.status_code == 302 and "country=SE" in answer.headers["Location"]
    page = browser.get(answer.headers["Location"]).text
    assert "Taken as NM-0" in page and "NPS act" in page and HOSTILE not in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"substance": "no such thing"}, "exact name"), ({"country": "DE"}, "does not report for"),
        ({"since": "spring"}, "YYYY-MM"), ({"source": "ftp://x"}, "https://"),
        ({"title": ""}, "is required"), ({"substance": FORMULA}, "exact name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_is_still_there(visit, changed, said):
    answer = visit(Role.LABORATORY).post("/measures/new", data=form(**changed), headers=SAME)
    assert answer.status_code == 422 and said in answer.text
    assert "2026-05" in answer.text or "spring" in answer.text
    assert HOSTILE not in answer.text


def test_the_form_is_for_those_who_report(visit):
    assert visit(Role.PUBLIC).get("/measures/new").status_code == 302
    assert visit(Role.ANALYST).get("/measures/new").status_code == 403


def test_each_monitored_class_has_its_line(visit):
    page = visit(Role.PUBLIC).get("/substances").text
    assert "Monitored classes" in page and "the lines do not add up" in page
    assert "Monitored classes" not in visit(Role.PUBLIC).get("/substances?standing=medicine").text

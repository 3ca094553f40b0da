"""A report of each handling level, every reader, every door: nothing above clearance leaves."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from app.access.handling import Handling
from app.access.roles import Role
from app.access.service import add_authority, authority_by_code, issue_key
from app.intake.models import Finding, Report
from app.registry.models import Substance
from app.settings import Settings
from app.worker import Work, assess_and_tell
from tests.databases import EMPTY, Template
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

CLEAR, GREEN, AMBER, RED = Handling
NEW = {
    CLEAR: "CCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1",
    GREEN: "CCSc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1",
    AMBER: "CCCSc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1",
    RED: "CCCCSc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1",
}
READERS = ("public", "subscriber", "other laboratory", "own laboratory", "analyst")
ROWS = {"subscriber": GREEN, "other laboratory": GREEN, "own laboratory": RED, "analyst": AMBER}
FIGURES = {"subscriber": AMBER, "other laboratory": AMBER, "own laboratory": AMBER, "analyst": RED}
KNOWN = FIGURES | {"own laboratory": RED}  # who found a substance knows of it
NOBODY_MORE = {}


def fill(database):
    home = laboratory(database, "DE")
    laboratory(database, "FR")
    with database.transaction() as session:
        add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
    work = Work(database, Settings.from_env({}), clock=lambda: NOW)
    assess_and_tell(work, as_of=(NOW - timedelta(days=60)).date())
    for level, structure in NEW.items():
        found = {"structure": structure, "confirmation": "reference_standard"}
        sent = report(reference=f"ROW-{level.word}", handling=level.word, findings=[found])
        take_reports(database, [sent], by=home)
    assess_and_tell(work)


HANDLED = Template("handled", fill, upon=EMPTY)


@pytest.fixture
def handled(backend):
    database = backend.make(HANDLED)
    yield database
    backend.drop(database)


@pytest.fixture
def ask(handled, settings):
    """Ask as each reader: the status and text of an answer."""
    client = create_app(settings, database=handled, clock=lambda: NOW).test_client()
    holders = {
        "subscriber": ("LAB-FR", Role.SUBSCRIBER),
        "other laboratory": ("LAB-FR", Role.LABORATORY),
        "own laboratory": ("LAB-DE", Role.LABORATORY),
        "analyst": ("EWS", Role.ANALYST),
    }
    headers = {"public": {}}
    with handled.transaction() as session:
        for reader, (code, role) in holders.items():
            key = issue_key(session, authority_by_code(session, code), role=role, now=NOW)
            headers[reader] = {"Authorization": f"Bearer {key}"}
    return lambda reader, path: client.get(path, headers=headers[reader])


def marks(database):
    """What gives each level away: its reference, and the names of its substance."""
    query = select(Report.reference, Report.id, Substance.id, Substance.connectivity).select_from(
        Report
    ).join(Finding).join(Substance)  # fmt: skip
    with database.reading() as session:
        rows = {reference: rest for reference, *rest in session.execute(query)}
    return {level: (f"ROW-{level.word}", *rows[f"ROW-{level.word}"]) for level in Handling}


LISTS = {
    "/api/v1/reports": (ROWS, "reference"),
    "/api/v1/substances?limit=200": (KNOWN, "substance"),
    "/api/v1/clusters?limit=200": (KNOWN, None),
    "/api/v1/signals": (FIGURES, "substance"),
    "/api/v1/episodes": (FIGURES, "substance"),
    "/api/v1/alerts": (FIGURES, "substance"),
    "/api/v1/priority": (FIGURES, "substance"),
    "/feed.json": (NOBODY_MORE, "substance"),
    "/feed.atom": (NOBODY_MORE, "substance"),
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_each_reader_what_they_may_know(handled, ask, path):
    cleared, by = LISTS[path]
    known = marks(handled)
    for reader in READERS:
        answer = ask(reader, path)
        if path == "/api/v1/reports" and reader == "public":
            assert answer.status_code == 401
        for level, (reference, _, number, connectivity) in known.items():
            shown = reference in answer.text or connectivity in answer.text
            shown = shown or f"TS-{number:05d}" in answer.text
            allowed = level <= cleared.get(reader, CLEAR) and answer.status_code == 200
            assert allowed or not shown, f"{reader} saw {level.word} in {path}"
            assert by is None or shown == allowed, f"{reader} missed {level.word} in {path}"


def test_one_thing_at_a_time_is_guarded_the_same_way(handled, ask):
    for level, (_, row, number, connectivity) in marks(handled).items():
        for reader in READERS:
            shown = ask(reader, f"/api/v1/reports/RP-{row:06d}").status_code == 200
            assert shown == (reader != "public" and level <= ROWS[reader]), (reader, level)
            for code in (f"TS-{number:05d}", connectivity):
                shown = ask(reader, f"/api/v1/substances/{code}").status_code == 200
                assert shown == (level <= KNOWN.get(reader, CLEAR)), (reader, level)


def test_no_alert_above_clear_leaves_as_cap_or_is_found_by_number(handled, ask):
    alerts = json.loads(ask("analyst", "/api/v1/alerts").text)["items"]
    levels = {level for level in Handling for alert in alerts if alert["handling"] == level.word}
    assert levels == set(Handling)
    for alert in alerts:
        level = Handling.of(alert["handling"])
        for reader in READERS:
            seen = ask(reader, f"/api/v1/alerts/{alert['id']}").status_code == 200
            assert seen == (level <= FIGURES.get(reader, CLEAR)), (reader, level)
            assert (ask(reader, f"/cap/{alert['id']}.xml").status_code == 200) == (level == CLEAR)


def test_a_search_finds_only_what_may_be_known(handled, settings):
    client = create_app(settings, database=handled, clock=lambda: NOW).test_client()
    for mode in ("exact", "similarity", "substructure"):
        found = client.post("/api/v1/search", json={"structure": NEW[RED], "mode": mode}).json
        keys = {hit["substance"]["connectivity"] for hit in found["items"]}
        hidden = {marks(handled)[level][3] for level in (GREEN, AMBER, RED)}
        assert not keys & hidden

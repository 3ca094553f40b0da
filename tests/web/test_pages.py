"""Every page answers, empty and full, for everybody it is for, without breaking its own rules."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from flask import Flask

from app.access.roles import Role
from app.db import Database
from app.languages import LANGUAGES, _, speaking
from tests.web.conftest import Visit
from tests.web.making import HOSTILE

PUBLIC = (
    "/",
    "/substances",
    "/clusters",
    "/signals",
    "/priority",
    "/reports",
    "/alerts",
    "/status",
    "/login",
    "/docs/codes",
)
DESK = {
    Role.ADMIN: ("/submissions", "/review", "/curation", "/subscriptions", "/admin"),
    Role.ANALYST: ("/review", "/curation", "/subscriptions"),
    Role.LABORATORY: ("/submissions", "/reports/upload", "/profiles", "/review", "/subscriptions"),
    Role.SUBSCRIBER: ("/review", "/subscriptions", "/spectra"),
}
VISITORS = (Role.PUBLIC, Role.SUBSCRIBER, Role.LABORATORY, Role.ANALYST, Role.ADMIN)
LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)"')
FORBIDDEN = (
    re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    re.compile(r"<style", re.IGNORECASE),
    re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    re.compile(r'(?:src|<link[^>]*href)="(?:https?:)?//', re.IGNORECASE),
)
MACHINE_DOORS = ("/feed.", "/api/", "/cap/", "/healthz", "/readyz", "/metrics")


def _advisory(language: str) -> str:
    with speaking(language):
        return _(
            "Scores are advisory; for consideration. Signals count what was reported; where "
            "nothing is reported, nothing is known."
        )


ADVISORY = [_advisory(language) for language in LANGUAGES]


def obeys(body: str) -> None:
    """No inline style or script, nothing from elsewhere, one heading, one title."""
    for rule in FORBIDDEN:
        assert not rule.search(body), rule.search(body)
    assert body.count("<h1") == 1
    assert body.count("<title>") >= 1
    assert '<a class="skip" href="#main">' in body
    assert any(note in body for note in ADVISORY)


@pytest.mark.parametrize("path", PUBLIC)
def test_an_empty_register_has_all_its_pages(empty_app: Flask, path: str):
    answer = empty_app.test_client().get(path)
    assert answer.status_code == 200
    obeys(answer.text)


@pytest.mark.parametrize("path", ["/", "/substances", "/signals", "/priority", "/reports"])
def test_an_empty_page_says_what_to_do_next(empty_app: Flask, path: str):
    assert "<code>tocsin" in empty_app.test_client().get(path).text


@pytest.mark.parametrize("role", VISITORS)
def test_every_link_on_every_page_leads_somewhere(visit: Visit, full: Database, role: Role):
    """Follow all links of the site, as somebody with that role; 404, 403 and 500 are failures."""
    if full.url.startswith("postgresql") and role is not Role.ANALYST:
        pytest.skip("who may follow a link is no matter of the database; an analyst follows most")
    client = visit(role)
    waiting, seen = [*PUBLIC, *DESK.get(role, ())], set()
    kinds: Counter[str] = Counter()  # pages that differ by a number only; a few of each will do
    while waiting:
        path = waiting.pop().replace("&amp;", "&")
        kind = re.sub(r"=[^&]*|\d+|(?<=clusters/).*", "", path)
        if path in seen or kinds[kind] >= (2 if "?" in kind else 3):
            continue
        kinds[kind] += 1
        seen.add(path)
        if path.startswith(MACHINE_DOORS) or path == "/logout":
            continue
        answer = client.get(path)
        if answer.status_code == 405:  # a form's address
            continue
        assert answer.status_code in (200, 302), path
        if answer.mimetype == "text/html" and answer.status_code == 200:
            obeys(answer.text)
            waiting += LINK.findall(answer.text)
    assert any(s.startswith("/substances/TS-") for s in seen)
    assert any(s.startswith("/signals/E-") for s in seen)
    assert any(s.startswith("/clusters/") for s in seen)
    assert any(s.startswith("/reports/RP-") for s in seen)
    assert any(s.startswith("/alerts/A-") for s in seen)


def test_what_is_not_there_is_said_plainly(visit: Visit):
    answer = visit(Role.PUBLIC).get("/substances/TS-99999")
    assert answer.status_code == 404
    assert "Not here" in answer.text
    obeys(answer.text)


@pytest.mark.parametrize(
    "path", ["/signals/E-1x", "/reports/RP-999", "/clusters/none", "/alerts/A-77777"]
)
def test_numbers_that_are_none_of_ours_are_not_found(visit: Visit, path: str):
    assert visit(Role.PUBLIC).get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/substances?after=%1fx", "/signals?after=nonsense", "/reports?after=-1", "/priority?after=²",
     "/signals?tier=purple&state=x", "/substances?q=%00%25_\\", "/reports?country=zz&kind=x"],
)  # fmt: skip
def test_a_bent_address_is_no_fault_of_ours(visit: Visit, path: str):
    assert visit(Role.PUBLIC).get(path).status_code in (200, 404, 422)


@pytest.mark.parametrize("role", VISITORS)
def test_a_hostile_name_is_only_ever_text(visit: Visit, role: Role):
    client = visit(role)
    found = client.get("/reports?country=DE").text
    assert "&lt;script&gt;alert(" in found
    for path in ("/", "/substances", "/signals", "/priority", "/reports", "/alerts", "/review"):
        assert HOSTILE not in client.get(path).text


def test_simulated_reports_are_said_to_be_on_every_page_and_in_their_row(visit: Visit):
    client = visit(Role.PUBLIC)
    for path in PUBLIC:
        assert "simulated events from other countries" in client.get(path).text
    reports = client.get("/reports?country=SG").text
    assert 'title="A simulated event' in reports
    assert 'title="A simulated event' not in client.get("/reports?country=DE").text


def test_without_simulated_reports_no_page_says_so(empty_app: Flask):
    assert "simulated" not in empty_app.test_client().get("/").text


def test_a_structure_pasted_into_the_search_box_finds_its_like(visit: Visit):
    answer = visit(Role.PUBLIC).get(
        "/substances", query_string={"q": "CCN(CC)CCn1c(Cc2ccc(OC)cc2)nc2cc([N+](=O)[O-])ccc12"}
    )
    assert "structurally nearest" in answer.text
    assert "Metonitazene" in answer.text


def test_the_navigation_says_where_one_is(visit: Visit):
    text = visit(Role.PUBLIC).get("/signals").text
    assert '<a href="/signals" aria-current="page">' in text
    assert text.count('aria-current="page"') == 1


def test_feeds_are_found_by_readers(visit: Visit):
    text = visit(Role.PUBLIC).get("/").text
    assert 'type="application/feed+json"' in text
    assert 'type="application/atom+xml"' in text

"""What a reader may not know is on no page, in no picture, file or address."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from app.access.roles import Role
from tests.web.conftest import Visit
from tests.web.making import HIDDEN_COUNTRY, HIDDEN_NAME, HIDDEN_REFERENCE
from tests.web.test_pages import DESK, PUBLIC

SECRETS = (HIDDEN_REFERENCE, HIDDEN_NAME)
PAGES = (
    *PUBLIC,
    "/priority.csv",
    "/substances?group=nitazenes",
    "/signals?state=open",
    "/clusters?group=nitazenes",
    "/priority?list=controlled",
    "/priority?preset=harm_first",
)


def pages_of(client: FlaskClient) -> dict[str, str]:
    return {path: client.get(path).text for path in PAGES}


def hidden_code(visit: Visit) -> str:
    """The number of the substance that only an amber report names."""
    text = visit(Role.ANALYST).get("/substances?group=nitazenes").text
    return text.split(HIDDEN_NAME, maxsplit=1)[0].rsplit("/substances/", 1)[1][:8]


def test_an_amber_report_is_on_no_public_page(visit: Visit):
    for path, text in pages_of(visit(Role.PUBLIC)).items():
        for secret in SECRETS:
            assert secret not in text, path


def test_the_country_of_an_amber_report_is_grey_to_the_public(visit: Visit):
    code, name = HIDDEN_COUNTRY
    public, peer = visit(Role.PUBLIC).get("/").text, visit(Role.SUBSCRIBER).get("/").text
    assert f"{name}: nothing reported" in public
    assert f"{name}: 1 substance" in peer
    assert f"country={code}" not in public


def test_the_secretariat_reads_the_row_and_a_peer_the_figure(visit: Visit):
    assert HIDDEN_COUNTRY[1] in visit(Role.ANALYST).get("/reports?country=IS").text
    peer = visit(Role.SUBSCRIBER)
    assert "No report that you may read" in peer.get("/reports?country=IS").text
    listed = peer.get("/substances?group=nitazenes").text
    assert "Unnamed nitazene" in listed
    assert HIDDEN_NAME not in listed  # what was written under restriction is its reporter's


@pytest.mark.parametrize("suffix", ["", ".svg", ".png"])
def test_a_hidden_substance_does_not_exist_for_the_public(visit: Visit, suffix: str):
    code = hidden_code(visit)
    assert visit(Role.PUBLIC).get(f"/substances/{code}{suffix}").status_code == 404
    answer = visit(Role.ANALYST).get(f"/substances/{code}{suffix}")
    assert answer.status_code == 200
    assert "public" not in answer.headers.get("Cache-Control", "")


def test_all_numbers_of_reports_can_be_tried_without_finding_a_hidden_one(visit: Visit):
    client = visit(Role.PUBLIC)
    for number in range(1, 16):
        text = client.get(f"/reports/RP-{number:06d}").text
        assert not any(secret in text for secret in SECRETS)


def test_no_page_of_a_stranger_names_people(visit: Visit):
    for path, text in pages_of(visit(Role.PUBLIC)).items():
        assert "@tocsin.test" not in text, path


@pytest.mark.parametrize("path", DESK[Role.ADMIN])
def test_the_desk_sends_strangers_to_the_login_and_back(visit: Visit, path: str):
    answer = visit(Role.PUBLIC).get(path)
    assert answer.status_code == 302
    assert unquote(answer.location).startswith(f"/login?next={path}")


@pytest.mark.parametrize(("role", "path"), [
    (Role.SUBSCRIBER, "/curation"), (Role.LABORATORY, "/admin"), (Role.ANALYST, "/admin"),
    (Role.SUBSCRIBER, "/submissions"), (Role.ANALYST, "/submissions"),
])  # fmt: skip
def test_a_page_is_for_those_it_is_for(visit: Visit, role: Role, path: str):
    answer = visit(role).get(path)
    assert answer.status_code == 403
    assert "Not for you" in answer.text

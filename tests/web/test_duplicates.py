"""The curator's queue of possible duplicates, and what reports and signals say of them."""

from __future__ import annotations

import re

import pytest

from app.access.roles import SECRETARIAT, Actor, Role
from app.db import Database
from tests.intake.duplicates.making import run, seizure, take
from tests.reporting import laboratory
from tests.web.conftest import Visit
from tests.web.making import HOSTILE, NOW, PYRROLIDINO_PROTONITAZENE
from tests.web.test_desk import OWN, send

FINDINGS = [{"structure": PYRROLIDINO_PROTONITAZENE, "techniques": ["GC-MS"]}]


@pytest.fixture
def parcels(full: Database) -> tuple[Actor, Actor]:
    """One parcel reported on both ends, twins of one laboratory, and a red report of a third."""
    nl, be = laboratory(full, "NL"), laboratory(full, "BE")
    said = {"findings": FINDINGS, "sold_as": HOSTILE}
    take(full, nl, seizure("P 2026-44317", "NL", destination="BE", **said), now=NOW)
    take(full, be, seizure("44317/2026", "BE", findings=FINDINGS, handling="amber"), now=NOW)
    twins = [seizure(f"2026{dash}17", "BE", findings=FINDINGS, quantity=61.3) for dash in "/-"]
    take(full, be, *twins, now=NOW)
    lu = laboratory(full, "LU")
    take(full, lu, seizure("L", "LU", findings=FINDINGS, transit="NL", handling="red"), now=NOW)
    run(full, NOW)
    return nl, be


def codes(text: str) -> list[str]:
    return re.findall(r">(DP-\d+)<", text)


def test_the_queue_says_how_many_wait_and_leads_side_by_side(visit: Visit, parcels) -> None:
    client = visit(Role.ANALYST)
    assert 'href="/curation/duplicates"' in client.get("/curation").text
    page = client.get("/curation/duplicates").text
    assert "wait" in page and "LAB-NL" in page and "LAB-BE" in page and "RP-" in page
    assert "LAB-LU" not in re.sub(r"(?s)<form.*?</form>", "", page)
    first = client.get(f"/curation/duplicates/{codes(page)[0]}").text
    assert "Side by side" in first and "same day" in first and "bits" in first
    assert HOSTILE not in first
    assert "style=" not in first


def test_it_is_for_the_secretariat_alone(visit: Visit, parcels) -> None:
    for role in Role:
        status = visit(role).get("/curation/duplicates").status_code
        assert status == (200 if role in SECRETARIAT else 302 if role is Role.PUBLIC else 403)


def test_filters_are_in_the_address(visit: Visit, parcels) -> None:
    client = visit(Role.ANALYST)
    linked = client.get("/curation/duplicates?status=auto").text
    assert len(codes(linked)) == 1 and "To decide" in linked
    assert codes(client.get("/curation/duplicates?authority=LAB-DE").text) == []
    assert client.get("/curation/duplicates?substance=TS-99999").status_code == 404
    assert client.get("/curation/duplicates?after=nonsense&status=none").status_code == 200


def test_a_decision_is_taken_said_and_undone(visit: Visit, parcels) -> None:
    client = visit(Role.REVIEWER)
    code = codes(client.get("/curation/duplicates").text)[0]
    path = f"/curation/duplicates/{code}"
    assert "say why" in send(client, path, decision="different").text
    assert "is no decision" in send(client, path, decision="perhaps").text
    same = send(client, path, decision="same", reason="one parcel number")
    assert "counts as one event" in same.text and "one parcel number" in same.text
    report = re.search(r"/reports/(RP-\d+)", same.text)[1]
    assert "they report the same event (DG-" in client.get(f"/reports/{report}").text
    assert "waits for a decision again" in send(client, path, decision="undo").text
    assert "different events" in send(client, path, decision="different", reason="no").text
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(path, data={"decision": "same"}, headers=elsewhere).status_code == 403
    missing = client.post("/curation/duplicates/DP-9999", data={"decision": "same"}, headers=OWN)
    assert missing.status_code == 404


def test_a_report_says_with_which_it_is_counted_to_those_who_may_see_both(
    visit: Visit, parcels
) -> None:
    client = visit(Role.ANALYST)
    text = client.get("/curation/duplicates?status=auto").text
    one, other = re.findall(r"/reports/(RP-\d+)", text)[:2]
    page = client.get(f"/reports/{one}").text
    assert other in page and "same event" in page and "why</a>" in page
    peer = visit(Role.FOCAL_POINT).get(f"/reports/{one}").text
    assert other in peer and "why</a>" not in peer
    assert "same event" in visit(Role.PUBLIC).get(f"/reports/{one}").text


def test_a_peer_learns_nothing_from_a_report_whose_twin_is_not_theirs(
    visit: Visit, parcels
) -> None:
    client = visit(Role.ANALYST)
    code = codes(client.get("/curation/duplicates").text)[0]
    shown = client.get(f"/curation/duplicates/{code}").text
    numbers = sorted(set(re.findall(r"/reports/(RP-\d+)", shown)))
    send(client, f"/curation/duplicates/{code}", decision="same")
    public = visit(Role.PUBLIC)
    pages = [public.get(f"/reports/{number}") for number in numbers]
    assert sorted(page.status_code for page in pages) == [200, 404]
    assert all("same event" not in page.text and "DG-" not in page.text for page in pages)


def test_a_signal_says_how_much_of_its_evidence_may_be_counted_twice(visit: Visit, parcels) -> None:
    client, public = visit(Role.ANALYST), visit(Role.PUBLIC)
    code = re.search(r"/signals/(E-\d+)", public.get("/signals?rule=NEW_SPREAD").text)[1]
    assert "Possible duplicates" in client.get(f"/signals/{code}").text
    # the amber report of the pair is no public figure
    assert "Possible duplicates" not in public.get(f"/signals/{code}").text


def test_an_empty_queue_says_so(visit: Visit) -> None:
    assert "No pair of reports waits" in visit(Role.ANALYST).get("/curation/duplicates").text

"""Possible duplicates by API."""

from __future__ import annotations

import pytest

from app.access.roles import Role
from tests.intake.duplicates.making import run, seizure, take
from tests.reporting import key_for, laboratory

PATH = "/api/v1/duplicates"


@pytest.fixture
def analyst(database) -> dict[str, str]:
    """The headers of a curator, in front of a queue of two pairs."""
    fr = laboratory(database, "FR")
    take(database, fr, *(seizure(f"B{n}", "FR", quantity=20.0 + 1.5 * n) for n in range(3)))
    run(database)
    return key_for(database, "CH", Role.ANALYST)


def test_pairs_are_listed_the_heaviest_first_in_pages(client, analyst) -> None:
    whole = client.get(PATH, headers=analyst).json["items"]
    weights = [pair["weight"] for pair in whole]
    assert len(whole) >= 2 and weights == sorted(weights, reverse=True)
    page = client.get(f"{PATH}?limit=1", headers=analyst).json
    assert page["items"] == whole[:1] and "after=" in page["next"]
    for pair in whole:
        assert sum(field["weight"] for field in pair["fields"]) == pytest.approx(pair["weight"])
        assert all(code.startswith("RP-") for code in pair["reports"])


def test_a_pair_is_decided_and_undone(client, analyst) -> None:
    code = client.get(PATH, headers=analyst).json["items"][0]["id"]
    same = client.post(f"{PATH}/{code}", json={"decision": "same"}, headers=analyst)
    assert (same.status_code, same.json["status"]) == (200, "confirmed")
    again = client.post(f"{PATH}/{code}", json={"decision": "same"}, headers=analyst)
    assert again.status_code == 409
    listed = client.get(f"{PATH}?status=confirmed", headers=analyst).json["items"]
    assert [pair["id"] for pair in listed] == [code]
    undone = client.post(f"{PATH}/{code}", json={"decision": "undo"}, headers=analyst)
    assert undone.json["status"] == "proposed" and undone.json["undone_at"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "different"}, 422),
        ({"decision": "perhaps"}, 422),
        ({"decision": "same", "by": "me"}, 422),
        ({"decision": "different", "reason": "x" * 1001}, 422),
        ([], 400),
    ],
)
def test_a_decision_that_is_none_is_refused(client, analyst, body, status) -> None:
    code = client.get(PATH, headers=analyst).json["items"][0]["id"]
    assert client.post(f"{PATH}/{code}", json=body, headers=analyst).status_code == status


def test_what_is_not_there_is_not_found_and_what_is_no_status_is_refused(client, analyst) -> None:
    for code in ("DP-9999", "DP-99999999999999", "x"):
        answer = client.post(f"{PATH}/{code}", json={"decision": "same"}, headers=analyst)
        assert answer.status_code == 404
    assert client.get(f"{PATH}?status=open", headers=analyst).status_code == 422
    assert client.get(f"{PATH}?after=x&limit=0", headers=analyst).status_code == 422


def test_laboratories_neither_see_nor_decide(client, analyst, key) -> None:
    assert client.get(PATH, headers=key).status_code == 403
    assert client.post(f"{PATH}/DP-0001", json={"decision": "same"}, headers=key).status_code == 403

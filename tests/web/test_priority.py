"""The priority list as people and machines read it."""

from __future__ import annotations

import csv
import io
import re

import pytest

from app.access.roles import Role
from tests.web.conftest import Visit
from tests.web.test_pages import obeys


def test_the_weights_are_a_choice_that_the_address_holds(visit: Visit):
    client = visit(Role.PUBLIC)
    usual, harm = client.get("/priority").text, client.get("/priority?preset=harm_first").text
    for text, name in ((usual, "Equal thirds"), (harm, "Harm first")):
        obeys(text)
        chosen = re.findall(r'aria-current="true">(\w+ \w+)', text)
        assert chosen == [name]
        assert "For consideration" in text
        assert "Rank 1 to " in text
    assert "/priority.csv?preset=harm_first" in harm
    assert re.search(r'href="/priority/TS-\d+\?preset=harm_first"', harm)
    bent = client.get("/priority?preset=nonsense").text
    assert re.findall(r'aria-current="true">(\w+ \w+)', bent) == ["Equal thirds"]
    rows = list(csv.DictReader(io.StringIO(client.get("/priority.csv?preset=harm_first").text)))
    assert {row["weight"] for row in rows} == {"0.25", "0.15", "0.6"}
    assert all(row["rank_low"] for row in rows if row["controlled"] == "no")


def test_a_place_is_explained_to_people_and_to_machines_alike(visit: Visit):
    client = visit(Role.PUBLIC)
    first = client.get("/api/v1/priority").json["items"][0]
    told = client.get(f"/api/v1/priority/{first['substance']}").json
    assert {name: told[name] for name in first} == first
    assert sum(p["contribution"] for p in told["pillars"]) == told["score"]
    assert told["standing"]["low"] <= told["standing"]["high"] <= told["among"]
    ids = [c["id"] for p in told["pillars"] for c in p["criteria"]]
    behind = [id for part in told["evidence"] for id in part["criteria"]]
    assert sorted([*behind, "H5"]) == sorted(ids)
    page = client.get(f"/priority/{first['substance']}").text
    obeys(page)
    for part in told["evidence"]:
        assert len(part["reports"]) == min(part["readable"], 10)
        assert all(row["id"] in page for row in part["reports"])
    assert f"{told['score']:.1f} of 100 points" in page
    assert told["earlier"]["as_of"] == "2026-10-20"
    second = client.get("/api/v1/priority").json["items"][1]
    one, other = (
        client.get(f"/api/v1/priority/{a['substance']}?against={b['substance']}").json["before"]
        for a, b in ((first, second), (second, first))
    )
    assert one > 0.5
    assert one + other == pytest.approx(1)
    refused = client.get("/api/v1/priority?preset=harm")
    assert refused.status_code == 422
    assert "use one of equal, ranked, harm_first" in refused.json["detail"]


def test_what_is_under_international_control_stands_apart(visit: Visit):
    client = visit(Role.PUBLIC)
    apart = client.get("/api/v1/priority?controlled=1").json["items"]
    assert {item["standing"] for item in apart} == {None}
    listed = next(item for item in apart if item["substance_name"] == "Isotonitazene")
    page = client.get(f"/priority/{listed['substance']}").text
    obeys(page)
    assert "under international control already" in page
    assert listed["substance"] not in client.get("/api/v1/priority").text


@pytest.mark.parametrize("path", ["/priority/TS-00002", "/priority/TS-99999", "/priority/x"])
def test_what_is_in_no_list_has_no_page(visit: Visit, path: str):
    client = visit(Role.PUBLIC)
    assert client.get(path).status_code == 404
    assert client.get(f"/api/v1{path}").status_code == 404

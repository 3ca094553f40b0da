"""The pages of alerts that are about no one substance."""

from __future__ import annotations

import re

import pytest

from app import create_app
from app.surveillance.models import NodeId, NodeKind, Rule, Tier
from tests.notification.making import (
    AMBER,
    BLOCK,
    FAMILY,
    NAME,
    NOW,
    a_substance,
    an_episode,
    told,
)

CLUSTER = NodeId(NodeKind.CLUSTER, "nitazene")


@pytest.fixture
def app(database, settings):
    return create_app(settings, database=database, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("node", "rule", "name", "said"),
    [
        (FAMILY, Rule.FAMILY, "nitazene", "a family of the group nitazenes."),
        (CLUSTER, Rule.FAMILY, "nitazene", "a cluster of the family nitazene."),
        (BLOCK, Rule.BLOCK, "pent-4-enyl", "a building block: tail, *CCCC=C."),
        (NAME, Rule.NEW_UNKNOWN, "<i>7</i>", "laboratories wrote and nobody has resolved."),
    ],
)
def test_each_kind_of_alert_has_a_page_and_a_row(client, database, node, rule, name, said):
    with database.transaction() as session:
        member = a_substance(session)
        members = () if node is NAME else (member,)
        told(session, an_episode(session, member))
        told(session, an_episode(session, node, rule, name=name, members=members))
    page = client.get("/alerts/A-00002")
    assert page.status_code == 200
    assert said in re.sub(r"<[^>]+>", "", page.text)
    assert "<i>" not in page.text
    assert ("/substances/TS-00001.svg" in page.text) == bool(members)
    assert ('href="/alerts/A-00001"' in page.text) == bool(members)
    assert "A-00002" in client.get("/alerts").text


@pytest.mark.parametrize("node", [FAMILY, CLUSTER, NodeId(NodeKind.GROUP, "nitazenes")])
def test_an_alert_leads_to_the_substances_it_is_about(client, database, node):
    with database.transaction() as session:
        a_substance(session)
        a_substance(session, "Mephedrone", connectivity="B" * 14, group="g", family="f")
        told(session, an_episode(session, node, Rule.FAMILY, name="nitazene"))
    page = client.get("/alerts/A-00001").text
    path = page.split('<p class="actions"><a class="btn" href="')[1].split('"')[0]
    listed = client.get(path).text
    assert "Protonitazene" in listed
    assert "Mephedrone" not in listed


def test_a_division_of_a_family_lists_its_substances(client, database):
    with database.transaction() as session:
        a_substance(session).families = ["nitazene", "desnitazene"]
    assert "Protonitazene" in client.get("/substances?family=desnitazene").text
    assert "Protonitazene" not in client.get("/substances?family=des%25").text


def test_an_alert_that_only_others_may_know_is_on_no_page(client, database):
    with database.transaction() as session:
        views = {AMBER: Tier.ALERT}
        told(session, an_episode(session, NAME, Rule.NEW_UNKNOWN, name="Secretine", views=views))
    assert client.get("/alerts/A-00001").status_code == 404
    assert "ecretine" not in client.get("/alerts").text


@pytest.mark.parametrize("path", ["/alerts", "/status"])
@pytest.mark.parametrize(("asked", "language"), [("", ""), ("?lang=fr", "?lang=fr")])
def test_pages_lead_to_the_feeds_of_their_language(client, path, asked, language) -> None:
    page = client.get(path + asked).text
    leads = set(re.findall(r'href="(/feed\.(?:json|atom)[^"]*)"', page))
    assert leads == {f"/feed.json{language}", f"/feed.atom{language}"}

"""Alerts as machines read them, whatever they are about."""

from __future__ import annotations

import pytest

from app.surveillance.models import Rule, Tier
from tests.notification.making import (
    AMBER,
    BASE,
    BLOCK,
    FAMILY,
    NAME,
    a_substance,
    an_episode,
    told,
)
from tests.reporting import key_for


@pytest.fixture
def tell_of(database):
    """Tell of the open episodes that `make` makes."""

    def tell(make):
        with database.transaction() as session:
            told(session, *make(session))

    return tell


def test_an_alert_on_a_family_says_what_it_is_about_and_who_takes_part(client, tell_of):
    def family(session):
        one = a_substance(session)
        yield an_episode(session, one)
        yield an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=[one])

    tell_of(family)
    shown = client.get("/api/v1/alerts/A-00002").json
    assert shown["substance"] is None
    assert shown["substance_name"] == "Nitazenes (2-benzylbenzimidazole opioids)"
    about = shown["about"]
    assert (about["kind"], about["key"]) == ("family", "nitazene")
    assert about["url"].endswith("/substances?family=nitazene")
    (member,) = shown["members"]
    assert (member["substance"], member["alert"]) == ("TS-00001", "A-00001")
    assert client.get(member["url"].removeprefix(BASE)).status_code == 200
    of_substance = client.get("/api/v1/alerts/A-00001").json
    assert (of_substance["substance"], of_substance["members"]) == ("TS-00001", [])
    assert of_substance["about"]["key"] == "TS-00001"
    listed = client.get("/api/v1/alerts?group=nitazenes").json["items"]
    assert [alert["id"] for alert in listed] == ["A-00002", "A-00001"]


@pytest.mark.parametrize(
    ("node", "rule", "name"),
    [(BLOCK, Rule.BLOCK, "pent-4-enyl"), (NAME, Rule.NEW_UNKNOWN, "KESTREL-7")],
)
def test_what_has_no_page_has_no_address(client, tell_of, node, rule, name):
    tell_of(lambda session: [an_episode(session, node, rule, name=name)])
    (alert,) = client.get("/api/v1/alerts").json["items"]
    assert (alert["about"]["kind"], alert["about"]["url"]) == (node.kind.value, None)
    assert name in alert["headline"]


def test_an_unknown_name_of_amber_reports_is_for_those_who_sign_in(client, database, tell_of):
    tell_of(
        lambda session: [
            an_episode(
                session, NAME, Rule.NEW_UNKNOWN, name="Secretine-7", views={AMBER: Tier.ALERT}
            )
        ]
    )
    assert client.get("/api/v1/alerts").json["items"] == []
    assert client.get("/api/v1/alerts/A-00001").status_code == 404
    answer = client.get("/api/v1/alerts/A-00001", headers=key_for(database, "DE"))
    assert "Secretine-7" in answer.json["headline"]

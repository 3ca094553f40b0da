"""An alert on a family, when a member that it names is restricted: every door tells one edition."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.notification.models import Edition
from app.registry.models import Substance
from app.surveillance.models import Rule
from tests.feeds.making import LATER
from tests.notification.making import (
    CLEAR,
    FAMILY,
    RED,
    a_substance,
    add_view,
    an_episode,
    told,
)

DOORS = (
    "/feed.json", "/feed.atom", "/feed.json?lang=fr", "/families/nitazene/feed.json",
    "/groups/nitazenes/feed.atom", "/countries/EE/feed.json", "/api/v1/alerts", "/alerts",
    "/cap/A-00001.xml", "/api/v1/alerts/A-00001", "/alerts/A-00001",
)  # fmt: skip
SINGLE = DOORS[-3:]  # answer with 404 where the lists are empty


def family_alert(database, *named):
    """An alert whose editions name one member each, the first of them first."""
    with database.transaction() as session:
        members = [
            a_substance(session, name, connectivity=letter * 14)
            for name, letter in zip(named, "ABC", strict=False)
        ]
        first, *others = members
        episode = an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=[first])
        told(session, episode)
        for days, other in enumerate(others):
            episode.views.clear()
            session.flush()
            add_view(episode, CLEAR, 2, members=[other])
            session.flush()
            told(session, episode, now=LATER.replace(hour=10 + days), reason="raised")


def headlines(client):
    """What each door tells of the alert: which member, or nothing."""
    said = {}
    for door in DOORS:
        answer = client.get(door)
        assert answer.status_code == 200 or (answer.status_code == 404 and door in SINGLE), door
        said[door] = frozenset(re.findall("Opening|Following", answer.text))
    return said


@pytest.mark.parametrize("named", [("Opening",), ("Opening", "Following")])
@pytest.mark.parametrize("restricted", ["Opening", "Following"])
def test_what_falls_back_or_is_gone_does_so_at_every_door(client, database, named, restricted):
    family_alert(database, *named)
    before = headlines(client)
    feeds = [door for door in DOORS if "feed" in door]
    assert {before[door] for door in feeds} == {frozenset({named[-1]})}
    tags = {door: client.get(door).headers["ETag"] for door in feeds}
    with database.transaction() as session:
        for one in session.scalars(select(Substance).where(Substance.name == restricted)):
            one.handling = RED
    after = headlines(client)
    told_now = {after[door] for door in feeds} | {after["/cap/A-00001.xml"]}
    assert len(told_now) == 1, after
    for door in feeds:
        answer = client.get(door, headers={"If-None-Match": tags[door]})
        assert (answer.status_code == 304) == (after[door] == before[door]), door
    empty = told_now == {frozenset()}
    assert (client.get("/api/v1/alerts/A-00001").status_code == 404) == empty
    assert (client.get("/alerts/A-00001").status_code == 404) == empty
    assert (client.get("/api/v1/alerts").json["items"] == []) == empty
    with database.reading() as session:
        assert len(session.scalars(select(Edition)).all()) == len(named)

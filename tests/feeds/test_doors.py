"""Every handling level at every door by which an alert leaves the house."""

import json

import pytest
from sqlalchemy import select

from app import create_app
from app.access.models import ApiKey
from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.access.service import issue_key
from app.errors import NotFound
from app.feeds.atom import atom
from app.feeds.cap import cap
from app.feeds.entries import NotPublic
from app.feeds.json_feed import json_feed
from app.feeds.personal import CLEARANCES, make_feed
from app.notification.mail import compose
from app.notification.queries import alert_by_code, alerts, history
from app.surveillance.models import Rule, Tier
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    GREEN,
    NOW,
    RED,
    SENDER,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)

SECRET = "FIRST_REGION Asia"


def json_door(session):
    page = alerts(session, ANYBODY)
    return json.dumps(json_feed(page.items, base_url=BASE, feed_url=f"{BASE}/feed.json"))


def atom_door(session):
    page = alerts(session, ANYBODY)
    return atom(page.items, base_url=BASE, feed_url=BASE, updated=NOW).decode()


def cap_door(session):
    try:
        seen = alert_by_code(session, ANYBODY, "A-00001")
    except NotFound:
        return ""
    return cap(seen, history(session, ANYBODY, seen.alert), base_url=BASE, sender="t").decode()


def mail_door(session):
    mails = [compose(m, base_url=BASE, sender=SENDER) for m in messages(session)]
    return "".join(
        mail["Subject"]
        + mail.get_body(("plain",)).get_content()
        + mail.get_body(("html",)).get_content()
        for mail in mails
    )


DOORS = {"json": json_door, "atom": atom_door, "cap": cap_door, "mail": mail_door}
LEVELS = (CLEAR, GREEN, AMBER, RED)
OPEN = {"json": CLEAR, "atom": CLEAR, "cap": CLEAR, "mail": AMBER}  # the most that may pass


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_handled_so_leaves_by_this_door_or_does_not(database, door, level):
    with database.transaction() as session:
        a_subscriber(session)
        secret = an_episode(
            session,
            a_substance(session),
            Rule.FIRST_REGION,
            "Asia",
            views={level: Tier.URGENT},
            countries=["TH"],
        )
        told(session, secret)
        said = DOORS[door](session)
        passes = level <= OPEN[door]
        assert (SECRET in said) == passes
        assert ("Protonitazene" in said) == passes


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("level", LEVELS)
def test_an_open_episode_beside_it_does_not_carry_it_out(database, door, level):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        told(
            session,
            an_episode(session, substance, views={CLEAR: Tier.WATCH}),
            an_episode(
                session,
                substance,
                Rule.FIRST_REGION,
                "Asia",
                views={level: Tier.URGENT},
                countries=["TH"],
            ),
        )
        said = DOORS[door](session)
        passes = level <= OPEN[door]
        assert "NEW_SPREAD world clear" in said
        assert (SECRET in said) == passes
        assert ("Thailand" in said) == passes
        assert ("urgent" in said.replace("tier-urgent", "")) == passes


@pytest.mark.parametrize("level", (GREEN, AMBER, RED))
def test_a_feed_refuses_what_is_not_clear_whoever_asked_for_it(database, level):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={level: Tier.ALERT}))
        page = alerts(session, SYSTEM)
        with pytest.raises(NotPublic):
            json_feed(page.items, base_url=BASE, feed_url=BASE)
        with pytest.raises(NotPublic):
            atom(page.items, base_url=BASE, feed_url=BASE, updated=NOW)
        with pytest.raises(NotPublic):
            cap(page.items[0], [], base_url=BASE, sender="t")


# a feed for everybody tells a key no more than it tells everybody
FOR_EVERYBODY = [
    f"{place}/feed.{kind}"
    for place in (
        "", "/groups/nitazenes", "/families/nitazene", "/countries/TH", "/substances/TS-00001",
    )
    for kind in ("json", "atom")
] + ["/feed.json?group=nitazenes&country=TH", "/cap/A-00001.xml"]  # fmt: skip
BY_READER = ["/alerts/A-00001", "/api/v1/alerts", "/api/v1/alerts/A-00001"]
BESIDE = ["/", "/alerts", "/substances/TS-00001", "/signals", "/api/v1/signals", "/api/v1/episodes"]
READERS = {
    "anybody": CLEAR,
    Role.SUBSCRIBER: AMBER,
    Role.ANALYST: RED,
}


@pytest.mark.parametrize("level", LEVELS)
def test_every_address_tells_every_reader_what_they_are_cleared_for_and_no_more(
    database, settings, level
):
    with database.transaction() as session:
        episode = an_episode(
            session,
            a_substance(session),
            Rule.FIRST_REGION,
            "Asia",
            views={level: Tier.URGENT},
            countries=["TH"],
        )
        for view in episode.views:
            view.evidence = view.evidence | {"as_of": NOW.date().isoformat()}
        told(session, episode)
        home = an_authority(session)
        headers = {"anybody": {}} | {
            role: {"Authorization": f"Bearer {issue_key(session, home, role=role, now=NOW)}"}
            for role in READERS
            if role != "anybody"
        }
        analyst = Actor(Role.ANALYST, f"key {session.scalars(select(ApiKey.prefix)).first()}")
        own = {c: make_feed(session, "board", c, by=analyst, now=NOW).secret for c in CLEARANCES}
    client = create_app(settings, database=database, clock=lambda: NOW).test_client()
    wrong = []
    for reader, cleared in READERS.items():
        most = dict.fromkeys(FOR_EVERYBODY, CLEAR) | dict.fromkeys(BY_READER, cleared)
        for path in (*most, *BESIDE):
            said = client.get(path, headers=headers[reader]).text
            tells = SECRET in said
            if tells and level > most.get(path, cleared):
                wrong.append(f"{reader} reads what is {level.word} at {path}")
            if path in most and not tells and level <= most[path]:
                wrong.append(f"{reader} does not read what is {level.word} at {path}")
    for clearance, secret in own.items():
        for kind in ("json", "atom"):
            if (SECRET in client.get(f"/feed/{secret}.{kind}").text) != (level <= clearance):
                wrong.append(f"a {clearance.word} feed and what is {level.word}, as {kind}")
    assert not wrong, "\n".join(wrong)

"""A substance that is restricted again is named by no edition that was told while it was open."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.access.service import issue_key, key_actor
from app.errors import NotFound
from app.feeds.personal import make_feed
from app.notification.looking_back import look_back
from app.notification.models import Alert, AlertState, Edition, Product
from app.notification.queries import alert_by_code, alerts, history, newest_edition
from app.notification.wishes import read_wish
from app.registry.models import Substance
from app.surveillance.models import NodeKind, Rule, Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    FAMILY,
    NOW,
    RED,
    a_substance,
    an_authority,
    an_episode,
    told,
)

LATER = NOW + timedelta(days=1)
HIDDEN, OPEN = "Secretzene", "Openzene"
MEMBER = Actor(Role.SUBSCRIBER, "m@example.org")


def a_family(session, *members, **more):
    return an_episode(
        session, FAMILY, Rule.FAMILY, name="nitazene", members=members, countries=["DE"], **more
    )


@pytest.fixture
def both(database):
    """An alert on a family that named one member, then another, which is restricted since."""
    with database.transaction() as session:
        known = a_substance(session, OPEN, connectivity="OPENZENEAAAAAA")
        hidden = a_substance(session, HIDDEN, connectivity="SECRETZENEAAAA")
        episode = a_family(session, known)
        told(session, episode)
        view = episode.views[0]
        named = view.evidence["details"]["members"]
        named = [*named, {"id": hidden.code, "name": hidden.name}]
        view.evidence = view.evidence | {"details": {"members": named}}
        view.sentence = f"{HIDDEN} takes part"
        session.flush()
        told(session, episode, now=LATER, reason="wider")
    return database


def restrict(session, name=HIDDEN, level=RED):
    one = session.scalar(select(Substance).where(Substance.name == name))
    one.handling = level
    session.flush()
    return one


def test_what_names_a_member_that_is_restricted_since_is_not_read_any_more(both):
    with both.transaction() as session:
        assert HIDDEN in str(alert_by_code(session, ANYBODY, "A-00001").edition.sentences)
        restrict(session)
        for actor in (ANYBODY, MEMBER):
            seen = alert_by_code(session, actor, "A-00001")
            assert [m["name"] for m in seen.edition.detail["members"]] == [OPEN]
            assert seen.modified == NOW
            (listed,) = alerts(session, actor).items
            assert listed.edition.id == seen.edition.id
            assert [e.id for e in history(session, actor, seen.alert)] == [seen.edition.id]
            assert newest_edition(session, actor) == (seen.edition.id, NOW)
        cleared = alert_by_code(session, SYSTEM, "A-00001")
        assert HIDDEN in str(cleared.edition.sentences)
        assert len(history(session, SYSTEM, cleared.alert)) == 2


def test_the_authority_that_found_it_goes_on_reading_of_it(both):
    with both.transaction() as session:
        home = an_authority(session)
        restrict(session).found_by = home.id
        session.flush()
        own = Actor(Role.FOCAL_POINT, "f", home.id, home.code, ("DE",))
        assert HIDDEN in str(alert_by_code(session, own, "A-00001").edition.sentences)


def test_an_alert_whose_every_edition_names_it_is_hidden(both):
    with both.transaction() as session:
        restrict(session)
        restrict(session, OPEN, AMBER)
        assert alerts(session, ANYBODY).items == []
        with pytest.raises(NotFound):
            alert_by_code(session, ANYBODY, "A-00001")
        assert newest_edition(session, ANYBODY) == (0, None)
        assert alert_by_code(session, MEMBER, "A-00001").modified == NOW  # amber is for them


def test_what_people_wrote_of_several_substances_is_guarded_in_every_length(database, settings):
    with database.transaction() as session:
        first = a_substance(session, OPEN, connectivity="OPENZENEAAAAAA")
        second = a_substance(session, HIDDEN, connectivity="SECRETZENEAAAA")
        alert = Alert(
            product=Product.ADVISORY, state=AlertState.ISSUED, simulated=False, issued_at=NOW,
            substance=first, node_kind=NodeKind.SUBSTANCE, node_key=first.code,
        )  # fmt: skip
        for named, at in (([first], NOW), ([first, second], LATER)):
            session.add(an_edition(alert, named, at))
            session.flush()
    house = create_app(settings, database=database, clock=lambda: LATER)
    ask = house.test_client().get
    newer = ask("/alerts/A-00001").text
    paths = ["/alerts", "/api/v1/alerts", "/feed.json", "/feed.atom", "/cap/A-00001.xml"]
    paths += [f"/alerts/A-00001?as={length}" for length in ("short", "page", "full")]
    assert all(HIDDEN in ask(path).text for path in paths)
    with database.transaction() as session:
        restrict(session)
    for path in (*paths, "/alerts/A-00001?edition=2"):
        assert HIDDEN not in ask(path).text and ask(path).status_code == 200, path
    assert newer != ask("/alerts/A-00001").text
    with database.transaction() as session:
        restrict(session, OPEN)
    assert ask("/alerts/A-00001").status_code == ask("/cap/A-00001.xml").status_code == 404


def an_edition(alert, named, at):
    said = ", ".join(one.name for one in named)
    first = named[0]
    detail = {
        "product": "advisory", "substance": first.code, "name": first.name, "inchikey": None,
        "connectivity": None, "smiles": None, "group": "nitazenes", "family": "nitazene",
        "effect": None, "controlled": [], "ruleset": None, "episodes": [], "sources": [],
        "text": {"happened": said}, "response": [], "valid_until": None,
        "substances": [{"code": one.code, "name": one.name} for one in named],
    }  # fmt: skip
    return Edition(
        alert=alert, handling=CLEAR, tier=Tier.ALERT, reason="issued", headline=said,
        sentences=[said], countries=[], detail=detail, issued_at=at,
    )  # fmt: skip


def test_a_preview_of_a_subscription_names_it_neither(both):
    with both.transaction() as session:
        home = an_authority(session)
        restrict(session)
        said = {"filters": {}, "min_tier": "watch", "clearance": "amber"}
        wish = read_wish(session, said, authority=home, by=SYSTEM)
        by = Actor(Role.SUBSCRIBER, "m@example.org", home.id, home.code, ())
        found = look_back(session, wish, home="DE", by=by, now=LATER + timedelta(hours=1))
        assert HIDDEN not in str([e.sentences for e in found.newest])


DOORS = (
    "/alerts", "/alerts/A-00001", "/api/v1/alerts", "/api/v1/alerts/A-00001", "/feed.json",
    "/feed.atom", "/families/nitazene/feed.json", "/families/nitazene/feed.atom",
    "/cap/A-00001.xml",
)  # fmt: skip


def test_no_door_names_it_though_the_page_was_kept(both, settings):
    house = create_app(settings, database=both, clock=lambda: LATER)
    with both.transaction() as session:
        home = an_authority(session)
        key = issue_key(session, home, role=Role.SUBSCRIBER, now=NOW)
        made = make_feed(session, "reader", AMBER, by=key_actor(session, key), now=NOW)
    signed = {"Authorization": f"Bearer {key}"}
    own = [f"/feed/{made.secret}.{kind}" for kind in ("json", "atom")]
    ask = house.test_client().get
    readings = [(path, {}) for path in (*DOORS, *own)] + [(path, signed) for path in DOORS]
    for path, headers in readings:
        assert path == "/alerts" or HIDDEN in ask(path, headers=headers).text, path
    with both.transaction() as session:
        restrict(session)
    for path, headers in readings:
        answer = ask(path, headers=headers)
        assert answer.status_code == 200, path
        assert HIDDEN not in answer.text, path


def test_what_is_told_of_another_signal_repeats_no_view_that_names_it(database):
    """A quiet signal keeps the view of the day on which it was last met."""
    with database.transaction() as session:
        known = a_substance(session, OPEN, connectivity="OPENZENEAAAAAA")
        hidden = a_substance(session, HIDDEN, connectivity="SECRETZENEAAAA")
        quiet = a_family(session, known, hidden, views={CLEAR: Tier.WATCH, AMBER: Tier.ALERT})
        for view in quiet.views:
            view.sentence = f"{OPEN} and {HIDDEN} take part"
        restrict(session, level=AMBER)
        told(session, a_family(session, known, scope="DE", views={CLEAR: Tier.ALERT}))
        said = {e.handling: e for e in session.scalars(select(Edition))}
        assert HIDDEN not in f"{said[CLEAR].sentences} {said[CLEAR].detail}"
        assert [one["code"] for one in said[CLEAR].detail["episodes"]] == ["E-00002"]
        assert HIDDEN in f"{said[AMBER].sentences}" and len(said[AMBER].detail["episodes"]) == 2

"""A substance that is restricted again is named by no view that was assessed while it was open."""

import pytest
from sqlalchemy import event

from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.errors import NotFound
from app.surveillance import queries
from app.surveillance.models import EpisodeState, NodeId, NodeKind, Rule, Tier
from tests.notification.making import (
    AMBER,
    BLOCK,
    CLEAR,
    FAMILY,
    NAME,
    RED,
    a_substance,
    an_authority,
    an_episode,
)

MEMBER = Actor(Role.SUBSCRIBER, "m@example.org")
NODES = (FAMILY, BLOCK, NodeId(NodeKind.CLUSTER, "nitazene"), NodeId(NodeKind.GROUP, "nitazenes"))
HIDDEN, OPEN = "Secretzene", "Openzene"


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def hidden(session):
    return a_substance(session, HIDDEN, connectivity="SECRETZENEAAAA")


@pytest.fixture
def known(session):
    return a_substance(session, OPEN, connectivity="OPENZENEAAAAAA")


def about(session, *members, node=FAMILY, **more):
    rule = Rule.BLOCK if node.kind is NodeKind.BLOCK else Rule.FAMILY
    episode = an_episode(session, node, rule, name="nitazene", members=members, **more)
    for view in episode.views:
        view.evidence = view.evidence | {"as_of": "2026-11-20"}
    return episode


def name_also(session, view, *members):
    named = [{"id": one.code, "name": one.name} for one in members]
    view.evidence = view.evidence | {"details": {"members": named}}
    view.sentence = " and ".join(one.name for one in members)
    session.flush()


def restrict(session, substance, level=RED):
    substance.handling = level
    session.flush()
    session.expire_all()


def levels(session, actor):
    """The level of the view of each episode that they are shown."""
    return [seen.view.handling for seen in queries.episodes(session, actor).items]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.kind.value)
def test_an_episode_whose_only_view_names_it_is_hidden(session, known, hidden, node):
    episode = about(session, known, hidden, node=node)
    assert levels(session, ANYBODY) == [CLEAR]
    restrict(session, hidden)
    for episode.state in EpisodeState:  # also once it is closed, and assessed no more
        for actor in (ANYBODY, MEMBER):
            assert levels(session, actor) == []
            with pytest.raises(NotFound):
                queries.episode_by_code(session, actor, episode.code)
        assert levels(session, SYSTEM) == [CLEAR]
    restrict(session, hidden, CLEAR)
    assert levels(session, ANYBODY) == [CLEAR]


def test_a_lower_view_that_names_none_takes_its_place(session, known, hidden):
    episode = about(session, known, views={CLEAR: Tier.WATCH, AMBER: Tier.ALERT})
    name_also(session, episode.views[1], known, hidden)
    restrict(session, hidden, AMBER)
    assert levels(session, MEMBER) == [AMBER]
    restrict(session, hidden)
    assert levels(session, MEMBER) == [CLEAR]
    seen = queries.episode_by_code(session, MEMBER, episode.code)
    assert HIDDEN not in f"{seen.view.sentence} {seen.view.evidence}"
    assert queries.episodes(session, MEMBER, tier=Tier.ALERT).items == []
    assert levels(session, SYSTEM) == [AMBER]


def test_the_authority_that_found_it_goes_on_reading_of_it(session, known, hidden):
    about(session, known, hidden)
    home = an_authority(session)
    hidden.found_by = home.id
    restrict(session, hidden)
    own = Actor(Role.FOCAL_POINT, "f", home.id, home.code, ("DE",))
    assert levels(session, own) == [CLEAR]
    other = an_authority(session, "ANSM", "FR")
    assert levels(session, Actor(Role.FOCAL_POINT, "f", other.id, other.code, ("FR",))) == []


def test_what_is_listed_under_it_names_it_neither(session, known, hidden):
    family = about(session, known, hidden)
    block = about(session, hidden, node=BLOCK)
    beside = an_episode(session, known)
    block.inhibited_by = beside.inhibited_by = family
    session.flush()
    of_both = {seen.episode.id for seen in queries.listed_under(session, ANYBODY, family)}
    assert of_both == {block.id, beside.id}
    restrict(session, hidden)
    (left,) = queries.listed_under(session, ANYBODY, family)
    assert left.episode.id == beside.id
    assert queries.listing_families(session, ANYBODY, [left]) == {}
    assert queries.listing_families(session, SYSTEM, [left]) == {beside.id: family}


def test_what_names_no_member_stays(session, known, hidden):
    an_episode(session, known)
    an_episode(session, NAME, Rule.NEW_UNKNOWN, name="kestrel-7")
    bare = an_episode(session, FAMILY, Rule.FAMILY, name="nitazene")
    bare.views[0].evidence = {"countries": ["DE"]}  # as views were kept before there were members
    about(session, known, node=BLOCK)
    session.flush()
    restrict(session, hidden)
    assert len(levels(session, ANYBODY)) == 4


def test_pages_of_the_list_lose_and_repeat_nothing(session, known, hidden):
    for number in range(5):
        members = [known, hidden] if number % 2 else [known]
        about(session, *members, node=NodeId(NodeKind.FAMILY, f"family-{number}"))
    restrict(session, hidden)
    found, after = [], None
    while True:
        page = queries.episodes(session, ANYBODY, after=after, limit=1)
        found += [seen.episode.node_key for seen in page.items]
        if (after := page.next) is None:
            break
    assert found == ["family-4", "family-2", "family-0"]


def test_one_statement_answers_however_many_there_are(database):
    with database.transaction() as session:
        members = [a_substance(session, f"S{n}", connectivity=f"{n:014d}") for n in range(4)]
        members[0].handling = RED
        for number in range(12):
            about(session, *members, node=NodeId(NodeKind.FAMILY, f"family-{number}"))
    statements = []

    def note(_c, _u, statement, *_):
        statements.append(statement)

    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            assert queries.episodes(session, ANYBODY).items == []
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
    assert sum("episode_view" in one for one in statements) == 1

"""What is told of a family, a building block, a cluster, or a name that nobody has resolved."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.notification.mail import compose
from app.notification.models import Alert, AlertState, Edition
from app.notification.queries import alert_by_code, alerts, history
from app.notification.stories import stories
from app.notification.telling import tell
from app.surveillance.models import EpisodeState, NodeId, NodeKind, Rule, Tier
from tests.notification.making import (
    AMBER,
    BASE,
    BLOCK,
    CLEAR,
    FAMILY,
    GREEN,
    HOST,
    NAME,
    NOW,
    RED,
    SENDER,
    a_subscriber,
    a_substance,
    add_view,
    an_episode,
    changes_of,
    messages,
    told,
)

LATER = NOW + timedelta(days=1)
MEMBER = Actor(Role.SUBSCRIBER, "m@example.org")
CLUSTER = NodeId(NodeKind.CLUSTER, "nitazene:a")
GROUP = NodeId(NodeKind.GROUP, "nitazenes")


def members(session, names=("Alphazene", "Betazene")):
    return [a_substance(session, name, connectivity=f"{name.upper()[:9]:A<14}") for name in names]


def a_family(session, **more):
    found = more.pop("members", None) or members(session)
    return an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=found, **more)


def a_name(session, name="KESTREL-7", **more):
    return an_episode(session, NAME, Rule.NEW_UNKNOWN, name=name, **more)


def newest(session, level):
    return session.scalar(
        select(Edition).where(Edition.handling <= level).order_by(Edition.id.desc()).limit(1)
    )


@pytest.mark.parametrize(
    ("node", "rule", "name", "headline"),
    [
        (FAMILY, Rule.FAMILY, "nitazene", "Nitazenes: growing as a whole in 3 countries"),
        (GROUP, Rule.FAMILY, "nitazenes", "Group nitazenes: growing as a whole in 3 countries"),
        (CLUSTER, Rule.FAMILY, "nitazene:a", "Cluster nitazene:a: growing as a whole in 3 count"),
        (BLOCK, Rule.BLOCK, "pent-4-enyl", "Building block pent-4-enyl (tail): growing with se"),
        (NAME, Rule.NEW_UNKNOWN, "KESTREL-7", 'Unknown name "KESTREL-7": reported in 3 countri'),
    ],
)
def test_every_kind_of_node_has_an_alert_of_its_own(database, node, rule, name, headline):
    with database.transaction() as session:
        a_subscriber(session)
        done = told(session, an_episode(session, node, rule, name=name))
        assert (done.alerts, done.editions, done.messages) == (1, 1, 1)
        alert = session.scalar(select(Alert))
        assert (alert.node, alert.substance_id) == (node, None)
        (message,) = messages(session)
        assert message.edition.headline.startswith(headline)
        detail = message.edition.detail
        assert detail["about"]["kind"] == node.kind.value
        assert detail["about"]["key"] == node.key
        assert (detail["substance"], detail["smiles"], detail["inchikey"]) == (None, None, None)


def test_one_node_has_one_open_alert_and_an_exercise_its_own(database):
    with database.transaction() as session:
        a_subscriber(session)
        episode = a_family(session)
        told(session, episode)
        told(session, episode, now=LATER, reason="wider")
        told(session, an_episode(session, NAME, Rule.NEW_UNKNOWN, name="x", simulated=True))
        rows = session.execute(select(Alert.node_kind, Alert.simulated, Alert.state)).all()
        assert [tuple(row) for row in rows] == [
            (NodeKind.FAMILY, False, AlertState.ISSUED),
            (NodeKind.NAME, True, AlertState.ISSUED),
        ]
        assert [m.edition.alert.node_kind for m in messages(session)] == [
            NodeKind.FAMILY,
            NodeKind.FAMILY,
            NodeKind.NAME,
        ]


def test_when_a_family_calms_down_its_alert_closes_and_a_later_one_is_new(database):
    with database.transaction() as session:
        episode = a_family(session)
        told(session, episode)
        episode.state = EpisodeState.CLOSED
        done = told(session, episode, now=LATER, reason="closed")
        assert (done.closed, done.messages) == (1, 0)
        over = newest(session, CLEAR)
        assert over.headline == "Nitazenes: no signal open any more"
        assert over.detail["members"] == []
        assert over.detail["group"] == "nitazenes"
        told(session, a_family(session, members=[episode_member(session)]), now=LATER)
        assert session.scalar(select(func.count()).select_from(Alert)) == 2


def episode_member(session):
    return a_substance(session, "Gammazene", connectivity="GAMMAZENEAAAAA")


def test_a_family_names_the_open_alerts_on_its_members(database):
    with database.transaction() as session:
        one, two = members(session)
        # told in one run, the family first: those on members are written before it all the same
        told(session, a_family(session, members=[one, two]), an_episode(session, one))
        family = session.scalar(select(Edition).join(Alert).where(Alert.substance_id.is_(None)))
        assert family.detail["members"] == [
            {"code": one.code, "name": "Alphazene", "alert": "A-00001"},
            {"code": two.code, "name": "Betazene", "alert": None},
        ]


def test_an_alert_that_a_reader_does_not_know_to_be_open_is_not_named_to_them(database):
    with database.transaction() as session:
        one, two = members(session)
        secret = an_episode(session, one, Rule.FIRST_WORLD, views={AMBER: Tier.ALERT})
        ended = an_episode(session, two, views={CLEAR: Tier.WATCH, AMBER: Tier.ALERT})
        exercise = an_episode(session, two, Rule.FIRST_WORLD, simulated=True)
        told(session, secret, ended, exercise)
        gone = changes_of(ended, "closed", [CLEAR])
        ended.views.pop(0)
        session.flush()
        tell(session, gone, now=LATER, host=HOST)  # over for everybody, open for those cleared
        views = {CLEAR: Tier.ALERT, AMBER: Tier.ALERT}
        told(session, a_family(session, members=[one, two], views=views), now=LATER)
        named = {
            edition.handling: [member["alert"] for member in edition.detail["members"]]
            for edition in session.scalars(
                select(Edition).join(Alert).where(Alert.node_kind == NodeKind.FAMILY)
            )
        }
        assert named == {CLEAR: [None, None], AMBER: ["A-00001", "A-00002"]}


def test_readers_are_told_of_the_members_that_their_level_names(database):
    with database.transaction() as session:
        a_subscriber(session, "public@example.org", clearance=CLEAR)
        a_subscriber(session, "amber@example.org")
        one, two, hidden = members(session, ("Alphazene", "Betazene", "Secretzene"))
        hidden.handling = AMBER
        episode = a_family(session, members=[one, two, hidden])  # as a slip in the evidence might
        add_view(episode, AMBER, Tier.ALERT, members=[hidden, two])
        session.flush()
        told(session, episode)
        said = {m.recipient: m.edition for m in messages(session)}
        public = said["public@example.org"]
        assert [m["name"] for m in public.detail["members"]] == ["Alphazene", "Betazene"]
        assert "Secretzene" not in json.dumps(public.detail) + public.headline
        amber = said["amber@example.org"].detail["members"]
        assert [m["name"] for m in amber] == ["Secretzene", "Betazene"]


@pytest.mark.parametrize("make", [a_family, a_name])
@pytest.mark.parametrize(
    ("level", "hearers", "readers"),
    [
        (CLEAR, {"clear", "green", "amber", "red"}, {"anybody", "member", "secretariat"}),
        (GREEN, {"green", "amber", "red"}, {"member", "secretariat"}),
        (AMBER, {"amber", "red"}, {"member", "secretariat"}),
        (RED, {"red"}, {"secretariat"}),
    ],
)
def test_nobody_hears_or_reads_of_what_they_are_not_cleared_for(
    database, make, level, hearers, readers
):
    with database.transaction() as session:
        for clearance in (CLEAR, GREEN, AMBER, RED):
            a_subscriber(session, f"{clearance.word}@example.org", clearance=clearance)
        told(session, make(session, views={level: Tier.ALERT}))
        assert {m.recipient.partition("@")[0] for m in messages(session)} == hearers
        for name, actor in (("anybody", ANYBODY), ("member", MEMBER), ("secretariat", SYSTEM)):
            assert bool(alerts(session, actor).items) == (name in readers)


def test_the_public_goes_on_reading_the_name_it_knew_when_the_name_ends_for_it(database):
    with database.transaction() as session:
        episode = a_name(session, "kestrel 7", views={CLEAR: Tier.ALERT, AMBER: Tier.ALERT})
        told(session, episode)
        gone = changes_of(episode, "closed", [CLEAR])
        episode.views.pop(0)
        episode.node_name = "KESTREL-7 of Hamburg"  # as those write it who still may know
        session.flush()
        tell(session, gone, now=LATER, host=HOST)
        seen = alert_by_code(session, ANYBODY, "A-00001")
        assert not seen.open
        assert seen.edition.headline == 'Unknown name "kestrel 7": no signal open any more'
        every = history(session, ANYBODY, seen.alert)
        assert "Hamburg" not in json.dumps([[e.headline, e.sentences, e.detail] for e in every])
        (member,) = alerts(session, MEMBER).items
        assert "KESTREL-7 of Hamburg" in member.edition.headline


def test_alerts_on_what_a_group_shares_are_found_by_the_group(database):
    with database.transaction() as session:
        told(session, a_family(session), a_name(session))
        an_own = an_episode(
            session, BLOCK, Rule.BLOCK, name="pent-4-enyl", members=[episode_member(session)]
        )
        told(session, an_own)
        kinds = [s.alert.node_kind for s in alerts(session, ANYBODY, group="nitazenes").items]
        assert kinds == [NodeKind.BLOCK, NodeKind.FAMILY]
        assert not alerts(session, ANYBODY, group="tryptamines").items
        assert len(alerts(session, ANYBODY, country="FR").items) == 3


def test_a_subscriber_hears_of_what_the_members_belong_to(database):
    with database.transaction() as session:
        a_subscriber(session, "nitazenes@example.org", group="nitazenes")
        a_subscriber(session, "tryptamines@example.org", group="tryptamines")
        told(session, a_family(session), a_name(session))
        assert [m.recipient for m in messages(session)] == ["nitazenes@example.org"]


def test_a_story_says_what_its_node_belongs_to_at_each_level(database):
    with database.transaction() as session:
        one, two = members(session)
        two.group, two.family = "other", "orphine"
        episode = an_episode(session, BLOCK, Rule.BLOCK, name="pent-4-enyl", members=[one])
        add_view(episode, AMBER, Tier.ALERT, members=[one, two])
        session.flush()
        (story,) = stories(session, changes_of(episode))
        public, amber = story.about(CLEAR), story.about(AMBER)
        assert (public.groups, public.family) == ({"nitazenes"}, "nitazene")
        assert (amber.groups, amber.family) == ({"nitazenes", "other"}, "")
        assert public.substance is None
        assert [m.id for m in amber.members] == [one.id, two.id]


class TestMail:
    """What people find in their inbox."""

    def composed(self, session):
        return compose(messages(session)[-1], base_url=BASE, sender=SENDER)

    def bodies(self, mail):
        return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]

    def test_of_a_family_it_lists_the_members_with_their_pages_and_alerts(self, database):
        with database.transaction() as session:
            one, two = members(session)
            told(session, an_episode(session, one))
            a_subscriber(session)
            told(session, a_family(session, members=[one, two]))
            mail = self.composed(session)
            subject = "Nitazenes: growing as a whole in 3 countries [TLP:CLEAR]"
            assert mail["Subject"] == subject
            for body in self.bodies(mail):
                for words in (
                    "Nitazenes (2-benzylbenzimidazole opioids)",
                    "a family of the group nitazenes",
                    f"{BASE}/substances/{one.code}",
                    f"{BASE}/substances/{two.code}",
                    "alert A-00001 is open",
                    f"{BASE}/substances?family=nitazene",
                ):
                    assert words in body, words
                for words in ("InChIKey", "nternational control", "CONTROL", "None", "cid:"):
                    assert words not in body, words
            assert [p.get_content_type() for p in mail.iter_parts()] == ["text/plain", "text/html"]

    def test_of_a_building_block_it_says_which_part_it_is(self, database):
        with database.transaction() as session:
            a_subscriber(session)
            told(session, an_episode(session, BLOCK, Rule.BLOCK, name="pent-4-enyl"))
            for body in self.bodies(self.composed(session)):
                assert "pent-4-enyl (tail), a building block: tail, *CCCC=C" in body.replace(
                    "<strong>", ""
                ).replace("</strong>", "")

    def test_of_a_name_it_says_that_nobody_knows_what_it_means(self, database):
        with database.transaction() as session:
            a_subscriber(session)
            told(session, a_name(session, "<b>Kestrel</b>\r\nBcc: all@example.org"))
            mail = self.composed(session)
            assert mail["Bcc"] is None
            text, html = self.bodies(mail)
            assert "a name that laboratories wrote and nobody has resolved" in text
            assert "<b>Kestrel" not in html


def test_alerts_of_many_nodes_are_told_without_a_query_for_each_member(database):
    def asked(count):
        statements = []

        def note(_c, _u, statement, *_):
            if "FROM substance" in statement:
                statements.append(statement)

        with database.transaction() as session:
            found = [
                a_substance(session, f"S{count}{n}", connectivity=f"{count:07d}{n:07d}")
                for n in range(count)
            ]
            episodes = [
                an_episode(
                    session,
                    NodeId(NodeKind.FAMILY, f"family-{count}-{n}"),
                    Rule.FAMILY,
                    members=found,
                )
                for n in range(count)
            ]
            session.flush()
            event.listen(database.engine, "before_cursor_execute", note)
            told(session, *episodes)
            event.remove(database.engine, "before_cursor_execute", note)
        return len(statements)

    assert asked(2) == asked(7)

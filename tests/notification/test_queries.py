"""Reading alerts back, each reader in the words they may read."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.errors import NotFound
from app.notification.queries import alert_by_code, alerts, history, newest_edition
from app.surveillance.models import EpisodeState, Rule, Tier
from tests.notification.making import (
    AMBER,
    CLEAR,
    GREEN,
    NOW,
    RED,
    a_substance,
    an_episode,
    told,
)

MEMBER = Actor(Role.SUBSCRIBER, "m@example.org")
READERS = {"anybody": ANYBODY, "member": MEMBER, "secretariat": SYSTEM}
LATER = NOW + timedelta(days=1)


def many(session, count, **more):
    """Alerts on that many substances, an hour apart."""
    for number in range(count):
        substance = a_substance(
            session, f"Substance {number}", connectivity=f"AAAAAAAAAAAA{number:02d}", **more
        )
        told(session, an_episode(session, substance), now=NOW + timedelta(hours=number))


@pytest.mark.parametrize(
    ("level", "readers"),
    [
        (CLEAR, {"anybody", "member", "secretariat"}),
        (GREEN, {"member", "secretariat"}),
        (AMBER, {"member", "secretariat"}),
        (RED, {"secretariat"}),
    ],
)
def test_an_alert_exists_only_for_those_cleared_for_it(database, level, readers):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={level: Tier.ALERT}))
        for name, actor in READERS.items():
            assert bool(alerts(session, actor).items) == (name in readers)
            assert bool(newest_edition(session, actor)[0]) == (name in readers)
            if name in readers:
                assert alert_by_code(session, actor, "a-00001").edition.handling is level
            else:
                with pytest.raises(NotFound):
                    alert_by_code(session, actor, "A-00001")


def test_the_public_learns_of_it_later_and_reads_that_date(database):
    with database.transaction() as session:
        substance = a_substance(session)
        told(session, an_episode(session, substance, Rule.FIRST_WORLD, views={AMBER: Tier.ALERT}))
        told(session, an_episode(session, substance), now=LATER)
        (public,), (member,) = alerts(session, ANYBODY).items, alerts(session, MEMBER).items
        assert (public.first_issued, public.modified) == (LATER, LATER)
        assert (member.first_issued, member.modified) == (NOW, LATER)
        assert [len(e.sentences) for e in history(session, MEMBER, member.alert)] == [1, 2]
        assert [len(e.sentences) for e in history(session, ANYBODY, member.alert)] == [1]


def test_the_last_changed_comes_first_a_page_at_a_time(database):
    with database.transaction() as session:
        many(session, 5)
        first = alerts(session, ANYBODY, limit=2)
        second = alerts(session, ANYBODY, limit=2, after=first.next)
        third = alerts(session, ANYBODY, limit=2, after=second.next)
        names = [s.alert.substance.name for page in (first, second, third) for s in page.items]
        assert names == [f"Substance {n}" for n in (4, 3, 2, 1, 0)]
        assert third.next is None


def test_alerts_are_found_by_group_substance_and_country(database):
    with database.transaction() as session:
        nitazene = a_substance(session)
        cathinone = a_substance(
            session, "3-CMC", connectivity="BBBBBBBBBBBBBB", group="synthetic cathinones"
        )
        told(session, an_episode(session, nitazene, countries=["DE", "FR"]))
        told(session, an_episode(session, cathinone, countries=["PL"]))

        def found(**wanted):
            return [s.alert.substance.name for s in alerts(session, ANYBODY, **wanted).items]

        assert found(group="nitazenes") == ["Protonitazene"]
        assert found(substance_id=cathinone.id) == ["3-CMC"]
        assert found(country="FR") == ["Protonitazene"]
        assert found(country="PL") == ["3-CMC"]
        assert found(country="%") == []


def test_a_page_of_alerts_costs_one_query(database):
    with database.transaction() as session:
        many(session, 5)
    asked = []
    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        for seen in alerts(session, ANYBODY).items:
            assert seen.alert.substance.cluster.key
            assert seen.edition.headline
    assert len([sql for sql in asked if sql.startswith("SELECT")]) == 1


def test_a_closed_alert_reads_as_closed(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        assert alerts(session, ANYBODY).items[0].open
        episode.state = EpisodeState.CLOSED
        told(session, episode, now=LATER, reason="closed")
        (seen,) = alerts(session, ANYBODY).items
        assert not seen.open
        assert (seen.first_issued, seen.modified) == (NOW, LATER)


@pytest.mark.parametrize("code", ["A-1' OR 1=1", "E-00001", "", "A-99999"])
def test_a_number_that_is_none_is_not_found(database, code):
    with database.transaction() as session, pytest.raises(NotFound):
        alert_by_code(session, SYSTEM, code)

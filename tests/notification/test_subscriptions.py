"""Subscribing, and what is said to those who subscribe wrongly."""

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.errors import Forbidden, NotFound, Refused
from app.notification.models import Subscription
from app.notification.subscriptions import end, subscribe, subscriptions
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    NOW,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)


def person(authority, role=Role.SUBSCRIBER):
    return Actor(role, "p@example.org", authority.id, authority.code)


def test_a_plain_subscriber_hears_everything(database):
    with database.transaction() as session:
        one = subscribe(session, " Duty@Example.ORG", authority=an_authority(session), now=NOW)
        assert (one.email, one.filters) == ("duty@example.org", {})
        assert (one.min_tier, one.clearance) == (Tier.WATCH, AMBER)


def test_asking_twice_is_asking_once(database):
    with database.transaction() as session:
        wish = {"authority": an_authority(session), "now": NOW, "group": "Nitazenes"}
        first = subscribe(session, "a@example.org", **wish)
        assert subscribe(session, "a@example.org", **wish) is first
        subscribe(session, "a@example.org", **wish | {"country": "de"})
        assert session.scalar(select(func.count()).select_from(Subscription)) == 2
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 2


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"email": "nobody"}, "name@example.org"),
        ({"email": "a@b.org\nBcc: all@b.org"}, "name@example.org"),
        ({"group": "nitazines"}, "nitazenes, phencyclidine-type"),
        ({"country": "UK"}, "did you mean GB?"),
    ],
)
def test_a_wrong_wish_is_refused_with_the_remedy(database, wish, says):
    with database.transaction() as session, pytest.raises(Refused) as refused:
        wish = {"email": "a@example.org"} | wish
        subscribe(session, **wish, authority=an_authority(session), now=NOW)
    assert says in str(refused.value)
    assert [problem.field for problem in refused.value.problems] == [list(wish)[-1]]


def test_nobody_subscribes_for_another_authority(database):
    with database.transaction() as session:
        ours, theirs = an_authority(session, "OURS"), an_authority(session, "THEIRS", "FR")
        focal_point = person(ours, Role.FOCAL_POINT)
        subscribe(session, "a@example.org", authority=ours, now=NOW, by=focal_point)
        for actor in (focal_point, ANYBODY):
            with pytest.raises(Forbidden):
                subscribe(session, "a@example.org", authority=theirs, now=NOW, by=actor)


def test_others_than_oneself_are_named_by_those_who_answer_for_them(database):
    with database.transaction() as session:
        ours = an_authority(session, "OURS")
        me = person(ours)
        subscribe(session, me.label, authority=ours, now=NOW, by=me)
        with pytest.raises(Forbidden, match="your own address"):
            subscribe(session, "anyone@example.net", authority=ours, now=NOW, by=me)


def test_each_sees_their_own_and_the_secretariat_sees_all(database):
    with database.transaction() as session:
        ours, theirs = an_authority(session, "OURS"), an_authority(session, "THEIRS", "FR")
        for authority in (ours, theirs):
            subscribe(session, f"{authority.code}@example.org", authority=authority, now=NOW)
        assert [s.email for s in subscriptions(session, person(ours))] == ["ours@example.org"]
        assert len(subscriptions(session, person(ours, Role.ANALYST))) == 2
        assert subscriptions(session, ANYBODY) == []


def test_ending_stops_the_mail_that_still_waits(database):
    with database.transaction() as session:
        subscription = a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
        assert len(messages(session)) == 1
        end(session, subscription.id, now=NOW, by=SYSTEM)
        end(session, subscription.id, now=NOW, by=SYSTEM)
        assert messages(session) == []
        assert subscriptions(session, SYSTEM) == []


def test_nobody_ends_what_is_not_theirs(database):
    with database.transaction() as session:
        subscription = a_subscriber(session)
        stranger = person(an_authority(session, "OTHER", "FR"))
        for actor, number in (
            (stranger, subscription.id),
            (ANYBODY, subscription.id),
            (SYSTEM, 99),
        ):
            with pytest.raises(NotFound):
                end(session, number, now=NOW, by=actor)

"""A member's weak signal is left to the signal of its family, and to nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import ANYBODY
from app.db import Database
from app.surveillance import inhibition, queries
from app.surveillance.episodes import LAPSED, OUTCOMES
from app.surveillance.models import (
    Assessment,
    Episode,
    EpisodeState,
    EpisodeView,
    NodeKind,
    Rule,
    Tier,
)
from app.surveillance.service import Change, assess
from tests.surveillance.making import AMBER, ANALYST, CLEAR, PEER, a_report, morning
from tests.surveillance.test_curved_rules import background
from tests.surveillance.test_grounds import AS_OF, a_family

NUMBERS = count(1)
FAMILY = {CLEAR: Tier.ALERT}
WATCHED = {CLEAR: Tier.WATCH}


def episode(
    rule: Rule,
    views: Mapping[Handling, Tier],
    key: str = "TS-00001",
    *,
    members: tuple[str, ...] = (),
    state: EpisodeState = EpisodeState.OPEN,
    simulated: bool = False,
) -> Episode:
    kind = {Rule.FAMILY: NodeKind.FAMILY, Rule.BLOCK: NodeKind.BLOCK}.get(rule, NodeKind.SUBSTANCE)
    details = {"members": [{"id": one} for one in members]}
    return Episode(
        id=next(NUMBERS), rule=rule, node_kind=kind, node_key=key, scope="world", state=state,
        simulated=simulated,
        views=[
            EpisodeView(handling=level, tier=tier, evidence={"details": details})
            for level, tier in views.items()
        ],
    )  # fmt: skip


def family(views: Mapping[Handling, Tier] = FAMILY, **more) -> Episode:
    return episode(Rule.FAMILY, views, "nitazene", members=("TS-00001", "TS-00002"), **more)


def listed(member: Episode, *others: Episode) -> Episode | None:
    inhibition.settle([*others, member], new={member.id})
    return member.inhibited_by


@pytest.mark.parametrize("rule", inhibition.LISTED)
def test_a_weak_signal_of_a_member_is_listed_under_its_family(rule: Rule) -> None:
    of = family()
    assert listed(episode(rule, WATCHED, members=("TS-00001",)), of) is of


@pytest.mark.parametrize("rule", sorted(set(Rule) - {*inhibition.LISTED, Rule.FAMILY}))
def test_firsts_harm_and_names_are_never_left_to_a_family(rule: Rule) -> None:
    assert listed(episode(rule, WATCHED), family()) is None


@pytest.mark.parametrize(
    ("member", "of"),
    [
        (episode(Rule.QUANTITY, {CLEAR: Tier.ALERT}), family()),
        (episode(Rule.QUANTITY, {CLEAR: Tier.WATCH, AMBER: Tier.ALERT}), family()),
        (episode(Rule.QUANTITY, WATCHED, "TS-00003"), family()),
        (episode(Rule.QUANTITY, WATCHED), family({AMBER: Tier.ALERT})),
        (episode(Rule.QUANTITY, WATCHED), family(state=EpisodeState.CLOSED)),
        (episode(Rule.QUANTITY, WATCHED), family(simulated=True)),
        (episode(Rule.BLOCK, WATCHED, "tail:x", members=("TS-00001", "TS-00009")), family()),
        (episode(Rule.QUANTITY, WATCHED), episode(Rule.BLOCK, WATCHED, members=("TS-00001",))),
    ],
)  # fmt: skip
def test_what_is_stronger_or_not_told_of_by_the_family_stands_alone(
    member: Episode, of: Episode
) -> None:
    assert listed(member, of) is None


def test_those_who_do_not_see_the_family_are_told_of_the_member() -> None:
    member, of = episode(Rule.QUANTITY, {CLEAR: Tier.WATCH, AMBER: Tier.WATCH}), family(
        {AMBER: Tier.ALERT}
    )  # fmt: skip
    assert listed(member, of) is of
    assert [inhibition.left_to(member, level) for level in (CLEAR, AMBER)] == [None, of.id]


def test_it_stands_alone_once_it_rises_and_is_told_when_its_family_has_closed() -> None:
    of = family()
    rising, lasting, quiet = (episode(Rule.QUANTITY, WATCHED) for _ in range(3))
    for one in (rising, lasting, quiet):
        assert listed(one, of) is of
    rising.views[0].tier = Tier.ALERT
    assert inhibition.settle([of, rising, lasting], new=()) == [(rising, rising.views[0])]
    assert rising.inhibited_by is None and lasting.inhibited_by is of
    of.state, of.outcome, quiet.quiet_since = EpisodeState.CLOSED, LAPSED, AS_OF
    assert inhibition.settle([lasting, quiet], new=()) == [(lasting, lasting.views[0])]
    assert lasting.inhibited_by is None and quiet.inhibited_by is of
    quiet.quiet_since = None
    assert inhibition.settle([lasting, quiet], new=()) == [(quiet, quiet.views[0])]


def test_those_who_see_less_are_told_too_once_it_rises_for_others() -> None:
    of, member = family(), episode(Rule.QUANTITY, {CLEAR: Tier.WATCH, AMBER: Tier.WATCH})
    assert listed(member, of) is of
    member.views[1].tier = Tier.URGENT
    let_go = inhibition.settle([of, member], new=())
    assert [view.handling for _, view in let_go] == [CLEAR, AMBER]


def test_a_member_of_which_there_is_more_stands_alone() -> None:
    of, member = family(), episode(Rule.BLOCK, WATCHED, members=("TS-00001",))
    assert listed(member, of) is of
    assert inhibition.settle([of, member], new=(), grown={member.id})
    assert member.inhibited_by is None


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_somebody_closed_lets_go_even_of_what_went_quiet_meanwhile(outcome: str) -> None:
    of, member = family(), episode(Rule.QUANTITY, WATCHED)
    assert listed(member, of) is of
    of.state, of.outcome, member.quiet_since = EpisodeState.CLOSED, outcome, AS_OF
    assert inhibition.settle([member], new=()) == [(member, member.views[0])]


def test_a_view_that_the_family_does_not_speak_for_is_told() -> None:
    of = family()
    block = episode(Rule.BLOCK, WATCHED, "tail:x", members=("TS-00001",))
    assert listed(block, of) is of
    more = {"details": {"members": [{"id": "TS-00001"}, {"id": "TS-00009"}]}}
    block.views.append(EpisodeView(handling=AMBER, tier=Tier.WATCH, evidence=more))
    assert [inhibition.left_to(block, level) for level in (CLEAR, AMBER)] == [of.id, None]


def run(session: Session, days: int = 0) -> tuple[Change, ...]:
    session.flush()
    day = AS_OF + timedelta(days=days)
    return assess(session, as_of=day, now=morning(day)).changes


def a_large_seizure(
    session: Session, member, grams: float, day: date, country="DE", **more
) -> None:
    report = a_report(session, member, country, day, **more)
    report.quantity, report.unit = grams, "g"


def test_a_large_seizure_of_a_member_is_no_news_of_its_own(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        one, *_ = a_family(session)
        for month in range(1, 7):
            a_large_seizure(session, one, 1.0 + month / 10, date(2022, month, 5))
        assert {c.rule: c.left_to for c in run(session)}[Rule.FAMILY] is None
        a_large_seizure(session, one, 5000.0, AS_OF + timedelta(days=1))
        (large,) = [c for c in run(session, 1) if c.rule is Rule.QUANTITY]
        assert large.left_to is not None and large.reason == "opened"
        (seen,) = queries.episodes(session, ANYBODY, rule=Rule.QUANTITY).items
        (of,) = queries.episodes(session, ANYBODY, rule=Rule.FAMILY).items
        found = queries.listing_families(session, ANYBODY, [seen])
        assert found == {seen.episode.id: of.episode}
        (under,) = queries.listed_under(session, ANYBODY, of.episode)
        assert under.episode is seen.episode
        of.episode.state, of.episode.closed_on = EpisodeState.CLOSED, AS_OF
        of.episode.outcome = "not_confirmed"
        (told,) = [c for c in run(session, 2) if c.rule is Rule.QUANTITY]
        assert (told.reason, told.left_to, told.late) == ("opened", None, True)
        assert [c for c in run(session, 3) if c.rule is Rule.QUANTITY] == []


def test_a_family_that_a_reader_may_not_know_of_is_not_named_to_them(database: Database) -> None:
    with database.transaction() as session:
        background(session)
        one, *_ = a_family(session, (CLEAR, AMBER, AMBER, AMBER))
        for month in range(1, 7):
            a_large_seizure(session, one, 1.0 + month / 10, date(2022, month, 5))
        run(session)
        next_day = AS_OF + timedelta(days=1)
        a_large_seizure(session, one, 5000.0, next_day)
        a_large_seizure(session, one, 7000.0, next_day, country="FR", handling=AMBER)
        changes = [c for c in run(session, 1) if c.rule is Rule.QUANTITY]
        assert {c.handling: c.left_to is not None for c in changes} == {CLEAR: False, AMBER: True}
        for reader, knows in ((ANYBODY, False), (PEER, True), (ANALYST, True)):
            (seen,) = queries.episodes(session, reader, rule=Rule.QUANTITY).items
            assert seen.episode.inhibited_by_id is not None
            assert bool(queries.listing_families(session, reader, [seen])) is knows


def test_a_larger_seizure_elsewhere_is_told_though_the_first_was_left_to_the_family(
    database: Database,
) -> None:
    with database.transaction() as session:
        background(session)
        one, *_ = a_family(session)
        for month in range(1, 7):
            a_large_seizure(session, one, 1.0 + month / 10, date(2022, month, 5))
        run(session)
        a_large_seizure(session, one, 5000.0, AS_OF + timedelta(days=1))
        opened = run(session, 1)
        counts = session.scalars(select(Assessment).order_by(Assessment.id.desc())).first().counts
        assert [c.rule for c in opened] == [Rule.QUANTITY] and counts["opened"] == 1
        a_large_seizure(session, one, 90000.0, AS_OF + timedelta(days=2), "BR", handling=AMBER)
        told = {c.handling: c for c in run(session, 2) if c.rule is Rule.QUANTITY}
        assert {level: (c.reason, c.left_to, c.late) for level, c in told.items()} == {
            AMBER: ("opened", None, False), CLEAR: ("opened", None, True),
        }  # fmt: skip
        counts = session.scalars(select(Assessment).order_by(Assessment.id.desc())).first().counts
        assert counts["opened"] == 1, "the first in Brazil; this was counted when it opened"
        (seen,) = queries.episodes(session, ANALYST, rule=Rule.QUANTITY).items
        assert seen.episode.inhibited_by_id is None

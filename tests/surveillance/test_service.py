"""Assessing day after day, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import ANYBODY
from app.db import Database
from app.errors import Conflict, NotFound, Refused
from app.intake.words import CausalRole, EventKind, Grade
from app.surveillance import queries, triage
from app.surveillance.models import Assessment, Episode, EpisodeState, Rule, Tier
from app.surveillance.service import Change, assess
from tests.surveillance.making import (
    AMBER,
    ANALYST,
    AS_OF,
    CLEAR,
    GREEN,
    NOW,
    PEER,
    RED,
    a_report,
    a_substance,
    days_ago,
    morning,
)


def told(changes: Iterable[Change]) -> set[tuple[Rule, str, Handling, str]]:
    return {(c.rule, c.scope, c.handling, c.reason) for c in changes}


def run(session: Session, days_after: int = 0) -> tuple[Change, ...]:
    day = AS_OF + timedelta(days=days_after)
    return assess(session, as_of=day, now=morning(day)).changes


def a_spread(session: Session, substance: Any, handling: Handling = CLEAR) -> None:
    for days, country in ((40, "DE"), (20, "FR"), (0, "SE")):
        a_report(session, substance, country, days_ago(days), handling=handling)


def test_a_first_and_a_spread_open_once(database: Database) -> None:
    with database.transaction() as session:
        a_spread(session, a_substance(session))
        assert told(run(session)) == {
            (Rule.FIRST_WORLD, "world", CLEAR, "opened"),
            (Rule.FIRST_COUNTRY, "FR", CLEAR, "opened"),
            (Rule.FIRST_COUNTRY, "SE", CLEAR, "opened"),
            (Rule.NEW_SPREAD, "world", CLEAR, "opened"),
        }
    with database.transaction() as session:
        assert run(session) == ()
        assert run(session, 1) == ()
        assert session.scalar(select(func.count(Episode.id))) == 4
        runs = session.scalars(select(Assessment).order_by(Assessment.id)).all()
    assert [r.counts["opened"] for r in runs] == [4, 0, 0]
    assert runs[0].counts["cells"] == 3
    assert runs[0].data_version > 0
    assert runs[0].ruleset == "2026.11.3"


def test_deaths_raise_and_another_region_widens(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_spread(session, substance)
        run(session)
        for _ in range(2):
            a_report(
                session,
                substance,
                day=AS_OF + timedelta(days=1),
                kind=EventKind.DEATH,
                causal_role=CausalRole.SOLE,
            )
        raised = run(session, 1)
        a_report(session, substance, "US", AS_OF + timedelta(days=2))
        wider = run(session, 2)
    assert (Rule.NEW_SPREAD, "world", CLEAR, "raised") in told(raised)
    assert {c.tier for c in raised} == {Tier.URGENT}
    assert told(wider) == {
        (Rule.NEW_SPREAD, "world", CLEAR, "wider"),
        (Rule.FIRST_REGION, "Americas", CLEAR, "opened"),
    }


def test_a_late_dump_of_old_cases_opens_nothing(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        for month in range(1, 12):
            a_report(session, substance, day=date(2020, month, 1), received_at=morning(AS_OF))
        a_report(session, substance, day=AS_OF)
        assert run(session) == ()


def test_a_first_whose_report_is_superseded_closes_and_may_open_again(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        report = a_report(session, substance)
        run(session)
        report.superseded_at = morning(AS_OF + timedelta(days=1))
        session.flush()
        closed = run(session, 1)
        (episode,) = session.scalars(select(Episode))
        assert (episode.state, episode.outcome) == (EpisodeState.CLOSED, "withdrawn")
        a_report(session, substance, day=AS_OF + timedelta(days=2))
        opened = run(session, 2)
    assert [c.reason for c in closed] == ["closed"]
    assert [c.reason for c in opened] == ["opened"]


@pytest.mark.parametrize(("grade", "opens"), [(Grade.B, True), (Grade.C, False)])
def test_a_first_that_was_refuted_gives_way_to_a_confirmed_report_though_none_was_withdrawn(
    database: Database, grade: Grade, opens: bool
) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_report(session, substance)
        session.flush()
        run(session)
        (seen,) = queries.episodes(session, ANALYST).items
        triage.close(session, seen.episode.code, outcome="not_confirmed", by=ANALYST, now=NOW)
        assert run(session, 1) == (), "the report still says what was refuted"
        a_report(session, substance, day=AS_OF + timedelta(days=2), grade=grade)
        session.flush()
        assert [c.reason for c in run(session, 2)] == ["opened"] * opens


def test_a_first_lapses_and_is_never_first_again(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session))
        run(session)
        assert run(session, 179) == ()
        assert [c.reason for c in run(session, 180)] == ["closed"]
        assert run(session, 181) == ()


def test_one_more_death_opens_a_cluster_again_that_somebody_has_just_closed(
    database: Database,
) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        death = {"kind": EventKind.DEATH, "causal_role": CausalRole.SOLE}
        for days in (9, 4):
            a_report(session, substance, "DE", days_ago(days), **death)
        session.flush()
        run(session)
        (seen,) = queries.episodes(session, ANALYST, rule=Rule.CLUSTER_OF_HARM).items
        triage.close(session, seen.episode.code, outcome="confirmed", by=ANALYST, now=NOW)
        clustered = (Rule.CLUSTER_OF_HARM, "DE", CLEAR, "opened")
        assert clustered not in told(run(session, 1)), "it is what they closed"
        a_report(session, substance, "DE", days_ago(-2), **death)
        session.flush()
        assert clustered in told(run(session, 2))


def test_a_spread_closes_after_its_quiet_and_opens_again_after_a_cooldown(
    database: Database,
) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_spread(session, substance)
        run(session)
        for days in (150, 239, 240):
            changes = run(session, days)
        assert (Rule.NEW_SPREAD, "world", CLEAR, "closed") in told(changes)
        for country in ("DE", "FR", "SE"):
            a_report(session, substance, country, AS_OF + timedelta(days=245))
        assert (Rule.NEW_SPREAD, "world", CLEAR, "opened") not in told(run(session, 269))
        assert (Rule.NEW_SPREAD, "world", CLEAR, "opened") in told(run(session, 270))


def test_an_embargo_that_passes_opens_the_episode_for_everybody(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session), embargo_until=AS_OF + timedelta(days=3))
        assert told(run(session)) == {(Rule.FIRST_WORLD, "world", RED, "opened")}
        assert queries.episodes(session, PEER).items == []
        assert told(run(session, 3)) == {(Rule.FIRST_WORLD, "world", CLEAR, "opened")}
        (seen,) = queries.episodes(session, ANYBODY).items
    assert seen.view.since == AS_OF + timedelta(days=3)


def test_episodes_only_move_forward(database: Database) -> None:
    with database.transaction() as session:
        run(session)
        with pytest.raises(Conflict, match="only move forward"):
            run(session, -1)


def test_each_reader_sees_the_view_they_are_cleared_for(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        a_spread(session, substance)
        a_report(session, substance, "NO", handling=AMBER)
        a_report(session, substance, "FI", handling=RED)
        run(session)
        seen = {
            actor.role: queries.episodes(session, actor, rule=Rule.NEW_SPREAD).items[0].view
            for actor in (ANYBODY, PEER, ANALYST)
        }
        public = queries.episodes(session, ANYBODY).items
        hidden = {e.episode.code for e in queries.episodes(session, ANALYST).items}
        hidden -= {e.episode.code for e in public}
        assert {e.episode.scope for e in public} == {"world", "FR", "SE"}
        for code in [*hidden, "E-99999", "nonsense"]:
            with pytest.raises(NotFound):
                queries.episode_by_code(session, ANYBODY, code)
    countries = [view.evidence["countries"] for view in seen.values()]
    assert [len(each) for each in countries] == [3, 4, 5]
    assert "Norway" not in seen[ANYBODY.role].sentence


def test_the_list_turns_pages_and_filters(database: Database) -> None:
    with database.transaction() as session:
        for n in range(5):
            a_report(session, a_substance(session, f"S{n}", effect="opioid" if n == 3 else ""))
        run(session)
        found, after = [], None
        for _ in range(3):
            page = queries.episodes(session, ANYBODY, after=after, limit=2)
            found += [e.episode.id for e in page.items]
            after = page.next
        assert after is None
        assert found == sorted(found, reverse=True)
        assert len(found) == 6  # five firsts, and the family that they are
        (urgent,) = queries.episodes(session, ANYBODY, tier=Tier.URGENT).items
        assert urgent.episode.substance.name == "S3"
        assert len(queries.episodes(session, ANYBODY, group="nitazenes").items) == 5
        assert queries.episodes(session, ANYBODY, group="cathinones").items == []
        assert queries.episodes(session, ANYBODY, state=EpisodeState.CLOSED).items == []
        with pytest.raises(Refused):
            queries.episodes(session, ANYBODY, after="2026-13-01.5")


def test_acknowledging_and_closing_are_kept_and_audited(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session), handling=AMBER)
        run(session)
        code = queries.episodes(session, ANALYST).items[0].episode.code
        with pytest.raises(NotFound):
            triage.acknowledge(session, code, by=ANYBODY, now=NOW)
        episode = triage.acknowledge(session, code, by=ANALYST, now=NOW, note="looking")
        assert (episode.state, episode.note) == (EpisodeState.ACKNOWLEDGED, "looking")
        with pytest.raises(Conflict):
            triage.acknowledge(session, code, by=ANALYST, now=NOW)
        with pytest.raises(Refused):
            triage.close(session, code, outcome="lapsed", by=ANALYST, now=NOW)
        triage.close(session, code, outcome="data_error", by=ANALYST, now=NOW, note="mislabelled")
        with pytest.raises(Conflict):
            triage.close(session, code, outcome="confirmed", by=ANALYST, now=NOW)
        assert run(session) == ()
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["episode.acknowledge", "episode.close"]


def test_two_workers_open_one_signal_once(database: Database) -> None:
    with database.transaction() as session:
        a_spread(session, a_substance(session))
    news: list[Change] = []
    start = Barrier(2)

    def work() -> None:
        start.wait()
        with database.transaction() as session:
            news.extend(run(session))

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(news) == 4
    with database.reading() as session:
        assert session.scalar(select(func.count(Episode.id))) == 4


def test_evidence_names_the_reports_that_the_reader_may_see_one_by_one(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        made = [
            a_report(
                session, one, "DE", days_ago(days), handling=level,
                kind=EventKind.DEATH, causal_role=CausalRole.SOLE,
            )
            for days, level in ((9, GREEN), (6, AMBER), (3, RED))
        ]  # fmt: skip
        run(session)
        green, amber, red = (f"RP-{report.id:06d}" for report in made)
        for reader, shown in ((PEER, [green]), (ANALYST, [green, amber])):
            page = queries.episodes(session, reader, rule=Rule.CLUSTER_OF_HARM)
            (evidence,) = queries.evidence_for(session, reader, page.items, AS_OF)
            assert evidence["details"]["reports"] == shown
        assert evidence["numbers"]["events"] == 3 and red in str(page.items[0].view.evidence)

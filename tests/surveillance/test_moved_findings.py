"""A merge or split changes what is known from its day on, and nothing before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.db import Database
from app.intake.merging import merge, split, undo
from app.intake.parting import Choice
from app.registry.models import Substance
from app.surveillance import sightings, spans
from app.surveillance.models import EpisodeState
from app.surveillance.queries import episodes
from app.surveillance.service import assess
from tests.intake.care import ANALYST, CARED, LEFT, at, days

WHY = "why"


@pytest.fixture
def cared(backend):
    database = backend.make(CARED)
    yield database
    backend.drop(database)


def seen(session, day):
    """Events by substance, as known on a day."""
    counts: dict[int, int] = {}
    for cell in sightings.cells(session, as_of=days(day).date(), edges=()):
        counts[cell.substance_id] = counts.get(cell.substance_id, 0) + cell.events
    return counts


def test_each_day_sees_findings_as_what_they_meant_then(cared: Database) -> None:
    with cared.transaction() as session:
        enol, keto = at(session, "Enoldione").id, at(session, "Ketodione").id
        first = merge(
            session, session.get(Substance, enol), session.get(Substance, keto),
            by=ANALYST, reason=WHY, now=days(3),
        )  # fmt: skip
        undo(session, first, by=ANALYST, reason=WHY, now=days(6))
        split(
            session, session.get(Substance, keto), Choice(name="Ketodione", reports=("RP-1",)),
            target=session.get(Substance, enol), by=ANALYST, reason=WHY, now=days(9),
        )  # fmt: skip
    with cared.reading() as session:
        told = {day: (seen(session, day).get(enol), seen(session, day).get(keto))
                for day in (2, 3, 5, 6, 8, 9, 20)}  # fmt: skip
    assert told == {
        2: (3, 2), 3: (None, 5), 5: (None, 5), 6: (3, 2), 8: (3, 2), 9: (4, 1), 20: (4, 1),
    }  # fmt: skip


def test_aggregate_counts_of_a_day_do_not_move_with_a_later_merge(cared: Database) -> None:
    since = days(-400).date()
    with cared.transaction() as session:
        before = spans.periods(session, as_of=days(1).date(), since=since)
        merge(
            session, at(session, "Enoldione"), at(session, "Ketodione"), by=ANALYST, reason=WHY,
            now=days(2),
        )  # fmt: skip
        assert spans.periods(session, as_of=days(1).date(), since=since) == before


def test_signals_of_what_was_merged_close_as_merged_and_may_open_again(cared: Database) -> None:
    def signals(session, number):
        page = episodes(session, ANALYST, substance_id=number).items
        return {(s.episode.state, s.episode.outcome) for s in page}

    with cared.transaction() as session:
        enol, keto = at(session, "Enoldione").id, at(session, "Ketodione").id
        assess(session, as_of=days(1).date(), now=days(1))
        assert {state for state, _ in signals(session, enol)} == {EpisodeState.OPEN}
        act = merge(
            session, session.get(Substance, enol), session.get(Substance, keto),
            by=ANALYST, reason=WHY, now=days(2),
        )  # fmt: skip
        # a day before the merge knows nothing of it
        assert not assess(session, as_of=days(1).date(), now=days(2)).changes
        done = assess(session, as_of=days(2).date(), now=days(2) + timedelta(hours=1))
        assert signals(session, enol) == {(EpisodeState.CLOSED, "merged")}
        assert "closed" in {change.reason for change in done.changes if change.substance_id == enol}
        undo(session, act, by=ANALYST, reason=WHY, now=days(3))
        assess(session, as_of=days(3).date(), now=days(3))
        assert (EpisodeState.OPEN, None) in signals(session, enol)


def test_a_substance_founded_by_a_split_is_watched_from_then_on(cared: Database) -> None:
    with cared.transaction() as session:
        act = split(
            session, at(session, "Clophedrone"), Choice(structure=LEFT), structure=LEFT,
            by=ANALYST, reason=WHY, now=days(2),
        )  # fmt: skip
        assert seen(session, 1).get(act.other_id) is None
        assert seen(session, 2)[act.other_id] == 2

"""What is kept from one assessment to the next equals counting everything anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.words import EventKind
from app.registry.models import Standing, Substance
from app.surveillance import rollup
from app.surveillance.arrays import CELL, DAY, SEEN, SHARED, SINGLE, VOLUME, WEIGHED
from app.surveillance.counted import Counted
from app.surveillance.months import first_day, month_of
from app.surveillance.rolled import Part, RolledMonth, Rollup
from app.surveillance.rollup import kept_since
from tests.surveillance.changing import (
    ANYTHING,
    World,
    arrives,
    arriving,
    grouped,
)
from tests.surveillance.making import AS_OF, morning

SINCE = month_of(AS_OF) - 2


def in_order(*parts: np.ndarray) -> list[list[Any]]:
    return [sorted(part.tolist()) for part in parts]


def counted(found: Counted, since: int) -> list[list[Any]]:
    events = found.events(since)
    return in_order(
        events.cells, events.shared, found.all(Part.VOLUME, since), found.all(Part.SEEN),
        found.all(Part.DAYS, found.since.days), found.harms(), found.seized(),
        found.all(Part.WEIGHTS),
    )  # fmt: skip


def through_the_rollup(session: Session, as_of: date, since: int) -> list[list[Any]]:
    return counted(Counted(session, as_of, since=kept_since(as_of)), since)


def anew(session: Session, as_of: date, since: int) -> list[list[Any]]:
    return counted(Counted(session, as_of, since=kept_since(as_of), anew=True), since)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.lists(arriving, min_size=2, max_size=5),
    later=st.lists(st.tuples(ANYTHING, st.integers(0, 3), st.booleans()), min_size=2, max_size=9),
)
def test_whatever_happens_in_between_it_equals_counting_anew(
    database: Database, first: list[Any], later: list[Any]
) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            world, day = World(session), AS_OF - timedelta(days=30)
            world.found()
            for step in first:
                step(world, morning(day))
            day += timedelta(days=1)
            rollup.roll(session, now=morning(day))
            for step, days, rolls in later:
                day += timedelta(days=days)
                step(world, morning(day))
                if rolls:
                    rollup.roll(session, now=morning(day))
                    assert through_the_rollup(session, day, SINCE) == anew(session, day, SINCE)
            for since in (SINCE - 12, SINCE):
                assert through_the_rollup(session, day, since) == anew(session, day, since)
        transaction.rollback()


def test_an_event_that_came_in_twice_is_in_the_month_of_one_report_whatever_is_asked_for(
    database: Database,
) -> None:
    """Found by the property above: the months asked for decided which of the two was counted."""
    with database.transaction() as session:
        world = World(session)
        world.found()
        for ago in (72, 0):
            day = AS_OF - timedelta(days=9)
            arrives("DE", ago, 0, 0, EventKind.SEIZURE, 0, 0)(world, morning(day))
        rollup.roll(session, now=morning(AS_OF - timedelta(days=8)))
        grouped(0, 1)(world, morning(AS_OF - timedelta(days=7)))
        day = AS_OF - timedelta(days=7)
        assert anew(session, day, SINCE)[0] == []
        assert through_the_rollup(session, day, SINCE) == anew(session, day, SINCE)


def rolled(session: Session, day: date) -> date | None:
    rollup.roll(session, now=datetime.combine(day, datetime.min.time(), morning(day).tzinfo))
    return session.scalar(select(Rollup.as_of))


def test_today_is_never_kept_nor_the_hours_after_midnight(database: Database) -> None:
    with database.transaction() as session:
        assert rolled(session, AS_OF) == AS_OF - timedelta(days=2)
        assert rollup.roll(session, now=morning(AS_OF)) == AS_OF - timedelta(days=1)


def test_a_day_before_the_rollup_is_read_from_the_reports(database: Database) -> None:
    with database.transaction() as session:
        world = World(session)
        world.found()
        for ago in (1, 9):
            day = AS_OF - timedelta(days=ago)
            arrives("DE", 0, 0, 1, EventKind.SEIZURE, 0, 0)(world, morning(day))
        rollup.roll(session, now=morning(AS_OF))
        past = AS_OF - timedelta(days=5)
        assert through_the_rollup(session, past, SINCE) == anew(session, past, SINCE) != [[]] * 8


def test_only_the_months_that_changed_are_written_anew(database: Database) -> None:
    with database.transaction() as session:
        world = World(session)
        world.found()
        for ago in (0, 40, 80):
            arrives("DE", ago, 0, 0, EventKind.SEIZURE, 0, 0)(
                world, morning(AS_OF - timedelta(days=5))
            )
        rollup.roll(session, now=morning(AS_OF - timedelta(days=3)))
        session.execute(
            update(RolledMonth).where(RolledMonth.month < SINCE + 2).values(records=b"")
        )
        arrives("DE", 2, 0, 0, EventKind.SEIZURE, 0, 0)(world, morning(AS_OF - timedelta(days=2)))
        rollup.roll(session, now=morning(AS_OF))
        sizes = dict(
            session.execute(
                select(RolledMonth.month, func.max(func.length(RolledMonth.records)))
                .where(RolledMonth.part != "shared")
                .group_by(RolledMonth.month)
            ).all()
        )
    this_month = month_of(AS_OF)
    assert sizes[this_month] > 0
    assert {size for month, size in sizes.items() if month != this_month} == {0}


def test_a_substance_that_is_no_longer_watched_is_counted_out(database: Database) -> None:
    with database.transaction() as session:
        world = World(session)
        world.found()
        arrives("DE", 0, 0, 1, EventKind.SEIZURE, 0, 0)(world, morning(AS_OF - timedelta(days=3)))
        rollup.roll(session, now=morning(AS_OF))
        counted = through_the_rollup(session, AS_OF, SINCE)
        session.execute(update(Substance).values(standing=Standing.MEDICINE))
        session.expire_all()
        assert through_the_rollup(session, AS_OF, SINCE) == anew(session, AS_OF, SINCE) != counted
        rollup.roll(session, now=morning(AS_OF))
        assert session.scalar(select(func.count()).where(RolledMonth.part == "cells")) == 0


def test_records_are_written_alike_on_every_machine() -> None:
    for dtype in (CELL, SHARED, VOLUME, SEEN, DAY, SINGLE, WEIGHED):
        assert not dtype.isalignedstruct
        assert all(kind[0] in "<|u" for _, kind in dtype.descr)
    assert first_day(SINCE) < AS_OF

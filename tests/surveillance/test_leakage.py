"""What becomes known later changes nothing of what was counted as of a day (signals 4.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.words import EventKind
from app.surveillance import arrays
from app.surveillance.evaluation import evaluate
from app.surveillance.months import first_day, month_of
from app.surveillance.ruleset import ruleset
from tests.surveillance.changing import KNOWN_LATER, World, arrives, arriving
from tests.surveillance.making import AS_OF, morning
from tests.surveillance.reference import delays, exposure, monthly

SINCE = first_day(month_of(AS_OF) - 5)


def known(world: World) -> tuple[Any, ...]:
    """All that rules are told of the day."""
    counts = monthly(world.session, as_of=AS_OF, since=SINCE)
    looked = exposure(world.session, counts)
    late = delays(world.session, as_of=AS_OF)
    fields = (getattr(some, name) for some in (counts.cells, counts.undated) for name in FIELDS)
    return (
        *(values.tolist() for values in fields),
        looked.total.tolist(),
        looked.basis.tolist(),
        late.pooled.tolist(),
        {name: shares.tolist() for name, shares in late.strata.items()},
    )


def assert_unchanged(
    database: Database, asked: Callable[[World], Any], before: list[Any], later: list[Any]
) -> None:
    """What was asked as of the day is the same when more has come in on the days after it."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            world = World(session)
            world.found()
            for n, step in enumerate(before):
                step(world, morning(AS_OF - timedelta(days=12 - n)))
            today = asked(world)
            for n, step in enumerate(later):
                step(world, morning(AS_OF + timedelta(days=1 + n)))
            assert asked(world) == today
        transaction.rollback()


FIELDS = ("node", *arrays.KEY, "events", "confirmed", "cases", "deaths", "weighted_deaths")


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.lists(arriving, min_size=2, max_size=5),
    before=st.lists(KNOWN_LATER, max_size=5),
    later=st.lists(KNOWN_LATER, min_size=1, max_size=6),
)
def test_what_becomes_known_tomorrow_changes_nothing_of_today(
    database: Database, first: list[Any], before: list[Any], later: list[Any]
) -> None:
    assert_unchanged(database, known, [*first, *before], later)


def said(world: World) -> list[Any]:
    """All that the rules say of the day."""
    world.session.flush()
    seen = evaluate(world.session, as_of=AS_OF, limits=ruleset())
    return sorted(
        (signal, level, evidence.as_dict())
        for signal, levels in seen.fired.items()
        for level, evidence in levels.items()
    )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.lists(arriving, min_size=3, max_size=8),
    before=st.lists(KNOWN_LATER, max_size=3),
    later=st.lists(KNOWN_LATER, min_size=1, max_size=6),
)
def test_nor_of_what_the_rules_say_of_it(
    database: Database, first: list[Any], before: list[Any], later: list[Any]
) -> None:
    assert_unchanged(database, said, [*first, *before], later)


def test_there_is_something_to_leak(database: Database) -> None:
    """The same comparison sees a report that came in on the day."""
    with database.transaction() as session:
        world = World(session)
        world.found()
        before = known(world)
        arrives("DE", 3, 0, 1, EventKind.SEIZURE, 0, 0)(world, morning(AS_OF))
        assert known(world) != before
        assert np.sum(known(world)[7]) > 0

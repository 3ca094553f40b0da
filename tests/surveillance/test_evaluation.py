"""What the rules say does not depend on how what they are told of is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.db import Database
from app.surveillance import rollup, sightings
from app.surveillance.counted import Counted, forget
from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import FIRSTS
from app.surveillance.returning import turn
from app.surveillance.rollup import asked_since
from app.surveillance.rules import edges, looks_back_to, standing, still_first, views
from app.surveillance.ruleset import ruleset
from app.surveillance.sighted import Sighted, sighted
from tests.surveillance.changing import ANYTHING, World, arriving
from tests.surveillance.making import AS_OF, morning

LIMITS = ruleset()


def said(seen: Evaluation) -> list[Any]:
    """Everything that a door is told."""
    found = [
        (which, signal, level, evidence.as_dict())
        for which, signals in (("fired", seen.fired), ("held", seen.held))
        for signal, levels in signals.items()
        for level, evidence in levels.items()
    ]
    rest = [
        (
            signal,
            seen.rests_on(signal),
            seen.name_of(signal.node),
            seen.standing(signal, seen.as_of) if signal.rule in FIRSTS else None,
        )
        for signal in seen.fired
    ]
    return [sorted(found, key=repr), sorted(rest, key=repr), seen.sighted.recent, seen.counts]


def of_all_cells(session: Session, day: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Firsts and spreads, and those that stand, from every cell of every substance."""
    by_substance: dict[int, list[Any]] = {}
    for cell in sightings.cells(session, as_of=day, edges=edges(day, LIMITS)):
        by_substance.setdefault(cell.substance_id, []).append(cell)
    told = {n: views(cells, as_of=day, rules=LIMITS) for n, cells in by_substance.items()}
    return {n: levels for n, levels in told.items() if levels}, by_substance


def of_the_new(session: Session, day: Any) -> tuple[dict[Any, Any], Sighted]:
    """The same from the cells where a substance is new, through the rollup."""
    counted = Counted(session, day, since=asked_since(day, LIMITS, looks_back_to(day, LIMITS)))
    found = sighted(counted, as_of=day, edges=edges(day, LIMITS), turn=turn(day, LIMITS.silence))
    told = {
        n: views(cells, as_of=day, rules=LIMITS, before=found.before[n])
        for n, cells in found.cells.items()
    }
    return {n: levels for n, levels in told.items() if levels}, found


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    old=st.lists(st.tuples(arriving, st.integers(0, 700)), max_size=4),
    first=st.lists(arriving, min_size=2, max_size=5),
    later=st.lists(st.tuples(ANYTHING, st.integers(0, 3)), min_size=2, max_size=6),
)
def test_through_the_rollup_the_rules_say_what_they_say_of_the_reports(
    database: Database, old: list[Any], first: list[Any], later: list[Any]
) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            world, day = World(session), AS_OF - timedelta(days=30)
            world.found()
            for step, before in sorted(old, key=lambda one: -one[1]):
                step(world, morning(day - timedelta(days=before)))
            for step in first:
                step(world, morning(day))
            day += timedelta(days=1)
            rollup.roll(session, now=morning(day))
            session.flush()
            # what it works out serves the next one
            said(evaluate(session, as_of=day, limits=LIMITS))
            for step, days in later:
                day += timedelta(days=days)
                step(world, morning(day))
            session.flush()
            through = evaluate(session, as_of=day, limits=LIMITS)
            anew = evaluate(session, as_of=day, limits=LIMITS, anew=True)
            forget()
            restarted = evaluate(session, as_of=day, limits=LIMITS)
            assert said(through) == said(anew) == said(restarted)
            told, by_substance = of_all_cells(session, day)
            new, found = of_the_new(session, day)
            assert new == told
            for number, cells in by_substance.items():
                for ago in (0, 100, 180):
                    asked = {"as_of": day, "opened_on": day - timedelta(days=ago), "rules": LIMITS}
                    whole = still_first(cells, **asked)
                    some = still_first(
                        found.cells.get(number, ()),
                        **asked,
                        before=found.before.get(number, ()),
                        levels=found.levels.get(number, ()),
                    )
                    for key in {key for levels in told.values() for key in levels}:
                        assert standing(whole, key) == standing(some, key)
        transaction.rollback()

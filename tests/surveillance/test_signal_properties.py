"""What must hold of all rules together, whatever the reports (signals, 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.words import CausalRole, EventKind
from app.surveillance.evaluation import Evaluation, evaluate
from app.surveillance.evidence import FIRSTS, Signal
from app.surveillance.models import Rule, Tier, of_substance
from app.surveillance.ruleset import ruleset
from app.surveillance.statistics.growth import glr
from tests.surveillance.making import (
    CLEAR,
    GREEN,
    a_report,
    a_substance,
    an_activity,
    morning,
)
from tests.surveillance.test_curved_rules import background, every_month, fired, reported

AS_OF = date(2026, 10, 31)
IN_A_TRANSACTION = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Told:
    """A report of one of three nitazenes, so many days before the end, received later."""

    which: int
    country: str
    ago: int
    delay: int
    kind: EventKind
    level: int

    @property
    def day(self) -> date:
        return AS_OF - timedelta(days=self.ago)

    @property
    def received(self) -> datetime:
        return morning(self.day + timedelta(days=self.delay))


reports = st.lists(
    st.builds(
        Told,
        st.integers(0, 2),
        st.sampled_from(["DE", "FR", "SE", "PL"]),
        st.integers(0, 500),
        st.integers(0, 60),
        st.sampled_from([EventKind.SEIZURE, EventKind.DEATH]),
        st.sampled_from([CLEAR, GREEN]),
    ),
    min_size=4,
    max_size=14,
)


def said(
    database: Database, told: Sequence[Told], as_of: date = AS_OF, *, later: int = 0
) -> dict[Signal, Any]:
    """What the rules say of a register that holds these reports and nothing else."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            some = [a_substance(session, f"New {n}") for n in range(3)]
            order = {one.id: place for place, one in enumerate(some)}
            background(session, 6)
            for one in told:
                a_report(
                    session, some[one.which], one.country, one.day, kind=one.kind,
                    handling=one.level, received_at=one.received + timedelta(days=later),
                    causal_role=CausalRole.SOLE if one.kind is EventKind.DEATH else None,
                )  # fmt: skip
            found = evaluate(session, as_of=as_of, limits=ruleset())
            plain = _by_place(found, order)
        transaction.rollback()
    return plain


def _by_place(found: Evaluation, order: dict[int, int]) -> dict[Signal, Any]:
    """With the places of substances for their numbers, and without the numbers of reports."""
    plain = {}
    for signal, levels in found.fired.items():
        number = signal.node.substance_id
        if number is None or number in order:
            node = signal.node if number is None else of_substance(order[number])
            plain[signal._replace(node=node)] = {
                level: (e.tier, e.countries, dict(e.numbers), e.first, e.details.get("statistic"))
                for level, e in levels.items()
            }
    return plain


@IN_A_TRANSACTION
@given(told=reports, shuffle=st.randoms(use_true_random=False))
def test_the_order_in_which_reports_are_stored_changes_nothing(
    database: Database, told: list[Told], shuffle: Any
) -> None:
    other = list(told)
    shuffle.shuffle(other)
    assert said(database, told) == said(database, other)


@IN_A_TRANSACTION
@given(told=reports, later=st.integers(1, 90))
def test_what_comes_in_later_is_never_told_earlier(
    database: Database, told: list[Told], later: int
) -> None:
    """A first or a spread that is told of in spite of the delay is told of without it, too."""
    rules = (Rule.FIRST_WORLD, Rule.NEW_SPREAD)
    late, soon = said(database, told, later=later), said(database, told)
    assert {s for s in late if s.rule in rules} <= soon.keys()


@IN_A_TRANSACTION
@given(told=reports, more=st.sampled_from(["DE", "FR"]))
def test_one_more_event_of_today_never_lowers_a_tier(
    database: Database, told: list[Told], more: str
) -> None:
    before = said(database, told)
    after = said(database, [*told, Told(0, more, 0, 0, EventKind.DEATH, CLEAR)])
    for signal, levels in before.items():
        if signal.node == of_substance(0) and signal.rule in (*FIRSTS, Rule.NEW_SPREAD):
            assert max(t[0] for t in after[signal].values()) >= max(t[0] for t in levels.values())


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=40, max_size=40),
    samples=st.lists(st.integers(1, 400), min_size=40, max_size=40),
    place=st.integers(0, 1),
)
def test_one_more_event_of_the_last_month_never_lowers_the_statistic(
    counts: list[int], samples: list[int], place: int
) -> None:
    before = glr(counts, samples).statistic
    after = glr([*counts[:-1], counts[-1] + 1], samples).statistic
    assert after >= before - 1e-9
    assert np.all(glr(counts, samples).statistic >= 0)


def grown(
    database: Database, fill: Callable[[Session, Any], None], as_of: date = AS_OF
) -> Evaluation:
    """What the rules say where three laboratories report one endemic substance for years."""
    with database.transaction() as session:
        background(session)
        endemic = a_substance(session, "Endemic")
        reported(session, endemic, every_month((2022, 1), 58), countries="DE FR SE")
        fill(session, endemic)
        session.flush()
        return evaluate(session, as_of=as_of, limits=ruleset())


def test_a_laboratory_that_joins_with_its_history_makes_no_growth(database: Database) -> None:
    joined = morning(date(2026, 10, 20))

    def dump(session: Session, endemic: Any) -> None:
        everyday = a_substance(session, "its everyday", family="cathinone", group="cathinones")
        for substance, each in ((endemic, 2), (everyday, 4)):
            days = every_month((2024, 11), 24, each=each)
            reported(session, substance, days, countries="PL", received_at=joined)

    found = grown(database, dump)
    assert not fired(found, Rule.GROWTH) and not fired(found, Rule.FAMILY)
    assert Rule.FIRST_COUNTRY not in {signal.rule for signal in found.fired}, (
        "what it saw two years ago is no news"
    )


def test_what_is_steady_in_a_small_register_is_no_growth(database: Database) -> None:
    found = grown(database, lambda *_: None)
    assert not found.held, "three events a month for five years, of two substances"


def test_a_historical_dump_silences_a_first(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        a_report(session, one, "DE", date(2026, 9, 1))
        firsts = {s.rule for s in evaluate(session, as_of=AS_OF, limits=ruleset()).fired}
        assert firsts == {Rule.FIRST_WORLD}
        late = morning(date(2026, 10, 1))
        a_report(session, one, "FR", date(2023, 5, 1), received_at=late)
        a_report(session, one, "DE", date(2023, 6, 1), received_at=late)
        assert not evaluate(session, as_of=AS_OF, limits=ruleset()).fired


def seeing_more(session: Session, scoped: bool) -> None:
    """Germany and Sweden get a method for nitazenes; before, they could find cathinones alone."""
    for n in range(58):
        month = date(2022 + n // 12, n % 12 + 1, 1)
        both = not scoped or month >= date(2026, 5, 1)
        scope = ("cathinones", "nitazenes") if both else ("cathinones",)
        for country in ("DE", "FR", "SE"):
            an_activity(session, country, month, 100, scope=scope if country != "FR" else ())


def test_a_new_method_that_is_declared_is_no_new_drug(database: Database) -> None:
    for scoped in (False, True):
        with database.engine.connect() as connection, connection.begin() as transaction:
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                background(session)
                seeing_more(session, scoped)
                one = a_substance(session, "Nitazene")
                # as often everywhere, where it can be seen
                reported(session, one, every_month((2022, 1), 58, each=3), countries="FR")
                reported(session, one, every_month((2026, 5), 6, each=6), countries="DE SE")
                found = evaluate(session, as_of=AS_OF, limits=ruleset())
                assert (of_substance(one.id) in fired(found, Rule.GROWTH)) is not scoped
            transaction.rollback()


def test_twice_the_samples_everywhere_change_nothing_of_what_is_told(database: Database) -> None:
    told = []
    for times in (1, 2):
        with database.engine.connect() as connection, connection.begin() as transaction:
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                background(session)
                for n in range(58):
                    month = date(2022 + n // 12, n % 12 + 1, 1)
                    for country in ("DE", "FR", "SE"):
                        an_activity(session, country, month, 40_000 * times)
                one = a_substance(session, "Riser")
                reported(session, one, every_month((2022, 6), 30))
                reported(session, one, every_month((2026, 7), 4, each=4))
                found = evaluate(session, as_of=AS_OF, limits=ruleset())
                evidence = fired(found, Rule.GROWTH)[of_substance(one.id)][CLEAR]
                assert evidence.details["exposure"] == "declared" and evidence.tier is Tier.ALERT
                told.append([evidence.details[name] for name in ("onset", "p", "q")])
            transaction.rollback()
    assert told[0] == told[1]


def test_a_register_of_one_month_and_an_empty_one(database: Database) -> None:
    with database.transaction() as session:
        assert not evaluate(session, as_of=AS_OF, limits=ruleset()).held
        one = a_substance(session)
        for day in range(1, 30):
            a_report(session, one, ("DE", "FR", "SE")[day % 3], date(2026, 10, day))
        found = evaluate(session, as_of=AS_OF, limits=ruleset())
        assert {signal.rule for signal in found.fired} == {
            Rule.FIRST_WORLD,
            Rule.FIRST_COUNTRY,
            Rule.NEW_SPREAD,
        }
        early = evaluate(session, as_of=date(2020, 1, 31), limits=ruleset())
        assert not early.fired, "what lies ahead is no part of a day"

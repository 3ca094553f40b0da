"""Three rules against the same rule written plainly, over lists of reports and without shortcuts.

The rules themselves sort, prefilter and add up, in the database and in arrays. Here each report is
looked at, one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from math import log2
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom
from sqlalchemy.orm import Session

from app.db import Database
from app.intake.words import CausalRole, EventKind, Precision, ReportType
from app.registry.models import Substance
from app.surveillance import evaluation
from app.surveillance.curves import Curves, curves
from app.surveillance.evaluation import evaluate
from app.surveillance.evidence import Evidence
from app.surveillance.harmful import NO_CLASS
from app.surveillance.models import Rule, Tier, of_substance
from app.surveillance.months import month_of
from app.surveillance.ruleset import ruleset
from tests.surveillance.making import CLEAR, a_report, a_substance, morning
from tests.surveillance.test_curved_rules import background

AS_OF = date(2026, 10, 31)
NOW = month_of(AS_OF)
LIMITS = ruleset()
MONTHS = LIMITS.growth.history_months
HARMS = (EventKind.DEATH, EventKind.ACUTE_TOXICITY)
SOLE, CONTRIBUTORY, PRESENT = CausalRole.SOLE, CausalRole.CONTRIBUTORY, CausalRole.PRESENT
WEIGHTS = {SOLE: 1.0, CONTRIBUTORY: 0.5, PRESENT: 0.1}
SUBSTANCES = 4  # two of a class, two of another


@dataclass(frozen=True)
class Sent:
    """One report: of which substance, where, when, what it tells."""

    of: int
    country: str
    day: date
    end: date
    precision: Precision = Precision.DAY
    kind: EventKind = EventKind.SEIZURE
    role: CausalRole | None = None
    persons: int = 1
    total: bool = False

    def into(self, session: Session, substances: Sequence[Substance]) -> None:
        report = a_report(
            session, substances[self.of], self.country, self.day, end=self.end, kind=self.kind,
            causal_role=self.role, count=self.persons, received_at=morning(AS_OF),
            type=ReportType.AGGREGATE if self.total else ReportType.EVENT,
        )  # fmt: skip
        report.precision = self.precision


def each(of: int, ago: Iterable[int], **said: Any) -> list[Sent]:
    """Reports of one substance, each of an event so many days ago."""
    days = (AS_OF - timedelta(n) for n in ago)
    return [Sent(of, "DE", day, day, **said) for day in days]


def whole_year(year: int, of: int, *, total: bool) -> Sent:
    days = date(year, 1, 1), date(year, 12, 31)
    return Sent(of, "DE", *days, Precision.YEAR, total=total)


@st.composite
def single(draw: st.DrawFn, ago: st.SearchStrategy[int], kinds: Sequence[EventKind]) -> Sent:
    day = AS_OF - timedelta(draw(ago))
    kind = draw(st.sampled_from(kinds))
    role = draw(st.sampled_from([None, *CausalRole])) if kind is EventKind.DEATH else None
    persons = draw(st.integers(1, 3)) if kind in HARMS else 1
    end = day + timedelta(draw(st.sampled_from([0, 0, 2, 3, 4, 20])))
    country = draw(st.sampled_from(["DE", "FR"]))
    of = draw(st.integers(0, SUBSTANCES - 1))
    return Sent(of, country, day, end, kind=kind, role=role, persons=persons)


def of_one(of: int, one: Sent) -> Sent:
    return replace(one, of=of)


years = st.builds(
    whole_year, st.integers(2012, 2026), st.integers(0, SUBSTANCES - 1), total=st.booleans()
)
harms = st.lists(
    single(st.one_of(st.integers(0, 130), st.integers(0, 900)), [*HARMS, EventKind.SEIZURE]),
    min_size=6, max_size=30,
)  # fmt: skip


@st.composite
def gone_and_back(draw: st.DrawFn, of: int) -> list[Sent]:
    """Month after month once, and again of late; between them perhaps a total or a vague date."""
    months = draw(st.integers(6, 20))
    last = draw(st.one_of(st.integers(200, 1500), st.integers(1500, 4000)))
    days = [AS_OF - timedelta(last + 30 * n) for n in range(months)]
    back = draw(st.lists(st.integers(0, 90), min_size=1, max_size=3))
    days += [AS_OF - timedelta(ago) for ago in back]
    sent = [Sent(of, "DE", day, day) for day in days]
    years = st.one_of(st.integers(2016, 2026), st.integers(2023, 2025))
    between = st.builds(whole_year, years, st.just(of), total=st.booleans())
    return sent + draw(st.lists(between, max_size=2))


noise = st.lists(
    st.one_of(single(st.integers(0, 5000), [EventKind.SEIZURE]), years), max_size=4
)  # fmt: skip
seldom = st.tuples(*(gone_and_back(of) for of in range(SUBSTANCES)), noise).map(
    lambda parts: [one for part in parts for one in part]
)


@pytest.fixture
def said(database: Database, monkeypatch: pytest.MonkeyPatch):
    """What the rules say once more reports came in, beside the curves that they looked at."""
    looked_at: list[Curves] = []

    def overheard(*asked, **how) -> Iterator[Curves]:
        for one in curves(*asked, **how):
            looked_at.append(one)
            yield one

    monkeypatch.setattr(evaluation, "curves", overheard)
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            background(session)
            classes = ("nitazene", "nitazenes"), ("tryptamine", "tryptamines")
            ids = [
                a_substance(session, f"No {n}", family=family, group=group).id
                for n, (family, group) in enumerate(classes * (SUBSTANCES // 2))
            ]
            session.commit()

        def ask(sent: Iterable[Sent], rule: Rule) -> tuple[dict[tuple[int, str], Evidence], Curves]:
            with connection.begin_nested() as point:
                with Session(connection, join_transaction_mode="create_savepoint") as session:
                    substances = [session.get_one(Substance, number) for number in ids]
                    for one in sent:
                        one.into(session, substances)
                    session.flush()
                    looked_at.clear()
                    found = evaluate(session, as_of=AS_OF, limits=LIMITS)
                    place = {of_substance(number): n for n, number in enumerate(ids)}
                    fired = {
                        (place[signal.node], signal.scope): levels[CLEAR]
                        for signal, levels in found.fired.items()
                        if signal.rule is rule and signal.node in place
                    }
                    session.commit()
                point.rollback()
            (seen,) = looked_at
            return fired, seen

        ask.ids = ids  # type: ignore[attr-defined]
        yield ask
        transaction.rollback()


EXAMPLES = settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def plain_cluster(mine: Sequence[Sent]) -> tuple[int, int, date, date] | None:
    """Harms, deaths by it, first and last day of the run of harms that is told of."""
    limits = LIMITS.cluster
    cases = [
        one for one in mine
        if one.kind in HARMS and one.role is not PRESENT and one.end - one.day <= timedelta(3)
    ]  # fmt: skip
    runs = []
    for last in {one.day for one in cases if one.day >= AS_OF - timedelta(limits.fresh_days)}:
        span = timedelta(limits.days)
        first = min(one.day for one in cases if last - span <= one.day <= last)
        inside = [one for one in cases if first <= one.day <= last]
        persons = sum(one.persons for one in inside)
        dead = sum(one.persons for one in inside if one.role in (SOLE, CONTRIBUTORY))
        usual = first - timedelta(limits.history_days)
        before = sum(one.persons for one in cases if usual <= one.day < first)
        # persons of the days before, whom the Gamma-Poisson prediction of signals 1.4 goes by
        kept = limits.history_days / (limits.history_days + limits.days)
        p = nbinom.sf(persons - 1, before + 0.5, kept)
        if persons >= limits.harms and p <= limits.p:
            runs.append((dead >= LIMITS.tiers.urgent_deaths, persons, last, first, dead))
    if not runs:
        return None
    _, persons, last, first, dead = max(runs)
    return persons, dead, first, last


def test_clusters_of_harm_are_those_of_the_plain_rule(said) -> None:
    found: set[bool] = set()

    @EXAMPLES
    @example(each(0, [3, 4, 5, 6], kind=EventKind.DEATH, role=SOLE) + each(1, [3]))
    @given(harms)
    def holds(sent: list[Sent]) -> None:
        fired, _ = said(sent, Rule.CLUSTER_OF_HARM)
        by_place: dict[tuple[int, str], list[Sent]] = defaultdict(list)
        for one in sent:
            by_place[one.of, one.country].append(one)
        expected = {place: plain_cluster(mine) for place, mine in by_place.items()}
        assert {
            place: (e.numbers["events"], e.numbers["deaths"], e.first, e.last)
            for place, e in fired.items()
        } == {place: run for place, run in expected.items() if run}
        for evidence in fired.values():
            assert (evidence.tier is Tier.URGENT) is (evidence.numbers["deaths"] >= 2)
        found.update(place in fired for place in by_place)

    holds()
    assert found == {True, False}


def plain_return(mine: Sequence[Sent], exposure: Sequence[float]) -> tuple[int, int] | None:
    """How many months the silence lasted that has ended, and how many events came before it."""
    limits = LIMITS.silence
    turn, since = NOW + 1 - limits.within_months, NOW + 1 - MONTHS
    dated = [one for one in mine if not one.total and one.precision is not Precision.YEAR]
    months = [month_of(one.day) for one in dated]
    back = [month for month in months if month >= turn]
    earlier = [one for one in mine if month_of(one.end) < turn]
    if not back or not earlier:
        return None
    ends, begins = min(back), max(month_of(one.end) for one in earlier) + 1
    begins = max([begins, *(month + 1 for month in months if month < turn)])
    if ends - begins < limits.gap_months or len(back) < limits.events:
        return None
    if any(since <= month < turn for month in months):
        events = sum(since <= month < begins for month in months)
        before = sum(exposure[: begins - since])
        silent = sum(exposure[begins - since : ends - since])
    else:
        events = sum(not one.total for one in earlier)
        first = min(month_of(one.day) for one in earlier)
        before, silent = max(begins - first, limits.watched_months), ends - begins
        if not events:
            return None
    if not before or not silent:
        return None
    chance = (before / (before + silent)) ** (events + 0.5)
    return (ends - begins, events) if chance <= limits.chance else None


def test_what_is_back_is_what_the_plain_rule_says(said) -> None:
    found: set[bool] = set()

    @EXAMPLES
    @example(each(0, [*range(600, 960, 30), 20, 25]) + each(1, range(0, 900, 30)))
    @given(seldom)
    def holds(sent: list[Sent]) -> None:
        fired, seen = said(sent, Rule.RE_EMERGENCE)
        expected = {}
        for of, number in enumerate(said.ids):
            row = seen.discounted[seen.tally.place_of[number]].tolist()
            expected[of, "world"] = plain_return([one for one in sent if one.of == of], row)
        assert {
            place: (e.details["silent_months"], e.details["events_before"])
            for place, e in fired.items()
        } == {place: silence for place, silence in expected.items() if silence}
        found.update(place in fired for place in expected)

    holds()
    assert found == {True, False}


def plain_harm(of: int, sent: Sequence[Sent]) -> Mapping[str, float] | None:
    """Its harms, those expected from its class, and IC025, where they stand out."""
    limits = LIMITS.harm
    begin = NOW + 1 - limits.window_months
    window = [
        one for one in sent
        if one.of % 2 == of % 2 and month_of(one.day) >= begin and one.day <= AS_OF
    ]  # fmt: skip
    strata: dict[tuple[str, int], list[Sent]] = defaultdict(list)
    for one in window:
        strata[one.country, (month_of(one.day) - (NOW + 1 - MONTHS)) // 12].append(one)
    observed = expected = 0.0
    for inside in strata.values():
        mine = [one for one in inside if one.of == of]
        observed += sum(map(weight, mine))
        expected += len(mine) * sum(map(weight, inside)) / len(inside)
    events = sum(one.of == of for one in window)
    if observed < limits.harms or events < limits.events or events == len(window) or not expected:
        return None
    lower = log2(gamma.ppf(0.025, observed + 0.5, scale=1 / (expected + 0.5)))
    if lower <= limits.ic025:
        return None
    return {"harms": observed, "of": events, "expected": expected, "ic025": lower}


def weight(one: Sent) -> float:
    if one.kind is EventKind.ACUTE_TOXICITY:
        return 1.0
    return WEIGHTS.get(one.role, 0.25) if one.kind is EventKind.DEATH else 0.0


def test_what_harms_beyond_its_class_is_what_the_plain_rule_says(said) -> None:
    assert "nitazenes" not in NO_CLASS
    found: set[bool] = set()
    lately = st.integers(0, 330)
    # one that is found with harm, one of its class that is not, and anything
    harmful = st.lists(single(lately, HARMS).map(partial(of_one, 0)), min_size=4, max_size=12)
    harmless = single(lately, [EventKind.SEIZURE]).map(partial(of_one, 2))
    peers = st.lists(harmless, min_size=8, max_size=30)
    rest = st.lists(single(st.integers(0, 800), [*HARMS, EventKind.SEIZURE]), max_size=12)

    @EXAMPLES
    @example(each(0, range(5, 15), kind=EventKind.DEATH, role=SOLE), each(2, range(5, 35)), [])
    @given(harmful, peers, rest)
    def holds(deadly: list[Sent], peers: list[Sent], rest: list[Sent]) -> None:
        sent = deadly + peers + rest
        fired, _ = said(sent, Rule.HARM)
        expected = {(of, "world"): plain_harm(of, sent) for of in range(SUBSTANCES)}
        expected = {place: said for place, said in expected.items() if said}
        assert fired.keys() == expected.keys()
        for place, numbers in expected.items():
            for name, value in numbers.items():
                assert fired[place].details[name] == pytest.approx(value, abs=0.006), name
        found.update(place in fired for place in [(of, "world") for of in range(SUBSTANCES)])

    holds()
    assert found == {True, False}

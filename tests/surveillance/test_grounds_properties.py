"""Whatever was reported: the list behind a signal holds what its rule counted, and nothing else."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.access.roles import ANYBODY
from app.db import Database
from app.intake.models import Report
from app.intake.words import CausalRole, EventKind, Precision, ReportType
from app.registry.models import Substance
from app.surveillance import queries
from app.surveillance.grounds import grounds_of
from app.surveillance.models import Rule
from app.surveillance.service import assess
from tests.surveillance.making import ANALYST, CLEAR, GREEN, a_report, a_substance, morning
from tests.surveillance.test_curved_rules import background, every_month, reported
from tests.surveillance.test_duplicates import a_group
from tests.surveillance.test_grounds import a_family

AS_OF = date(2026, 10, 31)
HARMS = (EventKind.DEATH, EventKind.ACUTE_TOXICITY)
MOST = 1000


@dataclass(frozen=True)
class Sent:
    """One report to come: of which substance, when, where, of what."""

    of: int
    country: str
    ago: int
    precision: Precision
    kind: EventKind
    role: CausalRole | None
    handling: int
    count: int
    total: bool
    grams: float | None

    def into(self, session: Session, substances: Sequence[Substance]) -> Report:
        day, end = self.days()
        report = a_report(
            session, substances[self.of], self.country, day, end=end, kind=self.kind,
            causal_role=self.role if self.kind in HARMS else None, count=self.count,
            handling=(CLEAR, GREEN)[self.handling], received_at=morning(AS_OF - timedelta(1)),
            type=ReportType.AGGREGATE if self.total else ReportType.EVENT,
        )  # fmt: skip
        report.precision = self.precision
        report.quantity, report.unit = self.grams, "g" if self.grams else None
        return report

    def days(self) -> tuple[date, date]:
        day = AS_OF - timedelta(self.ago)
        if self.precision is Precision.DAY:
            return day, day + timedelta(self.count - 1) * 2
        if self.precision is Precision.MONTH:
            return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        return date(day.year, 1, 1), date(day.year, 12, 31)


SENT = st.builds(
    Sent,
    of=st.integers(0, 5),
    country=st.sampled_from(["DE", "FR", "US"]),
    ago=st.one_of(st.integers(0, 40), st.integers(0, 900)),
    precision=st.sampled_from([Precision.DAY, Precision.DAY, Precision.MONTH, Precision.YEAR]),
    kind=st.sampled_from([EventKind.SEIZURE, *HARMS]),
    role=st.sampled_from([None, *CausalRole]),
    handling=st.integers(0, 1),
    count=st.integers(1, 3),
    total=st.sampled_from([False, False, False, True]),
    grams=st.sampled_from([None, 2.0, 9000.0]),
)


def the_usual(session: Session) -> list[Substance]:
    """What most rules fire on, before anything else comes in."""
    background(session)
    members = a_family(session)
    back = a_substance(session, "Back", family="piperazine", group="piperazines")
    reported(session, back, every_month((2022, 1), 24))
    deadly = a_substance(session, "Deadly", family="orphine", group="other")
    for day in (1, 4, 9):
        a_report(
            session, deadly, "DE", date(2026, 10, day),
            kind=EventKind.DEATH, causal_role=CausalRole.SOLE,
        )  # fmt: skip
    for month in range(1, 7):
        a_report(session, back, "DE", date(2022, month, 7)).quantity = 1.0 + month / 10
    young = a_substance(session, "Young", family="tryptamine", group="tryptamines")
    reported(session, young, [date(2026, 8, 3), date(2026, 9, 3), date(2026, 10, 3)])
    session.flush()
    return [*members, back, deadly]


def assert_listed_is_counted(session: Session) -> set[Rule]:
    """Of each signal, for those who may read all that it counts; which rules there were."""
    found = set()
    for reader in (ANYBODY, ANALYST):
        for seen in queries.episodes(session, reader, limit=MOST).items:
            of = grounds_of(session, reader, seen, AS_OF, limit=MOST)
            if of is None:
                continue
            listed = len(of.page.items)
            if seen.view.evidence["details"].get("basis") == "totals":
                listed = sum(report.count for report in of.page.items)
            assert listed == of.counted, (seen.view.sentence, seen.view.handling)
            found.add(seen.episode.rule)
    return found


def test_what_is_listed_is_what_was_counted(database: Database) -> None:
    found: set[Rule] = set()
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            ids = [substance.id for substance in the_usual(session)]
            session.commit()

        # shrinking takes minutes, and says little more: a history is short
        @settings(
            max_examples=15, deadline=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.reuse, Phase.generate],
        )  # fmt: skip
        @given(st.lists(SENT, max_size=12), st.lists(st.integers(0, 11), max_size=3, unique=True))
        def holds(sent: list[Sent], together: list[int]) -> None:
            with connection.begin_nested() as point:
                with Session(connection, join_transaction_mode="create_savepoint") as session:
                    substances = [session.get_one(Substance, number) for number in ids]
                    reports = [one.into(session, substances) for one in sent]
                    events = [
                        reports[n] for n in together
                        if n < len(reports) and reports[n].type is ReportType.EVENT
                    ]  # fmt: skip
                    if len(events) > 1:
                        a_group(session, *events, since=AS_OF - timedelta(1))
                    session.flush()
                    assess(session, as_of=AS_OF, now=morning(AS_OF))
                    found.update(assert_listed_is_counted(session))
                    session.commit()
                point.rollback()

        holds()
        transaction.rollback()
    assert found >= {
        Rule.FIRST_COUNTRY, Rule.FIRST_WORLD, Rule.FAMILY, Rule.CLUSTER_OF_HARM, Rule.NEW_SPREAD,
    }  # fmt: skip

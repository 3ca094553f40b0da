"""The priority list as the register gives it to one reader."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from sqlalchemy.orm import Session

from app.access.roles import ANYBODY
from app.db import Database
from app.intake.models import Report
from app.intake.words import CausalRole, EventKind, Grade, ReportType
from app.registry.facts import Fact, MeasureKind, Topic
from app.registry.models import Substance
from app.surveillance.counterfactuals import UNCONFIRMED_DEATHS
from app.surveillance.explanation import Explanation, explain
from app.surveillance.priority import HARM_UNKNOWN, Entry
from app.surveillance.ranking import priority_list
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

_number = count(1)


def a_measure(
    session: Session,
    country: str,
    since: str | None,
    *,
    of: Substance | None = None,
    covers: str | None = None,
    kind: MeasureKind = MeasureKind.INDIVIDUAL_LISTING,
    known: date = date(2020, 1, 1),
    handling: int = CLEAR,
) -> None:
    number = next(_number)
    session.add(
        Fact(
            number=number, topic=Topic.MEASURE, reference=f"M-{number}", version=1,
            content_hash="0" * 64, received_at=datetime(known.year, known.month, 1, tzinfo=UTC),
            substance_id=of.id if of else None, covers=covers, country=country, kind=kind,
            says="an act", since=since, source="test", handling=handling,
        )
    )  # fmt: skip


def after_control(item: Entry | None) -> float | None:
    assert item is not None
    return next(c.raw for c in item.pillars[1].criteria if c.id == "S4")


def test_measures_count_as_known_on_the_day_and_seen_by_the_reader(database: Database) -> None:
    with database.transaction() as session:
        listed = a_substance(session, "listed", family="nitazene")
        of_class = a_substance(session, "of a class", family="orphine", group="other")
        free = a_substance(session, "free", family="cathinone", group="synthetic cathinones")
        for substance in (listed, of_class, free):
            a_report(session, substance, "DE")
            a_report(session, substance, "FR")
        a_measure(session, "DE", "2024", of=listed)
        a_measure(session, "FR", "2024-05", of=listed, handling=AMBER)
        a_measure(session, "SE", "2024", of=listed)  # reports nothing of it
        a_measure(session, "FR", "2026-09", of=of_class)  # too short ago to have outlasted it
        a_measure(session, "DE", "2023-02-01", covers="family:orphine", known=AS_OF)
        a_measure(session, "DE", "2020", of=free, kind=MeasureKind.NONE)
        a_measure(session, "FR", None, of=free)
        session.flush()
        full = priority_list(session, ANALYST, as_of=AS_OF, now=NOW)
        public = priority_list(session, ANYBODY, as_of=AS_OF, now=NOW)
        before = priority_list(session, ANALYST, as_of=date(2026, 11, 1), now=NOW)
    assert (after_control(full.of(listed.id)), after_control(public.of(listed.id))) == (2, 1)
    assert after_control(full.of(of_class.id)) == 1
    assert after_control(full.of(free.id)) is None
    assert before.of(of_class.id) is None  # its reports came later


def explained(session: Session, actor, substance: Substance) -> Explanation:
    return explain(session, actor, substance, preset="equal", as_of=AS_OF, now=NOW)


def codes(found: Explanation, criterion: str) -> tuple[int, list[str]]:
    (part,) = (p for p in found.behind if criterion in p.criteria)
    return part.counted, [row.code for row in part.shown]


def code(report: Report) -> str:
    return f"RP-{report.id:06d}"


def test_a_place_is_explained_down_to_the_reports_that_one_may_read(database: Database) -> None:
    with database.transaction() as session:
        substance = a_substance(session)
        clear = a_report(session, substance, "DE", days_ago(90))
        amber = a_report(
            session, substance, "FR", days_ago(60), kind=EventKind.DEATH, handling=AMBER,
            causal_role=CausalRole.SOLE, grade=Grade.C,
        )  # fmt: skip
        total = a_report(
            session, substance, "US", date(2025, 1, 1), end=date(2025, 12, 31),
            type=ReportType.AGGREGATE, count=30, handling=GREEN,
        )  # fmt: skip
        a_report(session, substance, "US", days_ago(5), handling=RED)
        public, peer = explained(session, ANYBODY, substance), explained(session, PEER, substance)
        full = explained(session, ANALYST, substance)
    assert codes(public, "P2") == (1, [code(clear)])
    assert codes(public, "P4") == (0, [])
    assert HARM_UNKNOWN in public.entry.flags
    assert codes(peer, "P2") == (2, [code(clear)])  # a figure of the amber one, and no row
    assert codes(peer, "P4") == codes(peer, "S3") == (1, [code(total)])
    assert codes(full, "P2") == (3, [code(amber), code(clear)])  # the row of a red one is nobody's
    assert codes(full, "H1") == codes(full, "H4") == (1, [code(amber)])
    sure = next(one for one in full.counterfactuals if one.change == UNCONFIRMED_DEATHS)
    assert sure.score is not None and sure.score < full.entry.score
    assert full.of.data_version != public.of.data_version


def test_the_month_before_is_as_known_then_without_what_was_closed_since(
    database: Database,
) -> None:
    with database.transaction() as session:
        substance, closed = a_substance(session, "open"), a_substance(session, "closed")
        a_report(session, substance, "DE", days_ago(90))
        a_report(session, substance, "FR", days_ago(40), received_at=morning(days_ago(9)))
        old = a_report(session, closed, "DE", days_ago(90), superseded_at=morning(days_ago(8)))
        newer = a_report(
            session, closed, "DE", days_ago(90), handling=AMBER, received_at=morning(days_ago(8))
        )
        newer.reference, newer.version = old.reference, 2
        session.flush()
        day = date(2026, 10, 20)
        found = explained(session, ANYBODY, substance).earlier
        public = priority_list(session, ANYBODY, as_of=day, now=NOW)
        full = priority_list(session, ANALYST, as_of=day, now=NOW)
    assert found.as_of == day
    assert found.entry is not None
    assert found.entry.pillars[0].criteria[0].raw == 1
    assert public.of(closed.id) is None
    assert full.of(closed.id) is not None

"""Replay: month by month, with what was known then; and how early that would have been."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from app.access.roles import SYSTEM
from app.db import Database
from app.errors import Refused
from app.intake.models import Report
from app.intake.words import FindingRole, Grade, ReportType
from app.registry.models import SubstanceName
from app.registry.names import name_key
from app.surveillance.clocks import clocks, official_table, recommends_control
from app.surveillance.evidence import Signal
from app.surveillance.hindsight import assume_known, came_late
from app.surveillance.models import Episode, NodeId, NodeKind, Rule, Tier, of_substance
from app.surveillance.replay import Month, Step, replay
from app.surveillance.scorecard import Beside, scorecard
from app.surveillance.scoring import (
    Official,
    by_family,
    false_per_month,
    first_flags,
    timeliness,
)
from tests.surveillance.making import CLEAR, NOW, a_report, a_substance, morning

LONG_AFTER = datetime(2026, 11, 1, 12, tzinfo=UTC)


def played(session, first: date, last: date) -> list[Month]:
    return list(replay(session, SYSTEM, first=first, last=last))


def told(months: list[Month]) -> list[tuple[str, str, Rule, str]]:
    return [
        (f"{step.month:%Y-%m}", step.what, step.signal.rule, step.signal.scope)
        for month in months
        for step in month.steps
    ]


def test_a_month_knows_what_had_come_in_by_its_end_and_nothing_is_stored(
    database: Database,
) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for place, country in enumerate(("DE", "FR", "SE")):
            day = date(2026, 3 + place, 10)
            received = datetime(2026, 4 + place, 2, tzinfo=UTC)
            a_report(session, one, country, day, received_at=received)
    with database.reading() as session:
        steps = told(played(session, date(2026, 3, 1), date(2026, 7, 1)))
        assert ("2026-04", "opened", Rule.FIRST_WORLD, "world") in steps
        assert ("2026-06", "opened", Rule.NEW_SPREAD, "world") in steps
        assert not [step for step in steps if step[0] == "2026-03"]
        assert session.scalar(select(func.count()).select_from(Episode)) == 0


def test_what_comes_in_later_changes_nothing_before(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        a_report(session, one, "DE", date(2026, 3, 1), received_at=datetime(2026, 3, 5, tzinfo=UTC))
    span = date(2026, 2, 1), date(2026, 5, 1)
    with database.reading() as session:
        before = told(played(session, *span))
    with database.transaction() as session:
        for country in ("FR", "SE", "PL"):
            a_report(session, one, country, date(2026, 2, 1), received_at=LONG_AFTER)
    with database.reading() as session:
        assert told(played(session, *span)) == before


def test_a_first_whose_report_was_withdrawn_closes_as_it_would_have(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        wrong, right = date(2026, 3, 3), date(2026, 6, 3)
        a_report(
            session, one, "DE", wrong, received_at=morning(wrong),
            superseded_at=datetime(2026, 4, 3, tzinfo=UTC),
        )  # fmt: skip
        a_report(session, one, "FR", right, received_at=morning(right))
    with database.reading() as session:
        steps = told(played(session, date(2026, 3, 1), date(2026, 6, 1)))
        assert [step[:2] for step in steps if step[2] is Rule.FIRST_WORLD] == [
            ("2026-03", "opened"),
            ("2026-04", "closed"),
            ("2026-06", "opened"),
        ]


def test_history_can_be_taken_as_known_when_it_happened(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for year, count in ((2014, 3), (2015, 4), (2016, 90)):
            a_report(
                session, one, "US", date(year, 1, 1), end=date(year, 12, 31),
                type=ReportType.AGGREGATE, count=count, received_at=LONG_AFTER,
            )  # fmt: skip
        other = a_substance(session, "another")
        for year in (2014, 2015, 2016):
            a_report(
                session, other, "US", date(year, 1, 1), end=date(year, 12, 31),
                type=ReportType.AGGREGATE, count=10_000, received_at=LONG_AFTER,
            )  # fmt: skip
    with database.reading() as session:
        assert came_late(session, last=date(2016, 12, 31)) == (6, 6)
        assert told(played(session, date(2016, 11, 1), date(2016, 12, 1))) == []
        assert assume_known(session, days=0) == 6
        steps = told(played(session, date(2016, 11, 1), date(2016, 12, 1)))
        assert ("2016-12", "opened", Rule.GROWTH, "US") in steps
        session.rollback()
        assert session.scalar(select(func.min(Report.received_at))) == LONG_AFTER


def test_the_official_table_finds_names_in_each_spelling(database: Database, tmp_path) -> None:
    path = tmp_path / "official.csv"
    path.write_text(
        "year,substance,outcome\n2020,Isotonitazene (known name),I-61\n2019,Isotonitazene,II-71\n"
        "2018,Isotonitazene,surveillance\n2021,Nobody knows,I-61\n"
    )
    with database.transaction() as session:
        number = a_substance(session, "Isotonitazene").id
        session.add(
            SubstanceName(
                key=name_key("Isotonitazene"), name="Isotonitazene", source="test", since=NOW,
                handling=CLEAR, substance_id=number,
            )
        )  # fmt: skip
        session.flush()
        table, unknown = official_table(session, path)
        assert [(one.substance_id, one.year) for one in table] == [(number, 2019)]
        assert unknown == ["Nobody knows"]
        path.write_text("name,when\n")
        with pytest.raises(Refused, match="needs the columns substance, and year or date"):
            official_table(session, path)
        path.write_text("substance,year\nIsotonitazene,soon\n")
        with pytest.raises(Refused, match='line 2: "soon" is no year or date'):
            official_table(session, path)


def test_what_counts_as_control() -> None:
    yes = ("I-61", "II-71", "I-61 + IV-61", "control (I-61 presumed)")
    no = ("surveillance", "no control", "delete from I-61 (not adopted: M)", "remain I-61", "")
    assert all(map(recommends_control, yes)) and not any(map(recommends_control, no))


def test_recall_counts_the_missed_and_a_flag_in_the_year_of_the_act_is_too_late() -> None:
    official = [Official(n, f"S{n}", f"F{n % 2}", 2020) for n in (1, 2, 3)]
    flags = {number: date(2017, 1, 1) for number in (8, 9)}
    flags |= {1: date(2018, 12, 31), 2: date(2020, 1, 31)}
    row = timeliness("rules", flags, official, acted_upon={1, 2, 3, 8})
    assert (row.found, row.of, row.flagged, row.never) == (1, 3, 4, 1)
    assert row.median == pytest.approx(12, abs=0.1)
    assert row.recall.value == pytest.approx(1 / 3) and row.recall.low <= 1 / 3 <= row.recall.high


def test_members_of_one_family_are_no_independent_evidence() -> None:
    one = by_family([True] * 20, ["a"] * 10 + ["b"] * 10)
    assert one == (one.__class__)(1.0, 1.0, 1.0)
    alone = by_family([True] * 10 + [False] * 10, ["a"] * 10 + ["b"] * 10)
    spread = by_family([True] * 10 + [False] * 10, [str(n) for n in range(20)])
    assert alone.high - alone.low > spread.high - spread.low


def test_the_scorecard_stands_beside_the_trivial_clocks(database: Database) -> None:
    with database.transaction() as session:
        one, never = a_substance(session), a_substance(session, "never reviewed")
        for place, country in enumerate(("DE", "FR", "SE")):
            day = datetime(2024, 3 + place, 10, tzinfo=UTC)
            a_report(session, one, country, day.date(), received_at=day)
        a_report(session, never, "DE", date(2024, 5, 1), received_at=day)
    with database.reading() as session:
        months = played(session, date(2024, 1, 1), date(2025, 12, 1))
        flags = first_flags([s for m in months for s in m.steps], Tier.ALERT)
        assert flags[one.id] == date(2024, 3, 31) and of_substance(one.id).substance_id == one.id
        beside = Beside(clocks(session, last=date(2025, 12, 31)), {one.id: "nitazene"}, {})
        official = [Official(one.id, "one", "nitazene", 2026)]
        lines = list(scorecard(months, official, ["unheard of"], beside))
    text = "\n".join(lines)
    assert "1 names not in the registry (unheard of)" in text
    assert "rules, tier alert or urgent          1/1 1.00 (1.00 to 1.00)" in text
    assert "tenth report                         0/1" in text and "third country" in text
    assert "By year of the act: 2026 1/1" in text
    assert [line for line in lines if line.startswith("2024 ")]


def test_false_are_signals_about_a_substance_that_reached_the_tier() -> None:
    def step(what: str, number: int, tier: Tier, kind: NodeKind = NodeKind.SUBSTANCE) -> Step:
        node = of_substance(number) if kind is NodeKind.SUBSTANCE else NodeId(kind, str(number))
        signal = Signal(node, Rule.GROWTH, "world")
        return Step(date(2020, 1, 31), what, signal, "x", tier, evidence=None)  # type: ignore[arg-type]

    steps = [
        step("open before", 1, Tier.ALERT), step("raised", 1, Tier.URGENT),
        step("opened", 2, Tier.WATCH), step("raised", 2, Tier.ALERT),
        step("raised", 2, Tier.URGENT),
        step("opened", 3, Tier.ALERT), step("closed", 3, Tier.ALERT), step("opened", 3, Tier.ALERT),
        step("opened", 4, Tier.ALERT), step("opened", 5, Tier.WATCH),
        step("opened", 6, Tier.ALERT, NodeKind.FAMILY),
    ]  # fmt: skip
    # substance 2 once, 3 twice; 1 was there before, 4 was acted upon, 5 was only watched
    assert false_per_month(steps, {4}, 6, Tier.ALERT) == 3 / 6


def test_the_trivial_clocks_count_reports_as_they_first_came_in(database: Database) -> None:
    with database.transaction() as session:
        one, early, late = a_substance(session), date(2024, 3, 1), date(2024, 9, 1)
        old = a_report(session, one, "DE", early, superseded_at=morning(late), count=12)
        new = a_report(
            session, one, "DE", early, received_at=morning(late), count=12,
            grade=(Grade.A, Grade.B),
        )  # fmt: skip
        new.reference, new.version = old.reference, 2
        a_report(session, one, "FR", early, role=FindingRole.PRECURSOR)
        for n in range(8):
            a_report(session, one, "FR", date(2024, 4, 1 + n))
        session.flush()
        found = clocks(session, last=date(2025, 1, 1))
        assert found.first_report == {one.id: early}, "when its first version came in"
        assert not found.tenth_report, "nine reports: twelve items of one seizure are one"
        a_report(session, one, "FR", date(2024, 5, 1))
        assert clocks(session, last=date(2025, 1, 1)).tenth_report == {one.id: date(2024, 5, 1)}
        month = played(session, date(2024, 12, 1), date(2024, 12, 1))[0]
        assert month.counts == {one.id: 10}

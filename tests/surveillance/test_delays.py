"""How late reports come in."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from app.db import Database
from app.intake.words import EventKind
from app.surveillance.arrays import VOLUME
from app.surveillance.delays import LONGEST, estimated
from app.surveillance.months import month_of
from tests.surveillance.making import a_report, a_substance, morning
from tests.surveillance.reference import delays

END = date(2026, 11, 30)
NOW = month_of(END)
SEIZURE, DEATH = 0, 4


def volume(rows: list[tuple[int, int, int, int]], authority: int = 1) -> np.ndarray:
    """Months ago, delay in months, reports, event kind."""
    return np.array(
        [
            (NOW - ago, b"DE", authority, kind, NOW - ago + delay, 0, 0, reports)
            for ago, delay, reports, kind in rows
        ],
        dtype=VOLUME,
    )


def steady(shares: list[int], kind: int = SEIZURE, months: int = 30) -> list:
    """Each month the same reports, so many at each delay; those of later than now not yet in."""
    return [
        (ago, delay, reports, kind)
        for ago in range(months)
        for delay, reports in enumerate(shares)
        if delay <= ago
    ]


def test_what_comes_in_steadily_is_found_whatever_is_still_missing() -> None:
    found = estimated(volume(steady([50, 30, 15, 5])), as_of=END)
    assert found.pooled[:4] == pytest.approx([0.5, 0.8, 0.95, 1])
    assert found.complete(NOW - 3, 4).tolist() == pytest.approx([1, 0.95, 0.8, 0.5])


def test_a_month_that_has_gone_by_in_part_is_known_in_part() -> None:
    found = estimated(volume(steady([50, 50])), as_of=date(2026, 12, 10))
    share = 10 / 31
    assert found.complete(NOW, 2).tolist() == pytest.approx([0.5 + share * 0.5, share * 0.5])


def test_strata_lean_on_the_whole_where_they_are_small() -> None:
    rows = [*steady([400, 400]), (20, 6, 2, DEATH), (19, 6, 2, DEATH)]
    found = estimated(volume(rows), as_of=END, by="kind")
    assert found.reports["death"] == 4
    assert found.of("death")[0] == pytest.approx((4 * 0 + 50 * found.pooled[0]) / 54)
    assert found.of("open_source") is found.pooled


def test_an_archive_is_not_taken_for_slowness() -> None:
    here = steady([80, 20])
    plain = estimated(volume(here), as_of=END)
    newcomer = volume([(ago, ago - 2, 50, SEIZURE) for ago in range(3, 24)], authority=2)
    sent_at_once = volume([(ago, ago - 1, 50, SEIZURE) for ago in range(1, 24)])
    for dump, left_out in ((newcomer, 21 * 50), (sent_at_once, None)):
        found = estimated(np.concatenate([volume(here), dump]), as_of=END)
        assert found.left_out == left_out or left_out is None
        assert found.pooled == pytest.approx(plain.pooled, abs=0.02)


def test_single_late_reports_are_pooled_at_the_longest_delay() -> None:
    found = estimated(volume([*steady([90]), (20, 15, 20, SEIZURE)]), as_of=END)
    assert found.pooled[LONGEST - 1] == pytest.approx(1 - 20 / (12 * 90 + 20))


def test_nothing_known_is_taken_for_complete() -> None:
    assert estimated(np.empty(0, VOLUME), as_of=END).pooled.tolist() == [1.0] * 13


def test_the_delay_of_a_corrected_report_is_that_of_its_first_version(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        day, first, second = date(2026, 5, 9), date(2026, 6, 2), date(2026, 9, 1)
        a_report(session, one, day=date(2026, 5, 1), kind=EventKind.DEATH)  # it works since May
        sent = a_report(
            session, one, day=day, received_at=morning(first), superseded_at=morning(second)
        )
        again = a_report(session, one, day=day, received_at=morning(second))
        again.reference, again.version = sent.reference, 2
        session.flush()
        found = delays(session, as_of=END)
    assert found.pooled[:2].tolist() == [0.5, 1.0]

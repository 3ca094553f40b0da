"""Portions that processes read side by side are those that one reads after the other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from app.db import Database
from app.intake.words import EventKind
from app.surveillance import reading
from app.surveillance.abreast import MOST, WORTH_IT, processes, read_abreast
from app.surveillance.rolled import Part
from app.surveillance.rollup import as_rolled
from tests.surveillance.making import AS_OF, a_report, a_substance

KINDS = (EventKind.SEIZURE, EventKind.DEATH)


def test_processes_of_their_own_read_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 7)
    with database.transaction() as session:
        substances = [a_substance(session) for _ in range(3)]
        for n in range(40):
            country, kind = ("DE", "FR")[n % 2], KINDS[n % 3 == 0]
            day = AS_OF - timedelta(20 * n + 30)
            a_report(session, substances[n % 3], country, day, kind=kind)
    with database.reading() as session:
        view = as_rolled(AS_OF)
        one_after_the_other = reading.known(session, view)
        abreast = reading.known(session, view, partial(read_abreast, session, among=2))
        assert len(one_after_the_other.cells) > 10
        for part in Part:
            said, expected = (
                getattr(known, part.value).tolist() for known in (abreast, one_after_the_other)
            )
            assert said == expected, part


def test_a_small_register_is_read_by_the_process_that_asks() -> None:
    assert processes(0) == processes(WORTH_IT - 1) == 1
    assert 1 <= processes(WORTH_IT) <= MOST

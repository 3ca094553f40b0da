"""Whole numbers of many rows, and how rows that are alike are told."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import case, select

from app.access.handling import Handling
from app.db import Database
from app.intake.models import Report
from app.surveillance.arrays import codes
from app.surveillance.columns import columns, country_codes, country_number, day_number
from tests.surveillance.making import AS_OF, a_report, a_substance, days_ago, morning


def test_days_moments_and_countries_are_read_as_numbers(database: Database) -> None:
    with database.transaction() as session:
        late = morning(AS_OF).replace(hour=23, minute=59)
        a_report(session, a_substance(session), "FR", days_ago(400), received_at=late)
        asked = (
            Report.id.label("id"),
            day_number(Report.event_date).label("day"),
            day_number(Report.received_at).label("received"),
            country_number(Report.country).label("country"),
            Report.handling.label("level"),
        )
        found = columns(session, select(*asked))
        nothing = columns(session, select(*asked).where(Report.id < 0))
    assert found["day"].tolist() == [days_ago(400).toordinal()]
    assert found["received"].tolist() == [AS_OF.toordinal()]
    assert country_codes(found["country"]).tolist() == [b"FR"]
    assert found["level"].tolist() == [int(Handling.CLEAR)]
    assert {name: values.tolist() for name, values in nothing.items()} == {
        name: [] for name in found
    }


def test_a_missing_value_is_an_error_and_not_a_shift(database: Database) -> None:
    with database.transaction() as session:
        a_report(session, a_substance(session))
        with pytest.raises((ValueError, TypeError)):
            columns(session, select(Report.id.label("id"), case((Report.id < 0, 1)).label("n")))


def test_keys_of_more_than_63_bits_are_told_apart_in_their_order() -> None:
    random = np.random.default_rng(5)
    wide = [random.integers(0, 2**40, 50) for _ in range(3)]
    narrow = [np.repeat(column, 2) for column in wide]
    found = codes(narrow)
    rows = list(zip(*(column.tolist() for column in narrow), strict=True))
    by_code = sorted(range(100), key=lambda n: (found[n], n))
    assert [rows[n] for n in by_code] == sorted(rows)
    assert len(set(found.tolist())) == len(set(rows))

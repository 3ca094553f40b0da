"""Medicines and precursors are monitored as such, and never enter figures about what is new."""

from __future__ import annotations

from typing import Any

import pytest

from app.access.roles import ANYBODY, SYSTEM
from app.db import Database
from app.intake.figures import ClassRow, by_class, countries_reporting
from app.intake.trends import countries_with_totals, months_by_group
from app.registry.models import Standing
from tests.intake.taking import take_reports
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

DAY = NOW.date()
TRAMADOL = "Tramadol"
ANPP = "4-ANPP"
HEROIN = "Heroin"


def found(*names: str, **more: Any) -> dict[str, Any]:
    """A public report with these in it."""
    return report(findings=[{"substance_name": name} for name in names], **more)


@pytest.fixture
def reported(known: Database) -> Database:
    """A medicine and a precursor in France, both beside a nitazene in Germany."""
    german, french = laboratory(known, "DE"), laboratory(known, "FR")
    with_both = [{"structure": PROTONITAZENE}, {"substance_name": TRAMADOL}]
    take_reports(
        known,
        [
            report(findings=with_both),
            found(TRAMADOL, reference="total", type="aggregate", event_date="2025"),
        ],
        by=german,
    )
    take_reports(
        known,
        [
            found(TRAMADOL, country="FR", reference="m"),
            found(ANPP, country="FR", reference="p"),
            found(HEROIN, country="FR", reference="c", handling="red"),
            found(TRAMADOL, country="FR", reference="old", event_date="2024-01-01"),
        ],
        by=french,
    )
    return known


def test_a_country_that_reports_medicines_reports_nothing_new(reported: Database) -> None:
    with reported.reading() as session:
        assert countries_reporting(session, SYSTEM, DAY) == {"DE": 1}


def test_a_total_of_a_medicine_is_no_total_of_what_is_new(reported: Database) -> None:
    with reported.reading() as session:
        assert countries_with_totals(session, SYSTEM, DAY) == frozenset()


def test_trends_are_of_watched_substances(reported: Database) -> None:
    with reported.reading() as session:
        groups = months_by_group(session, SYSTEM, DAY, DAY.replace(year=2020))
        assert list(groups) == ["nitazenes"]


def test_each_class_has_figures_of_its_own(reported: Database) -> None:
    with reported.reading() as session:
        rows = by_class(session, ANYBODY, DAY)
    assert rows == {
        Standing.NPS: ClassRow(1, 1, 1),
        Standing.MEDICINE: ClassRow(1, 2, 2),
        Standing.PRECURSOR: ClassRow(1, 1, 1),
    }


def test_restricted_reports_enter_the_figures_of_those_they_are_for(reported: Database) -> None:
    with reported.reading() as session:
        assert by_class(session, SYSTEM, DAY)[Standing.CLASSIC] == ClassRow(1, 1, 1)

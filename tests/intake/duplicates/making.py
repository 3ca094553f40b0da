"""Cases and reports for the tests of duplicates: each says only what the test is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from app.access.roles import Actor, Role
from app.clock import Clock
from app.db import Database
from app.intake.duplicates.cases import Case, CaseKey
from app.intake.duplicates.run import Found, find_duplicates
from app.intake.words import EventKind, PhysicalForm, Unit
from tests.intake.taking import take_reports
from tests.reporting import NOW, report

ANALYST = Actor(Role.ANALYST, "analyst@who.example")
DAY = date(2026, 11, 2)

_serial = count(1)


def case(**said: Any) -> Case:
    """A seizure that says nothing but its substance, country and day."""
    number = next(_serial)
    authority = said.pop("authority", 1)
    reference = said.pop("reference", f"R-{number}")
    plain: dict[str, Any] = {
        "report_id": number,
        "key": CaseKey(authority, reference),
        "kind": EventKind.SEIZURE,
        "country": "DE",
        "day": DAY,
        "substances": frozenset({"s1"}),
        "received_at": datetime(2026, 11, 3, tzinfo=UTC),
    }
    return Case(**(plain | said))


def telling(**said: Any) -> Case:
    """A seizure that says enough to be recognised: 16.6 bits with itself."""
    plain: dict[str, Any] = {
        "quantity": 23.7,
        "unit": Unit.G,
        "subdivision": "DE-BY",
        "form": PhysicalForm.POWDER,
    }
    return case(**(plain | said))


def seizure(reference: str, country: str = "DE", **changed: Any) -> dict[str, Any]:
    """A report that says enough to be recognised when it comes twice."""
    said: dict[str, Any] = {
        "reference": reference,
        "subdivision": f"{country}-BY",
        "quantity": 23.7,
        "unit": "g",
        "physical_form": "powder",
    }
    return report(country, **(said | changed))


def take(database: Database, by: Actor, *reports: dict[str, Any], now: datetime = NOW) -> list[str]:
    """Take reports in; their codes, in order."""
    receipt = take_reports(database, reports, by=by, now=now)
    with database.reading() as session:
        from app.intake import queries

        rows = queries.submission_rows(session, receipt.submission)
        return [found.code if found else row.fate.value for row, found in rows]


def run(database: Database, now: datetime = NOW, **how: Any) -> Found:
    """Look for duplicates."""
    clock: Clock = lambda: now  # noqa: E731
    return find_duplicates(database, clock=clock, **how)

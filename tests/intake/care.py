"""Substances with reports, to be merged and split."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.access.roles import Actor, Role
from app.db import Database
from app.intake.models import Finding
from app.registry.models import Substance
from tests.databases import EMPTY, Template
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

ANALYST = Actor(Role.ANALYST, "analyst@tocsin.test")
PUBLIC = Actor(Role.PUBLIC, "anybody")
KETO = "CCCC(=O)CC(=O)c1ccc(OC)cc1Br"
ENOL = "CCCC(O)=CC(=O)c1ccc(OC)cc1Br"
FLAT = "CCCCC(NC(C)C)C(=O)c1ccc(Cl)cc1C"
LEFT = "CCCC[C@@H](NC(C)C)C(=O)c1ccc(Cl)cc1C"
RIGHT = "CCCC[C@H](NC(C)C)C(=O)c1ccc(Cl)cc1C"
OTHER = "CCCSc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1"


def found(structure: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    """One finding, confirmed."""
    fields = {
        "structure": structure,
        "substance_name": name,
        "techniques": ["GC-MS", "NMR"],
        "confirmation": "reference_standard",
    } | more
    return {key: value for key, value in fields.items() if value is not None}


def fill(database: Database) -> None:
    """Reports from two countries of a keto and its enol form, of a cathinone in three drawings."""
    german, french = laboratory(database, "DE"), laboratory(database, "FR")
    sent = {
        german: [
            ("K-1", [found(KETO, "Ketodione")], {}),
            ("K-2", [found(KETO, "Ketodione"), found(FLAT, "Clophedrone")], {}),
            ("E-1", [found(ENOL, "Enoldione")], {}),
            ("F-1", [found(FLAT, "Clophedrone")], {}),
            ("L-1", [found(f"{LEFT}.Cl", "Levoclophedrone")], {}),
        ],
        french: [
            ("E-2", [found(ENOL, "Enoldione")], {}),
            ("E-3", [found(ENOL, "Enoldione")], {"handling": "amber"}),
            ("L-2", [found(LEFT, "Levoclophedrone")], {}),
            ("R-1", [found(RIGHT, "Clophedrone")], {}),
            ("O-1", [found(OTHER, "Othernitazene")], {}),
        ],
    }
    for day, (by, reports) in enumerate(sent.items()):
        country = by.countries[0]
        take_reports(
            database,
            [
                report(country, reference=reference, findings=findings, **more)
                for reference, findings, more in reports
            ],
            by=by,
            now=NOW - timedelta(days=9 - day),
        )


CARED = Template("cared", fill, upon=EMPTY)


def at(session: Any, name: str) -> Substance:
    """The substance that goes by this name."""
    return session.scalars(select(Substance).where(Substance.name == name)).one()


def means(session: Any) -> dict[str, list[str]]:
    """What the findings of each report mean, by the report's reference."""
    told: dict[str, list[str]] = {}
    query = select(Finding).order_by(Finding.report_id, Finding.position)
    for finding in session.scalars(query):
        told.setdefault(finding.report.reference, []).append(finding.substance.code)
    return told


def days(number: int) -> datetime:
    """A moment some days after the reports."""
    return NOW + timedelta(days=number)

"""The real part: yearly counts of US drug laboratories, for substances of the knowledge base.

Source: NFLIS-Drug as compiled by T. Y. Lim et al. 2024, CC BY 4.0; the figures are unchanged. They
go through the same import profile as the whole file would, so importing that later counts nothing
twice: the references are the same. When they were published month by month is not known here, so
a year's counts are taken as received on 1 July of the next.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.access.models import Authority
from app.db import Database
from app.demonstration.logins import US_CODE
from app.demonstration.sending import send
from app.intake.profiles import load_profile

FILE = Path(__file__).parent / "data" / "us_nflis_yearly.csv"


def load_real(database: Database) -> int:
    """Take the shipped yearly counts in as aggregate reports; how many there are."""
    with database.reading() as session:
        home = session.scalars(select(Authority).where(Authority.code == US_CODE)).one()
    taken = 0
    for year, rows in groupby(_rows(), key=lambda row: row["YYYY"]):
        reports = [_fields(row) for row in rows]
        received = datetime(int(year) + 1, 7, 1, tzinfo=UTC)
        taken += send(database, home, reports, received=received, simulated=False)
    return taken


def _rows() -> list[dict[str, str]]:
    """The shipped rows under NFLIS's own column names, oldest year first."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        next(lines)  # the credit
        rows = [
            {"YYYY": r["year"], "SubstanceDetected": r["name"], "Freq": r["reports"]}
            for r in csv.DictReader(lines)
        ]
    return sorted(rows, key=lambda row: row["YYYY"])


def _fields(row: dict[str, str]) -> dict[str, Any]:
    fields = load_profile("nflis").translate(row)
    finding = {"substance_name": fields.pop("substance_name")}
    return {**fields, "findings": [finding]}

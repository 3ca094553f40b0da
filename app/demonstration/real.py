"""The real part: yearly counts of US drug laboratories, for substances of the knowledge base.

Source: NFLIS-Drug as compiled by T. Y. Lim et al. 2024, CC BY 4.0; the figures are unchanged. They
go through the same import profile as the whole file would, so importing that later counts nothing
twice: the references are the same. When they were published month by month is not known here, so
a year's counts are taken as received on 1 July of the next.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.access.models import Authority
from app.access.roles import Actor, Role
from app.db import Database
from app.demonstration.logins import US_CODE
from app.errors import Refused
from app.intake.profiles import load_profile
from app.intake.service import Row, sliced
from app.intake.taking import take
from app.intake.words import Channel, Fate

FILE = Path(__file__).parent / "data" / "us_nflis_yearly.csv"


def load_real(database: Database) -> int:
    """Take the shipped yearly counts in as aggregate reports; how many there are."""
    with database.reading() as session:
        home = session.scalars(select(Authority).where(Authority.code == US_CODE)).one()
    by = Actor(Role.LABORATORY, "demonstration", home.id, home.code, home.countries)
    taken = 0
    for year, rows in groupby(_rows(), key=lambda row: str(row["YYYY"])):
        chunk = [Row((number,), _fields(row)) for number, row in enumerate(rows, start=1)]
        received = datetime(int(year) + 1, 7, 1, tzinfo=UTC)
        receipt = take(
            database,
            sliced(json.dumps([row.fields for row in chunk]).encode()),
            lambda chunk=chunk: chunk,  # type: ignore[misc]
            by=by,
            channel=Channel.DEMONSTRATION,
            clock=lambda received=received: received,  # type: ignore[misc]
            filename=FILE.name,
        )
        if receipt.fates[Fate.REJECTED]:
            raise Refused(f"{receipt.fates[Fate.REJECTED]} counts of {year} were rejected")
        taken += receipt.fates.total()
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

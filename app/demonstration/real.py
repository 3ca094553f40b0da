"""The real part: what US drug laboratories reported a year, of the substances in the knowledge base.

Source: NFLIS-Drug as compiled by T. Y. Lim et al. 2024, CC BY 4.0; the figures are unchanged. They
go through the same import profile as the whole file would, so importing that later counts nothing
twice: the references are the same.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from app.access.models import Authority
from app.access.roles import Actor, Role
from app.clock import utc_now
from app.db import Database
from app.demonstration.logins import US_CODE
from app.intake.profiles import load_profile
from app.intake.service import Row, sliced
from app.intake.taking import take
from app.intake.words import Channel

FILE = Path(__file__).parent / "data" / "us_nflis_yearly.csv"


def load_real(database: Database) -> int:
    """Take the shipped yearly counts in as aggregate reports; how many there are."""
    with database.reading() as session:
        home = session.scalars(select(Authority).where(Authority.code == US_CODE)).one()
    by = Actor(Role.LABORATORY, "demonstration", home.id, home.code, home.countries)
    receipt = take(
        database,
        sliced(FILE.read_bytes()),
        _rows,
        by=by,
        channel=Channel.DEMONSTRATION,
        clock=utc_now,
        filename=FILE.name,
    )
    return receipt.fates.total()


def _rows() -> Iterator[Row]:
    nflis = load_profile("nflis")
    with FILE.open(encoding="utf-8", newline="") as lines:
        next(lines)  # the credit
        for number, row in enumerate(csv.DictReader(lines), start=3):
            theirs = {
                "YYYY": row["year"],
                "SubstanceDetected": row["name"],
                "Freq": row["reports"],
            }
            yield Row((number,), {**_nested(nflis.translate(theirs))})


def _nested(fields: dict[str, str]) -> dict[str, object]:
    name = fields.pop("substance_name")
    return {**fields, "findings": [{"substance_name": name}]}

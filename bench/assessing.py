"""Running the rules on the demonstration, against counting its findings once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from app.access.roles import ANYBODY
from app.clock import utc_now
from app.db import Database
from app.demonstration import load_demonstration
from app.intake.models import Finding, Report
from app.registry.knowledge import load_knowledge
from app.settings import Settings
from app.surveillance.ranking import priority_list
from app.surveillance.service import assess
from bench.figure import Figure, seconds


def measure() -> list[Figure]:
    """One assessment and one priority list of the demonstration's reports."""
    with TemporaryDirectory() as folder:
        settings = Settings.from_env({"TOCSIN_DATA_DIR": str(Path(folder))})
        database = Database(settings.database_url)
        database.migrate()
        with database.transaction() as session:
            load_knowledge(session, now=utc_now())
        load_demonstration(settings, only_real=False)

        def count() -> None:
            with database.reading() as session:
                session.execute(
                    select(Finding.substance_id, func.count())
                    .join(Report)
                    .group_by(Finding.substance_id)
                ).all()

        def assessed() -> None:
            with database.transaction() as session:
                assess(session, as_of=utc_now().date(), now=utc_now())

        def ranked() -> None:
            with database.reading() as session:
                priority_list(session, ANYBODY, as_of=utc_now().date(), now=utc_now())

        floor = seconds(count)
        return [
            _figure("assess the demonstration", seconds(assessed), floor),
            _figure("priority list", seconds(ranked), floor),
        ]


def _figure(what: str, taken: float, floor: float) -> Figure:
    return Figure(
        what,
        f"{taken * 1000:.0f} ms",
        f"{floor * 1000:.1f} ms",
        taken / floor,
        "one grouped count of all findings",
    )

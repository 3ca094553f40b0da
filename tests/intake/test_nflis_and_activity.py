"""The NFLIS profile takes the real table whole; a newer sample count replaces the older."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.access.roles import Actor
from app.db import Database
from app.errors import Unreadable
from app.intake.activity import process_activity
from app.intake.files import take_file
from app.intake.keeping import Sent, receive, sliced
from app.intake.models import Activity, Finding, Report, SubmissionRow
from app.intake.readers import read_json
from app.intake.words import Channel, EventKind, Fate, Precision, ReportType
from tests.conftest import shared_data
from tests.databases import EMPTY
from tests.reporting import NOW, laboratory

SAMPLE = """YYYY,SubstanceDetected,Freq,Percent_p100
2023,Protonitazene,41,0.1
2022,Protonitazene,38,0.1
2023,"4-Fluorophenethyl 4-ANPP, other",2,0.0
2023,Broken,many,0.0
2023,,5,0.0
"""


@pytest.fixture
def embedded(backends) -> Database:
    """A migrated, empty SQLite database."""
    database = backends["sqlite"].make(EMPTY)
    yield database
    backends["sqlite"].drop(database)


def test_a_line_of_nflis_is_an_aggregate_of_a_year(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "nflis.csv"
    path.write_text(SAMPLE)
    usa = laboratory(database, "US")
    first = take_file(database, path, by=usa, clock=lambda: NOW, profile="nflis")
    assert first.fates == {Fate.QUEUED: 3, Fate.REJECTED: 2}
    with database.reading() as session:
        held = session.scalars(select(Report).order_by(Report.id)).all()
        fates = session.scalars(select(SubmissionRow).order_by(SubmissionRow.row)).all()
        names = list(session.scalars(select(Finding.substance_name).order_by(Finding.id)))
    one = held[0]
    assert (one.type, one.event_kind, one.country) == (
        ReportType.AGGREGATE,
        EventKind.SEIZURE,
        "US",
    )
    assert (one.event_date, one.event_end) == (date(2023, 1, 1), date(2023, 12, 31))
    assert (one.precision, one.count, one.reference) == (
        Precision.YEAR,
        41,
        "NFLIS 2023 Protonitazene",
    )
    assert names[2] == "4-Fluorophenethyl 4-ANPP, other"
    assert [(row.row, row.notes[0]["field"]) for row in fates if row.fate is Fate.REJECTED] == [
        (5, "count"),
        (6, "findings[0]"),
    ]
    again = take_file(database, path, by=usa, clock=lambda: NOW, profile="nflis")
    assert again.fates == {Fate.UNCHANGED: 3, Fate.REJECTED: 2}


def test_a_table_of_another_layout_is_told_which_column_it_lacks(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "nflis.csv"
    path.write_text("YYYY,Drug,Freq\n2023,x,1\n")
    with pytest.raises(Unreadable, match="SubstanceDetected"):
        take_file(database, path, by=laboratory(database, "US"), clock=lambda: NOW, profile="nflis")


def test_the_whole_real_table_is_taken_and_its_totals_are_the_files_own(embedded: Database) -> None:
    path = shared_data("nflis/annual_reports_by_substance.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    totals = Counter()
    for row in rows:
        totals[int(row["YYYY"])] += int(row["Freq"])
    usa = laboratory(embedded, "US")
    first = take_file(embedded, path, by=usa, clock=lambda: NOW, profile="nflis")
    assert first.fates == {Fate.QUEUED: len(rows)}
    assert len(rows) == 11_861
    again = take_file(embedded, path, by=usa, clock=lambda: NOW, profile="nflis")
    assert again.fates == {Fate.UNCHANGED: len(rows)}
    with embedded.reading() as session:
        year = func.extract("year", Report.event_date)
        held = session.execute(select(year, func.sum(Report.count)).group_by(year)).all()
    assert {int(y): int(n) for y, n in held} == totals


def count_samples(database: Database, by: Actor, body: str, now=NOW) -> Counter[Fate]:
    content = body.encode()
    with database.transaction() as session:
        submission, _ = receive(session, sliced(content), Sent(Channel.API), by=by, now=now)
        return process_activity(session, submission, read_json(content), by=by, now=now)


def test_a_newer_count_of_a_month_supersedes_the_older_one_which_stays(database: Database) -> None:
    lab, later = laboratory(database, "DE"), NOW + timedelta(days=1)
    month = '{"month": "2026-10", "country": "DE", "samples": %d, "scope": "nitazenes; nitazenes"}'
    assert count_samples(database, lab, month % 40) == {Fate.ACCEPTED: 1}
    assert count_samples(database, lab, month % 44, now=later) == {Fate.ACCEPTED: 1}
    with database.reading() as session:
        held = session.scalars(select(Activity).order_by(Activity.id)).all()
    assert [(a.samples, a.received_at, a.superseded_at) for a in held] == [
        (40, NOW, later),
        (44, later, None),
    ]
    assert [a.scope for a in held] == [["nitazenes"]] * 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ('"month": "2026"', "month"),
        ('"month": "2026-10-02"', "month"),
        ('"month": "2026-13"', "month"),
        ('"country": "FR"', "country"),
        ('"country": "UK"', "country"),
        ('"samples": -1', "samples"),
        ('"samples": true', "samples"),
        ('"samples": 1e400', "samples"),
        ('"sample": 1', "sample"),
        ('"scope": ["\\u0000"]', "scope[0]"),
        ('"scope": {"a": 1}', "scope"),
        ('"handling": "white"', "handling"),
        ('"samples": 1, "samples": 2', "samples"),
    ],
)
def test_a_wrong_count_names_its_field_and_leaves_the_others(
    database: Database, changed: str, field: str
) -> None:
    right = {"month": '"2026-09"', "country": '"DE"', "samples": "10"}
    name, _, value = changed.partition(": ")
    wrong = {**right, name.strip('"'): value}
    body = ", ".join(
        "{" + ", ".join(f'"{k}": {v}' for k, v in one.items()) + "}" for one in (wrong, right)
    )
    fates = count_samples(database, laboratory(database, "DE"), f"[{body}]")
    assert fates == {Fate.REJECTED: 1, Fate.ACCEPTED: 1}
    with database.reading() as session:
        notes = session.scalars(select(SubmissionRow.notes).where(SubmissionRow.row == 1)).one()
    assert field in {note["field"] for note in notes}

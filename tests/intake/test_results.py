"""Results have the rows as they were sent, and sending them back says the same."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.access.roles import SYSTEM
from app.db import Database
from app.intake.files import take_file
from app.intake.models import Finding, Report, Submission
from app.intake.readers import read_delimited, read_ndjson
from app.intake.receipts import receipt_page
from app.intake.results import results
from app.intake.words import Fate
from app.registry.models import Substance
from tests.intake.readers.books import book
from tests.intake.taking import take_reports
from tests.naming import resolve_name
from tests.reporting import NOW, laboratory, report

HEAD = ["reference", "event_kind", "event_date", "country", "substance_name", "sold_as", "quantity"]
HOSTILE = ["=HYPERLINK(1)", "+49 30", "@sum", "-cmd|' /C calc'!A0", "\tx", "'quoted'", "'=kept"]


def import_rows(database: Database, tmp_path: Path, rows: list[list[str]], delimiter=",", **how):
    path = tmp_path / "rows.csv"
    with path.open("w", encoding=how.pop("encoding", "utf-8"), newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEAD, *rows])
    receipt = take_file(database, path, clock=lambda: NOW, **how)
    return path, receipt.submission


def written(database: Database, submission: Submission, delimiter=",", **how) -> list[list[str]]:
    text = "".join(results(database, submission, **how)).removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "cp1252"), ("\t", "utf-16")]
)
def test_formulas_are_made_harmless_and_are_the_same_values_again(
    database: Database, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    rows = [
        [f"R-{n}", "seizure", "2026-11-02", "DE", "Süßes", sold_as, "-5"]
        for n, sold_as in enumerate(HOSTILE)
    ]
    lab = laboratory(database, "DE")
    path, kept = import_rows(database, tmp_path, rows, delimiter, by=lab, encoding=encoding)
    out = written(database, kept, delimiter)
    assert out[0] == [*HEAD, "result", "problem"]
    assert [row[6] for row in out[1:]] == ["-5"] * len(HOSTILE)
    assert all(row[5][0] not in "=+-@\t\r" for row in out[1:])
    assert {row[7] for row in out[1:]} == {"rejected"} and "quantity" in out[1][8]
    again = tmp_path / "again.csv"
    again.write_text("".join(results(database, kept)), encoding="utf-8", newline="")
    assert [row.fields for row in read_delimited(again)] == [
        row.fields for row in read_delimited(path)
    ]


def test_every_row_of_a_rejected_report_says_where_its_problem_stands(
    database: Database, tmp_path: Path
) -> None:
    right = ["R-1", "seizure", "2026-11-02", "DE", "a", "", ""]
    wrong = ["R-2", "seizure", "2026-11-02", "FR", "a", "", ""]
    rows = [right, wrong, [*wrong[:4], "b", "", ""], [""] * 7, [*right[:4], "c", "", "", "x"]]
    _, kept = import_rows(database, tmp_path, rows, by=laboratory(database, "DE"))
    out = written(database, kept)
    assert [(row[0], row[-2]) for row in out[1:]] == [
        ("R-1", "queued"), ("R-2", "rejected"), ("R-2", "rejected"), ("R-1", "rejected"),
    ]  # fmt: skip
    assert "foreign" not in out[2][-1] and "country: LAB-DE reports for DE" in out[2][-1]
    assert out[3][-1] == "see row 3"
    only = written(database, kept, only=Fate.REJECTED)
    assert only == [out[0], *out[2:]]


def test_more_rows_than_are_asked_for_at_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.intake.results.AT_ONCE", 7)
    rows = [[f"R-{n}", "seizure", "2026", "DE", "a", "", ""] for n in range(40)]
    _, kept = import_rows(database, tmp_path, rows, by=laboratory(database, "DE"))
    assert [row[0] for row in written(database, kept)[1:]] == [f"R-{n}" for n in range(40)]


def test_the_rejected_rows_of_a_workbook_have_its_columns_and_may_go_back(
    database: Database, tmp_path: Path
) -> None:
    right = ["R-1", "seizure", "2026-11-02", "DE", "a", "", ""]
    wrong = ["R-2", "seizure", "2026-11-02", "FR", "b", "+x", "2.5"]
    path = tmp_path / "rows.xlsx"
    path.write_bytes(book(sheets={"notes": [["x"]], "reports": [HEAD, right, wrong]}))
    kept = take_file(database, path, clock=lambda: NOW, by=laboratory(database, "DE")).submission
    out = written(database, kept)
    assert out[0] == [*HEAD, "result", "problem"]
    assert [(row[0], row[-2]) for row in out[1:]] == [("R-1", "queued"), ("R-2", "rejected")]
    (header, row) = written(database, kept, only=Fate.REJECTED)
    assert (header, row[:5], row[6]) == (out[0], wrong[:5], "2.5")
    again = tmp_path / "again.csv"
    mended = "".join(results(database, kept, only=Fate.REJECTED)).replace(",FR,", ",DE,")
    again.write_text(mended, encoding="utf-8", newline="")
    (read,) = read_delimited(again)
    assert read.fields["country"] == "DE" and read.fields["sold_as"] == "+x"


def test_what_came_through_the_api_comes_back_as_lines_of_json(database: Database) -> None:
    wrong = report(reference="R-2", country="FR")
    sent = take_reports(database, [report(), wrong], by=laboratory(database, "DE"))
    told = [json.loads(line) for line in "".join(results(database, sent.submission)).splitlines()]
    assert [(one["row"], one["result"], one["report"]) for one in told] == [
        (1, "accepted", report()), (2, "rejected", wrong),
    ]  # fmt: skip
    assert "country: LAB-DE reports for DE" in told[1]["problem"]
    only = "".join(results(database, sent.submission, only=Fate.REJECTED))
    assert [row.fields for row in read_ndjson([only.encode()])] == [wrong]


def test_a_receipt_tells_what_happened_since(database: Database) -> None:
    lab = laboratory(database, "DE")
    sent = take_reports(database, [report(), report(reference="R-2")], by=lab)
    take_reports(database, [report(version=2, sold_as="x")], by=lab)
    take_reports(database, [report(version=3, sold_as="y")], by=lab)
    gone = {"reference": "R-2", "version": 2, "type": "withdrawal", "findings": None}
    take_reports(database, [report(**gone)], by=lab)
    with database.reading() as session:
        page = receipt_page(session, lab, NOW.date(), sent.submission)
        told = [
            [(one.what, one.report.version) for one in row.since if one.report] for row in page.rows
        ]
        assert told == [[("amended", 3)], [("withdrawn", 2)]]


def test_a_receipt_tells_of_names_that_were_resolved_since(known: Database) -> None:
    lab, later = laboratory(known, "DE"), NOW + timedelta(days=1)
    named = report(findings=[{"substance_name": "Nobody's name"}])
    sent = take_reports(known, [named], by=lab)
    with known.transaction() as session:
        substance = session.scalars(select(Substance).order_by(Substance.id)).first()
        assert substance is not None
        key = session.scalars(select(Finding.name_key)).one()
        resolve_name(session, key or "", substance, by=SYSTEM, now=later)
    with known.reading() as session:
        page = receipt_page(session, lab, NOW.date(), sent.submission)
        (one,) = page.rows[0].since
        assert (one.what, one.name, one.at) == ("resolved", "Nobody's name", later)
        assert one.substance == (substance.code, substance.name)


def test_a_receipt_hides_what_is_for_the_authority_alone(database: Database) -> None:
    lab = laboratory(database, "DE")
    hidden = report(reference="R-2", handling="red", findings=[{"substance_name": "x"}])
    sent = take_reports(database, [report(), hidden], by=lab)
    with database.reading() as session:
        own = receipt_page(session, lab, NOW.date(), sent.submission)
        assert [row.hidden for row in own.rows] == [False, False]
        admins = receipt_page(session, SYSTEM, NOW.date(), sent.submission)
        assert [(row.hidden, row.report is None) for row in admins.rows] == [
            (False, False), (True, True),
        ]  # fmt: skip
        only = receipt_page(session, lab, NOW.date(), sent.submission, fate=Fate.QUEUED)
        assert [row.row.reference for row in only.rows] == ["R-2"]
        assert isinstance(only.rows[0].report, Report)

"""`tocsin replay` and `tocsin preview`: what is refused, and what is written."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from app.db import Database
from tests.surveillance.making import a_report, a_substance

MONTHS = ("--from", "2026-03", "--to", "2026-05")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2026-05", "--to", "2026-03"), "--to 2026-03 lies before --from 2026-05"),
        (("--from", "2026-13", "--to", "2026-03"), '--from "2026-13" is no month; write YYYY-MM'),
        (("--from", "2026-03", "--to", "March"), '--to "March" is no month; write YYYY-MM'),
        ((*MONTHS, "--score", "/nowhere.csv"), "'/nowhere.csv' does not exist"),
        ((*MONTHS, "--out", "/nowhere/out.csv"), "No such file or directory: '/nowhere/out.csv'"),
        ((*MONTHS, "--known-after", "3", "--as-received"), "--known-after and --as-received"),
    ],
)
def test_what_cannot_be_replayed_is_said(tocsin, tmp_path, words, said) -> None:
    out = () if "--out" in words else ("--out", str(tmp_path / "out.csv"))
    done = tocsin("replay", *words, *out)
    assert done.exit_code != 0 and said in done.output
    assert not (tmp_path / "out.csv").exists()


def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(tocsin, tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'data' / 'tocsin.sqlite'}")
    with database.transaction() as session:
        a_report(session, a_substance(session, "=1+1"), "DE", date(2026, 4, 2))
    out = tmp_path / "out.csv"
    done = tocsin("replay", *MONTHS, "--out", str(out))
    assert done.exit_code == 0 and "1 signals opened in 3 months" in done.output
    (row,) = csv.DictReader(out.open(encoding="utf-8"))
    assert row["name"] == "'=1+1" and row["month"] == "2026-04" and row["what"] == "opened"


def test_an_empty_register_is_replayed_and_scored(tocsin, tmp_path) -> None:
    official = tmp_path / "official.csv"
    official.write_text("substance,year\nNobody,2026\n")
    done = tocsin("replay", *MONTHS, "--out", str(tmp_path / "o.csv"), "--score", str(official))
    assert done.exit_code == 0, done.output
    assert "0 substances, 0 of them reported here" in done.output
    assert "1 names not in the registry (Nobody)" in done.output

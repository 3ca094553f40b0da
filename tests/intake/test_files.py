"""Importing a file: whatever its kind, it is kept, read into the same reports, and read once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app.db import Database
from app.errors import NotFound, Refused
from app.intake.files import take_file
from app.intake.models import Finding
from app.intake.queries import submission_rows
from app.intake.readers import READ
from app.intake.words import Fate, Resolution
from tests.intake.readers.books import book
from tests.intake.readers.reading import ETHANOL, HEAD, LINE
from tests.reporting import NOW, PROTONITAZENE, laboratory, report


def test_every_kind_of_file_leads_to_the_same_report(database: Database, tmp_path: Path) -> None:
    lab = laboratory(database, "DE")
    one = report(findings=[{"structure": PROTONITAZENE}])
    csv = f"{HEAD},handling,structure\n{LINE},clear,{PROTONITAZENE}\n"
    files = {
        "a.json": json.dumps([one]),
        "b.ndjson": f"\n{json.dumps(one)}\n",
        "c.jsonl": f"\ufeff{json.dumps(one)}",
        "d.csv": csv,
        "e.TSV": csv.replace(",", "\t"),
        "f\udcff\x01.csv": csv,
        "g.xlsx": book(sheets={"a": [line.split(",") for line in csv.splitlines()]}),
    }
    fates = []
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        fates.append(take_file(database, tmp_path / name, by=lab, clock=lambda: NOW).fates)
    assert fates == [{Fate.ACCEPTED: 1}] + [{Fate.UNCHANGED: 1}] * (len(files) - 1)


def test_a_drawing_is_the_same_substance_in_a_cell_and_in_an_sd_file(
    database: Database, tmp_path: Path
) -> None:
    """The first line of a molfile is its title, and blank; without it the drawing is unreadable."""
    lab = laboratory(database, "DE")
    data = "".join(
        f"> <{name}>\n{value}\n\n"
        for name, value in zip(HEAD.split(","), LINE.replace("R-1", "R-2").split(","), strict=True)
    )
    files = {
        "a.csv": f'{HEAD},structure\n{LINE},"{ETHANOL}"\nR-3,seizure,2026-11-02,DE,CCO\n',
        "b.sdf": f"{ETHANOL}\n{data}$$$$\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        fates = take_file(database, tmp_path / name, by=lab, clock=lambda: NOW).fates
        assert set(fates) == {Fate.ACCEPTED}
    with database.reading() as session:
        findings = session.scalars(select(Finding)).all()
    assert {finding.resolution for finding in findings} == {Resolution.STRUCTURE}
    assert len(findings) == 3
    assert len({finding.substance_id for finding in findings}) == 1


def test_a_nul_in_a_cell_is_an_error_of_its_row(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{HEAD},substance_name\nR\x00-0,seizure,2026,DE,x\n{LINE},y\n")
    receipt = take_file(database, path, by=laboratory(database, "DE"), clock=lambda: NOW)
    assert receipt.fates == {Fate.REJECTED: 1, Fate.QUEUED: 1}
    with database.reading() as session:
        lines = submission_rows(session, receipt.submission)
    assert [note["field"] for note in lines[0][0].notes] == ["reference"]


def test_a_file_that_is_not_read_says_what_is(database: Database, tmp_path: Path) -> None:
    lab = laboratory(database, "DE")
    with pytest.raises(Refused) as refused:
        take_file(database, tmp_path / "report.docx", by=lab, clock=lambda: NOW)
    assert all(kind in str(refused.value) for kind in READ)
    with pytest.raises(NotFound, match="nflis"):
        take_file(database, tmp_path / "a.csv", by=lab, clock=lambda: NOW, profile="nfli")

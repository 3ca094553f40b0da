"""An empty table that somebody fills in is a file that is read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from app.db import Database
from app.errors import Refused
from app.intake.codes import codes
from app.intake.files import take_file
from app.intake.readers import open_rows, read_delimited
from app.intake.templates import template, template_columns
from app.intake.words import Fate
from tests.reporting import NOW, PROTONITAZENE, laboratory

FILLED = {
    "reference": "R-1", "event_kind": "seizure", "event_date": "2026-11", "country": "DE",
    "substance_name": "Protonitazene", "structure": PROTONITAZENE, "techniques": "GC-MS; NMR",
    "age_band": "15-19", "purity_percent": 12.5, "isomer_resolved": "yes", "handling": "clear",
}  # fmt: skip


def workbook():
    return load_workbook(io.BytesIO(template(".xlsx")))


def test_a_filled_in_csv_template_is_read_and_taken(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    text = template(".csv").decode("utf-8-sig")
    header = next(csv.reader([text]))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, header)
        table.writeheader()
        table.writerow(FILLED)
    taken = take_file(database, path, by=laboratory(database, "DE"), clock=lambda: NOW)
    assert taken.fates == {Fate.ACCEPTED: 1}
    assert taken.resolutions.total() == 1


def test_a_filled_in_xlsx_template_is_read_and_taken(database: Database, tmp_path: Path) -> None:
    path, book = tmp_path / "filled.xlsx", workbook()
    sheet = book["reports"]
    for cell in sheet[1]:
        sheet.cell(2, cell.column, FILLED.get(cell.value))
    book.save(path)
    taken = take_file(database, path, by=laboratory(database, "DE"), clock=lambda: NOW)
    assert taken.fates == {Fate.ACCEPTED: 1}
    path.write_bytes(template(".xlsx"))
    assert list(open_rows(path)) == []


def test_an_unfilled_template_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(template(".csv"))
    assert list(read_delimited(path)) == []


def test_both_templates_have_the_columns_and_what_is_required_comes_first() -> None:
    names = [field.name for field in template_columns()]
    assert [cell.value for cell in workbook()["reports"][1]] == names
    assert next(csv.reader([template(".csv").decode("utf-8-sig")])) == names
    assert set(names[:4]) == {"reference", "event_kind", "event_date", "country"}
    assert sorted(names) == sorted(f.name for f in codes().fields("report", "finding") if f.column)


def test_every_code_column_has_a_drop_down_of_exactly_its_codes() -> None:
    book = workbook()
    reports, legend = book["reports"], book["codes"]
    rules = {
        str(rule.sqref).split(":")[0]: rule for rule in reports.data_validations.dataValidation
    }
    for cell in reports[1]:
        field = next(f for f in template_columns() if f.name == cell.value)
        rule = rules[f"{cell.column_letter}2"]
        assert field.meaning[:40] in rule.prompt and len(rule.prompt) <= 255
        if field.codes:
            assert rule.type == "list"
            where = rule.formula1.removeprefix("codes!").replace("$", "")
            held = [one.value for (one,) in legend[where]]
            assert held == [one.code for one in codes().code_list(field.codes).codes]
        else:
            assert rule.formula1 == ('"yes,no"' if field.type == "yes or no" else None)


def test_what_is_no_number_is_text_so_that_no_spreadsheet_changes_it() -> None:
    sheet = workbook()["reports"]
    for cell in sheet[1]:
        field = next(f for f in template_columns() if f.name == cell.value)
        text = sheet.column_dimensions[cell.column_letter].number_format == "@"
        assert text == (field.type not in ("number", "whole number")), cell.value
    assert sheet.freeze_panes == "B2"


def test_the_second_sheet_explains_every_field() -> None:
    legend = list(workbook()["codes"].iter_rows(values_only=True))
    told = {row[0]: row[2] for row in legend[1:] if row[0]}
    assert told == {field.name: field.meaning for field in template_columns()}


@pytest.mark.parametrize("suffix", ["", ".ods", ".xlsm"])
def test_another_kind_of_template_is_refused(suffix: str) -> None:
    with pytest.raises(Refused, match=r"\.csv or \.xlsx"):
        template(suffix)

"""Empty tables to fill in: the columns of a report file, as CSV and as XLSX with drop-downs.

Both are made from the schema (`codes`). In the XLSX every column that is not a number is text, so
that a spreadsheet turns no date, age band or code into something else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cache

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from app.errors import Refused
from app.intake.codes import FieldOut, codes, columns

ROWS = 5000  # as far down as drop-downs reach; more rows may be filled in
SHEET, LEGEND = "reports", "codes"
YES_OR_NO = "yes or no"
NUMBERS = {"number", "whole number"}
LONGEST_PROMPT = 255  # what a spreadsheet shows beside a cell
_REQUIRED = PatternFill("solid", fgColor="FFE6F3F4")
_HEAD = ("field", "code", "meaning", "type", "limits", "required", "if left out")
_WIDTHS = (20, 22, 80, 34, 26, 10, 12)


def template(suffix: str) -> bytes:
    """The empty table as a file of that kind, `.csv` or `.xlsx`. Raises Refused for another."""
    made = {".csv": csv_template, ".xlsx": xlsx_template}.get(suffix.lower())
    if made is None:
        raise Refused(f'there is no template of the kind "{suffix}"; use .csv or .xlsx')
    return made()


def template_columns() -> list[FieldOut]:
    """The columns in the order people fill them in: what is required, the finding, the rest."""
    finding = {field.name for field in codes().fields("finding")}
    return sorted(columns(), key=lambda f: 0 if f.required else 1 if f.name in finding else 2)


@cache
def csv_template() -> bytes:
    """One line that names the columns; with a mark at its start by which Excel knows UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerow([field.name for field in template_columns()])
    return text.getvalue().encode("utf-8-sig")


@cache
def xlsx_template() -> bytes:
    """A sheet to fill in and one that explains it; the first list of a cell is a drop-down."""
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet, legend = book.create_sheet(SHEET), book.create_sheet(LEGEND)
    where = _explain(legend)
    for number, field in enumerate(template_columns(), start=1):
        _column(sheet, number, field, where.get(field.codes or ""))
    sheet.freeze_panes = "B2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _column(sheet: Worksheet, number: int, field: FieldOut, listed: str | None) -> None:
    letter = get_column_letter(number)
    head = sheet.cell(1, number, field.name)
    head.font = Font(bold=field.required)
    if field.required:
        head.fill = _REQUIRED
    sheet.column_dimensions[letter].width = max(14, len(field.name) + 3)
    if field.type not in NUMBERS:
        sheet.column_dimensions[letter].number_format = "@"
    rule = _rule(field, listed)
    rule.add(f"{letter}2:{letter}{ROWS + 1}")
    sheet.add_data_validation(rule)


def _rule(field: FieldOut, listed: str | None) -> DataValidation:
    """What a cell says of itself when it is chosen, and the drop-down where there are codes."""
    if field.type == YES_OR_NO:
        listed = '"yes,no"'
    rule = DataValidation(type="list" if listed else None, formula1=listed, allow_blank=True)
    rule.showInputMessage = True
    # several codes in one cell are right too, and no drop-down can give them
    rule.showErrorMessage = bool(listed) and not field.type.startswith("list")
    rule.errorTitle, rule.error = field.name, "This is no code of the list; see the sheet “codes”."
    rule.promptTitle, rule.prompt = field.name, _hint(field)
    return rule


def _hint(field: FieldOut) -> str:
    """The meaning of a field, and what may stand in it."""
    said = [field.meaning]
    if not field.codes:
        said.append(f"{field.type}{f', {field.limits}' if field.limits else ''}.")
    if field.default is not None:
        said.append(f"Left out: {field.default}.")
    return " ".join(["Required." if field.required else "", *said]).strip()[:LONGEST_PROMPT]


def _explain(sheet: Worksheet) -> dict[str, str]:
    """Fill the second sheet; where each code list stands in it, for the drop-downs."""
    where: dict[str, str] = {}
    sheet.append(_HEAD)
    for number, width in enumerate(_WIDTHS, start=1):
        sheet.cell(1, number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = width
    for line in _lines(where):
        sheet.append(line)
        sheet.cell(sheet.max_row, 1).font = Font(bold=bool(line[0]))
        sheet.cell(sheet.max_row, 3).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    return where


def _lines(where: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Each field, and below it its codes; a list that several fields share stands once."""
    row = 1
    for field in template_columns():
        row += 1
        default = "" if field.default is None else str(field.default)
        kind = f"code, as of {field.codes}" if field.codes in where else field.type
        required = "yes" if field.required else ""
        yield field.name, "", field.meaning, kind, field.limits, required, default
        if field.codes is None or field.codes in where:
            continue
        found = codes().code_list(field.codes).codes
        where[field.codes] = f"{LEGEND}!$B${row + 1}:$B${row + len(found)}"
        row += len(found)
        for one in found:
            yield "", one.code, one.meaning, "", "", "", ""

"""Workbooks: what a person sees in a cell is what is read; no workbook is a bomb."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from app.errors import Unreadable
from app.intake.profiles import Profile
from app.intake.readers.workbook import MOST_RATIO, Shape, shape_of
from app.intake.rows import Row
from tests.intake.readers.books import LINE, book, by_hand, cell, row
from tests.intake.readers.reading import COLUMNS, ETHANOL, fields, rows_of, told


def read(tmp_path: Path, content: bytes, *more: Profile) -> list[Row]:
    return rows_of(tmp_path, "file.xlsx", content, *more)


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        read(tmp_path, content)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300
    return str(refused.value)


def formatted(value: Any, code: str) -> bytes:
    """A workbook with one row whose event_date is this value in this format."""
    made = load_workbook(io.BytesIO(book(("R-1", "seizure", value, "DE", "x"))))
    made.active["C2"].number_format = code
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def test_a_row_is_a_finding_numbered_as_the_sheet_shows_it(tmp_path: Path) -> None:
    content = book(
        ("R-1", "seizure", date(2026, 11, 2), "DE", "Süßes", 0.1 + 0.2, "g", 99, None),
        ("R-1", "seizure", date(2026, 11, 2), "DE", None, None, None, 12.5, ETHANOL),
        (), (None, "  "),
        (2024, "seizure", 2024, "DE", "=1+1 is no formula here"[1:], 3.0, "g"),
    )  # fmt: skip
    first, second = read(tmp_path, content)
    assert first.numbers == (2, 3)
    assert fields(first) == {
        "reference": "R-1", "event_kind": "seizure", "event_date": "2026-11-02", "country": "DE",
        "quantity": "0.3", "unit": "g", "findings": [
            {"substance_name": "Süßes", "purity_percent": "99"},
            {"structure": ETHANOL, "purity_percent": "12.5"},
        ],
    }  # fmt: skip
    assert second.numbers == (6,)
    assert fields(second)["reference"] == "2024"
    assert fields(second)["event_date"] == "2024"
    assert fields(second)["quantity"] == "3"


@pytest.mark.parametrize(
    ("value", "code", "seen"),
    [
        (date(2026, 11, 2), "dd.mm.yyyy", "2026-11-02"),
        (datetime(2026, 11, 2, 23, 59), "yyyy-mm-dd hh:mm", "2026-11-02"),
        (date(2026, 11, 1), "mmm-yy", "2026-11"),
        (date(2026, 11, 1), "yyyy", "2026"),
        (date(2026, 11, 1), '[$-407]mmmm\\ "d" yyyy', "2026-11"),
        (2026, "0", "2026"),
        (2026, '0" dyes"', "2026"),
        ("2026-11", "@", "2026-11"),
    ],
)
def test_a_date_is_as_exact_as_the_cell_shows_it(
    tmp_path: Path, value: Any, code: str, seen: str
) -> None:
    (one,) = read(tmp_path, formatted(value, code))
    assert fields(one)["event_date"] == seen


def test_dates_since_1904_are_the_same_days(tmp_path: Path) -> None:
    made = load_workbook(io.BytesIO(book()))
    made.epoch = datetime(1904, 1, 1)
    made.active.append(("R-1", "seizure", date(2026, 11, 2), "DE", "x"))
    content = io.BytesIO()
    made.save(content)
    (one,) = read(tmp_path, content.getvalue())
    assert fields(one)["event_date"] == "2026-11-02"


def test_a_share_shown_in_percent_is_read_in_percent(tmp_path: Path) -> None:
    """The cell stores 0.95 and shows 95%."""
    made = load_workbook(io.BytesIO(book((*LINE, "x", None, None, 0.955))))
    made.active["H2"].number_format = "0.0%"
    content = io.BytesIO()
    made.save(content)
    (one,) = read(tmp_path, content.getvalue())
    assert fields(one)["findings"] == [{"substance_name": "x", "purity_percent": "95.5"}]


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("General", Shape.PLAIN),
        ("[Red]0.00", Shape.PLAIN),
        ("h:mm", Shape.PLAIN),
        ("@", Shape.PLAIN),
        ("0%", Shape.PERCENT),
        ("m/d/yy", Shape.DAY),
        ("yyyy\\-mm", Shape.MONTH),
    ],
)
def test_a_format_says_what_a_number_is(code: str, shape: Shape) -> None:
    assert shape_of(code) is shape


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ('<c r="E2" t="e"><v>#N/A</v></c>', "cell E2 holds the error #N/A"),
        ('<c r="E2"><f>A1</f></c>', "cell E2 holds a formula without its value"),
        ('<c r="E2"><f>A1</f><v></v></c>', "cell E2 holds a formula without its value"),
        ('<c r="E2" t="s"><v>7</v></c>', "cell E2 refers to a text that is not in the workbook"),
        ('<c r="E2" t="s"><v>-1</v></c>', "cell E2 refers to a text"),
        ('<c r="E2"><v>1e999</v></c>', 'cell E2 holds "1e999", which is no number'),
        ('<c r="E2"><v>ten</v></c>', 'cell E2 holds "ten", which is no number'),
        ('<c r="E2" s="1"><v>1e9</v></c>', "which is no date"),
        ('<c r="E2" s="1"><v>-1e300</v></c>', "which is no date"),
        (f'<c r="E2" t="str"><v>{"x" * 200_001}</v></c>', "more than 200,000 characters"),
        (f'<c r="E2" t="str"><v>{"x" * 1_500_000}</v></c>', "row of more than 1,000,000"),
    ],
)
def test_a_cell_that_holds_no_value_is_named(tmp_path: Path, name: str, said: str) -> None:
    first = "".join(map(cell, LINE))
    after = row("R-2", *LINE[1:], "y")
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    data = f"{row(*COLUMNS, 'substance_name')}<row>{first}{name}</row>{after}"
    bad, good = read(tmp_path, by_hand(data, styles=styles, packing=zipfile.ZIP_STORED))
    assert told(bad) == [("substance_name", 2)]
    assert said in bad.problems[0].message
    assert bad.fields == {"reference": "R-1"}
    assert fields(good)["reference"] == "R-2"


def test_a_formula_is_read_as_its_last_value(tmp_path: Path) -> None:
    values = '<c t="str"><f>A1</f><v>x</v></c>', '<c t="str"><f>A1</f><v></v></c>'
    data = row(*COLUMNS, "substance_name", "sold_as")
    data += f"<row>{''.join(map(cell, LINE))}{''.join(values)}</row>"
    (one,) = read(tmp_path, by_hand(data))
    assert fields(one)["findings"] == [{"substance_name": "x"}]
    assert "sold_as" not in fields(one)


def test_texts_are_joined_and_not_read_aloud(tmp_path: Path) -> None:
    texts = "<si><r><t>Sü</t></r><r><t>ßes</t></r><rPh><t>aloud</t></rPh></si>"
    data = row(*COLUMNS, "substance_name")
    data += f'<row>{"".join(map(cell, LINE))}<c t="s"><v>0</v></c></row>'
    (one,) = read(tmp_path, by_hand(data, texts=texts))
    assert fields(one)["findings"] == [{"substance_name": "Süßes"}]


def test_the_sheet_named_reports_is_read_else_the_first_with_our_columns(tmp_path: Path) -> None:
    ours = [[*COLUMNS, "substance_name"], [*LINE, "x"]]
    other = [[*COLUMNS, "substance_name"], ["R-2", *LINE[1:], "y"]]
    sheets = {"Notes": [["how to fill this in"]], "Empty": [], "A": ours, "Reports": other}
    assert [fields(r)["reference"] for r in read(tmp_path, book(sheets=sheets))] == ["R-2"]
    del sheets["Reports"]
    assert [fields(r)["reference"] for r in read(tmp_path, book(sheets=sheets))] == ["R-1"]
    assert "unknown column" in refusal(tmp_path, book(sheets={"Notes": sheets["Notes"]}))
    assert "is empty" in refusal(tmp_path, book(sheets={"Empty": []}))


def test_columns_without_a_name_must_be_empty(tmp_path: Path) -> None:
    head = (*COLUMNS, None, "substance_name", None)
    lines = [head, (*LINE, None, "x"), ("R-2", *LINE[1:], 7, "x"), ("R-3", *LINE[1:], None, "x", 8)]
    good, below, beside = read(tmp_path, book(sheets={"a": lines}))
    assert fields(good)["findings"] == [{"substance_name": "x"}]
    assert told(below) == [("line", 3)]
    assert "cell G4" in beside.problems[0].message


def test_results_sent_back_and_profiles_are_read(tmp_path: Path) -> None:
    lines = [("result", *COLUMNS, "substance_name", "problem"), ("rejected", *LINE, "'=x", "#N/A")]
    (one,) = read(tmp_path, book(sheets={"a": lines}))
    assert fields(one)["findings"] == [{"substance_name": "=x"}]
    profile = Profile("own", "", {"substance_name": "Drug"}, {"country": "DE"}, "{No}")
    (one,) = read(tmp_path, book(sheets={"a": [("no", "DRUG", "x"), (7, "y", "#REF!")]}), profile)
    assert fields(one) == {"reference": "7", "country": "DE", "findings": [{"substance_name": "y"}]}


BOMB = b"<row/>" * 5_000_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no XLSX workbook"),
        (b"PK\x03\x04", "no XLSX workbook"),
        (b"reference,event_kind\n", "no XLSX workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password; save it as plain .xlsx"),
        (book()[:-30], "only a part of one"),
        (book()[1000:], "no XLSX workbook"),
        (by_hand(workbook=None), "missing"),
        (by_hand(workbook="<workbook/>"), "no sheet"),
        (by_hand(workbook="<workbook>"), "damaged"),
        (by_hand(sheet1=None), "missing"),
        (by_hand(sheet1="<worksheet/>"), "empty"),
        (by_hand(""), "empty"),
        (by_hand("<row/>" * 1000), "empty"),
        (by_hand(BOMB), "unpacks to"),
        (by_hand(texts="<si><t/></si>" * 3_000_000), "unpacks to"),
        (by_hand(styles=" " * 17_000_000, packing=zipfile.ZIP_STORED), "at most 16,777,216"),
        (by_hand(before='<!DOCTYPE a [<!ENTITY b "c">]>'), "document type"),
        (by_hand(before='<!DOCTYPE a SYSTEM "file:///etc/passwd">'), "document type"),
        (by_hand(f"<!--{'x' * 1_200_000}-->", packing=zipfile.ZIP_STORED), "damaged"),
        (by_hand(row("x" * 2_000_000), packing=zipfile.ZIP_STORED), "more than 1,000,000"),
        (by_hand('<row r="99999999999"/>'), "row 0 comes a row"),
        (by_hand('<row r="0000000001"/>'), "row 0 comes a row"),
        (by_hand("<a>" * 200), "is damaged"),
        (by_hand("".join(f"<a{n}/>" for n in range(20_000))), "is damaged"),
        (by_hand("".join(f'<a xmlns:b{n}="c"/>' for n in range(20_000))), "is damaged"),
        (by_hand('<row><c r="ZZZZ1"/></row>'), "out of order"),
        (by_hand('<row><c r="XFE1"/></row>'), "out of order"),
        (by_hand('<row><c t="e"><v>#REF!</v></c></row>'), "cell A1 holds the error"),
        (by_hand(packing=zipfile.ZIP_LZMA), "no spreadsheet packs"),
        (by_hand(more={f"{n}/{'x' * 200}": b"" for n in range(20_000)}), "more parts"),
    ],
    ids=range(30),
)  # fmt: skip
def test_what_is_no_workbook_or_too_much_of_one_is_refused_in_words(
    tmp_path: Path, content: bytes, said: str
) -> None:
    assert said in refusal(tmp_path, content)


def test_a_workbook_with_a_password_is_refused_in_words(tmp_path: Path) -> None:
    content = bytearray(by_hand())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    assert "password" in refusal(tmp_path, bytes(content))


@pytest.mark.parametrize(
    "broken",
    [
        '<row r="2">',
        '<row r="1"/>',
        '<row r="3"><c r="B3"/><c r="A3"/></row>',
        "<row><c></row>",
        "&x;",
    ],
)
def test_where_a_sheet_is_damaged_reading_ends_and_says_so(tmp_path: Path, broken: str) -> None:
    data = row(*COLUMNS, "substance_name") + row(*LINE, "x") + broken + row("R-2", *LINE[1:], "y")
    rows = read(tmp_path, by_hand(data))
    assert fields(rows[0])["reference"] == "R-1"
    assert rows[-1].problems[0].code == "damaged"
    assert rows[-1].number > 2


def test_a_sheet_that_claims_a_million_rows_and_columns_costs_what_is_in_it(tmp_path: Path) -> None:
    first = f'<row r="900000">{"".join(map(cell, LINE))}<c r="XFD900000"/></row>'
    wide = "".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(900_001, 950_001))
    content = by_hand(row(*COLUMNS) + first + wide + '<row r="1048576"><c r="XFD1048576"/></row>')
    tracemalloc.start()
    try:
        assert [one.numbers for one in read(tmp_path, content)] == [(900_000,)]
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_full_sheet_of_equal_rows_is_no_bomb(tmp_path: Path) -> None:
    content = book(*[("R", "seizure", date(2026, 11, 2), "DE", "x", 0.5, "g")] * 4_000)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    assert sheet.file_size / sheet.compress_size < MOST_RATIO / 2
    assert sum(len(one.numbers) for one in read(tmp_path, content)) == 4_000


@pytest.mark.parametrize("decimal", ["", ".", ","])
def test_a_number_cell_is_the_same_number_whatever_mark_a_profile_tells_of(
    tmp_path: Path, decimal: str
) -> None:
    """A point in a number cell is never one that sets thousands apart: 1.234 g is not 1234 g."""
    profile = Profile(
        "own", "", {"quantity": "Menge", "unit": "Einheit"}, {}, "{Nr}", decimal=decimal
    )
    sheet = book(sheets={"a": [("Nr", "Menge", "Einheit"), (7, 1.234, "g"), (8, 2500, "g")]})
    first, second = read(tmp_path, sheet, profile)
    assert first.fields is not None and second.fields is not None
    assert float(first.fields["quantity"]) == 1.234
    assert float(second.fields["quantity"]) == 2500

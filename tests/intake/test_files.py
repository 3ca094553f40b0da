"""Files as spreadsheets write them: any delimiter, any encoding; one bad line costs one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.db import Database
from app.errors import NotFound, Refused, Unreadable
from app.intake.files import take_file
from app.intake.queries import submission_rows
from app.intake.reading import LONGEST_CELL, read_delimited, read_ndjson
from app.intake.rows import Row
from app.intake.words import Fate
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

HEAD = "reference,event_kind,event_date,country"
LINE = "R-1,seizure,2026-11-02,DE"


def read(tmp_path: Path, content: str | bytes, **how) -> list[Row]:
    path = tmp_path / "file.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_delimited(path, **how))


def fields(row: Row) -> dict[str, Any]:
    assert row.fields is not None, row.problems
    return dict(row.fields)


TABLE = f'{HEAD},substance_name,quantity,unit\n{LINE},"Süßes, Pulver","1.5",g\n'
READ = {
    "reference": "R-1", "event_kind": "seizure", "event_date": "2026-11-02", "country": "DE",
    "quantity": "1.5", "unit": "g", "findings": [{"substance_name": "Süßes, Pulver"}],
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_encoding_and_line_ends_of_the_spreadsheet_do_not_matter(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    (row,) = read(tmp_path, TABLE.replace("\n", ending).encode(encoding))
    assert fields(row) == READ
    assert row.numbers == (2,)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    cells = [*LINE.split(","), '"a,b;c|d"', "1.5", "g"]
    head = [*HEAD.split(","), "substance_name", "quantity", "unit"]
    (row,) = read(tmp_path, f"{delimiter.join(head)}\n{delimiter.join(cells)}\n")
    assert fields(row)["findings"] == [{"substance_name": "a,b;c|d"}]


def test_a_decimal_comma_is_a_number_and_only_in_numbers(tmp_path: Path) -> None:
    text = f"{HEAD};quantity;unit;purity_percent;substance_name".replace(",", ";")
    (row,) = read(tmp_path, f"{text}\n{LINE.replace(',', ';')};1,5;g;99,5;2,5-DMA\n")
    assert fields(row)["quantity"] == "1.5"
    assert fields(row)["findings"] == [{"purity_percent": "99.5", "substance_name": "2,5-DMA"}]


def test_neighbouring_lines_of_one_reference_are_one_report(tmp_path: Path) -> None:
    lines = [f"{LINE},a", f"{LINE},b", "R-2,seizure,2026-11-02,DE,a", f"{LINE},c", ""]
    rows = read(tmp_path, "\n".join([f"{HEAD},substance_name", *lines]))
    assert [row.numbers for row in rows] == [(2, 3), (4,), (5,)]
    assert [len(fields(row)["findings"]) for row in rows] == [2, 1, 1]


def test_a_line_break_inside_quotes_does_not_break_the_line(tmp_path: Path) -> None:
    molfile = "\n  x\n\n  0  0\nM  END"
    rows = read(tmp_path, f'{HEAD},structure\n{LINE},"{molfile}"\nR-2,seizure,2026,DE,CCO\n')
    assert [row.numbers for row in rows] == [(2,), (3,)]
    assert fields(rows[0])["findings"] == [{"structure": molfile.strip()}]


def test_a_ragged_line_costs_only_itself(tmp_path: Path) -> None:
    text = f"{HEAD},substance_name\n{LINE},a,b,c\n\n , ,\nR-2,seizure\n{LINE},a\n"
    rows = read(tmp_path, text)
    assert [row.number for row in rows] == [2, 5, 6]
    assert "7 cells, the header 5" in rows[0].problems[0].message
    assert fields(rows[1]) == {"reference": "R-2", "event_kind": "seizure", "findings": [{}]}
    assert fields(rows[2])["findings"] == [{"substance_name": "a"}]


def test_a_giant_cell_costs_only_itself(tmp_path: Path) -> None:
    text = f"{HEAD},structure\n{LINE},{'C' * (LONGEST_CELL + 1)}\nR-2,seizure,2026,DE,CCO\n"
    rows = read(tmp_path, text)
    assert "field larger" in rows[0].problems[0].message
    assert fields(rows[1])["reference"] == "R-2"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (HEAD.replace("event_kind", "event_knd").encode(), "did you mean event_kind?"),
        (HEAD.replace("reference", "Reference").encode(), "did you mean reference?"),
        (f"{HEAD},,".encode(), "(blank)"),
        (f"{HEAD},country".encode(), "country, row 1: names two columns"),
        (b"substance_name\nx\n", "no such column"),
        (b'"' + b"x" * (LONGEST_CELL + 1), "field larger"),
        (bytes(range(256)) * 8, "unknown column"),
        (b"\x00\x00\x00", "unknown column"),
        (b"PK\x03\x04\x14\x00\x06\x00", "unknown column"),
    ],
    ids=lambda x: repr(x)[:24],
)
def test_a_header_that_cannot_be_used_is_told_how_to_mend_it(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(Unreadable) as told:
        read(tmp_path, content)
    assert said in str(told.value)
    assert str(told.value).isprintable()


def test_any_bytes_below_a_good_header_give_rows_and_no_crash(tmp_path: Path) -> None:
    @given(st.binary(max_size=200) | st.text(alphabet='R,-"\n\r;\x00', max_size=60).map(str.encode))
    @example(b'"unclosed,\n' + LINE.encode())
    def check(junk: bytes) -> None:
        for row in read(tmp_path, f"{HEAD}\n{LINE}\n".encode() + junk):
            assert (row.fields is None) == bool(row.problems)

    check()


@given(st.lists(st.binary(max_size=60)))
def test_any_lines_are_ndjson_with_a_fate_each(lines: list[bytes]) -> None:
    rows = list(read_ndjson(lines))
    assert [row.number for row in rows] == [n for n, x in enumerate(lines, 1) if x.strip()]


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
    }
    fates = []
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        fates.append(take_file(database, tmp_path / name, by=lab, clock=lambda: NOW).fates)
    assert fates == [{Fate.ACCEPTED: 1}] + [{Fate.UNCHANGED: 1}] * (len(files) - 1)


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
    with pytest.raises(Refused, match=r"\.csv"):
        take_file(database, tmp_path / "report.docx", by=lab, clock=lambda: NOW)
    with pytest.raises(NotFound, match="nflis"):
        take_file(database, tmp_path / "a.csv", by=lab, clock=lambda: NOW, profile="nfli")

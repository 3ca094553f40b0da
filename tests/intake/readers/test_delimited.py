"""CSV as spreadsheets write it: any delimiter, any encoding; one bad line costs one line."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.errors import Unreadable
from app.intake.profiles import Profile, load_profile
from app.intake.readers import read_delimited
from app.intake.readers.columns import LONGEST_CELL
from app.intake.readers.text import LONGEST_ROW
from app.intake.rows import Row
from tests.intake.readers.reading import COLUMNS, ETHANOL, HEAD, LINE, fields, rows_of, told


def read(tmp_path: Path, content: str | bytes, *more: Profile) -> list[Row]:
    return rows_of(tmp_path, "file.csv", content, *more)


TABLE = f'{HEAD},substance_name,quantity,unit\n{LINE},"Süßes, Pulver","1.5",g\n'
READ = {
    "reference": "R-1", "event_kind": "seizure", "event_date": "2026-11-02", "country": "DE",
    "quantity": "1.5", "unit": "g", "findings": [{"substance_name": "Süßes, Pulver"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_encoding_and_line_ends_of_the_spreadsheet_do_not_matter(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    (row,) = read(tmp_path, TABLE.replace("\n", ending).encode(encoding))
    assert fields(row) == READ
    assert row.numbers == (2,)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_first_umlaut_may_come_late(tmp_path: Path, encoding: str) -> None:
    lines = "".join(f"R-{n},seizure,2026,DE,plain\n" for n in range(5_000))
    rows = read(tmp_path, f"{HEAD},substance_name\n{lines}{LINE},Süßes\n".encode(encoding))
    assert fields(rows[-1])["findings"] == [{"substance_name": "Süßes"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    cells = [*LINE.split(","), '"a,b;c|d"', "1.5", "g"]
    head = [*HEAD.split(","), "substance_name", "quantity", "unit"]
    (row,) = read(tmp_path, f"{delimiter.join(head)}\n{delimiter.join(cells)}\n")
    assert fields(row)["findings"] == [{"substance_name": "a,b;c|d"}]


@pytest.mark.parametrize(
    "head",
    [
        '"reference";"event_kind";"event_date";"country";"substance_name"',
        "sep=;\r\nreference;event_kind;event_date;country;substance_name",
        "\ufeffSEP=;\nreference;event_kind;event_date;country;substance_name",
        "Reference;Event Kind;EVENT-DATE; country ;substance  name",
    ],
)
def test_a_header_is_found_however_it_is_dressed(tmp_path: Path, head: str) -> None:
    (row,) = read(tmp_path, f"{head}\nR-1;seizure;2026;DE;a,b,c,d,e,f\n")
    assert fields(row)["findings"] == [{"substance_name": "a,b,c,d,e,f"}]
    assert row.number == 2


def test_a_header_may_hold_other_delimiters_in_its_names(tmp_path: Path) -> None:
    profile = Profile("own", "", {"substance_name": "what, found"}, {"country": "DE"}, "{No}")
    (row,) = read(tmp_path, '"No";"what, found"\n7;"a;b"\n', profile)
    assert fields(row) == {
        "reference": "7", "country": "DE", "findings": [{"substance_name": "a;b"}]
    }  # fmt: skip


def test_a_decimal_comma_is_a_number_and_only_in_numbers(tmp_path: Path) -> None:
    text = f"{HEAD};quantity;unit;purity_percent;substance_name".replace(",", ";")
    (row,) = read(tmp_path, f"{text}\n{LINE.replace(',', ';')};1,5;g;99,5;2,5-DMA\n")
    assert fields(row)["quantity"] == "1.5"
    assert fields(row)["findings"] == [{"purity_percent": "99.5", "substance_name": "2,5-DMA"}]


def test_a_comma_that_may_set_thousands_apart_is_not_guessed_at(tmp_path: Path) -> None:
    head = f"{HEAD},quantity,purity_percent"
    amounts = ['"1,234"', '"0,234"', '"1,23"', '"1234,5"', '"1,234,567"']
    lines = [f'R-{n},seizure,2026,DE,{x},"99,125"' for n, x in enumerate(amounts)]
    rows = read(tmp_path, "\n".join([head, *lines]))
    assert told(rows[0]) == [("quantity", 2)]
    assert "1.234 or 1234" in rows[0].problems[0].message
    assert [fields(row)["quantity"] for row in rows[1:4]] == ["0.234", "1.23", "1234.5"]
    assert fields(rows[1])["findings"] == [{"purity_percent": "99.125"}]
    (row,) = read(
        tmp_path, f"{head}\n{LINE},{amounts[0]},1".replace(",", ";").replace('"1;', '"1,')
    )
    assert fields(row)["quantity"] == "1.234"


def test_a_molfile_in_a_cell_is_kept_as_it_is_blank_title_and_all(tmp_path: Path) -> None:
    for end in ("\n", "\r\n"):
        molfile = ETHANOL.replace("\n", end)
        rows = read(tmp_path, f'{HEAD},structure\n{LINE},"{molfile}"\nR-2,seizure,2026,DE, CCO \n')
        assert [row.numbers for row in rows] == [(2,), (3,)]
        assert fields(rows[0])["findings"] == [{"structure": molfile}]
        assert fields(rows[1])["findings"] == [{"structure": "CCO"}]
    (row,) = read(tmp_path, f'structure,{HEAD}\n"{ETHANOL}",{LINE}\n')
    assert fields(row)["findings"] == [{"structure": ETHANOL}]


def test_a_ragged_line_costs_only_itself(tmp_path: Path) -> None:
    text = f"{HEAD},substance_name\n{LINE},a,b,c\n\n , ,\nR-2,seizure\n{LINE},a,, \n"
    rows = read(tmp_path, text)
    assert [row.number for row in rows] == [2, 5, 6]
    assert "7 cells, the header 5" in rows[0].problems[0].message
    assert fields(rows[1]) == {"reference": "R-2", "event_kind": "seizure", "findings": [{}]}
    assert fields(rows[2])["findings"] == [{"substance_name": "a"}]


def test_a_giant_cell_costs_only_itself_and_is_named(tmp_path: Path) -> None:
    text = f"{HEAD},structure\n{LINE},{'C' * (LONGEST_CELL + 1)}\nR-2,seizure,2026,DE,CCO\n"
    rows = read(tmp_path, text)
    assert told(rows[0]) == [("structure", 2)]
    assert "a cell may have 200,000" in rows[0].problems[0].message
    assert rows[0].fields == {"reference": "R-1"}
    assert fields(rows[1])["reference"] == "R-2"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("length", [LONGEST_ROW - len(LINE), LONGEST_ROW, 3 * LONGEST_ROW + 17])
def test_a_giant_line_costs_only_itself(tmp_path: Path, ending: str, length: int) -> None:
    lines = [f"{HEAD},structure", f"{LINE},{'C' * length}", "R-2,seizure,2026,DE,CCO", ""]
    rows = read(tmp_path, ending.join(lines))
    assert [row.number for row in rows] == [2, 3]
    assert rows[0].problems[0].row == 2
    assert rows[0].fields == {"reference": "R-1"}
    assert fields(rows[1])["reference"] == "R-2"


UNCLOSED = [
    'R-1,seizure,2026,DE,"unclosed',
    'R-1,"seizure,2026,DE,x',
    '"R-1,seizure,2026,DE,x',
    'R-1,seizure,2026,DE,"5" tube"',
    'R-1,seizure,2026,DE,"a" b',
]


@pytest.mark.parametrize("bad", UNCLOSED)
@pytest.mark.parametrize(
    "after",
    [
        ["R-2,seizure,2026,DE,plain", "R-3,seizure,2026,DE,plain"],
        ['R-2,seizure,2026,DE,"quoted"', 'R-3,"seizure",2026,DE,"a, b"'],
        ['R-2,seizure,2026,DE,"a ""b"" c"', 'R-3,seizure,2026,DE,""'],
        [],
    ],
)
def test_an_unclosed_quote_does_not_swallow_the_lines_below(
    tmp_path: Path, bad: str, after: list[str]
) -> None:
    rows = read(tmp_path, "\n".join([f"{HEAD},substance_name", bad, *after]))
    assert [row.number for row in rows] == list(range(2, 3 + len(after)))
    assert told(rows[0]) == [("line", 2)]
    assert "quote" in rows[0].problems[0].message
    assert [fields(row)["reference"] for row in rows[1:]] == ["R-2", "R-3"][: len(after)]


def test_two_unclosed_quotes_do_not_close_each_other(tmp_path: Path) -> None:
    lines = [f'R-{n},seizure,2026,DE,"{end}' for n, end in enumerate(["", "", "x", "y"])]
    last = "R-9,seizure,2026,DE,fine"
    rows = read(tmp_path, "\n".join([f"{HEAD},substance_name", *lines, last]))
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    assert [bool(row.problems) for row in rows] == [True, True, True, True, False]


def test_an_unclosed_quote_above_a_long_file_does_not_swallow_it(tmp_path: Path) -> None:
    lines = [f"R-{n},seizure,2026,DE,plain" for n in range(50_000)]
    assert sum(map(len, lines)) > LONGEST_ROW
    rows = read(tmp_path, "\n".join([f"{HEAD},substance_name", 'R-x,"seizure', *lines]))
    assert len(rows) == 50_001
    assert [bool(row.problems) for row in rows[:3]] == [True, False, False]


def test_a_byte_of_no_letter_is_a_problem_of_its_cell(tmp_path: Path) -> None:
    text = f"{HEAD},substance_name\n{LINE},Süßes\nR-2,seizure,2026,DE,S".encode()
    rows = read(tmp_path, text + b"\xfc\xdfes\n" + "R-3,seizure,2026,DE,Süßes".encode())
    assert told(rows[1]) == [("substance_name", 3)]
    assert "UTF-8" in rows[1].problems[0].message
    assert [fields(rows[n])["findings"] for n in (0, 2)] == [[{"substance_name": "Süßes"}]] * 2


def test_results_sent_back_are_read_without_our_remarks(tmp_path: Path) -> None:
    head = f"Result,{HEAD},substance_name,sold_as,problem"
    text = f'{head}\nrejected,{LINE},\'=A1,\'-blue,"country: ""UK"" is, well"\n'
    (row,) = read(tmp_path, text)
    assert fields(row)["findings"] == [{"substance_name": "=A1"}]
    assert fields(row)["sold_as"] == "-blue"
    assert not {"result", "problem"} & set(fields(row))


def test_an_apostrophe_that_is_part_of_a_name_stays(tmp_path: Path) -> None:
    (row,) = read(tmp_path, f"{HEAD},substance_name\n{LINE},'4'-methyl\n")
    assert fields(row)["findings"] == [{"substance_name": "'4'-methyl"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n", "empty"),
        (HEAD.replace("event_kind", "event_knd").encode(), "did you mean event_kind?"),
        (HEAD.replace("event_kind", "Event Knd").encode(), "did you mean event_kind?"),
        (f"{HEAD},,".encode(), "(blank)"),
        (f"{HEAD},country".encode(), "country, row 1: names two columns"),
        (f"{HEAD},Country".encode(), "country, row 1: names two columns"),
        (b"substance_name\nx\n", "no such column"),
        (b'"' + b"x" * (LONGEST_CELL + 1), "unknown column"),
        (b"x" * (LONGEST_ROW + 1), "more than 1,000,000 characters"),
        (b"," * 5000, "5,001 columns"),
        (b'"reference,event_kind', "unknown column"),
        (b'"reference,event_kind\n' + b"x\n" * LONGEST_ROW, "unknown column"),
        (b"sep=;", "empty"),
        (b"sep=\\\nreference", "event_kind, row 1"),
        (bytes(range(256)) * 8, "unknown column"),
        (b"\x00\x00\x00", "unknown column"),
        (b"PK\x03\x04\x14\x00\x06\x00", "unknown column"),
    ],
    ids=lambda x: repr(x)[:24],
)
def test_a_header_that_cannot_be_used_is_told_how_to_mend_it(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        read(tmp_path, content)
    assert said in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_profile_finds_its_columns_however_they_are_capitalised(tmp_path: Path) -> None:
    nflis = load_profile("nflis")
    (row,) = read(tmp_path, "yyyy,Substance detected,FREQ,SubstanceDetected\n2023,x,4,y\n", nflis)
    assert (row.fields or {})["reference"] == "NFLIS 2023 y"
    with pytest.raises(Unreadable, match="needs the column Freq"):
        read(tmp_path, "YYYY,SubstanceDetected\n2023,x\n", nflis)
    by_case = Profile("own", "", {"substance_name": "Drug"}, {}, "{Case}")
    with pytest.raises(Unreadable, match="needs the column Case"):
        read(tmp_path, "Drug\nx\n", by_case)


def test_any_bytes_below_a_good_header_give_rows_and_no_crash(tmp_path: Path) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200) | st.text(alphabet='R,-"\n\r;\x00', max_size=60).map(str.encode))
    @example(b'"unclosed,\n' + LINE.encode())
    def check(junk: bytes) -> None:
        rows = read(tmp_path, f"{HEAD}\n{LINE}\n".encode() + junk)
        numbers = [number for row in rows for number in row.numbers]
        assert numbers == sorted(set(numbers))
        assert all(row.problems or row.fields for row in rows)

    check()


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufffd"), max_size=12)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=12)


def test_every_row_of_a_well_formed_file_is_in_exactly_one_report(tmp_path: Path) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    def check(table: list[list[str]], delimiter: str, encoding: str) -> None:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerows([[*COLUMNS, "substance_name"], *table])
        rows = read(tmp_path, text.getvalue().encode(encoding))
        filled = [n for n, cells in enumerate(table, 2) if any(map(str.strip, cells))]
        assert [number for row in rows for number in row.numbers] == filled

    check()


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write(f"{HEAD},substance_name\n")
        file.writelines(f"R-{n // 2},seizure,2026,DE,{'x' * 200}\n" for n in range(20_000))
    tracemalloc.start()
    try:
        assert sum(len(row.numbers) for row in read_delimited(path)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()

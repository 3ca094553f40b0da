"""JSON and NDJSON, as bodies and as files of any length."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Unreadable
from app.intake.readers import read_json_file, read_ndjson
from app.intake.readers.jsontext import LONGEST_REPORT
from app.intake.rows import Row
from tests.intake.readers.reading import fields, rows_of, told
from tests.reporting import report


def read(tmp_path: Path, content: str | bytes, name: str = "file.json") -> list[Row]:
    return rows_of(tmp_path, name, content)


MANY = [report(reference=f"R-{n}", sold_as='Süßes {[\\"]}') for n in range(400)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n  "])
def test_a_file_gives_the_reports_of_its_list(tmp_path: Path, indent: int, start: str) -> None:
    rows = read(tmp_path, start + json.dumps(MANY, indent=indent, ensure_ascii=False) + "\n")
    assert [fields(row) for row in rows] == MANY
    assert [row.number for row in rows] == list(range(1, 401))


def test_a_file_of_one_report_needs_no_list(tmp_path: Path) -> None:
    (row,) = read(tmp_path, json.dumps(report(), indent=2))
    assert fields(row) == report()


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_what_is_no_json_in_one_report_costs_that_report(tmp_path: Path, name: str) -> None:
    one = json.dumps(report())
    wrong = [
        '{"quantity": NaN}', '{"count": ' + "9" * 5000 + "}", '{"a": 1, "a": 2}', "7", "[]", "null",
        '{"findings": [{"purity_percent": -Infinity}]}',
    ]  # fmt: skip
    items = [one, *wrong, one]
    text = "\n".join(items) if name == "a.ndjson" else f"[{','.join(items)}]"
    rows = read(tmp_path, text, name)
    assert [bool(row.problems) for row in rows] == [False, *[True] * len(wrong), False]
    assert [p.row for row in rows for p in row.problems] == list(range(2, 2 + len(wrong)))
    assert "NaN" in rows[1].problems[0].message
    assert "5,000 digits" in rows[2].problems[0].message
    assert rows[3].problems[0].field == "a"


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_byte_that_is_not_utf_8_costs_its_report(tmp_path: Path, name: str) -> None:
    between, start, end = (b"\n", b"", b"") if name == "a.ndjson" else (b",", b"[", b"]")
    items = [b'{"sold_as": "S\xc3\xbc"}', b'{"sold_as": "S\xfc"}', b'{"sold_as": "Sue"}']
    rows = read(tmp_path, start + between.join(items) + end, name)
    assert [bool(row.problems) for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("", "ends within"),
        (" {}", "comma is missing"),
        (', {"a": ', "line 2"),
        (", {'a': 1}]", "line 2"),
        (", " + "[" * 100_000, "recursion"),
        ("] []", "more behind its end"),
        (", ]", "line 2"),
    ],
)
def test_where_a_file_is_broken_reading_ends_and_says_so(
    tmp_path: Path, behind: str, said: str
) -> None:
    rows = read(tmp_path, f'[\n{{"reference": "R"}}{behind}')
    assert [row.number for row in rows] == [1, 2]
    assert fields(rows[0]) == {"reference": "R"}
    assert told(rows[1]) == [("report", 2)]
    assert said in rows[1].problems[0].message
    assert len(rows[1].problems[0].message) < 200


@pytest.mark.parametrize(
    "content",
    [
        b"", b" ", b"\xef\xbb\xbf", b"{", b"nothing", b"[]", b"[", b"[,]", b"]", b"\xff{",
        b"[" * 100_000, b'{"a":' * 100_000, b'"\\ud800', b"\x00", '{"a": 1}'.encode("utf-16"),
        b"[" + b" " * 1_000_000, b'{"a": "' + b"x" * 300_000,
    ],
    ids=lambda b: repr(b[:20]),
)  # fmt: skip
def test_a_file_without_a_report_is_unreadable_in_words(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read(tmp_path, content)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_giant_report_is_a_problem(tmp_path: Path, name: str) -> None:
    giant = '{"structure": "' + "C" * (2 * LONGEST_REPORT + 5) + '"}'
    text = f"{{}}\n{giant}\n{{}}" if name == "a.ndjson" else f"[{{}},{giant},{{}}]"
    rows = read(tmp_path, text, name)
    assert [row.number for row in rows][:2] == [1, 2]
    assert told(rows[1]) == [("report", 2)]
    assert "longer than" in rows[1].problems[0].message
    assert [row.number for row in rows[2:]] == ([3] if name == "a.ndjson" else [])


def test_a_file_of_utf_16_lines_is_told_to_be_saved_as_utf_8(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="save it as UTF-8"):
        read(tmp_path, '{"a": 1}\n'.encode("utf-16"), "a.ndjson")


@given(st.lists(st.binary(max_size=60)))
def test_any_lines_are_ndjson_with_a_fate_each(lines: list[bytes]) -> None:
    rows = list(read_ndjson(lines))
    assert [row.number for row in rows] == [n for n, x in enumerate(lines, 1) if x.strip()]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_any_list_of_objects_is_read_as_json_reads_it(tmp_path: Path) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), min_size=1))
    def check(items: list[dict[str, object]]) -> None:
        text = json.dumps(items, ensure_ascii=True)
        assert [row.fields for row in read(tmp_path, text)] == json.loads(text)

    check()


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines(f"{json.dumps(report(reference=str(n)))},\n" for n in range(20_000))
        file.write("{}]")
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_json_file(path)) == 20_001
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()

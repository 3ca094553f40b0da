"""Neighbouring lines of one reference are one report; it is taken whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.intake.readers.grouping import MOST_ROWS
from app.intake.rows import Row
from app.intake.schema import MOST_FINDINGS
from tests.intake.readers.reading import HEAD, LINE, fields, rows_of, told


def read(tmp_path: Path, *lines: str, head: str = f"{HEAD},substance_name") -> list[Row]:
    return rows_of(tmp_path, "file.csv", "\n".join([head, *lines]))


def test_neighbouring_lines_of_one_reference_are_one_report(tmp_path: Path) -> None:
    lines = [f"{LINE},a", f"{LINE},b", "R-2,seizure,2026-11-02,DE,a", f"{LINE},c", ""]
    rows = read(tmp_path, *lines)
    assert [row.numbers for row in rows] == [(2, 3), (4,), (5,)]
    assert [len(fields(row)["findings"]) for row in rows] == [2, 1, 1]


def test_the_lines_below_the_first_may_leave_out_what_it_says(tmp_path: Path) -> None:
    (row,) = read(tmp_path, f"{LINE},a", "R-1,,,,b", "R-1,,2026-11-02,,c")
    assert row.numbers == (2, 3, 4)
    assert fields(row)["country"] == "DE"
    assert len(fields(row)["findings"]) == 3


def test_lines_that_contradict_the_first_are_told_with_both_values(tmp_path: Path) -> None:
    rows = read(tmp_path, f"{LINE},a", "R-1,death,2026-11-02,AT,b", f"{LINE},c", "R-2,,,,d")
    assert [row.numbers for row in rows] == [(2, 3, 4), (5,)]
    assert told(rows[0]) == [("event_kind", 3), ("country", 3)]
    message = rows[0].problems[1].message
    assert '"DE" in row 2' in message
    assert '"AT" in row 3' in message
    assert rows[0].fields == {"reference": "R-1"}


def test_what_only_a_later_line_says_is_not_made_the_reports(tmp_path: Path) -> None:
    head = f"{HEAD},handling,substance_name"
    (row,) = read(tmp_path, f"{LINE},,a", f"{LINE},clear,b", head=head)
    assert told(row) == [("handling", 3)]
    assert "is blank in row 2" in row.problems[0].message


@pytest.mark.parametrize(
    ("versions", "numbers"),
    [
        (("1", "2"), [(2,), (3,)]),
        (("", "2"), [(2,), (3,)]),
        (("", "1"), [(2, 3)]),
        (("2", ""), [(2, 3)]),
        (("2", "2"), [(2, 3)]),
    ],
)
def test_another_version_is_another_report(
    tmp_path: Path, versions: tuple[str, str], numbers: list[tuple[int, ...]]
) -> None:
    lines = [f"{LINE},{version},a" for version in versions]
    rows = read(tmp_path, *lines, head=f"{HEAD},version,substance_name")
    assert [row.numbers for row in rows] == numbers
    assert all(fields(row) for row in rows)


def test_lines_without_a_reference_are_each_on_their_own(tmp_path: Path) -> None:
    rows = read(tmp_path, ",seizure,2026,DE,a", ",death,2026,DE,b")
    assert [row.numbers for row in rows] == [(2,), (3,)]
    assert all("reference" not in fields(row) for row in rows)


@pytest.mark.parametrize("bad", [f"{LINE},b,too,many", f'{LINE},"unclosed', 'R-1,"a" b'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_that_cannot_be_read_stands_against_its_whole_report(
    tmp_path: Path, bad: str, place: int
) -> None:
    """Without that line a report would be taken that says less than was sent."""
    lines = [f"{LINE},a", f"{LINE},c"]
    lines.insert(place, bad)
    rows = read(tmp_path, *lines, "R-2,seizure,2026,DE,d")
    assert [row.numbers for row in rows] == [(2, 3, 4), (5,)]
    assert told(rows[0]) == [("line", 2 + place)]
    assert rows[0].fields == {"reference": "R-1"}
    assert fields(rows[1])["reference"] == "R-2"


def test_a_report_of_more_lines_than_it_may_have_findings_is_refused_whole(tmp_path: Path) -> None:
    (full,) = read(tmp_path, *[f"{LINE},a"] * MOST_FINDINGS)
    assert len(fields(full)["findings"]) == MOST_FINDINGS
    (over,) = read(tmp_path, *[f"{LINE},a"] * (MOST_FINDINGS + 1))
    assert told(over) == [("reference", 2 + MOST_FINDINGS)]
    assert len(over.numbers) == MOST_FINDINGS + 1


@pytest.mark.parametrize("line", [f"{LINE},a", f"{LINE},a,b"])
def test_a_runaway_report_is_told_in_parts_and_each_line_once(tmp_path: Path, line: str) -> None:
    rows = read(tmp_path, *[line] * (3 * MOST_ROWS), "R-2,seizure,2026,DE,d")
    assert all(row.problems for row in rows[:-1])
    assert max(len(row.numbers) for row in rows) == MOST_ROWS
    numbers = [number for row in rows for number in row.numbers]
    assert numbers == list(range(2, 3 * MOST_ROWS + 3))
    assert fields(rows[-1])["reference"] == "R-2"

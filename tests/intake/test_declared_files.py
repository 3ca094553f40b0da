"""Measures, uses and standards from files: each row with its fate, a second time nothing new."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db import Database
from app.errors import Refused, Unreadable
from app.intake.declared_files import read_declared, take_declared_file
from app.registry.facts import Topic
from tests.reporting import NOW, laboratory

TABLE = """reference;substance;country;kind;since;title;source
1;Protonitazene;DE;nps_act;2024-02;'=Act;gazette 1
2;nothing known;DE;nps_act;2024;Act;gazette 2
3;Etizolam;FR;nps_act;2024;Act;gazette 3
;;;;;;
4;Etizolam;DE;temporary;2024;Act;gazette 4;too many
5;"a name
over two lines";DE;none;;Act;gazette 5
"""


def test_each_row_of_a_table_has_its_fate(known: Database, tmp_path: Path) -> None:
    path, by = tmp_path / "measures.csv", laboratory(known, "DE")
    path.write_bytes(TABLE.encode("utf-16"))
    submission, lines = take_declared_file(known, path, Topic.MEASURE, by=by, now=NOW)
    assert submission.fates == {"accepted": 1, "rejected": 4}
    said = "\n".join(lines)
    assert 'substance, row 3: no substance in the register goes by "nothing known"' in said
    assert "country, row 4: LAB-DE does not report for FR" in said
    assert "line, row 6: has 8 cells under 7 columns" in said


def test_a_file_taken_whole_is_taken_once(known: Database, tmp_path: Path) -> None:
    path, by = tmp_path / "uses.csv", laboratory(known, "DE")
    path.write_text("reference,substance,kind,description,source\n1,Etizolam,scientific,x,y\n")
    for said in ("1 accepted", "nothing changes"):
        assert said in take_declared_file(known, path, Topic.USE, by=by, now=NOW)[1][-1]


def test_a_spreadsheet_apostrophe_is_not_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "measures.csv"
    path.write_text(TABLE)
    first = next(read_declared(path))
    assert first.fields and first.fields["title"] == "=Act"


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", "\x00\x00\x00", "reference\n" + "x" * 200_000]
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "measures.csv"
    path.write_text(content)
    with pytest.raises(Unreadable):
        list(read_declared(path))


def test_a_kind_of_file_that_is_not_read_is_named(known: Database, tmp_path: Path) -> None:
    by = laboratory(known, "DE")
    with pytest.raises(Refused, match="csv"):
        take_declared_file(known, tmp_path / "m.xlsx", Topic.USE, by=by, now=NOW)

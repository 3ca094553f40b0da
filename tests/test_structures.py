"""`tocsin structures`: a line for every row, in order, whatever the row holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import Refused
from app.structures import describe_file

MOLFILE = """
  drawn

  2  1  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.5000    0.0000    0.0000 N   0  0
  1  2  1  0
M  END
"""


def described(path: Path, text: str, jobs: int = 1) -> list[dict[str, object]]:
    path.write_bytes(text.encode())
    return [json.loads(line) for line in describe_file(path, jobs=jobs)]


def told(lines: list[dict[str, object]]) -> list[object]:
    """The SMILES of each row, or the code of what is wrong with it."""
    return [
        line["components"][0]["smiles"] if line["ok"] else line["error"]["code"] for line in lines
    ]


def test_a_list_of_smiles_has_a_line_for_every_line(tmp_path: Path) -> None:
    lines = described(tmp_path / "in.smi", "\ufeffCCO ethanol\r\n\r\nc1ccccc\r\nCN\r\n")
    assert told(lines) == ["CCO", "empty", "unreadable", "CN"]
    assert [line["row"] for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_is_read_whatever_parts_its_cells(tmp_path: Path, mark: str) -> None:
    rows = [["name", "SMILES", "structure"], ["a", "CCO", ""], ["b", "", "CN"], ["c", "", ""]]
    text = "\n".join(mark.join(row) for row in rows)
    assert told(described(tmp_path / "in.csv", text)) == ["CCO", "CN", "empty"]


def test_a_blank_row_of_a_table_counts_and_blank_rows_at_its_end_do_not(tmp_path: Path) -> None:
    lines = described(tmp_path / "in.csv", "smiles\nCCO\n\nCN\n\n\n")
    assert told(lines) == ["CCO", "empty", "CN"]


def test_a_cell_may_hold_a_molfile(tmp_path: Path) -> None:
    assert told(described(tmp_path / "in.csv", f'structure\n"{MOLFILE}"\nCCO')) == ["CN", "CCO"]


def test_a_table_without_structures_is_told_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="smiles or structure; it has name, canonical"):
        described(tmp_path / "in.csv", "Name,Canonical\nx,CCO\n")


def test_the_last_record_of_an_sd_file_needs_no_end_mark(tmp_path: Path) -> None:
    lines = described(tmp_path / "in.sdf", f"{MOLFILE}$$$$\n{MOLFILE}")
    assert told(lines) == ["CN", "CN"]


def test_a_blank_record_counts_between_others_and_not_at_the_end(tmp_path: Path) -> None:
    text = f"{MOLFILE}$$$$\n\n$$$$\n{MOLFILE}$$$$\n\n$$$$\n"
    assert told(described(tmp_path / "in.sdf", text)) == ["CN", "empty", "CN"]


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"smi, \.csv or \.sdf"):
        described(tmp_path / "in.xlsx", "")


def test_two_processes_say_the_same_in_the_same_order(tmp_path: Path) -> None:
    text = "\n".join(["CCO", "nonsense", "CNC(C)C(=O)c1ccc(C)cc1.Cl", "", "CN"] * 60)
    one = described(tmp_path / "in.smi", text)
    assert len(one) == 300
    assert described(tmp_path / "in.smi", text, jobs=2) == one

"""`tocsin structures`: one line for every row, in order, whatever it holds."""

from __future__ import annotations

import json

import pytest

from tests.reporting import PROTONITAZENE_HCL

BAD = ["", "c1ccccc", "not a structure", "C" * 300_000, "[Xx]", "C[N](C)(C)(C)C"]
GOOD = [*PROTONITAZENE_HCL, "CNC(C)C(=O)c1ccc(C)cc1", "CC(=O)[O-].[Na+]"]
ROWS = [text for pair in zip(GOOD, BAD, strict=False) for text in pair] + BAD[len(GOOD) :]


def lines(done):
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found, rows):
    assert [line["row"] for line in found] == list(range(1, len(rows) + 1))
    for line, text in zip(found, rows, strict=True):
        assert line["ok"] == (text in GOOD), line["input"][:60]
        assert (line["error"] is None) == line["ok"] == bool(line["components"])
        if line["error"]:
            assert line["error"]["code"] and line["error"]["message"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_list_of_smiles(outside, tmp_path, jobs):
    path = tmp_path / "list.smi"
    path.write_text("".join(f"{text}\n" if " " in text else f"{text}\tname\n" for text in ROWS))
    found = lines(outside("structures", str(path), "--jobs", jobs))
    check(found, ROWS)
    nitazenes = [line for line in found if line["input"] in PROTONITAZENE_HCL]
    assert len({c["connectivity"] for line in nitazenes for c in line["components"]}) == 1


@pytest.mark.parametrize("column", ["smiles", "structure", "SMILES"])
def test_a_table_with_a_column_of_structures(outside, tmp_path, column):
    path = tmp_path / "table.csv"
    path.write_text(
        "\n".join([f"id,{column}", *(f'{n},"{text}"' for n, text in enumerate(ROWS)), "99"])
    )
    check(lines(outside("structures", str(path))), [*ROWS, ""])


def test_records_of_a_structure_file(outside, tmp_path):
    water = "\n  \n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0 0.0 0.0 C   0  0\nM  END\n"
    methane = water.replace("    0.0 0.0 0.0 C   0  0", f"{0:10.4f}{0:10.4f}{0:10.4f} C   0  0")
    path = tmp_path / "records.sdf"
    path.write_text(f"{methane}$$$$\nrubbish\n$$$$\n{methane}> <ID>\n1\n\n$$$$\n{methane}")
    found = lines(outside("structures", str(path)))
    assert [line["ok"] for line in found] == [True, False, True, True]


def test_it_can_be_written_to_a_file(outside, tmp_path):
    (tmp_path / "a.smi").write_text("CCO\n")
    done = outside("structures", str(tmp_path / "a.smi"), "--out", str(tmp_path / "out.jsonl"))
    assert done.exit_code == 0 and not done.output
    assert json.loads((tmp_path / "out.jsonl").read_text())["ok"]


@pytest.mark.parametrize(
    ("name", "text"), [("a.xyz", ""), ("a.csv", "id,name\n1,x\n"), ("a.csv", "")]
)
def test_another_file_is_refused_with_what_is_right(outside, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    done = outside("structures", str(tmp_path / name))
    assert done.exit_code == 1 and "smi" in done.stderr and not done.stdout

"""SD files: a record is one finding, its drawing the structure, its data fields the columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.intake.profiles import Profile
from app.intake.readers.text import LONGEST_ROW
from app.intake.rows import Row
from app.intake.schema import MOST_PROBLEMS
from chem.examine import examine
from tests.conftest import shared_data
from tests.intake.readers.reading import ETHANOL, fields, rows_of, told

V3000 = "\n  drawn\n\n  0  0  0     0  0            999 V3000\n" + "".join(
    f"M  V30 {line}\n"
    for line in (
        "BEGIN CTAB", "COUNTS 2 1 0 0 0", "BEGIN ATOM", "1 C 0 0 0 0", "2 O 1.5 0 0 0", "END ATOM",
        "BEGIN BOND", "1 1 1 2", "END BOND", "END CTAB",
    )
) + "M  END"  # fmt: skip
SAID = {
    "reference": "R-1", "event_kind": "seizure", "event_date": "2026-11-02", "country": "DE",
}  # fmt: skip


def record(molblock: str = ETHANOL, end: str = "$$$$\n", **data: str) -> str:
    items = "".join(f">  <{name}>\n{value}\n\n" for name, value in {**SAID, **data}.items())
    return f"{molblock}\n{items}{end}"


def read(tmp_path: Path, content: str | bytes, *more: Profile) -> list[Row]:
    return rows_of(tmp_path, "file.sdf", content, *more)


@pytest.mark.parametrize("molblock", [ETHANOL, V3000])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["$$$$\n", "$$$$", ""])
def test_a_record_is_a_finding_with_its_drawing(
    tmp_path: Path, molblock: str, ending: str, end: str
) -> None:
    text = record(molblock, end, substance_name="Süßes", purity_percent="12,5")
    (row,) = read(tmp_path, text.replace("\n", ending))
    finding = {"substance_name": "Süßes", "purity_percent": "12.5", "structure": molblock}
    assert fields(row) == {**SAID, "findings": [{**finding, "structure_format": "molfile"}]}
    assert len(examine(molblock, "molfile").components) == 1


def test_neighbouring_records_of_one_reference_are_one_report(tmp_path: Path) -> None:
    text = record() + record(V3000) + record(reference="R-2") + "\n$$$$\n" + record()
    rows = read(tmp_path, text)
    assert [row.numbers for row in rows] == [(1, 2), (3,), (5,)]
    assert [len(fields(row)["findings"]) for row in rows] == [2, 1, 1]


def test_field_names_are_found_however_they_are_written(tmp_path: Path) -> None:
    data = ">  25  <Event Kind> (7)\nseizure\n\n> <REFERENCE>\nR\n\n><problem>\nnone\n"
    (row,) = read(tmp_path, f"{ETHANOL}\n{data}")
    assert fields(row)["reference"] == "R"
    assert fields(row)["event_kind"] == "seizure"
    assert "problem" not in fields(row)


@pytest.mark.parametrize(
    "molblock", ["", "\n\n", "\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END"]
)
def test_a_record_that_draws_nothing_may_give_a_name(tmp_path: Path, molblock: str) -> None:
    (row,) = read(tmp_path, record(molblock, substance_name="protonitazene"))
    assert fields(row)["findings"] == [{"substance_name": "protonitazene"}]


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (record(structure="CCO"), "structure", "take it out"),
        (record(structure_format="smiles"), "structure_format", "molfile"),
        (record(Reference="R-9"), "reference", "given twice"),
        (record(event_knd="x"), "event_knd", "did you mean event_kind?"),
        (record(quantity="1,234", unit="g"), "quantity", "1.234 or 1234"),
        (record(end="") + record(), "record", 'end each record with "$$$$"'),
        (record(end="\nstray words\n$$$$"), "record", "stray words"),
        (record(end="> DT12\nx\n"), "record", "DT12"),
    ],
)
def test_a_wrong_record_costs_its_report_and_is_told_what_to_mend(
    tmp_path: Path, text: str, field: str, said: str
) -> None:
    rows = read(tmp_path, f"{text}\n$$$$\n" + record(reference="R-2"))
    assert (field, 1) in told(rows[0])
    assert any(said in problem.message for problem in rows[0].problems)
    assert rows[0].fields == {"reference": "R-1"}
    assert fields(rows[-1])["reference"] == "R-2"


def test_a_record_without_an_end_is_passed_over_to_the_next(tmp_path: Path) -> None:
    long = f"{ETHANOL}\n" + "x\n" * LONGEST_ROW
    rows = read(tmp_path, f"{record()}{long}$$$$\n{record(reference='R-2')}{long}")
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert [bool(row.problems) for row in rows] == [False, True, False, True]
    assert "$$$$" in rows[1].problems[0].message


def test_a_record_of_a_hundred_thousand_unknown_fields_is_told_of_a_few(tmp_path: Path) -> None:
    (row,) = read(tmp_path, record() + f"{ETHANOL}\n" + "> <a>\n\n" * 100_000)[1:]
    assert len(row.problems) == MOST_PROBLEMS


def test_a_byte_of_no_letter_is_a_problem_of_its_field(tmp_path: Path) -> None:
    broken = record(sold_as="Süßes?").encode().replace(b"?", b"\xff")
    rows = read(tmp_path, broken + record(reference="R-2", sold_as="Süßes").encode())
    assert told(rows[0]) == [("sold_as", 1)]
    assert fields(rows[1])["sold_as"] == "Süßes"


def test_a_profile_maps_data_fields(tmp_path: Path) -> None:
    profile = Profile("own", "", {"substance_name": "Drug"}, {"country": "DE"}, "LIMS {Case No}")
    text = f"{ETHANOL}\n> <CASE NO>\n7\n\n> <drug>\nethanol\n\n> <Colour>\nnone\n\n$$$$\n"
    (row,) = read(tmp_path, text, profile)
    finding = {"substance_name": "ethanol", "structure": ETHANOL, "structure_format": "molfile"}
    assert fields(row) == {"reference": "LIMS 7", "country": "DE", "findings": [finding]}


def test_real_records_keep_their_drawings(tmp_path: Path) -> None:
    text = shared_data("awkward_input/witch-salts.sdf").read_text(encoding="utf-8")
    profile = Profile("own", "", {}, {}, "x")
    rows = read(tmp_path, text, profile)
    blocks = [part[: part.index("M  END") + 6] for part in text.split("$$$$\n") if "M  END" in part]
    drawn = [f["structure"] for row in rows for f in (row.fields or {}).get("findings", [])]
    assert sum(len(row.numbers) for row in rows) == len(blocks) > 100
    assert set(drawn) <= set(blocks)

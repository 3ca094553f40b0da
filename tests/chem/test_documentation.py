"""docs/structures.md tells of every error, every field and every definition, and of no others."""

import json
import re
from pathlib import Path

from chem import control, examine
from chem.errors import CODES
from chem.generics.definitions import definitions
from chem.jsonline import to_json

TEXT = (Path(__file__).resolve().parents[2] / "docs/structures.md").read_text(encoding="utf-8")


def told_in(heading):
    """The words in the first column of the tables under a heading."""
    section = TEXT.split(f"\n## {heading}")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_every_error_code_is_told_once():
    assert sorted(told_in("What is read")) == sorted(CODES)


def test_every_field_of_the_line_is_told_once():
    line = json.loads(to_json(examine("CNC(C)C(=O)c1ccc(C)cc1"), 1, ""))
    assert sorted(told_in("The line of")) == sorted([*line, *line["components"][0]])


def test_every_definition_is_told_with_its_title_and_date():
    assert told_in("Control") == [one.id for one in definitions()]
    for one in definitions():
        assert f"| {one.jurisdiction} | {one.valid_from} | {one.title} |" in TEXT


def test_the_date_of_the_schedules_is_told():
    assert f"as of {control.as_of():%B %Y}" in TEXT

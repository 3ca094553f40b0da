"""docs/profiles.md tells of every key, and its example is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

from app.intake.profiles import parse_profile
from app.intake.profiles.parsing import REQUIRED, ProfileIn
from app.intake.profiles.trying import tried
from app.intake.readers import read_delimited

TEXT = (Path(__file__).parents[2] / "docs/profiles.md").read_text(encoding="utf-8")


def table(start: str) -> list[list[str]]:
    """The cells of the first table after a text, without its line of dashes."""
    lines = TEXT.split(start, 1)[1].strip().split("\n\n", 1)[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_every_key_is_told_once_and_no_other() -> None:
    keys = [row[0].strip("`") for row in table("## What may stand in it")[1:]]
    assert keys == list(ProfileIn.model_fields)
    assert all(f"`{field}`" in TEXT for field in REQUIRED)


def test_the_example_is_read_as_it_says(tmp_path: Path) -> None:
    toml = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert toml
    profile = parse_profile("customs", toml[1])
    path = tmp_path / "customs.csv"
    header, line = table("With it, this line")
    path.write_text(f"{';'.join(header)}\n{';'.join(line)}\n", encoding="utf-8")
    (read,) = tried(read_delimited(path, profile))
    said = {row[0].strip("`"): row[1] for row in table("is read as")[1:]}
    assert dict(read.fields) == said
    assert not read.problems

"""docs/statistics.md says of every algorithm what the tests found."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.surveillance.statistics.reference import REPRODUCED, signals

TEXT = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `?(\w+)`? \| (\d+) \| (\d+) \|", TEXT, re.MULTILINE)
SAID = {name: (int(there), int(reproduced)) for name, there, reproduced in ROWS}


def test_reproduced_is_what_the_tests_count():
    total = sum(REPRODUCED.values())
    assert {name: said[1] for name, said in SAID.items()} == REPRODUCED | {"all": total}


def test_results_are_what_the_reference_holds():
    there = Counter(result["algorithm"] for result in signals()["results"])
    total = sum(there.values())
    assert {name: said[0] for name, said in SAID.items()} == there | {"all": total}


def test_every_file_of_the_statistics_is_told_of():
    inner = {"__init__", "series", "excess", "quasi_poisson"}
    folder = Path(__file__).parents[3] / "app" / "surveillance" / "statistics"
    files = {path.stem for path in folder.glob("*.py")} - inner
    assert files <= set(re.findall(r"`(\w+)\.py`", TEXT))

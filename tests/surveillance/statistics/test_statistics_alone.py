"""The statistics stand on numpy and scipy alone, so that a statistician can read and rerun them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from app.surveillance import statistics

FOLDER = Path(statistics.__file__).parent
ITSELF = "app.surveillance.statistics"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_nothing_but_numpy_scipy_and_the_standard_library():
    names = {name for path in FOLDER.glob("*.py") for name in imported(path)}
    others = {name for name in names if not name.startswith(ITSELF)}
    assert {name.split(".")[0] for name in others} <= {"numpy", "scipy"} | sys.stdlib_module_names


def test_no_clock_and_no_chance_of_their_own():
    """Days and random generators are handed in, so that yesterday can be replayed."""
    words = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    assert "default_rng(" not in words and "np.random." not in words.replace(
        "np.random.Generator", ""
    )
    assert "import datetime" not in words and "import time" not in words

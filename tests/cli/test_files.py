"""Templates from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_a_template_is_written_and_overwrites_nothing(outside: Run, tmp_path: Path):
    for name in ("empty.csv", "empty.xlsx"):
        assert outside("template", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).stat().st_size > 100
        again = outside("template", str(tmp_path / name))
        assert again.exit_code == 1 and "there already" in again.output
    assert ".csv or .xlsx" in outside("template", str(tmp_path / "empty.ods")).output

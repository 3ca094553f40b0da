"""Templates and import profiles from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.intake.test_profiles import HEAD, LINE, ZOLL


def test_a_template_is_written_and_overwrites_nothing(outside: Run, tmp_path: Path):
    for name in ("empty.csv", "empty.xlsx"):
        assert outside("template", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).stat().st_size > 100
        again = outside("template", str(tmp_path / name))
        assert again.exit_code == 1 and "there already" in again.output
    assert ".csv or .xlsx" in outside("template", str(tmp_path / "empty.ods")).output


def test_a_profile_is_kept_for_an_authority_and_found_by_an_import(tocsin: Run, tmp_path: Path):
    assert tocsin("authority", "add", "LAB-DE", "Laboratory", "--country", "DE").exit_code == 0
    path, table = tmp_path / "Zoll.toml", tmp_path / "zoll.csv"
    path.write_text(ZOLL, encoding="utf-8")
    table.write_text(f"{HEAD}\n{LINE}\n", encoding="utf-8")
    done = tocsin("profile", "add", str(path), "--authority", "LAB-DE")
    assert done.exit_code == 0 and "profile zoll of LAB-DE saved, version 1" in done.output
    done = tocsin("import", str(table), "--authority", "LAB-DE", "--profile", "zoll")
    assert done.exit_code == 0 and "reports: 1" in done.output
    path.write_text(ZOLL.replace("event_kind =", "event_knd ="), encoding="utf-8")
    done = tocsin("profile", "add", str(path), "--authority", "LAB-DE")
    assert done.exit_code == 1
    assert "line 10, columns.event_knd: is no field" in done.output
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert "not UTF-8" in tocsin("profile", "add", str(path), "--authority", "LAB-DE").output

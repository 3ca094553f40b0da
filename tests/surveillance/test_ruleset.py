"""The thresholds are data, and each says where it comes from."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from app.surveillance.ruleset import ruleset
from app.surveillance.windows import months_before, quarter_edges


def test_every_threshold_names_its_unit_and_its_source() -> None:
    text = (files("app.surveillance") / "data" / "ruleset.toml").read_text(encoding="utf-8")
    sections = {k: v for k, v in tomllib.loads(text).items() if isinstance(v, dict)}
    for section, entries in sections.items():
        for name, entry in entries.items():
            assert set(entry) == {"value", "unit", "source"}, f"{section}.{name}"


def test_the_ruleset_has_a_version() -> None:
    assert ruleset().version == "2026.11.3"


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


def test_four_quarters_are_a_year() -> None:
    assert quarter_edges(date(2026, 11, 20), 4)[0] == date(2025, 11, 20)

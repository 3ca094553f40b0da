"""Whatever a file holds, it gives rows, problems in words, or is unreadable; never a crash."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import Database
from app.intake.readers import READ
from tests.databases import EMPTY
from tests.intake.readers.hostile import hostile, read_fully, take_fully
from tests.reporting import laboratory


@pytest.fixture
def embedded(backends) -> Database:
    """A migrated, empty SQLite database."""
    database = backends["sqlite"].make(EMPTY)
    yield database
    backends["sqlite"].drop(database)


def test_broken_files_of_every_kind_are_read_or_told_what_is_wrong(tmp_path: Path) -> None:
    fates: Counter[str] = Counter()
    for name, content in hostile(seed=1, number=400):
        path = tmp_path / name
        path.write_bytes(content)
        fates[read_fully(path)] += 1
        path.unlink()
    assert fates.total() == 400
    assert min(fates["read"], fates["wrong"], fates["unreadable"]) > 40


def test_broken_files_are_taken_in_with_a_fate_for_every_row(
    embedded: Database, tmp_path: Path
) -> None:
    lab = laboratory(embedded, "DE")
    fates: Counter[str] = Counter()
    for name, content in hostile(seed=2, number=80):
        path = tmp_path / name
        path.write_bytes(content)
        fates += take_fully(embedded, lab, path)
    assert {"refused", "rejected", "accepted"} <= set(fates)


@pytest.mark.parametrize("kind", READ)
def test_any_bytes_under_any_name_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
    def check(content: bytes) -> None:
        path = tmp_path / f"any{kind}"
        path.write_bytes(content)
        read_fully(path)

    check()

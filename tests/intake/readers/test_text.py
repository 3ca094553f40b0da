"""The encoding of a text, and its lines within bounds."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.intake.readers.text import LONGEST_ROW, Lines, TooLong, encoding_of


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        ("Süßes".encode("cp1252"), "cp1252"),
        ("Süßes".encode(), "utf-8"),
        (b"x" * 65_535 + "ü".encode(), "utf-8"),
        ("Süßes, ".encode() * 3 + b"\xfc", "utf-8"),
        ("Süßes".encode("utf-8-sig"), "utf-8-sig"),
        ("reference".encode("utf-16"), "utf-16"),
        ("reference".encode("utf-16-le"), "utf-16-le"),
        ("reference".encode("utf-16-be"), "utf-16-be"),
        (bytes(100), "utf-8"),
    ],
)
def test_the_encoding_is_told_from_what_is_written(
    tmp_path: Path, content: bytes, encoding: str
) -> None:
    (tmp_path / "a").write_bytes(content)
    assert encoding_of(tmp_path / "a") == encoding


def test_lines_given_back_are_read_again_in_their_order() -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.text(max_size=3)), st.integers(0, 4))
    def check(texts: list[str], kept: int) -> None:
        text = "\n".join(texts)
        lines = Lines(io.StringIO(text, newline=""))
        first = list(lines.feed())
        lines.give_back(kept)
        assert "".join(first) == text
        assert [*first[:kept], *lines.feed()] == first

    check()


def test_quotes_that_do_not_close_cannot_make_the_same_lines_be_read_for_ever() -> None:
    """Each of these lines closes one quote and opens another, so that none of them ends a row."""
    text = 'x","\n' * 400_000
    lines, rows, fed = Lines(io.StringIO(text)), 0, 0
    while True:
        lines.begin()
        try:
            if not next(csv.reader(lines.feed(), strict=True), None):
                break
        except (csv.Error, TooLong):
            pass
        rows, fed = rows + 1, fed + sum(len(line) for line in lines.taken if line)
        lines.give_back()
    assert rows == 400_000
    assert fed < 3 * len(text) + 20 * LONGEST_ROW

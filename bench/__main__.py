"""`make bench`: run every benchmark and print a table with ratios."""

from __future__ import annotations

from bench import (
    assessing,
    chemistry,
    delivering,
    feed,
    importing,
    matching,
    posting,
    ranking,
    rolling,
    searching,
    spectra,
)
from bench.figure import Figure, table


def main() -> None:
    """Run them one after the other; a machine that does something else meanwhile makes noise."""
    figures: list[Figure] = []
    for part in (
        chemistry,
        searching,
        spectra,
        importing,
        posting,
        rolling,
        assessing,
        ranking,
        feed,
        delivering,
        matching,
    ):
        figures += part.measure()
    print(f"\n{table(figures)}")


if __name__ == "__main__":
    main()

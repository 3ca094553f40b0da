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
from bench.figure import Figure


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
    width = max(len(figure.what) for figure in figures)
    print(f"\n{'what':{width}}  {'measured':>16}  {'floor':>16}  {'ratio':>7}  floor is")
    for figure in figures:
        print(
            f"{figure.what:{width}}  {figure.measured:>16}  {figure.floor:>16}  "
            f"{figure.ratio:>7.2f}  {figure.floor_is}"
        )


if __name__ == "__main__":
    main()

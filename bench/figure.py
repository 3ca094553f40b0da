"""One measured figure, and how long a thing takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement beside its floor; `ratio` is measured over floor, in the unit of both."""

    what: str
    measured: str
    floor: str
    ratio: float
    floor_is: str


def seconds(run: Callable[[], object], times: int = 5) -> float:
    """The median time of a run, after one that does not count."""
    run()
    taken = []
    for _ in range(times):
        began = perf_counter()
        run()
        taken.append(perf_counter() - began)
    return median(taken)


def table(figures: Sequence[Figure]) -> str:
    """Figures one below the other."""
    wide = [
        max(len(getattr(one, name)) for one in figures) for name in ("what", "measured", "floor")
    ]
    head = (
        f"{'what':{wide[0]}}  {'measured':>{wide[1]}}  {'floor':>{wide[2]}}  {'ratio':>7}  floor is"
    )
    lines = (
        f"{one.what:{wide[0]}}  {one.measured:>{wide[1]}}  {one.floor:>{wide[2]}}  "
        f"{one.ratio:>7.2f}  {one.floor_is}"
        for one in figures
    )
    return "\n".join([head, *lines])

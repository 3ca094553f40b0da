"""One measured figure, and how long a thing takes."""

from __future__ import annotations

from collections.abc import Callable
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

"""What R's `surveillance` 1.20.3 and vigipy answered, which is not part of the project.

Files: `reference/*.json`, beside the shared data. Without them, who reads them is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.conftest import shared_data

# How many results of each algorithm come out as R's, whole; docs/statistics.md says why not all.
REPRODUCED = {
    "EARS_C1": 18,
    "EARS_C2": 18,
    "EARS_C3": 18,
    "rki1": 5,
    "rki2": 5,
    "rki3": 5,
    "bayes": 75,
    "cusum": 35,
    "binomialCUSUM": 1,
    "lrpois": 3,
    "lrnb": 3,
    "glrpois": 3,
    "glrnb": 2,
    "outbreakP": 5,
    "farrington_classic": 1,
    "farringtonFlexible": 31,
}
ZERO_BASELINE = "zero_baseline(71 zeros,1,1,2,1,3,4,5,6,3,5,7,9,8)"


@lru_cache
def read(name: str) -> dict[str, Any]:
    return json.loads(shared_data(f"../reference/{name}").read_text(encoding="utf-8"))


def signals() -> dict[str, Any]:
    return read("signal_reference.json")


def primitive(name: str) -> Any:
    return signals()["primitives"][name]


def results(algorithm: str) -> Iterator[dict[str, Any]]:
    return (r for r in signals()["results"] if r["algorithm"] == algorithm)


def series(name: str) -> NDArray[np.float64]:
    if name == ZERO_BASELINE:
        return np.array([0.0] * 71 + [1, 1, 2, 1, 3, 4, 5, 6, 3, 5, 7, 9, 8])
    if name == "new_monthly[25:36]":
        return series("new_monthly")[24:36]
    return np.array(signals()["series"][name]["y"], dtype=float)


def months(result: dict[str, Any]) -> NDArray[np.int64]:
    """The periods of a result, counted from nought."""
    return np.array(result["range"]) - 1


def numbers(values: list[Any]) -> NDArray[np.float64]:
    """R's numbers; NA is NaN."""
    return np.array([np.nan if v is None else float(v) for v in values])

"""A spectrum as read from a file: plain arrays, what they are, and the bounds they keep.

Nothing here or in the readers knows a database. A reader raises Unreadable with the line at which
reading stopped, so that a laboratory can look there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.errors import Problem, Unreadable

Numbers = NDArray[np.float64]

MOST_BYTES = 10 * 1024 * 1024  # of a file
MOST_SPECTRA = 50  # in a file
MOST_POINTS = 200_000  # of a curve
MOST_POINTS_IN_FILE = 500_000
LONGEST_TEXT = 200  # of a name or an instrument
LARGEST = 1e30  # of any number; beyond it single precision ends


class Technique(StrEnum):
    """How a spectrum was measured; `MS` is a mass spectrum that does not say how it was ionised."""

    EI_MS = "EI-MS"
    ESI_MSN = "ESI-MSn"
    MS = "MS"
    IR = "IR"
    RAMAN = "Raman"
    NMR = "NMR"
    UV = "UV"

    @property
    def mass(self) -> bool:
        """Whether its abscissa is m/z."""
        return self in MASS


MASS = frozenset({Technique.EI_MS, Technique.ESI_MSN, Technique.MS})


class IonMode(StrEnum):
    """The sign of the ions."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One spectrum: `x` ascending; `sticks` when it is a list of peaks and not a curve.

    `exact` tells a mass spectrum of accurate masses (three decimals and more) from one of nominal
    masses. Units are in the words of the technique: m/z, 1/cm, nm, ppm.
    """

    technique: Technique
    x: Numbers
    y: Numbers
    x_unit: str
    y_unit: str
    sticks: bool
    name: str = ""
    instrument: str = ""
    ion_mode: IonMode | None = None
    precursor_mz: float | None = None
    exact: bool = field(default=False)


def malformed(message: str, line: int | None = None) -> Unreadable:
    """The error for a file that is not what its beginning promised, naming the line."""
    where = f"line {line}: " if line is not None else ""
    return Unreadable(f"{where}{message}", (Problem("file", message, line, "malformed"),))


def tidy(text: str) -> str:
    """A name or instrument as given, on one line and not too long."""
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def number(text: str, what: str, line: int | None) -> float:
    """A finite number as written. Raises Unreadable, naming the line."""
    try:
        value = float(text)
    except ValueError:
        raise malformed(f'{what} is "{tidy(text)[:40]}", which is no number', line) from None
    if not abs(value) <= LARGEST:  # NaN too
        raise malformed(f"{what} is {value}, which is beyond all measure", line)
    return value


def peaks(
    x: Numbers, y: Numbers, *, what: str = "peaks", line: int | None = None
) -> tuple[Numbers, Numbers]:
    """Peaks in ascending order, those at the same place added up. Raises Unreadable for none.

    >>> peaks(np.array([91.0, 65.0, 91.0]), np.array([5.0, 1.0, 2.0]))
    (array([65., 91.]), array([1., 7.]))
    """
    if np.any(x < 0) or np.any(y < 0):
        raise malformed(f"{what}: there is a negative number among them", line)
    places, at = np.unique(x, return_inverse=True)
    heights = np.bincount(at, weights=y, minlength=len(places)).astype(np.float64)
    kept = heights > 0
    if not kept.any():
        raise malformed(f"{what}: none has an intensity above zero", line)
    return places[kept], heights[kept]


def ascending(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """A curve from left to right in ascending abscissa."""
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def is_exact(mz: Numbers) -> bool:
    """Whether most masses are given to three decimals or more.

    >>> is_exact(np.array([91.0542, 119.0491])), is_exact(np.array([91.1, 119.0]))
    (True, False)
    """
    return bool(np.mean(np.abs(mz - np.round(mz, 2)) > 1e-6) > 0.5)


def within_bounds(spectra: list[Spectrum]) -> list[Spectrum]:
    """The spectra of one file. Raises Unreadable for none, too many, or too many points."""
    if not spectra:
        raise malformed("no spectrum in it")
    if len(spectra) > MOST_SPECTRA:
        raise too_many_spectra()
    if sum(len(s.x) for s in spectra) > MOST_POINTS_IN_FILE:
        raise malformed(f"more than {MOST_POINTS_IN_FILE:,} points in one file; send it in parts")
    for one in spectra:
        if not np.all(np.abs(one.x) <= LARGEST) or not np.all(np.abs(one.y) <= LARGEST):
            raise malformed("a factor makes values that are beyond all measure")
    return spectra


def too_many_spectra(line: int | None = None) -> Unreadable:
    """The error for a whole run where the spectra that matter were wanted."""
    return malformed(
        f"more than {MOST_SPECTRA} spectra in one file; export those that matter", line
    )


def too_many_points(line: int | None = None) -> Unreadable:
    """The error for a curve longer than any instrument's."""
    return malformed(f"more than {MOST_POINTS:,} points in one spectrum", line)

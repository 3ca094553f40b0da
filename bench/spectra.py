"""What it costs to ask whether a spectrum was seen before, among 100,000.

The floor is comparing with every spectrum one by one, which finds the same; so the ratio is far
below one. The spectra are made up: noisy copies of a thousand patterns, as many laboratories would
measure a thousand substances.
"""

from __future__ import annotations

import numpy as np

from app.intake.attachments.index import SpectrumIndex
from app.intake.attachments.similarity import cosine, packed_essence, unpacked_essence
from app.intake.attachments.spectrum import Spectrum, Technique, peaks
from bench.figure import Figure, seconds

MANY, PATTERNS, COMPARED = 100_000, 1_000, 2_000
LEAST = 0.7


def measure() -> list[Figure]:
    """Nominal masses, whose peaks are shared by many, and exact ones."""
    return [_looked_for("EI, nominal masses", 0), _looked_for("MS2, exact masses", 4)]


def _looked_for(what: str, places: int) -> Figure:
    chance = np.random.default_rng(1)
    patterns = [_pattern(chance, places) for _ in range(PATTERNS)]
    packed = [packed_essence(_noisy(chance, *patterns[n % PATTERNS], places)) for n in range(MANY)]
    index = SpectrumIndex()
    index.add_all((str(n), one) for n, one in enumerate(packed))
    asked = [one for one in map(unpacked_essence, packed[:20]) if one]
    held = [one for one in map(unpacked_essence, packed[:COMPARED]) if one]
    found = seconds(lambda: [index.like(one, LEAST) for one in asked]) / len(asked)
    floor = seconds(lambda: [cosine(asked[0], one) for one in held], 3) * MANY / COMPARED
    shown = f"{1000 * found:.1f} ms", f"{1000 * floor:.0f} ms"
    name = f"seen before? {what}, {MANY:,} spectra"
    return Figure(name, *shown, found / floor, "comparing with each, one by one")


def _pattern(chance: np.random.Generator, places: int) -> tuple[np.ndarray, np.ndarray]:
    number = chance.integers(15, 90)
    return np.round(chance.gamma(4, 35, number) + 40, places), chance.exponential(1, number) ** 2


def _noisy(
    chance: np.random.Generator, mz: np.ndarray, height: np.ndarray, places: int
) -> Spectrum:
    moved = np.round(mz + (chance.normal(0, 0.002, len(mz)) if places else 0), 4)
    x, y = peaks(moved, height * chance.lognormal(0, 0.35, len(mz)) + 0.01)
    technique = Technique.ESI_MSN if places else Technique.EI_MS
    return Spectrum(technique, x, y, "m/z", "", sticks=True, exact=bool(places))

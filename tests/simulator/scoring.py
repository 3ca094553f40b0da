"""How a detector did in a world whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.simulator.view import View, as_of
from tests.simulator.world import EMERGING, FIRST_ASSESSED, Flags, Floats, World

COOLDOWN = 6  # months without a flag after which a flag is a new episode
IN_TIME = 12  # months after the onset

Detector = Callable[[View], Flags]


@dataclass(frozen=True, slots=True)
class Score:
    """Over one world or several."""

    false: float  # episodes a month over the silent substances
    sensitivity: float  # emerging substances flagged within IN_TIME of the onset
    delay: float  # median months from the onset to the flag; never is infinite


def flags(world: World, detectors: dict[str, Detector]) -> dict[str, Flags]:
    """For each detector, substance x month: flagged with what was known then."""
    months = world.setting.months
    found = {name: np.zeros((world.kind.size, months), dtype=bool) for name in detectors}
    for now in range(FIRST_ASSESSED, months):
        view = as_of(world, now)
        for name, detector in detectors.items():
            found[name][:, now] = detector(view)
    return found


def episodes(flagged: Flags) -> int:
    """Flags that come more than COOLDOWN months after the flag before them in their row."""
    months = np.arange(flagged.shape[1])
    last = np.maximum.accumulate(np.where(flagged, months, -COOLDOWN - 1), axis=1)
    before = np.concatenate([np.full((len(flagged), 1), -COOLDOWN - 1), last[:, :-1]], axis=1)
    return int((flagged & (months - before > COOLDOWN)).sum())


def delays(world: World, flagged: Flags) -> Floats:
    """Months from the onset to the end of the month of the first flag; infinite for never."""
    of = world.kind == EMERGING
    onset = world.onset[of]
    ends = np.arange(flagged.shape[1]) + 1.0
    rows = flagged[of] & (ends > onset[:, None])
    return np.where(rows.any(1), rows.argmax(1) + 1.0, np.inf) - onset


def score(worlds: Sequence[World], flagged: Sequence[Flags]) -> Score:
    """Pooled over worlds: every month and every emerging substance weighs the same."""
    false, assessed, late = 0, 0, []
    for world, found in zip(worlds, flagged, strict=True):
        false += episodes(found[world.kind != EMERGING])
        assessed += world.setting.months - FIRST_ASSESSED
        late.append(delays(world, found))
    waited = np.concatenate(late)
    return Score(false / assessed, float((waited <= IN_TIME).mean()), float(np.median(waited)))


def measure(worlds: Sequence[World], detectors: dict[str, Detector]) -> dict[str, Score]:
    """The score of each detector over all the worlds."""
    found = [flags(world, detectors) for world in worlds]
    return {name: score(worlds, [one[name] for one in found]) for name in detectors}

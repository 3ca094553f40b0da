"""Silence: is it one, and how steadily has a substance been there?"""

from __future__ import annotations

from app.surveillance.statistics.shares import Share, share


def chance_of_silence(
    events: float, exposure_before: float, exposure_silent: float
) -> float | None:
    """How probable no event was in the silence, at the rate before it.

    Negative binomial: (E_before / (E_before + E_silent))^(events + ½). Below .05 the silence was
    real, and an event after it a re-emergence; a rare substance is often unseen for a year by
    chance. None where nobody looked, before or during: that is no silence.
    """
    if min(events, exposure_before, exposure_silent) < 0:
        raise ValueError("counts and exposures are nought or more")
    if exposure_before == 0 or exposure_silent == 0:
        return None
    kept = exposure_before / (exposure_before + exposure_silent)
    return float(kept ** (events + 0.5))


def persistence(present: int, quarters: int, *, coverage: float = 0.9) -> Share | None:
    """The share of quarters with an event, of those in which a reporter of it was active.

    None where no reporter was active in any.
    """
    return share(present, quarters, coverage=coverage)

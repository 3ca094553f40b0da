"""How late reports come in, and so how complete the last months are (signals 1.6).

The delay of a report is the number of calendar months from the event to the receipt of its first
version. Its distribution is estimated from reports known on the day, by the reverse-time hazard
(Lagakos et al. 1988; Kalbfleisch and Lawless 1989), which uses each report only together with those
that could have come in as late. Detectors discount the exposure by it: E * F.

Two things would pass for slowness and are left out of the estimate: what an authority reports of
months before its first report ever (the archive that it brings along), and what it sends in a month
in which it clears an archive out (at least `ARCHIVE_REPORTS`, and more than `ARCHIVE_SHARE` of them
later than `LONGEST`). Other reports later than that are pooled at `LONGEST`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance.arrays import KINDS, Records, known_at
from app.surveillance.months import elapsed, month_is_over, month_of
from app.surveillance.statistics.delay import LONGEST, completeness, shrunk

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WINDOW = 24  # months of events that are looked at (signals 1.6)
ARCHIVE_SHARE = 0.25  # judgement
ARCHIVE_REPORTS = 20  # judgement


@dataclass(frozen=True, slots=True)
class Delays:
    """The share of events known after each number of months, 0 to `LONGEST`, as of a day."""

    as_of: date
    pooled: Floats  # [LONGEST + 1], ascending to 1
    left_out: int  # reports taken for an archive
    # where asked for, by event kind or by country, shrunken to the pooled ones
    strata: Mapping[str, Floats] = field(default_factory=dict)
    reports: Mapping[str, int] = field(default_factory=dict)  # how many each stratum rests on

    def of(self, stratum: str | None = None) -> Floats:
        """The distribution of a stratum; the pooled one for a stratum without reports."""
        return self.strata.get(stratum or "", self.pooled)

    def complete(self, since: int, months: int) -> Floats:
        """What share of the events of each month is known on the day.

        In the running month, which has gone by in part, it lies as far between the shares at its
        beginning and at its end.
        """
        shares = np.concatenate(([0.0], self.pooled))
        age = month_of(self.as_of) - since - np.arange(months)
        at = np.clip(age, 0, LONGEST)
        known = shares[at] + elapsed(self.as_of) * (shares[at + 1] - shares[at])
        return np.where(age > LONGEST, 1.0, np.where(age < 0, 0.0, known))


def estimated(
    volume: Records, *, as_of: date, by: str | None = None, ceiling: Handling = Handling.RED
) -> Delays:
    """The delays that volumes by event month and receipt month show; they may be below nought, and
    are added up.

    `volume` holds everything since an authority began to report, so that an archive is told from
    its work. The running month is not yet over for receipts, and is not looked at before its end.
    `by` asks for strata as well: by event kind (`kind`) or by `country`.
    """
    if by not in (None, "kind", "country"):
        raise ValueError(f"delays are told by kind or by country, not by {by}")
    volume = known_at(ceiling, volume)
    archive = _archive(volume)
    left_out = int(volume["reports"][archive].sum())
    now = month_of(as_of) if month_is_over(as_of) else month_of(as_of) - 1
    age = now - volume["month"]
    looked_at = ~archive & (age >= 0) & (age < WINDOW) & (volume["received"] <= now)
    volume = volume.take(np.flatnonzero(looked_at))
    pooled = completeness(triangle(volume, now))
    strata, reports = {}, {}
    names = _strata(volume, by)
    for name in np.unique(names):
        mine = triangle(volume[names == name], now)
        if n := int(mine.sum()):
            strata[str(name)] = shrunk(completeness(mine), n, pooled)
            reports[str(name)] = n
    return Delays(as_of, pooled, left_out, strata, reports)


def triangle(volume: Records, now: int) -> Integers:
    """Reports by event month (oldest first, `now` last) and delay, later ones at `LONGEST`."""
    delay = np.clip(volume["received"] - volume["month"], 0, LONGEST)
    at = (volume["month"] - (now - WINDOW + 1)).astype(np.int64) * (LONGEST + 1) + delay
    size = WINDOW * (LONGEST + 1)
    found = np.bincount(at, weights=volume["reports"], minlength=size)
    return found.astype(np.int64).reshape(WINDOW, LONGEST + 1)


def _archive(volume: Records) -> NDArray[np.bool_]:
    """Which volumes are of an archive that an authority brought along or sent at once."""
    if not len(volume):
        return np.zeros(0, bool)
    authorities = np.bincount(volume["authority"])
    place = np.cumsum(authorities > 0) - 1
    least = int(volume["received"].min())
    wide = int(volume["received"].max()) - least + 1
    of = place[volume["authority"]]
    batch = of * wide + (volume["received"] - least)
    size = int(place[-1] + 1) * wide
    every = np.bincount(batch, weights=volume["reports"], minlength=size)
    is_late = volume["received"] - volume["month"] > LONGEST
    late = np.bincount(batch[is_late], weights=volume["reports"][is_late], minlength=size)
    sent_at_once = (every >= ARCHIVE_REPORTS) & (late > ARCHIVE_SHARE * every)
    there = every.reshape(-1, wide) > 0
    began = np.where(there.any(axis=1), there.argmax(axis=1) + least, np.iinfo(np.int64).max)
    found: NDArray[np.bool_] = (volume["month"] < began[of]) | sent_at_once[batch]
    return found


def _strata(volume: Records, by: str | None) -> NDArray[np.str_]:
    if by is None:
        return np.empty(0, "U1")
    if by == "country":
        return volume["country"].astype("U2")
    words = np.array([kind.value for kind in KINDS])
    named: NDArray[np.str_] = words[volume["kind"]]
    return named

"""Events and harms by substance and stratum, a country in a year: what shares of harm rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.access.handling import Handling
from app.intake.words import EventKind
from app.surveillance.arrays import KINDS, Floats, Integers, Records
from app.surveillance.columns import Columns
from app.surveillance.rows import WEIGHT
from app.surveillance.tally import Tally


@dataclass(frozen=True)
class Strata:
    """Counts [levels, substances, strata], of each level alone, of those strata that occur.

    Harms are in twentieths, so that they are whole numbers and add up exactly.
    """

    strata: Integers
    events: Floats
    harms: Floats

    @classmethod
    def of(cls, rows: Records | Columns, since: int, size: int) -> Strata:
        """Of cells, each of which is there once."""
        strata, at = np.unique(_stratum(rows, since), return_inverse=True)
        shape = len(Handling), size, len(strata)
        at = (rows["level"].astype(np.int64) * size + rows["substance"]) * len(strata) + at
        many = int(np.prod(shape))
        events, harms = (
            np.bincount(at, weights=weights, minlength=many).astype(float).reshape(shape)
            for weights in (rows["events"], _harms(rows))
        )
        return cls(strata, events, harms)

    def with_change(self, less: Records, more: Records, since: int) -> Strata:
        """The same where some cells are no longer so, and others are."""
        changes = [(-1, less, _stratum(less, since)), (1, more, _stratum(more, since))]
        every = np.unique(np.concatenate([self.strata, *(strata for *_, strata in changes)]))
        sums = []
        for mine in (self.events, self.harms):
            if len(every) > len(self.strata):
                wider = np.zeros((*mine.shape[:2], len(every)))
                wider[:, :, np.searchsorted(every, self.strata)] = mine
                sums.append(wider)
            else:
                sums.append(mine.copy())
        events, harms = sums
        for sign, rows, strata in changes:
            at = rows["level"], rows["substance"], np.searchsorted(every, strata)
            np.add.at(events, at, sign * rows["events"])
            np.add.at(harms, at, sign * _harms(rows))
        return Strata(every, events, harms)

    def up_to(self, level: Handling) -> tuple[Floats, Floats]:
        """Events and harms as a level knows them [substances, strata]."""
        events, harms = (each[: level + 1].sum(axis=0) for each in (self.events, self.harms))
        there = events.any(axis=0)
        return events[:, there], harms[:, there] / WEIGHT


def strata_of(tally: Tally, months: int, kept: Strata | None = None) -> Strata:
    """Those of the last months of a tally; `kept` are those of what is kept, where known."""
    begin, since = tally.months - months, tally.since
    kept = kept or Strata.of(tally.kept(begin), since, len(tally.members.begins))
    less, more = tally.changed(begin)
    return kept.with_change(less, more, since) if len(less) or len(more) else kept


def _stratum(rows: Records | Columns, since: int) -> Integers:
    country = np.ascontiguousarray(rows["country"]).view(">u2").astype(np.int64)
    found: Integers = country * 2**16 + (rows["month"] - since) // 12
    return found


def _harms(rows: Records | Columns) -> Floats:
    """Events that tell of harm, deaths by causal role, in twentieths."""
    toxic = rows["kind"] == KINDS.index(EventKind.ACUTE_TOXICITY)
    found: Floats = np.where(toxic, WEIGHT * rows["events"].astype(float), rows["weighted"])
    return found

"""What was known at the end of a month: nothing in it can depend on what was received later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.simulator.world import Floats, Ints, World

LONGEST_DELAY = 12  # months; longer delays are pooled into it (signals 1.6)
LONG_AGO = -1_000


@dataclass(frozen=True, slots=True)
class View:
    """Substances x months up to now, the current month last."""

    now: int
    counts: Ints  # by month of the event
    receipts: Ints  # by month of arrival
    exposure: Floats  # samples, by what each laboratory can see
    completeness: Floats  # F(age), estimated from the arrivals up to now
    first: Ints  # month of the first event known; the month after now where none is
    last_event: Ints  # substance x laboratory; LONG_AGO where none
    last_receipt: Ints
    sightings: Ints  # laboratories with an event, by month
    by_sighting: Ints  # rows: substance, month, events of one laboratory; by substance

    def reporters(self, since: int, *, by_receipt: bool = False) -> Ints:
        """Laboratories per substance with an event (or an arrival) in the months `since`..now."""
        last = self.last_receipt if by_receipt else self.last_event
        return (last >= since).sum(1)

    def sightings_of(self, substance: int, onset: int) -> tuple[Ints, Ints]:
        """The events of each laboratory in each month of a substance: since an onset, before it."""
        low, high = np.searchsorted(self.by_sighting[0], [substance, substance + 1])
        _, month, events = self.by_sighting[:, low:high]
        return events[month >= onset], events[month < onset]

    def reporters_since(self) -> Ints:
        """Laboratories per substance with an event in month k or later, for every month k."""
        months = np.arange(self.now + 1)
        return (self.last_event[:, :, None] >= months).sum(1)


def as_of(world: World, now: int) -> View:
    """The view at the end of month `now`."""
    known = world.received <= now
    substance, laboratory = world.substance[known], world.laboratory[known]
    event, received = world.event[known], world.received[known]
    substances, laboratories = world.kind.size, world.samples.shape[0]
    months = now + 1

    def table(month: Ints) -> Ints:
        flat = np.bincount(substance * months + month, minlength=substances * months)
        return flat.reshape(substances, months)

    def last(month: Ints) -> Ints:
        latest = np.full((substances, laboratories), LONG_AGO)
        np.maximum.at(latest, (substance, laboratory), month)
        return latest

    counts = table(event)
    samples = np.where(world.declared[:, :months] <= now, world.samples[:, :months], 0.0)
    seen = np.einsum("lt,ltc->ct", samples, world.scope[:, :months].astype(float))
    seen_at, times = np.unique(np.stack([substance, event, laboratory]), axis=1, return_counts=True)
    return View(
        now=now,
        counts=counts,
        receipts=table(received),
        exposure=np.where(world.needs_method[:, None], seen[1], seen[0]),
        completeness=completeness(event, received, now),
        first=np.where(counts.any(1), (counts > 0).argmax(1), months),
        last_event=last(event),
        last_receipt=last(received),
        sightings=_sightings(seen_at, counts.shape),
        by_sighting=np.stack([seen_at[0], seen_at[1], times]),
    )


def _sightings(seen_at: Ints, shape: tuple[int, ...]) -> Ints:
    """Distinct laboratories by substance and month."""
    flat = np.bincount(seen_at[0] * shape[1] + seen_at[1], minlength=shape[0] * shape[1])
    return flat.reshape(shape)


def completeness(event: Ints, received: Ints, now: int) -> Floats:
    """F(0..LONGEST_DELAY) by the reverse-time hazard of signals 1.6."""
    delay = np.minimum(received - event, LONGEST_DELAY)
    arrived = np.ones(LONGEST_DELAY + 1)
    for d in range(LONGEST_DELAY, 0, -1):
        mature = (event + d <= now) & (delay <= d)
        at_risk = mature.sum()
        hazard = (mature & (delay == d)).sum() / at_risk if at_risk else 0.0
        arrived[d - 1] = arrived[d] * (1 - hazard)
    return arrived

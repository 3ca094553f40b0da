"""One world: 60 months, 20 laboratories growing to 60, 400 substances, and reports that come late.

What signals 1.3 states is taken from there; the other parameters were chosen once, so that the
charts of its table find about the figures printed there (docs/simulator.md), and then frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TRANSIENT, ENDEMIC, DECLINING, EMERGING = range(4)
FIRST_ASSESSED = 15  # month; before it no detector has its 3 + 12 months
NEVER = 10_000  # a month that does not come


@dataclass(frozen=True, slots=True)
class Setting:
    """The parameters of a world."""

    months: int = 60
    laboratories_at_start: int = 20
    laboratories: int = 60
    volume_median: float = 30.0  # samples a month of the median laboratory
    volume_spread: float = 0.8  # sd of its logarithm
    mean_delay: float = 2.0  # months, geometric
    transient: int = 280
    endemic: int = 60
    declining: int = 20
    emerging: int = 40
    transient_events: float = 1.5  # mean events beyond the first
    transient_lifetime: float = 14.0  # mean months
    transient_reach: float = 2.5  # mean laboratories beyond the first
    endemic_rate: float = 0.7  # median events per 1000 samples
    endemic_spread: float = 0.5  # sd of its logarithm
    declining_rate: float = 2.5  # median events per 1000 samples, at the start
    declining_half_life: tuple[float, float] = (6.0, 18.0)  # months
    onset: tuple[float, float] = (15.0, 46.0)  # between which a substance emerges
    onset_rate: float = 0.2  # events a month at the onset
    doubling: tuple[float, float] = (1.8, 4.5)  # months
    laboratories_at_onset: float = 1.0  # that a substance has reached when it emerges
    spreading: float = 1.1  # doublings of the laboratories reached per doubling of the events
    plateau: float = 7.0  # events a month, never more
    # the variants
    background: float = 0.0  # events a month of an emerging substance before it emerges
    burst: float = 0.0  # chance that an event is one of a burst
    burst_events: float = 6.0  # mean further events of a burst
    dump_month: int = NEVER  # one laboratory joins then with all its past
    method_month: int = NEVER  # some laboratories begin then to see half of the substances
    method_share: float = 0.3  # of the laboratories
    drop_month: int = NEVER  # some laboratories fall silent then
    drop_share: float = 0.3


VARIANTS = {
    "as in 1.3": Setting(),
    "bursts": Setting(burst=0.1),
    "historical dump": Setting(dump_month=36),
    "method change": Setting(method_month=30),
    "30 % drop out": Setting(drop_month=30),
    "established ones take off": Setting(background=0.15),
}


@dataclass(frozen=True, slots=True)
class World:
    """Its reports, one row each, and the truth about its substances."""

    setting: Setting
    kind: Ints  # per substance
    onset: Floats  # in months from the start of the world; infinite unless emerging
    substance: Ints  # per report, as are the next three
    laboratory: Ints
    event: Ints  # month of the event
    received: Ints  # month in which it was reported
    samples: Floats  # laboratory x month, analysed
    declared: Ints  # laboratory x month: the month in which that number became known
    scope: Flags  # laboratory x month x {all can see it, new methods only}
    needs_method: Flags  # per substance: only laboratories with the method see it


def make(seed: int, setting: Setting | None = None) -> World:
    """The world of a seed; the same seed and setting give the same reports."""
    s = setting or Setting()
    rng = np.random.default_rng(seed)
    samples, declared, joined = _laboratories(rng, s)
    kind = np.repeat(
        [TRANSIENT, ENDEMIC, DECLINING, EMERGING],
        [s.transient, s.endemic, s.declining, s.emerging],
    )
    onset = np.full(kind.size, np.inf)
    onset[kind == EMERGING] = rng.uniform(*s.onset, size=s.emerging)
    needs_method, scope = _methods(rng, s, kind.size)
    rates = _rates(rng, s, kind, onset, samples)
    seen = np.where(needs_method[:, None, None], scope[None, :, :, 1], scope[None, :, :, 0])
    events = rng.poisson(rates * seen)
    events += _bursts(rng, s, events)
    substance, laboratory, month = np.nonzero(events)
    times = events[substance, laboratory, month]
    substance, laboratory, month = (np.repeat(a, times) for a in (substance, laboratory, month))
    delay = rng.geometric(1 / (1 + s.mean_delay), size=month.size) - 1
    received = np.maximum(month + delay, joined[laboratory])
    return World(
        s, kind, onset, substance, laboratory, month, received, samples, declared, scope,
        needs_method,
    )  # fmt: skip


def _laboratories(rng: np.random.Generator, s: Setting) -> tuple[Floats, Ints, Ints]:
    volume = rng.lognormal(np.log(s.volume_median), s.volume_spread, s.laboratories)
    joined = np.zeros(s.laboratories, dtype=np.int64)
    late = s.laboratories - s.laboratories_at_start
    joined[s.laboratories_at_start :] = rng.integers(1, s.months, size=late)
    months = np.arange(s.months)
    working = months >= joined[:, None]
    if s.dump_month < s.months:
        dumping = s.laboratories - 1
        volume[dumping] = np.exp(np.log(s.volume_median) + s.volume_spread)
        joined[dumping], working[dumping] = s.dump_month, True
    if s.drop_month < s.months:
        silent = rng.random(s.laboratories) < s.drop_share
        working &= ~(silent[:, None] & (months >= s.drop_month))
    samples = rng.poisson(volume[:, None], (s.laboratories, s.months)) * working
    declared = np.maximum(months, joined[:, None])
    return samples.astype(np.float64), declared, joined


def _methods(rng: np.random.Generator, s: Setting, substances: int) -> tuple[Flags, Flags]:
    scope = np.ones((s.laboratories, s.months, 2), dtype=bool)
    needs_method = np.zeros(substances, dtype=bool)
    if s.method_month < s.months:
        needs_method = rng.random(substances) < 0.5
        late = rng.random(s.laboratories) < s.method_share
        scope[late, : s.method_month, 1] = False
    return needs_method, scope


def _rates(
    rng: np.random.Generator, s: Setting, kind: Ints, onset: Floats, samples: Floats
) -> Floats:
    """Expected events, substance x laboratory x month."""
    months = np.arange(s.months, dtype=np.float64)
    rates = np.zeros((kind.size, s.laboratories, s.months))
    lasting = {
        ENDEMIC: (s.endemic_rate, np.inf, np.inf),
        DECLINING: (s.declining_rate, *s.declining_half_life),
    }
    for which, (median, short, long) in lasting.items():
        of = np.flatnonzero(kind == which)
        level = rng.lognormal(np.log(median / 1000), s.endemic_spread, of.size)
        half_life = (
            rng.uniform(short, long, of.size) if np.isfinite(short) else np.full(of.size, np.inf)
        )
        rates[of] = (level[:, None] * 0.5 ** (months / half_life[:, None]))[:, None, :] * samples
    for one in np.flatnonzero(kind == TRANSIENT):
        rates[one] = _transient(rng, s, samples, months)
    for one in np.flatnonzero(kind == EMERGING):
        rates[one] = _emerging(rng, s, samples, onset[one])
    return rates


def _transient(rng: np.random.Generator, s: Setting, samples: Floats, months: Floats) -> Floats:
    """A few laboratories, a few months, a few events."""
    lifetime = 1 + rng.exponential(s.transient_lifetime)
    start = rng.uniform(1 - lifetime, s.months)
    alive = (months >= start) & (months < start + lifetime)
    reach = 1 + rng.poisson(s.transient_reach)
    where = _order(rng, samples[:, int(max(0, start))]) < reach
    mean = (1 + rng.exponential(s.transient_events)) / lifetime
    weight = where[:, None] * alive * samples
    return mean * weight / max(1.0, weight.sum(0).max())


def _emerging(rng: np.random.Generator, s: Setting, samples: Floats, onset: float) -> Floats:
    """Doubling from the onset on, partly in the laboratories that see it, partly in new ones."""
    months = np.arange(s.months, dtype=np.float64)
    middle = months + 0.5
    doublings = np.maximum(middle - onset, 0) / rng.uniform(*s.doubling)
    order = _order(rng, samples[:, int(onset)])
    reached = order[:, None] < s.laboratories_at_onset * 2 ** (s.spreading * doublings)
    part = np.clip(months + 1 - onset, 0, 1)  # of the month, after the onset
    total = part * np.minimum(s.plateau, s.onset_rate * 2**doublings)
    weight = reached * samples
    background = s.background * samples / samples.sum(0)
    return total * weight / np.maximum(weight.sum(0), 1.0) + background


def _order(rng: np.random.Generator, working: Floats) -> Ints:
    """The place of each laboratory in the order in which a substance reaches them.

    Those that work when it starts come first, so that it starts where it can be seen.
    """
    key = rng.random(working.size) + (working == 0)
    order: Ints = np.argsort(np.argsort(key))
    return order


def _bursts(rng: np.random.Generator, s: Setting, events: Ints) -> Ints:
    if not s.burst:
        return np.zeros_like(events)
    bursts = rng.binomial(events, s.burst)
    return rng.poisson(bursts * s.burst_events)

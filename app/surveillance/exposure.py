"""How much was looked for: the denominator of every rate (signals 1.5).

Exposure is told for each node and month, in the order of preference

    1  declared   samples analysed, as the authority declared them
    2  reports    events of all substances that the authority reported, the node's own left out
    3  active     1 for an authority that reported anything within three months
    4  constant   1: nothing is known of who looked

One basis serves a node in all its months and authorities, so that a ratio never mixes two. What an
authority has declared of its scope counts whatever the basis: months before a class came into it
are months in which the authority could not have seen it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from app.access.handling import Handling
from app.surveillance import sightings
from app.surveillance.arrays import Floats, Integers, Records, known_at
from app.surveillance.delays import Delays
from app.surveillance.months import month_of
from app.surveillance.nodes import Node
from app.surveillance.tally import Tally

ACTIVE_WITHIN = 3  # months before and after a report (signals 1.5)
# Samples are the basis when those who declare them account for this share of all events in the
# months looked at: else most of what is known would be left out. Judgement.
DECLARED_SHARE = 0.8
# What an authority declares comes in after the month: for this many months after the last one
# declared, the mean of its last `CARRIED_FROM` stands in. Judgement.
CARRIED = 3
CARRIED_FROM = 6


class Basis(IntEnum):
    """What exposure was taken from, the best first."""

    DECLARED = 1
    REPORTS = 2
    ACTIVE = 3
    CONSTANT = 4

    @property
    def word(self) -> str:
        """The word that evidence and pages use."""
        return self.name.lower()


@dataclass(frozen=True)
class Looked:
    """What is known of who looked, before any node is asked about: arrays by authority and month.

    Months without a declaration are NaN in `samples`; `scope` has the words of the scope that
    applied, None for everything.
    """

    authorities: tuple[int, ...]
    since: int
    samples: Floats  # [authorities, months]
    volume: Floats  # events of all substances [authorities, months]
    active: Floats  # 0 or 1 [authorities, months]
    scope: dict[int, tuple[frozenset[str] | None, ...]]  # of those who declared one, by month

    @cached_property
    def _told(self) -> tuple[list[frozenset[str]], Integers]:
        """Each scope once, and which applied [authorities, months]; -1 where it was everything."""
        each: dict[frozenset[str], int] = {}
        which = np.full(self.volume.shape, -1)
        for place, words in self.scope.items():
            which[place] = [
                -1 if said is None else each.setdefault(said, len(each)) for said in words
            ]
        return list(each), which

    def sees(self, classes: frozenset[str]) -> Floats:
        """Whether each authority could find these classes in each month: 0 or 1."""
        wanted = _words(classes)
        scopes, which = self._told
        can = np.array([*(not said.isdisjoint(wanted) for said in scopes), True], float)
        return can[which]

    def seen_by(self, every: Sequence[Node]) -> Callable[[Integers, Integers, Integers], Floats]:
        """`sees` for places of nodes, of authorities and of months."""
        order = {classes: place for place, classes in enumerate({node.classes for node in every})}
        class_of = np.array([order[node.classes] for node in every], np.int64)
        sees = np.array([self.sees(classes) for classes in order])
        return lambda node, authority, month: sees[class_of[node], authority, month]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Exposure of nodes by month, and what it was taken from.

    Events of authorities that are not `counted` have no place in the numerator: on the basis of
    declared samples those are the authorities that did not declare theirs.
    """

    nodes: tuple[Node, ...]
    authorities: tuple[int, ...]  # ids, in the order of the second axis of `counted`
    since: int
    total: Floats  # [nodes, months]
    basis: NDArray[np.int64]  # of each node, a `Basis`
    counted: NDArray[np.bool_]  # [nodes, authorities]

    def counts(self, nodes: Integers, reporters: Integers) -> NDArray[np.bool_]:
        """Whether the events that reporters had of nodes are counted; not of one unknown here."""
        place = places_of(self.authorities, reporters)
        found: NDArray[np.bool_] = self.counted[nodes, place] & (place >= 0)
        return found

    def events(self, tally: Tally, level: Handling) -> Floats:
        """The numerator that belongs to it: events by node and month, of counted authorities."""
        declared = self.basis == Basis.DECLARED
        if not declared.any():
            return tally.series(level)
        # one basis, one set of authorities that are counted
        counted = self.counted[declared.argmax()]
        mine = tally.of_authorities(np.array(self.authorities)[counted], level)
        return np.where(declared[:, None], mine, tally.series(level))

    def discounted(self, late: Delays) -> Floats:
        """The exposure behind what is known already, which is what a detector compares (E * F).

        Reports as a basis come in as late as the events that they are compared with, so there is
        nothing left to discount.
        """
        share = late.complete(self.since, self.total.shape[1])
        not_late = (self.basis == Basis.REPORTS)[:, None]
        return np.where(not_late, self.total, self.total * share)


def looked(
    volume: Records,
    declared: Sequence[sightings.Exposure],
    *,
    since: int,
    months: int,
    ceiling: Handling = Handling.RED,
) -> Looked:
    """Declared and reported volumes by authority and month.

    An authority that speaks for several countries declares for each; the samples are added, and its
    scope in a month is what it could find in any of them.
    """
    volume = known_at(ceiling, volume)
    many = np.bincount(volume["authority"], weights=volume["reports"])
    ids = set(np.flatnonzero(many > 0).tolist())
    ids |= {one.authority_id for one in declared}
    authorities = tuple(sorted(ids))
    shape = (len(authorities), months)
    reported, active = _reported(volume, authorities, since, shape)
    samples = np.full(shape, np.nan)
    row = {number: place for place, number in enumerate(authorities)}
    for one in declared:
        column = month_of(one.month) - since
        if 0 <= column < months:
            at = row[one.authority_id], column
            samples[at] = one.samples + (0 if np.isnan(samples[at]) else samples[at])
    _carry_on(samples)
    scope = _scopes(declared, row, range(since, since + months))
    return Looked(authorities, since, samples, reported, active, scope)


def exposed(every: tuple[Node, ...], found: Looked, own: Floats) -> Exposure:
    """The exposure of each node: the best basis that can serve it.

    `own` are the node's own events by month, of authorities that could see it: what is left out.
    """
    shape = len(every), found.volume.shape[1]
    declares = _declares(found)
    by_samples = _mostly(found.volume, declares)
    total, basis = np.ones(shape), np.full(shape[0], int(Basis.CONSTANT))
    counted = np.ones((shape[0], len(found.authorities)), bool)
    samples = np.where(declares[:, None], np.nan_to_num(found.samples), 0)
    by_class: dict[frozenset[str], list[int]] = {}
    for place, node in enumerate(every):
        by_class.setdefault(node.classes, []).append(place)
    for classes, places in by_class.items():
        sees = found.sees(classes)
        in_samples = (samples * sees).sum(axis=0)
        if by_samples and in_samples.any():
            total[places], basis[places] = in_samples, Basis.DECLARED
            counted[places] = declares
            continue
        everything = (found.volume * sees).sum(axis=0)
        rest = np.maximum(everything - own[places], 0)
        total[places], basis[places] = rest, Basis.REPORTS
        alone = np.array(places)[rest.sum(axis=1) == 0]  # nobody reported anything else
        active = (found.active * sees).sum(axis=0)
        if active.any():
            total[alone], basis[alone] = active, Basis.ACTIVE
        else:
            total[alone], basis[alone] = 1, Basis.CONSTANT
    return Exposure(every, found.authorities, found.since, total, basis, counted)


@lru_cache(maxsize=4_096)  # the same scope is declared month after month
def _words(scope: frozenset[str]) -> frozenset[str]:
    return frozenset(map(scope_word, scope))


def scope_word(word: str) -> str:
    """A class as it is compared: without case, with spaces for hyphens and underscores."""
    return " ".join(word.casefold().replace("-", " ").replace("_", " ").split())


def _reported(
    volume: Records, authorities: tuple[int, ...], since: int, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Events by authority and month, and whether it was active around each month."""
    many, months = shape[0], shape[1] + ACTIVE_WITHIN
    column = volume["month"] - (since - ACTIVE_WITHIN)
    place = places_of(authorities, volume["authority"])
    kept = (column >= 0) & (column < months) & (place >= 0)
    at = place[kept] * months + column[kept]
    sums = np.bincount(at, weights=volume["reports"][kept], minlength=many * months)
    wide: Floats = sums.astype(float).reshape(many, months)
    padded = np.pad(wide > 0, ((0, 0), (0, ACTIVE_WITHIN)))
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * ACTIVE_WITHIN + 1, axis=1)
    return wide[:, ACTIVE_WITHIN:], around.any(axis=2).astype(float)


def _declares(found: Looked) -> NDArray[np.bool_]:
    """Authorities that declared their samples for every month in which they reported an event.

    Where one month is missing, samples cannot be the denominator: the month's events would stand
    against nothing.
    """
    said = ~np.isnan(found.samples)
    unsaid = np.any((found.volume > 0) & ~said, axis=1)
    declares: NDArray[np.bool_] = np.any(said, axis=1) & ~unsaid
    return declares


def _carry_on(samples: Floats) -> None:
    """Let the last declared months stand in for those that may not have been declared yet."""
    months = samples.shape[1]
    for row in samples:
        said = np.flatnonzero(~np.isnan(row))
        if len(said) and said[-1] >= months - 1 - CARRIED:
            row[said[-1] + 1 :] = row[said[-CARRIED_FROM:]].mean()


def _mostly(volume: Floats, declares: NDArray[np.bool_]) -> bool:
    everything = volume.sum()
    return bool(declares.any() and volume[declares].sum() >= DECLARED_SHARE * everything)


def _scopes(
    declared: Sequence[sightings.Exposure], row: dict[int, int], asked: range
) -> dict[int, tuple[frozenset[str] | None, ...]]:
    """The scope of each authority in each month: the latest declared by then, else the first."""
    said: dict[int, dict[int, frozenset[str] | None]] = {}
    for one in declared:
        months = said.setdefault(row[one.authority_id], {})
        words = _words(one.scope) if one.scope else None
        month = month_of(one.month)
        before = months.get(month, frozenset())
        months[month] = None if words is None or before is None else words | before
    return {
        place: _by_then(months, asked)
        for place, months in said.items()
        if any(words is not None for words in months.values())
    }


def _by_then(
    said: dict[int, frozenset[str] | None], asked: range
) -> tuple[frozenset[str] | None, ...]:
    months = sorted(said)
    return tuple(said[months[max(bisect_right(months, month) - 1, 0)]] for month in asked)


def own_events(tally: Tally, found: Looked, level: Handling) -> Floats:
    """A node's own events by month, of authorities that could see it: what is left out.

    Only what somebody could not see is looked at one by one.
    """
    own = tally.series(level).copy()
    if not found.scope:
        return own
    sees = found.seen_by(tally.nodes)
    limited = np.array(sorted(found.authorities[place] for place in found.scope))
    for cells, nodes in tally.by_node(limited, level):
        place = places_of(found.authorities, cells["authority"])
        month = cells["month"] - tally.since
        for which, node in nodes:
            unseen = 1 - sees(node, place[which], month[which])
            at = node * tally.months + month[which]
            lost = np.bincount(at, cells["events"][which] * unseen, own.size)
            own -= lost.reshape(own.shape)
    return own


def places_of(authorities: Sequence[int], wanted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where each authority is among the sorted ids; -1 for one that is not there."""
    ids = np.array(authorities, np.int64)
    if not len(ids):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[place] == wanted, place, -1)

"""A tree-temporal scan: is any branch, in any recent span, more than its share of all events?

Kulldorff et al. 2003, conditional on the total. Leaves are substances, nodes any sets of them
(substances, families, classes; a leaf may lie in several). The tree is fixed before looking. It
is an audit of a year or a quarter, with one p over all nodes and spans; the monthly gate is GLR.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from app.surveillance.statistics import excess
from app.surveillance.statistics.series import Floats

REPLICATES = 999
PSEUDO_COUNT = 0.5  # events that a class is given for all its leaves that were never seen
CELLS_AT_ONCE = 4_000_000  # replicates are dealt in batches, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class TreeScan:
    """For each node its best span: the last `months` months, and what was seen and due in them."""

    evidence: Floats
    months: NDArray[np.int64]
    seen: Floats
    expected: Floats
    p: Floats


def leaf_shares(past: ArrayLike, classes: ArrayLike) -> Floats:
    """Each leaf's share of events by its past, with half an event for the unseen of each class.

    `past` are baseline counts of the leaves (per exposure, where that differs), `classes` the class
    of each. The half is divided among a class's unseen leaves: six new members of one family stay
    a surprise, where half an event for each would make them expected.
    """
    seen, kinds = np.asarray(past, dtype=np.float64), np.asarray(classes)
    if seen.ndim != 1 or kinds.shape != seen.shape or (seen < 0).any():
        raise ValueError("each leaf needs a past count, nought or more, and a class")
    smoothed = seen.copy()
    for kind in np.unique(kinds):
        unseen = (kinds == kind) & (seen == 0)
        if unseen.any():
            smoothed[unseen] = PSEUDO_COUNT / unseen.sum()
    if smoothed.size == 0:
        raise ValueError("a tree has leaves")
    return np.asarray(smoothed / smoothed.sum())


def scan(
    counts: ArrayLike,
    shares: ArrayLike,
    nodes: Sequence[ArrayLike],
    generator: np.random.Generator,
    *,
    exposure: ArrayLike | None = None,
    replicates: int = REPLICATES,
    least: int = 2,
) -> TreeScan | None:
    """Scan every node over the last 1, 2, … months of `counts` (leaves by months, oldest first).

    `shares` say how events fall on leaves (`leaf_shares`), `exposure` how they fall on months
    (samples analysed; alike without it). `nodes` are the leaf numbers under each node. Spans with
    fewer than `least` events do not stand out. p is (1 + replicates whose best node is as good) /
    (replicates + 1): already for having looked everywhere. None without events.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any():
        raise ValueError("counts are a table of leaves by months, nought or more")
    by_leaf = _distribution(np.asarray(shares, dtype=np.float64), table.shape[0], "leaf")
    months = np.ones(table.shape[1]) if exposure is None else np.asarray(exposure, np.float64)
    by_month = _distribution(months, table.shape[1], "month")
    total = int(table.sum())
    if total == 0:
        return None
    members = _membership(nodes, table.shape[0])
    due = total * np.outer(members @ by_leaf, np.cumsum(by_month[::-1]))
    seen = _in_spans(members, table[None])[0]
    evidence = _evidence(seen, due, total, least)
    chance = np.array(
        [
            best
            for dealt in _dealt(by_leaf, by_month, total, replicates, generator)
            for best in _evidence(_in_spans(members, dealt), due, total, least).max(axis=(1, 2))
        ]
    )
    node, span = np.arange(len(evidence)), np.argmax(evidence, axis=1)
    top = evidence[node, span]
    as_good = np.sum(chance[None, :] >= top[:, None] - 1e-12, axis=1)
    p = (1 + as_good) / (replicates + 1)
    return TreeScan(top, span + 1, seen[node, span], due[node, span], p)


def _evidence(seen: Floats, due: Floats, total: int, least: int) -> Floats:
    return excess.evidence(np.where(seen >= least, seen, 0.0), due, total)


def _in_spans(members: csr_array, tables: Floats) -> Floats:
    """Tables (replicates, leaves, months) as counts (replicates, nodes, last 1, 2, … months)."""
    replicates, leaves, months = tables.shape
    recent = np.cumsum(tables[:, :, ::-1], axis=2)
    flat = members @ recent.transpose(1, 0, 2).reshape(leaves, replicates * months)
    return np.asarray(flat).reshape(-1, replicates, months).transpose(1, 0, 2)


def _dealt(
    by_leaf: Floats, by_month: Floats, total: int, replicates: int, generator: np.random.Generator
) -> Iterator[Floats]:
    """Batches of tables in which the events fall on leaves and months by chance."""
    leaves, months = len(by_leaf), len(by_month)
    cells = leaves * months
    batch = max(1, CELLS_AT_ONCE // cells)
    for begun in range(0, replicates, batch):
        size = min(batch, replicates - begun)
        leaf = generator.choice(leaves, size=(size, total), p=by_leaf)
        month = generator.choice(months, size=(size, total), p=by_month)
        place = np.arange(size)[:, None] * cells + leaf * months + month
        dealt = np.bincount(place.ravel(), minlength=size * cells)
        yield dealt.reshape(size, leaves, months).astype(np.float64)


def _membership(nodes: Sequence[ArrayLike], leaves: int) -> csr_array:
    """A table of nodes by leaves, 1 where the leaf lies under the node; each leaf counts once."""
    under = [np.unique(np.asarray(node, dtype=np.int64)) for node in nodes]
    if not under or any(len(node) == 0 or node[0] < 0 or node[-1] >= leaves for node in under):
        raise ValueError("a scan needs nodes, each of one leaf or more that is in the table")
    ends = np.concatenate([[0], np.cumsum([len(node) for node in under])])
    columns = np.concatenate(under)
    return csr_array((np.ones(len(columns)), columns, ends), shape=(len(under), leaves))


def _distribution(weights: Floats, length: int, name: str) -> Floats:
    if weights.shape != (length,) or (weights < 0).any() or not weights.sum() > 0:
        raise ValueError(
            f"each {name} needs its weight, nought or more, and not all of them nought"
        )
    return np.asarray(weights / weights.sum())

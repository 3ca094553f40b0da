"""What the rank of a substance rests on: where it would stand if one thing were otherwise.

Three changes are to this substance alone, while all others and what they are measured against stay
as they are: without the reports of the authority that sent most of them, without the severity of
its class, without deaths whose identification is not of grade A or B. The rank under the change is
the place that the changed score would take among the others' unchanged scores. A preset changes
everybody: the rank is the one in the whole list under those weights.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.intake.words import EventKind
from app.surveillance.criteria import Setting, Subject, fatal_events, stratum
from app.surveillance.priority import Entry, entry
from app.surveillance.ranking import Known, PriorityList
from app.surveillance.ruleset import Weights, ruleset
from app.surveillance.sightings import Cell

LARGEST_REPORTER = "without the largest reporter"
CLASS_SEVERITY = "without the severity of its class"
UNCONFIRMED_DEATHS = "without unconfirmed deaths"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """One change, and where the substance would stand; None when nothing of it would be left."""

    change: str
    preset: str | None
    score: float | None
    rank: int | None
    moved: int | None  # places down the list; negative: up
    decisive: bool  # by more than the ruleset's number of places, or out of the list


Boards = dict[tuple[str, bool], list[float]]


def boards(of: PriorityList) -> Boards:
    """The scores of either list under each preset, the highest first and negated, for look-ups."""
    return {
        (preset, apart): sorted(-round(_score(item, weights), 9) for item in entries)
        for apart, entries in ((False, of.ranked), (True, of.controlled))
        for preset, weights in ruleset().presets.items()
    }


def counterfactuals(of: PriorityList, item: Entry, among: Boards) -> list[Counterfactual]:
    """Every change that alters something of this substance, and each other preset."""
    found = []
    board = among[of.preset, item.controlled]
    for change, changed in _changed(of, item):
        score = None if changed is None else changed.score
        found.append(_found(change, None, item, score, board))
    for preset, weights in ruleset().presets.items():
        if preset != of.preset:
            score = _score(item, weights)
            board = among[preset, item.controlled]
            rank = 1 + bisect_left(board, -round(score, 9))
            found.append(_moved(f"preset {preset}", preset, item, score, rank))
    return found


def depends_on(found: Iterable[Counterfactual]) -> list[str]:
    """The changes that move the rank by more than it should hang on one thing."""
    return [one.change for one in found if one.decisive]


def largest_reporter(cells: Sequence[Cell]) -> int:
    """The authority with the most reports of it; of several the one with the lowest number."""
    reports: Counter[int] = Counter()
    for cell in cells:
        reports[cell.authority_id] += cell.reports
    return min(reports, key=lambda who: (-reports[who], who))


def _changed(of: PriorityList, item: Entry) -> Iterable[tuple[str, Entry | None]]:
    known = of.known[item.substance_id]
    largest = largest_reporter(known.cells)
    kept = replace(
        known,
        cells=tuple(c for c in known.cells if c.authority_id != largest),
        periods=tuple(p for p in known.periods if p.authority_id != largest),
    )
    yield LARGEST_REPORTER, _again(of, known, kept)
    if known.subject.severity is not None:
        yield (
            CLASS_SEVERITY,
            _again(of, known, replace(known, subject=replace(known.subject, severity=None))),
        )
    if any(_unconfirmed_death(c) for c in known.cells):
        sure = tuple(c for c in known.cells if not _unconfirmed_death(c))
        yield UNCONFIRMED_DEATHS, _again(of, known, replace(known, cells=sure))


def _again(of: PriorityList, before: Known, after: Known) -> Entry | None:
    """The entry from what is left; its class is compared without what was taken away."""
    if not after.cells:
        return None
    gone = [c for c in before.cells if c not in after.cells]
    among = _less(of.among, before.subject, gone)
    anchors = ruleset().priority
    return entry(after.subject, after.cells, after.periods, among, anchors, weights=of.weights)


def _less(among: Setting, subject: Subject, gone: Sequence[Cell]) -> Setting:
    harms, left = dict(among.harms), dict(among.class_events)
    for cell in gone:
        at = stratum(subject.group, cell, among.as_of)
        if cell.events and at in harms:
            events, fatal = harms[at]
            harms[at] = events - cell.events, fatal - fatal_events(cell)
            left[subject.group] -= cell.events
    return replace(among, harms=harms, class_events=left)


def _unconfirmed_death(cell: Cell) -> bool:
    """Deaths are kept apart by whether they are confirmed (`harms_apart` of sightings.cells)."""
    return cell.kind is EventKind.DEATH and not cell.confirmed


def _found(
    change: str, preset: str | None, item: Entry, score: float | None, board: list[float]
) -> Counterfactual:
    """The place that a changed score takes among the others, equal scores sharing a rank."""
    if score is None:
        return Counterfactual(change, preset, None, None, None, decisive=True)
    ahead = bisect_left(board, -round(score, 9))
    itself = round(item.score, 9) > round(score, 9)  # it stands on the board with its own score
    return _moved(change, preset, item, score, 1 + ahead - itself)


def _moved(change: str, preset: str | None, item: Entry, score: float, rank: int) -> Counterfactual:
    moved = rank - item.rank
    return Counterfactual(
        change, preset, score, rank, moved, abs(moved) > ruleset().standing.places
    )


def _score(item: Entry, weights: Weights) -> float:
    """Its score under other weights."""
    points = [
        sum(c.share * c.value for c in p.criteria if c.value is not None) for p in item.pillars
    ]
    return sum(weight * value for weight, value in zip(weights, points, strict=True))

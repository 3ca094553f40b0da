"""How sure a rank is, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.surveillance.counterfactuals import (
    CLASS_SEVERITY,
    LARGEST_REPORTER,
    UNCONFIRMED_DEATHS,
    Counterfactual,
    boards,
    counterfactuals,
    depends_on,
)
from app.surveillance.criteria import Subject, setting
from app.surveillance.priority import HARM_UNKNOWN, entry, ranked, reweighed
from app.surveillance.ranking import Known, PriorityList
from app.surveillance.ruleset import USUAL_PRESET, ruleset
from app.surveillance.severity import severity_of
from app.surveillance.sightings import Cell
from app.surveillance.standing import Firmness, before_others
from tests.surveillance.making import AS_OF, NOW, cell, days_ago, death

ANCHORS = ruleset().priority
NITAZENES = severity_of("nitazenes", ())


def a_list(known: Mapping[int, tuple[Cell, ...]], preset: str = USUAL_PRESET) -> PriorityList:
    """The list of nitazenes with these cells."""
    every = [c for cells in known.values() for c in cells]
    groups = dict.fromkeys(known, "nitazenes")
    among = setting(every, (), as_of=AS_OF, anchors=ANCHORS, groups=groups)
    of = {
        number: Known(
            Subject(number, frozenset({"nitazenes"}), False, "nitazenes", NITAZENES), cells, ()
        )
        for number, cells in known.items()
    }
    weights = ruleset().presets[preset]
    entries = [
        entry(one.subject, one.cells, one.periods, among, ANCHORS, weights=weights)
        for one in of.values()
    ]
    return PriorityList(ranked(entries), (), AS_OF, NOW, "test", preset, among, of)


def many() -> dict[int, tuple[Cell, ...]]:
    """Thirty substances with more and more events; 31 has deaths, mostly of one laboratory."""
    found: dict[int, tuple[Cell, ...]] = {
        n: (cell("FR", substance_id=n, reports=n, authority_id=2),) for n in range(1, 31)
    }
    found[31] = (
        death("US", substance_id=31, reports=9, grade="C", authority_id=3),
        death("DE", days_ago(20), substance_id=31, authority_id=1),
        cell("DE", days_ago(40), substance_id=31, reports=3, authority_id=1),
    )
    return found


def found(of: PriorityList, number: int = 31) -> dict[str, Counterfactual]:
    item = of.of(number)
    assert item is not None
    return {one.change: one for one in counterfactuals(of, item, boards(of))}


def rank_with(of: PriorityList, number: int, cells: tuple[Cell, ...], **subject: object) -> int:
    """The rank in the list in which this substance alone is as said."""
    before = of.known[number]
    among = a_list({**{n: k.cells for n, k in of.known.items()}, number: cells}).among
    kept = replace(of.among, harms=among.harms, class_events=among.class_events)
    changed = replace(before.subject, **subject)  # type: ignore[arg-type]
    anew = entry(changed, cells, (), kept, ANCHORS)
    others = [e for e in of.ranked if e.substance_id != number]
    return next(e.rank for e in ranked([*others, anew]) if e.substance_id == number)


def test_a_rank_under_a_change_is_the_rank_in_the_list_with_that_change() -> None:
    of = a_list(many())
    cells = of.known[31].cells
    said = found(of)
    assert set(said) == {
        LARGEST_REPORTER, CLASS_SEVERITY, UNCONFIRMED_DEATHS, "preset ranked", "preset harm_first",
    }  # fmt: skip
    sure = cells[1:]
    assert said[LARGEST_REPORTER].rank == rank_with(of, 31, sure)
    assert said[UNCONFIRMED_DEATHS].rank == rank_with(of, 31, sure)
    assert said[CLASS_SEVERITY].rank == rank_with(of, 31, cells, severity=None)
    for item in of.ranked:
        for one in counterfactuals(of, item, boards(of)):
            if one.preset:
                weights = ruleset().presets[one.preset]
                whole = ranked(reweighed(e, weights) for e in of.ranked)
                assert one.rank == next(
                    e.rank for e in whole if e.substance_id == item.substance_id
                )


def test_what_moves_a_rank_by_more_than_ten_places_is_named() -> None:
    of = a_list(many())
    item = of.of(5)
    assert item is not None
    said = counterfactuals(of, item, boards(of))
    gone = next(one for one in said if one.change == LARGEST_REPORTER)
    assert (gone.rank, gone.decisive) == (None, True)  # its only reporter
    assert LARGEST_REPORTER in depends_on(said)
    for one in said:
        if one.moved is not None:
            assert one.decisive == (abs(one.moved) > 10)


def test_without_unconfirmed_deaths_there_is_nothing_to_leave_out() -> None:
    of = a_list({1: (death(),), 2: (cell(substance_id=2),)})
    assert UNCONFIRMED_DEATHS not in found(of, 1)


def test_unknown_harm_makes_a_rank_unsure_and_the_list_is_simulated_once() -> None:
    known = {n: (cell(substance_id=n, reports=40), death(substance_id=n)) for n in range(1, 60)}
    known[60] = (cell(substance_id=60, reports=40),)
    seen = [cell(country, substance_id=61, reports=400) for country in ("DE", "FR", "US")]
    known[61] = (*seen, death("US", substance_id=61, reports=30))
    of = a_list(known)
    standings = of.standings()
    assert standings is of.standings()
    first, unsure = standings[61], standings[60]
    assert (first.low, first.firmness) == (1, Firmness.ROBUST)
    assert HARM_UNKNOWN in of.ranked[-1].flags and of.ranked[-1].substance_id == 60
    assert unsure.high - unsure.low > 10
    assert unsure.low < 61 - 10
    assert sum(s.expected for s in standings.values()) == pytest.approx(61 * 62 / 2)
    limits = ruleset().standing
    shares = before_others(of.ranked, [61, 60], of.weights, limits, as_of=of.as_of)
    assert shares[0][1] > 0.9

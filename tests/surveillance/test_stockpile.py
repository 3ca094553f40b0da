"""What is left out by bounds would not have been unusual, whatever came in since."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.handling import Handling
from app.intake.words import EventKind
from app.surveillance import arrays
from app.surveillance.arrays import FORMS, KINDS, ROLES, SINGLE, WEIGHED, WEIGHED_KEY, Records
from app.surveillance.occurrences import occurrences
from app.surveillance.ruleset import ruleset
from app.surveillance.spots import Weights, unusual_quantities
from app.surveillance.stockpile import Stockpile, maybe_unusual, quantities, standing_out
from tests.surveillance.making import AS_OF
from tests.surveillance.test_spotting import single

RULES = ruleset()
TODAY = AS_OF.toordinal()
ANY = np.full((4, len(FORMS) + 1), -np.inf)

number, level = st.integers(1, 3), st.integers(0, 3)
seizure = st.tuples(
    number,
    st.sampled_from([0, 1, len(FORMS)]),
    level,
    st.integers(0, 200),
    st.sampled_from([0, 0, 0, 30]),
    st.sampled_from([0.5, 1.0, 1.1, 2.0, 5.0, 40.0, 900.0]),
)


def seizures(rows: list[Any]) -> Records:
    return np.concatenate(
        [
            single(
                place,
                substance=substance,
                kind=KINDS.index(EventKind.SEIZURE),
                role=len(ROLES),
                form=form,
                level=at,
                first=TODAY - ago - lasted,
                end=TODAY - ago,
                grams=grams,
            )
            for place, (substance, form, at, ago, lasted, grams) in enumerate(rows)
        ]
    )


def as_weights(rows: Records) -> Records:
    found = np.zeros(len(rows), WEIGHED)
    for name in ("substance", "form", "level", "grams"):
        found[name] = rows[name]
    found["day"], found["seizures"] = rows["first"], 1
    return found


def piled(kept: Records) -> Stockpile:
    kept = arrays.summed(kept, WEIGHED_KEY, ("seizures",))
    return Stockpile.of(kept, as_of=AS_OF, rules=RULES)


@settings(max_examples=250, deadline=None)
@given(st.lists(seizure, min_size=1, max_size=40), st.data())
def test_no_unusual_quantity_is_left_out(rows: list[Any], data: st.DataObject) -> None:
    every = seizures(rows)
    kept, gone = (
        data.draw(st.integers(0, most)) for most in (len(every), 3)
    )  # what was known before, and what of that is no longer so
    by_substance: defaultdict[int, list[Any]] = defaultdict(list)
    for one in occurrences(every):
        by_substance[one.substance_id].append(one)
    weights = as_weights(every)
    whole = (
        (mine, Weights.of(weights[weights["substance"] == substance], ANY))
        for substance, mine in by_substance.items()
    )
    expected = dict(unusual_quantities(whole, as_of=AS_OF, rules=RULES))
    pile = piled(np.concatenate([weights[:kept], weights[:gone]]))
    fewer = data.draw(st.integers(0, len(every)))  # were known when the pile was asked before
    for seen in (every[:fewer], every):
        asked = pile, weights[:gone], as_weights(seen)[kept:], seen
        found = dict(quantities(*asked, as_of=AS_OF, rules=RULES))
    assert found == expected


def test_most_seizures_are_not_looked_at_one_by_one() -> None:
    history = [(1, 0, 0, 400 - n, 0, 1.0 + n % 3) for n in range(50)]
    few = [(1, 0, 0, 5, 0, 3.0), (1, 0, 0, 4, 0, 900.0)]
    for rows, expected in (([*history, *few], [900.0]), ([*history, few[0]], [])):
        every = seizures(rows)
        weights = as_weights(every)
        pile, none = piled(weights), weights[:0]
        found = [
            standing_out(fresh, pile.at_levels(number, none, fresh, Handling.CLEAR))
            for number, asked in maybe_unusual(pile, none, none, every, as_of=AS_OF, rules=RULES)
            for fresh in [np.frombuffer(asked.fresh, SINGLE)]
        ]
        assert [one.grams for fresh in found for one in fresh] == expected

"""What is left out beforehand would not have stood out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.handling import Handling
from app.intake.words import CausalRole, EventKind
from app.surveillance import arrays
from app.surveillance.arrays import FORMS, KINDS, ROLES, SINGLE, WEIGHED, WEIGHED_KEY, Records
from app.surveillance.occurrences import occurrences
from app.surveillance.ruleset import ruleset
from app.surveillance.spots import Weights, clusters_of_harm, unusual_quantities
from app.surveillance.spotting import maybe_clustered
from app.surveillance.stockpile import Stockpile, maybe_unusual, quantities, standing_out
from tests.surveillance.making import AS_OF

RULES = ruleset()
TODAY = AS_OF.toordinal()
ANY = np.full((4, len(FORMS) + 1), -np.inf)

number, level = st.integers(1, 3), st.integers(0, 3)
harm = st.tuples(
    number,
    st.sampled_from([b"DE", b"FR"]),
    st.sampled_from([EventKind.DEATH, EventKind.ACUTE_TOXICITY]),
    st.sampled_from([*CausalRole, None]),
    level,
    st.integers(0, 200),
    st.integers(0, 5),
    st.integers(0, 3),
)
seizure = st.tuples(
    number,
    st.sampled_from([0, 1, len(FORMS)]),
    level,
    st.integers(0, 200),
    st.sampled_from([0, 0, 0, 30]),
    st.sampled_from([0.5, 1.0, 1.1, 2.0, 5.0, 40.0, 900.0]),
)


def single(report: int, **values: Any) -> Records:
    row = np.zeros(1, SINGLE)
    for name, value in {"report": report, "cases": 1, "country": b"DE", **values}.items():
        row[name] = value
    return row


def harms(rows: list[Any]) -> Records:
    return np.concatenate(
        [
            single(
                place,
                substance=substance,
                country=country,
                kind=KINDS.index(kind),
                role=len(ROLES) if role is None else ROLES.index(role),
                level=at,
                first=TODAY - ago - lasted,
                end=TODAY - ago,
                cases=cases,
            )
            for place, (substance, country, kind, role, at, ago, lasted, cases) in enumerate(rows)
        ]
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


@settings(max_examples=150, deadline=None)
@given(st.lists(harm, min_size=1, max_size=30))
def test_no_cluster_of_harm_is_left_out(rows: list[Any]) -> None:
    every = harms(rows)
    some = maybe_clustered(every, as_of=AS_OF, rules=RULES)
    whole, found = (
        dict(clusters_of_harm(occurrences(each), as_of=AS_OF, rules=RULES))
        for each in (every, some)
    )
    assert found == whole
    places = {(one.substance_id, one.country) for one in occurrences(some)}
    assert len(places) == len(whole), "what is looked at stands out by the full knowledge"


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

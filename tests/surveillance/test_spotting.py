"""What is left out beforehand would not have stood out."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.words import CausalRole, EventKind
from app.surveillance.arrays import KINDS, ROLES, SINGLE, Records
from app.surveillance.occurrences import occurrences
from app.surveillance.ruleset import ruleset
from app.surveillance.spots import clusters_of_harm
from app.surveillance.spotting import maybe_clustered
from tests.surveillance.making import AS_OF

RULES = ruleset()
TODAY = AS_OF.toordinal()

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

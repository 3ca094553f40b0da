"""What a subscription lets pass: a filter more never lets more pass, and none lets all pass."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notification.filters import LISTS, Filters, Similar, Subject, matches
from app.surveillance.models import NodeKind, Tier
from tests.notification.making import PROTONITAZENE

WORDS = ("a", "b", "c")
ETONITAZENE = "CCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1"
CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
sets = st.frozensets(st.sampled_from(WORDS), max_size=2)
subjects_of_anything = st.builds(
    Subject,
    kind=st.sampled_from(NodeKind),
    tier=st.sampled_from(Tier),
    structures=st.lists(st.sampled_from([PROTONITAZENE, CAFFEINE]), max_size=2).map(tuple),
    worldwide=st.booleans(),
    regions=st.frozensets(st.sampled_from(["Europe", "Asia"])),
    **{name: sets for name in LISTS if name != "regions"},
)
any_filters = st.builds(
    Filters,
    similar_to=st.sampled_from([None, Similar(ETONITAZENE, 0.6), Similar(CAFFEINE, 0.99)]),
    containing=st.sampled_from(["", "c1ccc2[nH]cnc2c1", "[N+](=O)[O-]", CAFFEINE]),
    near_me=st.booleans(),
    regions=st.frozensets(st.sampled_from(["Europe", "Asia"])),
    **{name: sets for name in LISTS if name != "regions"},
)
homes = st.sampled_from(["DE", "JP", None])


@given(subject=subjects_of_anything, home=homes)
def test_without_filters_everything_passes(subject, home):
    assert matches(Filters(), subject, home=home)


@given(filters=any_filters, other=any_filters, subject=subjects_of_anything, home=homes)
def test_a_filter_more_never_lets_more_pass(filters, other, subject, home):
    for one in fields(Filters):
        if not getattr(filters, one.name):
            more = replace(filters, **{one.name: getattr(other, one.name)})
            assert matches(filters, subject, home=home) >= matches(more, subject, home=home)


@given(filters=any_filters)
def test_what_is_written_down_is_what_was_meant(filters):
    assert Filters.from_json(filters.as_json()) == filters


def about(**says):
    return Subject(structures=(PROTONITAZENE,), regions=frozenset({"Europe"}), **says)


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(similar_to=Similar(PROTONITAZENE, 1.0)), True),
        (Filters(similar_to=Similar(ETONITAZENE, 0.7)), True),
        (Filters(similar_to=Similar(CAFFEINE, 0.35)), False),
        (Filters(containing="c1ccc2[nH0]cnc2c1"), True),
        (Filters(containing="C1=CC=CC=C1"), True),  # a structure, and so aromatic
        (Filters(containing="[N+](=O)[O-]"), True),  # SMARTS: drawn alone it is something else
        (Filters(containing=CAFFEINE), False),
    ],
)
def test_structures_are_compared(filters, passes):
    assert matches(filters, about()) is passes


@pytest.mark.parametrize(
    ("home", "subject", "passes"),
    [
        ("DE", about(), True),
        ("JP", about(), False),
        ("JP", about(worldwide=True, tier=Tier.URGENT), True),
        ("JP", about(worldwide=True, tier=Tier.ALERT), False),
        ("JP", about(tier=Tier.URGENT), False),
        (None, about(), True),
    ],
)
def test_near_me_is_my_region_and_what_is_urgent_worldwide(home, subject, passes):
    assert matches(Filters(near_me=True), subject, home=home) is passes

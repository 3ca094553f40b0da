"""What an agreement weighs, that it can be explained, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.duplicates.cases import CaseKey, comparable
from app.intake.duplicates.scoring import Verdict, compare, compare_likely
from app.intake.duplicates.weights import weights
from app.intake.words import AgeBand, EventKind, Outcome, PhysicalForm, Sex, Unit
from tests.intake.duplicates.making import DAY, case, telling

# signals 6.2 as published; for two of its disagreements see below
PUBLISHED = {
    "reference": {"same": 10.9, "different": -4.3},
    "date": {
        "same_day": 5.9,
        "within_3_days": 2.6,
        "within_14_days": -0.6,
        "more_than_14_days": -4.0,
    },
    "quantity": {"within_2_percent": 6.1, "within_10_percent": 1.6, "different": -2.6},
    "place": {"same": 3.0, "different": -2.2},
    "form": {"same": 1.6, "different": -2.8},
    "found_with": {"same": 5.1},
    "person": {"same": 5.5},
}


@pytest.mark.parametrize(
    ("field", "level", "bits"),
    [(field, level, bits) for field, levels in PUBLISHED.items() for level, bits in levels.items()],
)
def test_the_weights_are_those_published(field: str, level: str, bits: float) -> None:
    assert round(weights().fields[field].levels[level].weight, 1) == bits


@pytest.mark.parametrize(("field", "bits"), [("found_with", -1.7), ("person", -3.3)])
def test_two_published_a_tenth_off_follow_from_their_own_shares(field: str, bits: float) -> None:
    """They are given as -1.6 and -3.2 beside shares that make -1.71 and -3.29."""
    level = weights().fields[field].levels["different"]
    assert level.weight == pytest.approx(log2(level.m / level.u))
    assert round(level.weight, 1) == bits


def test_the_levels_of_a_field_leave_nothing_out() -> None:
    for field in weights().fields.values():
        shares = [level for name, level in field.levels.items() if not name.endswith("round")]
        assert sum(level.m for level in shares) == pytest.approx(1)
        assert sum(level.u for level in shares) == pytest.approx(1)


def test_a_pair_is_as_likely_as_not_where_the_weight_outweighs_the_odds() -> None:
    assert weights().posterior(log2(500)) == pytest.approx(0.5)
    assert weights().posterior(9) == pytest.approx(1 / (1 + 2 ** -(9 - log2(500))))


def level(field: str, one: object, other: object) -> str | None:
    found = {c.field: c.level for c in compare(one, other).contributions}  # type: ignore[arg-type]
    return found[field]


def test_what_one_does_not_say_weighs_nothing() -> None:
    silent = compare(case(day=None), telling(authority=2))
    assert {c.level for c in silent.contributions} == {None}
    assert (silent.weight, silent.verdict) == (0, Verdict.DISTINCT)


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "same_day"), (1, "within_3_days"), (3, "within_3_days"), (4, "within_14_days"),
     (14, "within_14_days"), (15, "more_than_14_days"), (-15, "more_than_14_days")],
)  # fmt: skip
def test_days_apart(days: int, said: str) -> None:
    assert level("date", case(), case(day=DAY + timedelta(days=days))) == said


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ((23.7, Unit.G), (0.0237, Unit.KG), "within_2_percent"),
        ((23.7, Unit.G), (24.1, Unit.G), "within_2_percent"),
        ((23.7, Unit.G), (25.9, Unit.G), "within_10_percent"),
        ((23.7, Unit.G), (40.0, Unit.G), "different"),
        ((10.0, Unit.G), (10.0, Unit.G), "within_2_percent_round"),
        ((1.0, Unit.KG), (1000.0, Unit.G), "within_2_percent_round"),
        ((23.7, Unit.G), (23.7, Unit.ML), None),
        ((23.7, Unit.G), (0.0, Unit.G), None),
        ((23.7, Unit.G), (None, None), None),
    ],
)
def test_quantities_in_one_unit(one, other, said) -> None:
    left, right = (case(quantity=amount, unit=unit) for amount, unit in (one, other))
    assert level("quantity", left, right) == said


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ((1, "2026/17"), (1, "2026-017"), "same"),
        ((1, "2026/17"), (1, "2026/18"), "different"),
        ((1, "BKA 2026-44317"), (2, "bka/2026/44317"), "same"),
        ((1, "BKA 2026-44317"), (2, "FR-9 (BKA 2026-44317)"), "same"),
        ((1, "2026/17"), (2, "2026/17"), None),  # every laboratory has a seventeenth
        ((1, "BKA 2026-44317"), (2, "BKA 2026-44318"), None),
    ],
)
def test_a_number_across_authorities_tells_only_when_it_is_one_cases(one, other, said) -> None:
    left, right = (case(authority=who, reference=number) for who, number in (one, other))
    assert level("reference", left, right) == said


def test_places_are_compared_within_a_country_only() -> None:
    here = case(subdivision="DE-BY")
    assert level("place", here, case(subdivision="DE-BY")) == "same"
    assert level("place", here, case(subdivision="DE-BE")) == "different"
    assert level("place", here, case(country="FR", subdivision="FR-75")) is None


def test_what_was_found_with_it_needs_two_others_on_both_sides() -> None:
    def of(*names: str):
        return case(substances=frozenset(names))

    assert level("found_with", of("s1", "s2"), of("s1", "s2")) is None
    assert level("found_with", of("s1", "s2", "s3"), of("s1", "s2", "s3")) == "same"
    assert level("found_with", of("s1", "s2", "s3"), of("s1", "s4", "s5")) == "different"
    assert level("found_with", of("s1", "s2", "s3"), of("s1")) is None


def death(**said):
    plain = {"kind": EventKind.DEATH, "age": AgeBand.FROM_25, "sex": Sex.MALE, "matrix": "blood"}
    return case(**(plain | said))


def test_age_and_sex_are_compared_of_deaths_only() -> None:
    assert level("person", death(), death()) == "same"
    assert level("person", death(), death(sex=Sex.FEMALE)) == "different"
    assert level("person", death(), death(sex=Sex.UNKNOWN)) is None
    assert level("person", death(), death(sex=None, age=AgeBand.FROM_65)) == "different"
    ill = death(kind=EventKind.ACUTE_TOXICITY)
    assert level("person", ill, ill) is None


def test_one_reporters_twins_are_linked_and_two_reporters_proposed() -> None:
    twin = telling(reference="2026/17")
    own = compare(twin, telling(reference="2026-17"))
    others = compare(twin, telling(authority=2))
    assert (own.verdict, round(own.weight, 1)) == (Verdict.LINK, 27.5)
    assert (others.verdict, round(others.weight, 1)) == (Verdict.PROPOSE, 16.6)


def test_in_between_a_person_looks() -> None:
    found = compare(telling(authority=1, quantity=None), telling(authority=2))
    assert (round(found.weight, 1), found.verdict) == (10.5, Verdict.LOOK)


def test_a_death_is_linked_only_on_a_shared_number_and_the_same_person_on_the_same_day() -> None:
    """An outbreak is a chain of like deaths, which must not become one."""
    first = death(reference="PM/2026/1", subdivision="DE-BY")
    alike = {"reference": "PM-2026-001", "subdivision": "DE-BY"}
    certain = compare(first, death(**alike))
    assert (certain.verdict, len(certain.strong)) == (Verdict.LINK, 2)
    for differs in (
        {"reference": "PM/2026/2"},
        {"day": DAY + timedelta(days=1)},
        {"day": None},
        {"sex": None},
    ):
        uncertain = compare(first, death(**(alike | differs)))
        assert uncertain.fatal and uncertain.verdict in (Verdict.LOOK, Verdict.DISTINCT)
    across = compare(first, death(authority=2, subdivision="DE-BY"))
    assert across.weight > weights().link and across.verdict is Verdict.LOOK


def test_who_died_of_poisoning_is_held_to_the_stricter_rule_too() -> None:
    died = telling(kind=EventKind.ACUTE_TOXICITY, outcome=Outcome.DEATH, reference="2026/17")
    twin = replace(died, report_id=99, key=CaseKey(1, "2026-17"))
    assert compare(died, twin).verdict is Verdict.LOOK


def test_a_death_is_not_the_powder_found_beside_it() -> None:
    assert not comparable(death(), case())
    assert comparable(death(), case(kind=EventKind.ACUTE_TOXICITY))
    assert comparable(case(), case(kind=EventKind.OPEN_SOURCE))
    assert not comparable(case(reference="A", report_id=1), case(reference="A", report_id=2))


cases = st.builds(
    case,
    authority=st.integers(1, 2),
    reference=st.sampled_from(["2026/17", "2026-17", "BKA 44317", "44317", "x", ""]),
    kind=st.sampled_from(list(EventKind)),
    country=st.sampled_from(["DE", "FR"]),
    day=st.none() | st.integers(0, 40).map(lambda days: DAY + timedelta(days=days)),
    substances=st.frozensets(st.sampled_from(["s1", "s2", "s3", "s4", "nx"]), max_size=5),
    subdivision=st.sampled_from([None, "DE-BY", "DE-BE"]),
    quantity=st.none() | st.floats(0, 1e12, allow_nan=False),
    unit=st.none() | st.sampled_from(list(Unit)),
    form=st.none() | st.sampled_from(list(PhysicalForm)),
    matrix=st.sampled_from([None, "Blood", "blood ", "urine"]),
    age=st.none() | st.sampled_from(list(AgeBand)),
    sex=st.none() | st.sampled_from(list(Sex)),
    outcome=st.none() | st.sampled_from(list(Outcome)),
)


@given(cases, cases)
def test_the_order_of_two_changes_nothing(one, other) -> None:
    assert compare(one, other) == compare(other, one)


@given(cases, cases)
def test_the_contributions_add_up_to_the_weight(one, other) -> None:
    found = compare(one, other)
    assert sum(c.weight for c in found.contributions) == found.weight
    assert [c.field for c in found.contributions] == list(weights().fields)
    assert 0 < found.posterior < 1


@given(cases, cases)
def test_the_quick_way_says_what_the_long_way_says(one, other) -> None:
    found = compare(one, other)
    assert compare_likely(one, other) == (None if found.verdict is Verdict.DISTINCT else found)


@given(cases, cases)
def test_nothing_is_linked_across_authorities(one, other) -> None:
    if one.key.authority_id != other.key.authority_id:
        assert compare(one, other).verdict is not Verdict.LINK

"""CLUSTER_OF_HARM and QUANTITY: single events that stand out by themselves."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.access.handling import Handling
from app.intake.words import CausalRole, EventKind, PhysicalForm
from app.surveillance.arrays import FORMS
from app.surveillance.models import Tier
from app.surveillance.occurrences import Occurrence
from app.surveillance.ruleset import ruleset
from app.surveillance.spots import Weights, clusters_of_harm, unusual_quantities
from app.surveillance.wording import sentence, would_not_fire
from tests.surveillance.making import AMBER, AS_OF, CLEAR

RULES = ruleset()


def an_occurrence(
    days_ago: int,
    country: str = "DE",
    kind: EventKind = EventKind.DEATH,
    *,
    role: CausalRole | None = CausalRole.SOLE,
    level: Handling = CLEAR,
    cases: int = 1,
    vague: int = 0,
    form: PhysicalForm | None = None,
    grams: float | None = None,
) -> Occurrence:
    day = AS_OF - timedelta(days=days_ago)
    return Occurrence(
        substance_id=7, report=f"RP-{days_ago:06d}", country=country, kind=kind, day=day,
        until=day + timedelta(days=vague), level=level, confirmed=True, simulated=False,
        cases=cases, causal_role=role, form=form, grams=grams,
    )  # fmt: skip


def clustered(*occurrences: Occurrence) -> dict[str, dict[Handling, object]]:
    found = clusters_of_harm(occurrences, as_of=AS_OF, rules=RULES)
    return {signal.scope: levels for signal, levels in found}


def a_seizure(days_ago: int, grams: float, form=PhysicalForm.POWDER, **more) -> Occurrence:
    return an_occurrence(
        days_ago, kind=EventKind.SEIZURE, role=None, form=form, grams=grams, **more
    )


def unusual(*seizures: Occurrence) -> list:
    return list(unusual_quantities([(seizures, weights(*seizures))], as_of=AS_OF, rules=RULES))


def weights(*seizures: Occurrence) -> Weights:
    return Weights(
        *map(
            np.array,
            zip(
                *(
                    (FORMS.index(one.form) if one.form else len(FORMS), int(one.level),
                     one.day.toordinal(), one.grams)
                    for one in seizures
                ),
                strict=True,
            ),
        )
    )  # fmt: skip


def test_two_deaths_in_one_country_within_a_month_are_urgent() -> None:
    evidence = clustered(an_occurrence(40), an_occurrence(12))["DE"][CLEAR]
    assert evidence.tier is Tier.URGENT and evidence.numbers["deaths"] == 2
    assert evidence.details["reports"] == ["RP-000040", "RP-000012"]
    assert sentence(evidence, "metonitazene").startswith(
        "Two deaths or acute poisonings with metonitazene in Germany within 29 days"
    )
    assert "not its doing" in would_not_fire(evidence)


def test_what_is_no_cluster() -> None:
    assert not clustered(an_occurrence(45), an_occurrence(12)), "further apart than a month"
    assert not clustered(an_occurrence(12, "DE"), an_occurrence(12, "FR")), "in two countries"
    assert not clustered(an_occurrence(200), an_occurrence(190)), "long over"
    present = an_occurrence(12, role=CausalRole.PRESENT)
    assert not clustered(an_occurrence(13), present), "found, and without a part in it"
    assert not clustered(an_occurrence(13), an_occurrence(12, vague=27)), "only the month is known"


def test_poisonings_or_unknown_causes_are_told_at_once_but_are_not_urgent() -> None:
    ill = [an_occurrence(day, kind=EventKind.ACUTE_TOXICITY) for day in (9, 5)]
    assert clustered(*ill)["DE"][CLEAR].tier is Tier.ALERT
    unknown = [an_occurrence(day, role=None) for day in (9, 5)]
    assert clustered(*unknown)["DE"][CLEAR].tier is Tier.ALERT


def test_where_harms_are_usual_two_more_are_no_cluster() -> None:
    usual = [an_occurrence(day) for day in range(60, 700, 20)]
    assert not clustered(*usual, an_occurrence(20), an_occurrence(5))
    assert clustered(*usual, *(an_occurrence(day) for day in range(1, 12)))


def test_several_dead_in_one_event_are_a_cluster() -> None:
    assert clustered(an_occurrence(3, cases=3))["DE"][CLEAR].numbers["events"] == 3


def test_a_fresh_cluster_counts_beside_an_older_and_larger_one() -> None:
    fresh = RULES.cluster.fresh_days
    older = [an_occurrence(fresh + day) for day in (1, 2, 3, 4)]
    assert clustered(*older, *(an_occurrence(day) for day in (4, 3, 2)))["DE"]


@settings(max_examples=60, deadline=None)
@given(
    there=st.lists(st.tuples(st.integers(0, 130), st.booleans()), min_size=2, max_size=8),
    day=st.integers(0, 30),
    deadly=st.booleans(),
)
@example(there=[(40, True), (12, True)], day=2, deadly=False)
def test_one_more_case_never_makes_less_of_a_cluster(there, day: int, deadly: bool) -> None:
    def case(ago: int, dead: bool) -> Occurrence:
        return an_occurrence(ago, kind=EventKind.DEATH if dead else EventKind.ACUTE_TOXICITY)

    before = clustered(*(case(*one) for one in there)).get("DE")
    newest = min(ago for ago, _ in there)
    after = clustered(*(case(*one) for one in there), case(min(day, newest), deadly)).get("DE")
    if before:
        assert after and after[CLEAR].tier >= before[CLEAR].tier


def test_each_audience_is_told_what_its_reports_suffice_to_say() -> None:
    mine = an_occurrence(20), an_occurrence(15), an_occurrence(10, level=AMBER)
    levels = clustered(*mine)["DE"]
    assert {level: e.numbers["events"] for level, e in levels.items()} == {CLEAR: 2, AMBER: 3}
    assert "RP-000010" not in levels[CLEAR].details["reports"]
    assert clustered(*mine[1:])["DE"].keys() == {AMBER}


def test_far_more_than_ever_in_the_same_form_is_unusual() -> None:
    history = [a_seizure(400 - day, grams) for day, grams in enumerate((1, 2, 2, 3, 5, 4))]
    ((signal, levels),) = unusual(*history, a_seizure(3, 900))
    evidence = levels[CLEAR]
    assert signal.scope == "world" and evidence.tier is Tier.WATCH
    assert evidence.details["seizures_before"] == 6 and evidence.details["reports"] == ["RP-000003"]
    assert "A seizure of 900 g of x in Germany" in sentence(evidence, "x")


def test_no_history_no_other_form_and_nothing_old_makes_a_quantity_unusual() -> None:
    history = [a_seizure(400 - day, grams) for day, grams in enumerate((1, 2, 2, 3, 5, 4))]
    assert not unusual(*history[:4], a_seizure(3, 900)), "four before it are no history"
    assert not unusual(*history, a_seizure(3, 900, PhysicalForm.HERBAL))
    assert not unusual(*history, a_seizure(120, 900)), "months ago"
    assert not unusual(*history, a_seizure(3, 6)), "not so much more"


def test_the_last_day_of_the_window_counts() -> None:
    days = RULES.cluster.fresh_days
    assert clustered(an_occurrence(days + 5), an_occurrence(days))
    assert not clustered(an_occurrence(days + 6), an_occurrence(days + 1))
    assert date.fromordinal(AS_OF.toordinal() - days) == AS_OF - timedelta(days=days)

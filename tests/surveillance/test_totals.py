"""GROWTH in totals: shares of what a source counts, never mixed with events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.access.handling import Handling
from app.surveillance.models import Rule, Tier
from app.surveillance.ruleset import ruleset
from app.surveillance.spans import Total
from app.surveillance.totals import growth_in_totals, volumes
from app.surveillance.wording import sentence

LIMITS = ruleset().totals
AS_OF = date(2020, 12, 31)


def year(
    n: int, count: int, *, substance: int | None = 7, level: Handling = Handling.CLEAR
) -> Total:
    return Total(substance, "US", 1, date(n, 1, 1), date(n, 12, 31), level, False, count)


def everything(*counts: int, last: int = 2020) -> list[Total]:
    return [year(last - back, count, substance=None) for back, count in enumerate(reversed(counts))]


def found(mine: list[Total], of_all: list[Total]) -> dict[str, object]:
    return growth_in_totals(mine, volumes(of_all), as_of=AS_OF, limits=LIMITS, ruleset="t")


def test_a_share_that_doubles_is_growth_of_the_country_that_counts() -> None:
    grown = growth_in_totals(
        [year(2018, 4), year(2019, 6), year(2020, 40)],
        volumes(everything(10_000, 10_000, 10_000)),
        as_of=AS_OF, limits=LIMITS, ruleset="t",
    )["US"]  # fmt: skip
    assert (grown.rule, grown.scope, grown.tier) == (Rule.GROWTH, "US", Tier.ALERT)
    assert grown.numbers["events"] == 0 and grown.numbers["reports"] == 40
    assert grown.details["rate_ratio"] == 40 / 10_000 / (10.5 / 20_000)
    low, high = grown.details["rate_ratio_interval"]
    assert low < grown.details["rate_ratio"] < high
    assert sentence(grown, "isotonitazene").startswith(
        "Isotonitazene was counted 40 times in the United States in 2020, of 10,000 reports in "
        "all: 7.6 times its share in the two spans before."
    )


def test_only_what_an_audience_may_know_of_makes_a_signal_an_exercise() -> None:
    mine = [year(2018, 4), year(2020, 40)]
    drill = replace(year(2020, 1, level=Handling.RED), simulated=True)
    of_all = everything(10_000, 10_000, 10_000)
    for level, simulated in ((Handling.CLEAR, False), (Handling.RED, True)):
        told = growth_in_totals(
            [*mine, drill], volumes(of_all), as_of=AS_OF, limits=LIMITS,
            ruleset="t", level=level,
        )  # fmt: skip
        assert told["US"].simulated is simulated
    elsewhere = replace(drill, country="DE")
    assert not found([*mine, elsewhere], [*of_all, elsewhere])["US"].simulated  # type: ignore[attr-defined]


def test_what_the_source_never_counted_before_is_growth_once_there_are_enough() -> None:
    of_all = everything(10_000, 10_000, 10_000)
    assert found([year(2020, 4)], of_all) == {}
    assert "not once in the two spans before" in sentence(
        found([year(2020, 5)], of_all)["US"],
        "x",  # type: ignore[arg-type]
    )


def test_a_first_span_of_a_source_says_nothing() -> None:
    assert found([year(2020, 500)], everything(10_000)) == {}


def test_a_busier_source_is_no_growth() -> None:
    assert found([year(2019, 20), year(2020, 60)], everything(10_000, 30_000)) == {}


def test_a_year_is_not_compared_with_its_quarters_or_an_old_one_told_of() -> None:
    quarter = replace(
        year(2019, 1), first=date(2019, 10, 1), until=date(2019, 12, 31), substance_id=None
    )
    assert found([year(2020, 50)], [*everything(10_000), replace(quarter, count=9_000)]) == {}
    old = [year(2017, 4), year(2018, 60)]
    assert found(old, everything(10_000, 10_000, last=2018)) == {}


@given(st.integers(5, 400), st.integers(0, 50), st.integers(2, 9))
def test_scale_free_and_monotone(count: int, before: int, factor: int) -> None:
    mine = [year(2019, before), year(2020, count)]
    of_all = everything(10_000, 10_000)
    fires = bool(found(mine, of_all))
    more = [year(2019, before), year(2020, count + factor)]
    assert bool(found(more, of_all)) >= fires, "another report never silences it"
    bigger = everything(10_000 * factor, 10_000 * factor)
    assert bool(found(mine, bigger)) == fires, "the unit of the exposure means nothing"

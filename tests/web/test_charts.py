"""Charts and words as plain functions."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from app.countries import countries
from app.web import charts, dates, wording
from app.web.charts import Column

WORLD = Path(charts.__file__).with_name("data") / "world.json"
TODAY = date(2026, 11, 20)


@given(st.integers(0, 10**7))
def test_axis_marks_are_round_few_and_reach_far_enough(most: int):
    marks = charts.round_marks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 6
    assert marks == sorted(set(marks))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.sampled_from([330, 620]))
def test_bars_stay_inside_their_chart_and_keep_their_proportion(totals: list[int], width: int):
    chart = charts.bars(
        "x", [Column(str(n), f"m{i}", n) for i, n in enumerate(totals)], width=width
    )
    assert len(chart.bars) == len(totals)
    for bar, total in zip(chart.bars, totals, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= width
        assert (bar.height == 0) == (total == 0) or total * 2000 < max(totals)
        assert bar.top + bar.height == pytest.approx(chart.base, abs=0.2)
    spots = [tick.at for tick in chart.columns]
    assert all(b - a >= 50 for a, b in pairwise(spots))


def test_a_month_without_events_is_a_bar_of_nothing_and_the_newest_are_provisional():
    columns = charts.month_columns({date(2026, 11, 1): (4, 1)}, date(2026, 1, 1), TODAY)
    assert len(columns) == 11
    assert [c.total for c in columns[:3]] == [0, 0, 0]
    assert [c.provisional for c in columns].count(True) == charts.PROVISIONAL_MONTHS
    assert columns[-1].text == "Nov 2026: 4 events, 1 of them harm (provisional)"


def test_the_largest_mark_of_an_axis_has_room_to_its_left():
    for total in (9, 9_000, 9_000_000):
        chart = charts.bars("x", [Column("m", "m", total)], width=330)
        assert chart.left >= 7 * max(len(row.text) for row in chart.rows) + 6


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("N-Cyclohexylmethylone", ["N-", "Cyclohexyl", "methylone"]),
        ("MDMB-4en-PINACA", ["MDMB-", "4en-", "PINACA"]),
        ("4-Fluoromethylphenidate", ["4-", "Fluoromethyl", "phenidate"]),
        ("N,N-dimethyltryptamine", ["N,N-", "dimethyl", "tryptamine"]),
        ("Isotonitazene", ["Isotonitazene"]),
        ("", [""]),
    ],
)
def test_a_chemical_name_ends_its_lines_at_its_joints(name: str, pieces: list[str]):
    assert wording.breaks(name).split("<wbr>") == pieces


@given(st.text(max_size=60))
def test_breaking_a_name_never_changes_what_it_says(name: str):
    assert wording.breaks(name).replace("<wbr>", "") == escape(name)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=40))
def test_a_sparkline_stays_inside_and_ends_at_its_last_value(values: list[int]):
    line = charts.sparkline(values)
    points = [tuple(map(float, p.split(","))) for p in (line.sure + " " + line.unsure).split()]
    assert all(0 <= x <= line.width and 0 <= y <= line.height for x, y in points)
    assert points[-1] == (line.x, line.y)


def test_stacked_parts_lie_end_to_end():
    parts = charts.stacked([("a", 10.0), ("b", 0.0), ("c", 25.5)])
    assert [(p.x, p.width) for p in parts] == [(0, 10), (10, 0), (10, 25.5)]


def test_the_map_has_a_place_for_every_country():
    world = json.loads(WORLD.read_text(encoding="utf-8"))
    placed = world["shapes"].keys() | world["dots"].keys()
    assert countries().keys() - placed == {"AQ", "BV"}
    assert placed - countries().keys() == {""}
    assert {"SG", "MT", "LI", "BB", "MU"} <= world["dots"].keys()
    assert WORLD.stat().st_size < 200_000


def test_no_outline_streaks_across_the_map():
    """A ring that was not cut at the edge has a step about as wide as the map."""
    shapes = json.loads(WORLD.read_text(encoding="utf-8"))["shapes"]
    for code, path in shapes.items():
        for ring in re.findall(r"l([^z]*)z", path):
            steps = [float(n) for n in re.findall(r"-?\d*\.?\d+", ring)]
            assert max(map(abs, steps[::2])) < 90, code


def test_the_map_shades_what_was_reported_and_says_what_was_not():
    drawn = charts.world_map({"DE": 9, "SG": 1}, frozenset({"US"}))
    shade = {area.code: area.shade for area in drawn.areas}
    title = {area.code: area.title for area in drawn.areas}
    assert shade["DE"] > shade["SG"] > shade["FR"] == 0
    assert shade["US"] == charts.TOTALS_ONLY
    assert title["FR"] == "France: nothing reported"
    assert title["SG"] == "Singapore: 1 substance"
    assert "MT" not in shade  # a dot only where there is something to say


@given(st.integers(1, 500))
def test_shades_begin_at_one_and_grow(most: int):
    limits = charts.shade_limits(most)
    assert limits[0] == 1
    assert list(limits) == sorted(set(limits))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (dates.day(TODAY), "20 Nov 2026"),
        (dates.day(None), "–"),
        (wording.number(12345), "12\u202f345"),
        (wording.number(None), "–"),
        (wording.number(0), "0"),
        (wording.number(-3), "−3"),
        (wording.count(1, "country", "countries"), "1\u00a0country"),
        (wording.listing(["a", "b", "c"]), "a, b and c"),
        (wording.listing("abcd", 2), "a, b and 2 more"),
        (wording.scope("Americas"), "the Americas"),
        (wording.scope("DE"), "Germany"),
        (wording.places(["US", "DE"]), "Germany and the United States"),
        (wording.label("collected_sample"), "collected sample"),
        (dates.ago(date(2026, 11, 20), TODAY), "today"),
        (dates.ago(date(2026, 8, 1), TODAY), "4 months ago"),
        (wording.told(["DE", "2026-11-02", 3, True]), "Germany, 2 Nov 2026, 3 and yes"),
        (wording.told("2026-11"), "Nov 2026"),
        (str(wording.formula("C2H6<b>")), "C<sub>2</sub>H<sub>6</sub>&lt;b&gt;"),
        (wording.family_label("nbome"), "NBOMe"),
        (wording.family_label("no-such-family"), "no such family"),
        (wording.family_label(""), ""),
        (dates.seen_between(date(2026, 4, 1), date(2026, 10, 9), 3), "Apr – Oct\u00a02026"),
        (dates.seen_between(date(2025, 4, 1), TODAY, 3), "Apr\u00a02025 – Nov\u00a02026"),
        (dates.seen_between(date(2026, 4, 1), date(2026, 4, 9), 3), "Apr\u00a02026"),
        (dates.seen_between(date(2019, 1, 1), date(2023, 12, 31), 0), "2019 – 2023"),
        (wording.effect_class("opioid"), "opioid"),
        (wording.effect_class("unassigned", "synthetic cathinones"), "stimulant"),
        (wording.effect_class(None, ""), "unassigned"),
    ],
)
def test_values_are_said_as_people_say_them(value: str, said: str):
    assert value == said

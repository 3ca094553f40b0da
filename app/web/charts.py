"""Charts as numbers: pure functions from counts to the coordinates that a template draws.

No data and zero differ: a month outside what was asked for has no bar; a month without events has
a bar of height nothing and a row in the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import ceil, log
from pathlib import Path
from typing import Any

from app.countries import country_name
from app.languages import _, decimal, ngettext
from app.web.dates import month as month_said

WIDTHS = {"wide": 620, "narrow": 330}
PROVISIONAL_MONTHS = 3  # reports of the newest months are still arriving
PROVISIONAL_SHARE = 0.9  # of the reports of a month that have come in


def months_between(first: date, last: date) -> list[date]:
    """The first days of all months from `first` to `last`."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(start, end + 1)]


def months_back(today: date, number: int) -> date:
    """The first day of the month `number` months before this one."""
    n = today.year * 12 + today.month - 1 - number
    return date(n // 12, n % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: an ordinary part and, below it, the part that is harm; `title` says it in words."""

    x: float
    width: float
    top: float
    height: float
    harm_height: float
    provisional: bool
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Everything a bar chart needs to be drawn."""

    name: str
    width: int
    height: int
    left: float
    base: float
    bars: tuple[Bar, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    line: str = ""  # points of what was expected, as steps over the bars
    mark: Tick | None = None  # where something begins, and its name


@dataclass(frozen=True, slots=True)
class Column:
    """What one bar stands for."""

    text: str  # said in the tooltip
    tick: str  # said on the axis when there is room
    total: int
    harm: int = 0
    provisional: bool = False
    expected: float | None = None
    begins: str = ""  # the name of what begins here


def bars(name: str, columns: Sequence[Column], *, width: int, height: int = 190) -> BarChart:
    """Bars on a zero-based axis with round marks."""
    most = max((max(c.total, ceil(c.expected or 0)) for c in columns), default=0)
    marks = round_marks(most)
    rows = [f"{mark:,}".replace(",", "\u202f") for mark in marks]
    left, right, top, base = max(34.0, 10.0 + 7.5 * len(rows[-1])), 4.0, 10.0, height - 24.0
    scale = (base - top) / marks[-1]
    step = (width - left - right) / max(len(columns), 1)
    thick = min(max(step * 0.72, 1.0), 34.0)
    drawn = tuple(
        Bar(
            x=round(left + step * n + (step - thick) / 2, 1),
            width=round(thick, 1),
            top=round(base - c.total * scale, 1),
            height=round(c.total * scale, 1),
            harm_height=round(c.harm * scale, 1),
            provisional=c.provisional,
            title=c.text,
        )
        for n, c in enumerate(columns)
    )
    ticks = _spread([(left + step * (n + 0.5), c.tick) for n, c in enumerate(columns)], width)
    lines = tuple(
        Tick(round(base - m * scale, 1), said) for m, said in zip(marks, rows, strict=True)
    )
    steps = " ".join(
        f"{left + step * (n + side):.1f},{base - c.expected * scale:.1f}"
        for n, c in enumerate(columns)
        if c.expected is not None
        for side in (0, 1)
    )
    begin = next((n for n, c in enumerate(columns) if c.begins), None)
    mark = None if begin is None else Tick(round(left + step * begin, 1), columns[begin].begins)
    return BarChart(name, width, height, left, base, drawn, lines, ticks, steps, mark)


def both_widths(name: str, columns: Sequence[Column]) -> dict[str, BarChart]:
    """The same chart for wide and for narrow screens, so that its words keep their size."""
    return {size: bars(f"{name}-{size}", columns, width=w) for size, w in WIDTHS.items()}


def _spread(candidates: list[tuple[float, str]], width: int) -> tuple[Tick, ...]:
    """As many of the axis words as fit side by side, counted back from the newest."""
    room, kept, edge = 58.0, list[Tick](), width + 30.0
    for at, text in reversed(candidates):
        centre = min(at, width - 26.0)
        if text and edge - centre >= room:
            kept.append(Tick(round(centre, 1), text))
            edge = centre
    return tuple(reversed(kept))


def round_marks(most: int) -> list[int]:
    """Zero, and two to four round numbers up to at least `most`."""
    if most <= 3:
        return list(range(max(most, 1) + 1))
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 4 >= most:
                return list(range(0, step * -(-most // step) + 1, step))
        size *= 10


def month_columns(counts: Mapping[date, tuple[int, int]], first: date, today: date) -> list[Column]:
    """One column for each month from `first` to now; the newest are provisional."""
    unsure = months_back(today, PROVISIONAL_MONTHS - 1)
    found = []
    for month in months_between(first, today):
        total, harm = counts.get(month, (0, 0))
        said = month_said(month)
        provisional = month >= unsure
        text = _events_in(said, total)
        text += _(", %(number)s of them harm", number=harm) if harm else ""
        text += _(" (provisional)") if provisional else ""
        found.append(Column(text, said, total, harm, provisional))
    return found


def curve_columns(told: Mapping[str, Any], months: int = 36) -> list[Column]:
    """The last months of the curve in a signal's evidence, with what was expected where it is told.

    Provisional are months of which less than nine tenths of the reports can have come in.
    """
    found = []
    expected = told.get("baseline") or [None] * len(told["months"])
    complete = told.get("complete") or [1.0] * len(told["months"])
    begins = {told.get("onset"): _("onset"), told.get("silent_from"): _("silent")}
    curve = zip(told["months"], told["events"], expected, complete, strict=True)
    for month, events, usual, share in list(curve)[-months:]:
        said = month_said(date.fromisoformat(f"{month}-01"))
        text = _events_in(said, events)
        text += _(", %(number)s expected", number=decimal(usual, 1)) if usual is not None else ""
        provisional = share < PROVISIONAL_SHARE
        text += _(" (provisional)") if provisional else ""
        found.append(
            Column(text, said, events, 0, provisional, expected=usual, begins=begins.get(month, ""))
        )
    return found


def _events_in(month: str, events: int) -> str:
    return ngettext(
        "%(month)s: %(number)s event", "%(month)s: %(number)s events", events, month=month
    )


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line without axes; its last, provisional part apart from the rest."""

    width: int
    height: int
    sure: str
    unsure: str
    x: float
    y: float


def sparkline(values: Sequence[int], *, width: int = 128, height: int = 36) -> Sparkline:
    """A line from zero at the bottom to the largest value at the top."""
    most, pad = max([*values, 1]), 3.5
    step = (width - 2 * pad) / max(len(values) - 1, 1)
    points = [
        (round(pad + n * step, 1), round(height - pad - v / most * (height - 2 * pad), 1))
        for n, v in enumerate(values)
    ]
    turn = max(len(points) - PROVISIONAL_MONTHS, 1)
    line = [f"{x},{y}" for x, y in points]
    last = points[-1] if points else (pad, height - pad)
    return Sparkline(width, height, " ".join(line[:turn]), " ".join(line[turn - 1 :]), *last)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a stacked bar, in per cent of its length."""

    name: str
    x: float
    width: float


def stacked(parts: Sequence[tuple[str, float]]) -> tuple[Segment, ...]:
    """Parts laid end to end."""
    found, x = [], 0.0
    for name, width in parts:
        found.append(Segment(name, round(x, 2), round(width, 2)))
        x += width
    return tuple(found)


@dataclass(frozen=True, slots=True)
class RankSpan:
    """A rank and its interval on a line from the first to the last, in per cent of its length."""

    start: float
    width: float
    at: float


def rank_span(low: int, rank: int, high: int, last: int) -> RankSpan:
    """Laid out on a log scale, where the first ranks have as much room as they matter."""

    def place(where: int) -> float:
        return 100 * log(where) / log(max(last, 2))

    start = place(low)
    return RankSpan(round(start, 2), round(max(place(high) - start, 0.8), 2), round(place(rank), 2))


@dataclass(frozen=True, slots=True)
class Area:
    """A country on the map: its outline (or, for a small one, its dot), shade and title."""

    code: str
    path: str
    dot: tuple[float, float] | None
    shade: int  # 0 nothing reported, 1 to 4 more and more, 5 annual totals only
    title: str


@dataclass(frozen=True, slots=True)
class WorldMap:
    """Everything a map needs to be drawn."""

    width: int
    height: int
    areas: tuple[Area, ...]
    legend: tuple[tuple[int, str], ...]


TOTALS_ONLY = 5


@cache
def _world() -> tuple[int, int, dict[str, str], dict[str, tuple[float, float]]]:
    """The shapes of app/web/data/world.json."""
    file = Path(__file__).with_name("data") / "world.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    dots = {code: (x, y) for code, (x, y) in data["dots"].items()}
    return data["width"], data["height"], data["shapes"], dots


def world_map(counts: Mapping[str, int], totals_only: frozenset[str]) -> WorldMap:
    """The world shaded by `counts`; countries with annual totals alone are marked apart.

    A small state is a dot, drawn only when there is something to say of it.
    """
    width, height, shapes, dots = _world()
    limits = shade_limits(max(counts.values(), default=0))
    areas = [
        Area(code, path, None, *_shade(code, counts, totals_only, limits))
        for code, path in shapes.items()
    ]
    areas += [
        Area(code, "", dot, *_shade(code, counts, totals_only, limits))
        for code, dot in dots.items()
        if code in counts or code in totals_only
    ]
    legend = [
        (n + 1, _span(low, limits[n + 1] - 1 if n + 1 < len(limits) else None))
        for n, low in enumerate(limits)
    ]
    if totals_only:
        legend.append((TOTALS_ONLY, _("annual totals only")))
    return WorldMap(width, height, tuple(areas), ((0, _("nothing reported")), *legend))


def shade_limits(most: int) -> tuple[int, ...]:
    """Where the shades begin, for up to `most` substances."""
    if most <= 4:
        return tuple(range(1, max(most, 1) + 1))
    return (1, 3, 6, 12) if most <= 24 else (1, 5, 15, 30)


def _shade(
    code: str, counts: Mapping[str, int], totals_only: frozenset[str], limits: tuple[int, ...]
) -> tuple[int, str]:
    name, seen = country_name(code), counts.get(code, 0)
    if seen:
        said = ngettext(
            "%(country)s: %(number)s substance",
            "%(country)s: %(number)s substances",
            seen,
            country=name,
        )
        return sum(seen >= low for low in limits), said
    if code in totals_only:
        return TOTALS_ONLY, _("%(country)s: annual totals only", country=name)
    return 0, _("%(country)s: nothing reported", country=name) if name else ""


def _span(low: int, high: int | None) -> str:
    if high is None:
        return _("%(number)s or more", number=low)
    return str(low) if low == high else f"{low}–{high}"

"""The lines that say how early and how truly a replay would have spoken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.surveillance.models import Tier
from app.surveillance.replay import Month
from app.surveillance.scoring import (
    Clocks,
    Interval,
    Official,
    Timeliness,
    false_per_month,
    first_flags,
    precision_at,
    share_within,
    timeliness,
)

TOP = 30


@dataclass(frozen=True, slots=True)
class Beside:
    """What a replay is held against: trivial clocks, families, and the years of control."""

    clocks: Clocks
    families: Mapping[int, str]
    controlled: Mapping[int, int]


def scorecard(
    months: Sequence[Month],
    official: Sequence[Official],
    unknown: Sequence[str],
    beside: Beside,
) -> Iterator[str]:
    """Timeliness beside the trivial clocks, false episodes, and the list at each year end.

    Judged are the official acts whose deadline (the end of the year before) the replay reaches and
    whose substance was reported at all by its end.
    """
    first, last, clocks = months[0].end, months[-1].end, beside.clocks
    in_time = [one for one in official if first <= one.deadline <= last]
    judged = [o for o in in_time if clocks.first_report.get(o.substance_id, date.max) <= last]
    unreported = len(in_time) - len(judged)
    yield ""
    yield (
        f"Official acts of {first.year + 1} to {last.year + 1}: {len(in_time)} substances, "
        f"{len(judged)} of them reported here by {last:%B %Y}, {unreported} not; "
        f"{len(unknown)} names not in the registry"
        + (f" ({', '.join(unknown)})" if unknown else "")
        + "."
    )
    steps = [step for month in months for step in month.steps]
    yield ""
    yield (
        f"{'found by the end of the year before':36}{'recall (95 %)':>24}"
        f"{'lead, months (IQR)':>24}{'flagged':>9}{'never acted upon':>18}"
    )
    acted_upon = {one.substance_id for one in official} | beside.controlled.keys()
    for name, flags in {
        "rules, tier alert or urgent": first_flags(steps, Tier.ALERT),
        "rules, any tier": first_flags(steps, Tier.WATCH),
        "first report": _until(clocks.first_report, last),
        "third country": _until(clocks.third_country, last),
        "tenth report": _until(clocks.tenth_report, last),
    }.items():
        yield _line(timeliness(name, flags, judged, acted_upon))
    yield from _by_year(judged, first_flags(steps, Tier.ALERT))
    false = false_per_month(steps, acted_upon, len(months), Tier.ALERT)
    yield f"Signals a month at tier alert or urgent about substances never acted upon: {false:.1f}"
    yield ""
    yield from _lists(months, official, beside)


def _line(row: Timeliness) -> str:
    low, high = row.quartiles
    lead = f"{row.median:.0f} ({low:.0f} to {high:.0f})" if row.found else "none"
    recall = f"{row.found}/{row.of} {_share(row.recall)}"
    return f"{row.name:36}{recall:>24}{lead:>24}{row.flagged:>9}{row.never:>18}"


def _by_year(judged: Sequence[Official], flags: Mapping[int, date]) -> Iterator[str]:
    by_year: defaultdict[int, list[Official]] = defaultdict(list)
    for one in judged:
        by_year[one.year].append(one)
    parts = []
    missed: list[str] = []
    for year, ones in sorted(by_year.items()):
        late = [o for o in ones if flags.get(o.substance_id, date.max) > o.deadline]
        parts.append(f"{year} {len(ones) - len(late)}/{len(ones)}")
        missed += [f"{one.name} ({year})" for one in late]
    yield f"By year of the act: {', '.join(parts)}"
    if missed:
        yield f"Missed: {', '.join(missed)}"


def _lists(
    months: Sequence[Month],
    official: Sequence[Official],
    beside: Beside,
) -> Iterator[str]:
    """The priority list at the end of each year, against ordering by counts alone."""
    named = {one.substance_id: one.year for one in official}
    yield (
        f"{'list of':9}{'first 10: acted upon in 2 years':>33}{'first 20':>20}"
        f"{f'of those, in first {TOP}':>24}{'by raw count':>16}"
    )
    for month in months:
        if month.end.month != 12:
            continue
        year = month.end.year
        listed = [
            number
            for number in month.ranked
            if named.get(number, year + 1) > year and beside.controlled.get(number, year + 1) > year
        ]
        raw = sorted(listed, key=lambda number: (-month.counts.get(number, 0), number))
        shown = [(number, beside.families.get(number, "")) for number in listed]
        ten, twenty = (precision_at(shown, year, official, k) for k in (10, 20))
        yield (
            f"{year:<9}{_share(ten):>33}{_share(twenty):>20}"
            f"{share_within(listed, year, official, TOP):>24}"
            f"{share_within(raw, year, official, TOP):>16}"
        )


def _until(flags: Mapping[int, date], last: date) -> dict[int, date]:
    return {number: day for number, day in flags.items() if day <= last}


def _share(share: Interval) -> str:
    if share.value != share.value:  # nothing was counted
        return "none"
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"

"""The rules: what is worth noticing in the cells of one substance, as known on one day.

    FIRST_WORLD, FIRST_REGION, FIRST_COUNTRY   a scope's earliest sighting is fresh and believed
    NEW_SPREAD                                 a young substance is in several countries

Each is run on the reports up to each handling level, so that everybody can be told what the reports
they may know of suffice to say. The full knowledge decides whether there is a signal at all: a
"first" that we know not to be one is announced to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.access.handling import Handling
from app.clock import end_of_day
from app.surveillance.evidence import FIRSTS, WORLD, Evidence, Key
from app.surveillance.models import Rule, Tier
from app.surveillance.ruleset import Ruleset, plain
from app.surveillance.sightings import Cell, region_or_none
from app.surveillance.windows import months_before

NO_FAMILY = "no family"  # in the place of an effect: no rule knows the structure


def edges(as_of: date, rules: Ruleset) -> tuple[date, ...]:
    """The days at which cells must be split for these rules: the first days of their windows."""
    return tuple(
        months_before(as_of, months)
        for months in (rules.first.fresh_months, rules.spread.window_months)
    )


def looks_back_to(as_of: date, rules: Ruleset) -> date:
    """The earliest day that these rules ask about: whether something was seen since, or before.

    A first that was announced is asked for again as long as its episode is open, up to
    `first_open_days` and a month for an assessment that comes late.
    """
    announced = as_of - timedelta(days=rules.episodes.first_open_days + 31)
    return min(
        months_before(as_of, rules.spread.age_months),
        months_before(announced, rules.first.fresh_months),
        *edges(as_of, rules),
    )


def views(
    cells: Iterable[Cell],
    *,
    as_of: date,
    rules: Ruleset,
    effect: str = "",
    before: Collection[str] = (),
) -> dict[Key, dict[Handling, Evidence]]:
    """What each audience may be told: for each signal, the evidence by handling level.

    The lowest level at which a rule fires has an entry, and a higher one only where it says more.
    `before` are scopes in which the substance had been seen before the cells begin: nothing is
    first there, or young.
    """
    known = _known(cells, as_of)
    fresh = months_before(as_of, rules.first.fresh_months)
    by_level: dict[Handling, dict[Key, Evidence]] = {}
    # the full knowledge first: where it finds nothing, nobody is told anything
    for level, visible in reversed(_levels(known)):
        said: dict[str, Any] = {"as_of": as_of, "rules": rules, "effect": effect, "level": level}
        found = firsts(visible, since=fresh, before=before, **said)
        spread = None if WORLD in before else new_spread(visible, **said)
        if spread is not None:
            found[spread.key] = spread
        by_level[level] = found
        if not by_level[max(by_level)]:
            return {}
    if not by_level:
        return {}
    true = by_level[max(by_level)]
    told: dict[Key, dict[Handling, Evidence]] = {}
    for level, found in by_level.items():
        for key, evidence in subsume({k: e for k, e in found.items() if k in true}).items():
            told.setdefault(key, {})[level] = evidence
    return {key: sparing(levels) for key, levels in told.items()}


def still_first(
    cells: Iterable[Cell],
    *,
    as_of: date,
    opened_on: date,
    rules: Ruleset,
    effect: str = "",
    before: Collection[str] = (),
    levels: Collection[Handling] = (),
) -> dict[Handling, dict[Key, Evidence]]:
    """The evidence, by level, that firsts announced on `opened_on` are still ones.

    `before` as in `views`; `levels` are those at which the substance was seen in other countries.
    """
    since = months_before(opened_on, rules.first.fresh_months)
    return {
        level: firsts(
            visible,
            as_of=as_of,
            since=since,
            rules=rules,
            effect=effect,
            level=level,
            before=before,
        )
        for level, visible in _levels(_known(cells, as_of), levels)
    }


def standing(
    by_level: Mapping[Handling, Mapping[Key, Evidence]], key: Key
) -> dict[Handling, Evidence]:
    """The evidence, by level, that a first is still one; {} if it is not.

    Growing old does not undo it, and neither does another first that would now speak for it.
    """
    if not by_level or key not in by_level[max(by_level)]:
        return {}
    return {level: found[key] for level, found in by_level.items() if key in found}


def sparing(levels: Mapping[Handling, Evidence]) -> dict[Handling, Evidence]:
    """Only the levels that say something which the next level below does not."""
    kept: dict[Handling, Evidence] = {}
    below: Evidence | None = None
    for level in sorted(levels):
        if below is None or levels[level].says_more_than(below):
            kept[level] = below = levels[level]
    return kept


def firsts(
    cells: Sequence[Cell],
    *,
    as_of: date,
    since: date,
    rules: Ruleset,
    effect: str = "",
    level: Handling = Handling.RED,
    before: Collection[str] = (),
) -> dict[Key, Evidence]:
    """Every scope whose earliest sighting is not older than `since` and is believed.

    An aggregate or a late dump of old events makes the earliest sighting old, and so silences the
    rule. Believed: one report of grade A or B, or two of grade C from different reporters.
    """
    window = months_before(as_of, rules.first.fresh_months)
    found: dict[Key, Evidence] = {}
    scopes_of_each = _where_first(cells, since, window)
    if not scopes_of_each:
        return found
    thresholds = {**plain(rules.first), "urgent_deaths": rules.tiers.urgent_deaths}
    for rule, scopes in zip(FIRSTS, scopes_of_each, strict=True):
        for scope, summary in scopes.items():
            if scope in before or not summary.believed(rules.first.presumptive_reports):
                continue
            found[rule, scope] = Evidence(
                rule=rule,
                scope=scope,
                tier=tier_of(rule, summary.deaths, effect, rules, believed=summary.confirmed > 0),
                level=level,
                countries=summary.first_countries,
                numbers={
                    "reports": summary.reports,
                    "confirmed": summary.confirmed,
                    "events": summary.events,
                    "deaths": summary.deaths,
                },
                first=summary.first,
                first_end=summary.first_end,
                last=summary.last,
                since=window,
                as_of=as_of,
                ruleset=rules.version,
                simulated=summary.simulated,
                thresholds=thresholds,
            )
    return found


def subsume(found: Mapping[Key, Evidence]) -> dict[Key, Evidence]:
    """Leave out the smaller firsts that a larger one already tells of."""
    world = found.get((Rule.FIRST_WORLD, WORLD))
    spoken = set(world.countries) if world else set()
    regions = {k: e for k, e in found.items() if k[0] is Rule.FIRST_REGION}
    told_by_region = {code for e in regions.values() for code in e.countries} | spoken
    return {
        key: evidence
        for key, evidence in found.items()
        if not (key[0] is Rule.FIRST_REGION and set(evidence.countries) <= spoken)
        and not (key[0] is Rule.FIRST_COUNTRY and key[1] in told_by_region)
    }


def new_spread(
    cells: Sequence[Cell],
    *,
    as_of: date,
    rules: Ruleset,
    effect: str = "",
    level: Handling = Handling.RED,
) -> Evidence | None:
    """The evidence that a young substance is spreading, or None.

    Young means first seen at most `age_months` before `as_of`, aggregates included. Two numbers and
    no model: it flags as much as the best statistic at half the false alarms (signals, 1.3).
    """
    limits = rules.spread
    if not cells:
        return None
    first, first_end = min(c.first for c in cells), min(c.first_end for c in cells)
    if first_end < months_before(as_of, limits.age_months):
        return None
    since = months_before(as_of, limits.window_months)
    recent = [c for c in cells if c.events and c.first >= since]
    countries = tuple(sorted({c.country for c in recent}))
    events = sum(c.events for c in recent)
    if len(countries) < limits.countries or events < limits.events:
        return None
    deaths = sum(c.deaths for c in recent)
    return Evidence(
        rule=Rule.NEW_SPREAD,
        scope=WORLD,
        tier=tier_of(Rule.NEW_SPREAD, deaths, effect, rules),
        level=level,
        countries=countries,
        numbers={
            "reports": sum(c.reports for c in recent),
            "confirmed": sum(c.confirmed for c in recent),
            "events": events,
            "deaths": deaths,
        },
        first=first,
        first_end=first_end,
        last=max(c.last for c in recent),
        since=since,
        as_of=as_of,
        ruleset=rules.version,
        simulated=any(c.simulated for c in cells),
        thresholds={**plain(limits), "urgent_deaths": rules.tiers.urgent_deaths},
    )


def tier_of(rule: Rule, deaths: int, effect: str, rules: Ruleset, *, believed: bool = True) -> Tier:
    """Urgent for a cluster of deaths; a first of an opioid one tier up (see the data file).

    Only to watch is what no instrument confirmed, and what no family rule knows: until somebody
    has looked, most of it will be an everyday substance.
    """
    if not believed:
        return Tier.WATCH
    if deaths >= rules.tiers.urgent_deaths:
        return Tier.URGENT
    if effect == NO_FAMILY:
        return Tier.WATCH
    raised = rule in FIRSTS and effect in rules.tiers.raising_effects
    return Tier(min(Tier.URGENT, rules.tiers.base(rule) + int(raised)))


@dataclass(frozen=True, slots=True)
class _Summary:
    """What is known of one scope."""

    first: date
    first_end: date
    first_countries: tuple[str, ...]
    last: date
    reports: int
    confirmed: int
    events: int
    deaths: int
    authorities: frozenset[int]
    simulated: bool

    def believed(self, presumptive_reports: int) -> bool:
        """Whether the identification carries: one good report, or poor ones of several."""
        return self.confirmed >= 1 or len(self.authorities) >= presumptive_reports


def _where_first(
    cells: Sequence[Cell], since: date, window: date
) -> tuple[dict[str, _Summary], dict[str, _Summary], dict[str, _Summary]] | None:
    """The world, the regions and the countries in which the first sighting is not older than a day.

    In none of the countries of such a region is it older: the others need not be looked into.
    """
    by_country: dict[str, list[Cell]] = {}
    for cell in cells:
        by_country.setdefault(cell.country, []).append(cell)
    fresh = {
        country: _of_country(theirs, window)
        for country, theirs in sorted(by_country.items())
        if min(cell.first_end for cell in theirs) >= since
    }
    if not fresh:
        return None
    older = by_country.keys() - fresh.keys()
    regions = _by_region(fresh)
    for region in {region_or_none(country) for country in older}:
        regions.pop(region or "", None)
    world = {} if older else {WORLD: _joined(list(fresh.values()))}
    return world, {region: _joined(members) for region, members in sorted(regions.items())}, fresh


def _of_country(cells: Sequence[Cell], window: date) -> _Summary:
    # one pass: a register has tens of thousands of these
    one = cells[0]
    first, first_end, last = one.first, one.first_end, one.last
    reports = confirmed = events = deaths = 0
    for cell in cells:
        first, first_end = min(first, cell.first), min(first_end, cell.first_end)
        last = max(last, cell.last)
        reports += cell.reports
        confirmed += cell.confirmed
        events += cell.events
        deaths += cell.deaths if cell.first >= window else 0
    return _Summary(
        first=first,
        first_end=first_end,
        first_countries=(one.country,),
        last=last,
        reports=reports,
        confirmed=confirmed,
        events=events,
        deaths=deaths,
        authorities=frozenset({cell.authority_id for cell in cells}),
        simulated=any(cell.simulated for cell in cells),
    )


def _by_region(by_country: Mapping[str, _Summary]) -> dict[str, list[_Summary]]:
    grouped: dict[str, list[_Summary]] = {}
    for country, summary in by_country.items():
        region = region_or_none(country)
        if region is not None:
            grouped.setdefault(region, []).append(summary)
    return grouped


def _joined(parts: Sequence[_Summary]) -> _Summary:
    if len(parts) == 1:
        return parts[0]
    first = min(p.first for p in parts)
    earliest = (p for p in parts if p.first == first)
    return _Summary(
        first=first,
        first_end=min(p.first_end for p in parts),
        first_countries=tuple(sorted(c for p in earliest for c in p.first_countries)),
        last=max(p.last for p in parts),
        reports=sum(p.reports for p in parts),
        confirmed=sum(p.confirmed for p in parts),
        events=sum(p.events for p in parts),
        deaths=sum(p.deaths for p in parts),
        authorities=frozenset().union(*(p.authorities for p in parts)),
        simulated=any(p.simulated for p in parts),
    )


def _known(cells: Iterable[Cell], as_of: date) -> list[Cell]:
    end = end_of_day(as_of)
    return [c for c in cells if c.received_at <= end and c.first <= as_of]


def _levels(
    cells: Sequence[Cell], besides: Collection[Handling] = ()
) -> list[tuple[Handling, list[Cell]]]:
    """The cells visible at each level at which there is something new to see."""
    return [
        (level, [c for c in cells if c.handling <= level])
        for level in sorted({*(c.handling for c in cells), *besides})
    ]

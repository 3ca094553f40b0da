"""NEW_UNKNOWN: the same name that nobody has resolved, from several countries.

It may be the new substance itself, under the name by which it is sold (signals 6.3). A name is
taken as it stood on the day: one that was resolved later was unknown until then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, exists, or_, select, union_all
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.clock import end_of_day
from app.intake.models import Finding, FormerResolution, Report
from app.intake.words import CausalRole, EventKind, ReportType, Resolution
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.models import NodeId, NodeKind, Rule
from app.surveillance.ruleset import Ruleset, plain
from app.surveillance.sightings import CAUSAL, COUNTED_ROLES, stood
from app.surveillance.windows import months_before

Levels = dict[Handling, Evidence]

LONGEST_KEY = 200  # characters, of the key of a node


@dataclass(frozen=True, slots=True)
class Unresolved:
    """One report of a name that meant nothing to anybody on that day."""

    key: str
    written: str
    country: str
    authority_id: int
    kind: EventKind
    causal_role: CausalRole | None
    day: date
    until: date
    level: Handling
    simulated: bool
    cases: int


def unresolved(session: Session, *, as_of: date, since: date) -> list[Unresolved]:
    """Events since a day with a name that was not resolved by the end of `as_of`."""
    level = effective_handling(Report.handling, Report.embargo_until, as_of).label("level")
    query = (
        _names(
            as_of,
            Finding.name_key,
            Finding.substance_name,
            Report.country,
            Report.authority_id,
            Report.event_kind,
            Report.causal_role,
            Report.event_date,
            Report.event_end,
            level,
            Report.simulated,
            Report.count,
        )
        .where(
            _waits(as_of),
            Finding.id.in_(_may_wait(as_of)),
            Report.type == ReportType.EVENT,
            Report.event_end >= since,
        )
        .order_by(Finding.id)
    )
    return [
        Unresolved(
            key or "",
            written or key or "",
            *(country, authority, kind, role, day, until),
            Handling(shown),
            bool(simulated),
            count,
        )
        for key, written, country, authority, kind, role, day, until, shown, simulated, count in (
            session.execute(query)
        )
    ]


def settled(session: Session, keys: Collection[str], *, as_of: date) -> set[str]:
    """The names among these of which somebody had said by then what they mean, in all reports."""
    if not keys:
        return set()
    # the resolution is any, and leads to the few through ix_finding_queue
    named = and_(Finding.resolution.in_(list(Resolution)), Finding.name_key.in_(keys))
    waiting = set(session.scalars(_names(as_of, Finding.name_key).where(named, _waits(as_of))))
    told = set(session.scalars(_names(as_of, Finding.name_key).where(named, ~_waits(as_of))))
    return {key for key in told - waiting if key}


def _names(as_of: date, *columns: Any) -> Select[Any]:
    """Findings that a laboratory told by a name alone, in reports that stood on the day."""
    return (
        select(*columns)
        .join(Report, Report.id == Finding.report_id)
        .where(
            Finding.name_key.is_not(None),
            Finding.structure.is_(None),
            Finding.role.in_(COUNTED_ROLES),
            stood(Report, as_of),
        )
    )


def _may_wait(as_of: date) -> CompoundSelect[int]:
    """Findings that wait now (`ix_finding_queue`), and those of which a curator has said since then
    what they mean (`ix_finding_curated`, or the former where it is no substance): nobody else
    resolves what came in unresolved."""
    later = Finding.resolved_at > end_of_day(as_of)
    no_substance = Resolution.GROUP_NAME, Resolution.NOT_A_SUBSTANCE
    return union_all(
        select(Finding.id).where(Finding.resolution == Resolution.QUEUED),
        select(Finding.id).where(Finding.resolution == Resolution.CURATOR, later),
        select(Finding.id).where(Finding.resolution.in_(no_substance), later),
    )


def _waits(as_of: date) -> ColumnElement[bool]:
    """Whether a name meant nothing to anybody at the end of the day.

    The name of a group, or one that is known to be none of a substance, meant something from the
    start, and has no date of its resolution. One that was taken back since was resolved meanwhile.
    """
    end = end_of_day(as_of)
    in_queue = and_(Finding.resolution == Resolution.QUEUED, Finding.resolved_at.is_(None))
    then_known = exists().where(
        FormerResolution.finding_id == Finding.id,
        FormerResolution.since <= end,
        FormerResolution.until > end,
    )
    return and_(or_(in_queue, Finding.resolved_at > end), ~then_known)


def new_unknowns(
    found: Iterable[Unresolved], *, as_of: date, rules: Ruleset
) -> Iterator[tuple[Signal, Levels, str]]:
    """Names that so many countries report, and how they are written most often."""
    by_key: defaultdict[str, list[Unresolved]] = defaultdict(list)
    for one in found:
        by_key[one.key].append(one)
    for key, mine in by_key.items():
        levels = {}
        for level in sorted({one.level for one in mine}):
            visible = [one for one in mine if one.level <= level]
            if len({one.country for one in visible}) >= rules.unknown.countries:
                levels[level] = _evidence(visible, level, as_of, rules)
        if levels and max(levels) == max(one.level for one in mine):
            # as those write it who may be told of at the lowest level
            lowest = min(levels)
            written = Counter(one.written for one in mine if one.level <= lowest)
            signal = Signal(NodeId(NodeKind.NAME, _short(key)), Rule.NEW_UNKNOWN, WORLD)
            yield signal, levels, written.most_common(1)[0][0][:200]


def _evidence(mine: list[Unresolved], level: Handling, as_of: date, rules: Ruleset) -> Evidence:
    deaths = sum(
        one.cases for one in mine if one.kind is EventKind.DEATH and one.causal_role in CAUSAL
    )
    first = min(mine, key=lambda one: (one.day, one.until))
    return Evidence(
        rule=Rule.NEW_UNKNOWN,
        scope=WORLD,
        tier=rules.tiers.base(Rule.NEW_UNKNOWN),
        level=level,
        countries=tuple(sorted({one.country for one in mine})),
        numbers={"reports": len(mine), "confirmed": 0, "events": len(mine), "deaths": deaths},
        first=first.day,
        first_end=first.until,
        last=max(one.day for one in mine),
        since=fresh_since(as_of, rules),
        as_of=as_of,
        ruleset=rules.version,
        simulated=any(one.simulated for one in mine),
        thresholds=plain(rules.unknown),
        details={"written": sorted({one.written for one in mine})[:10]},
    )


def _short(key: str) -> str:
    """The key of a node for a name; two long names that begin alike stay two."""
    if len(key) <= LONGEST_KEY:
        return key
    mark = sha256(key.encode()).hexdigest()[:16]
    return f"{key[: LONGEST_KEY - len(mark) - 1]}~{mark}"


def fresh_since(as_of: date, rules: Ruleset) -> date:
    """The first day of the months in which a report of a name is news."""
    return months_before(as_of, rules.unknown.fresh_months) + timedelta(days=1)

"""The overview: what changed, who reports, where things are going."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import render_template, url_for
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.entrance import actor, allow, database, today
from app.intake import figures as intake
from app.intake.trends import Months, countries_with_totals, months_by_group
from app.intake.waiting import waiting as names_waiting
from app.notification.queries import outbox_state
from app.review.models import CaseState
from app.review.service import cases as review_cases
from app.surveillance import queries as surveillance
from app.surveillance.models import EpisodeState, NodeId, Rule, Tier
from app.surveillance.queries import SeenEpisode
from app.web import charts, web
from app.web.charts import Sparkline
from app.web.signals import sparks
from app.web.wording import count

RECENT = timedelta(days=30)
SHOWN_SIGNALS = 5
SHOWN_FIRSTS = 6
SHOWN_GROUPS = 6
FIRSTS = (Rule.FIRST_WORLD, Rule.FIRST_REGION, Rule.FIRST_COUNTRY)


@dataclass(frozen=True, slots=True)
class GroupTrend:
    """A group's events over two years: the line of the last, and both sums."""

    group: str
    spark: Sparkline
    events: int
    before: int


@web.get("/")
@allow(Role.PUBLIC)
def overview() -> Any:
    """The first page: sentences first, then the signals, the map and the trends."""
    who, day = actor(), today()
    with database().reading() as session:
        found = _open_signals(session)
        counts = intake.countries_reporting(session, who, day)
        totals = countries_with_totals(session, who, day)
        shown = _gravest(found)[:SHOWN_SIGNALS]
        return render_template(
            "overview.html",
            signals=shown,
            open_signals=found,
            opened=(opened := [s for s in found if s.view.since >= day - RECENT]),
            opened_substances=len({s.episode.node for s in opened}),
            waiting=_waiting(session, found) if who.role in SECRETARIAT else [],
            more=Counter(s.episode.node for s in found),
            urgent=[s for s in found if s.view.tier is Tier.URGENT],
            sparks=sparks(session, shown),
            reporting=sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])),
            totals=totals,
            map=charts.world_map(counts, totals - counts.keys()),
            unsure_from=charts.months_back(day, charts.PROVISIONAL_MONTHS - 1),
            groups=_group_trends(session, day),
            firsts=_firsts(session),
        )


def _waiting(session: Session, open_signals: list[SeenEpisode]) -> list[tuple[str, str]]:
    """What waits for the secretariat, in words, and where."""
    unseen = sum(s.episode.state is EpisodeState.OPEN for s in open_signals)
    names = names_waiting(session, actor(), today()).names
    cases = sum(case.state is CaseState.OPEN for case in review_cases(session))
    parked = outbox_state(session).parked
    kinds = [
        (unseen, "signal not acknowledged", "signals not acknowledged", "web.signals"),
        (names, "name to resolve", "names to resolve", "web.curation"),
        (cases, "open case", "open cases", "web.review"),
        (parked, "parked message", "parked messages", "web.status"),
    ]
    return [(count(n, one, many), url_for(where)) for n, one, many, where in kinds if n]


def _open_signals(session: Session) -> list[SeenEpisode]:
    """Open signals, the gravest and then the newest first."""
    found: list[SeenEpisode] = []
    for state in (EpisodeState.OPEN, EpisodeState.ACKNOWLEDGED):
        found += surveillance.episodes(session, actor(), state=state, limit=200).items
    return sorted(found, key=lambda s: (-s.view.tier, -s.view.since.toordinal(), s.episode.id))


def _gravest(found: list[SeenEpisode]) -> list[SeenEpisode]:
    """The first signal of each substance, family or name."""
    first: dict[NodeId, SeenEpisode] = {}
    for seen in found:
        first.setdefault(seen.episode.node, seen)
    return list(first.values())


def _firsts(session: Session) -> list[SeenEpisode]:
    """The newest first reports, one for each substance."""
    found: list[SeenEpisode] = []
    for rule in FIRSTS:
        found += surveillance.episodes(session, actor(), rule=rule, limit=30).items
    found.sort(key=lambda s: (-s.view.since.toordinal(), -s.view.tier, s.episode.id))
    return _gravest(found)[:SHOWN_FIRSTS]


def _group_trends(session: Session, day: date) -> list[GroupTrend]:
    """The busiest groups of the last twelve months."""
    first, before = charts.months_back(day, 11), charts.months_back(day, 23)
    counts = months_by_group(session, actor(), day, before)
    trends = [_trend(group, found, first, day) for group, found in counts.items()]
    trends.sort(key=lambda t: (-t.events, t.group))
    return [t for t in trends if t.events][:SHOWN_GROUPS]


def _trend(group: str, counts: Months, first: date, day: date) -> GroupTrend:
    values = [counts.get(month, 0) for month in charts.months_between(first, day)]
    earlier = sum(n for month, n in counts.items() if month < first)
    return GroupTrend(group, charts.sparkline(values, width=220, height=46), sum(values), earlier)

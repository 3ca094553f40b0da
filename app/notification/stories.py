"""What is known of one substance in one run: what changed, what is open, what was told before.

Read in a handful of statements for all substances at once, then asked level by level what a reader
cleared so far sees, and what of it is new to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import Handling
from app.notification import wording
from app.notification.models import Alert, AlertState, Edition, Product
from app.notification.wording import Shown
from app.registry.models import Substance
from app.surveillance.models import Episode, EpisodeState, EpisodeView, Tier
from app.surveillance.service import Change

CLOSED = "closed"
NEWS = ("opened", "raised", "wider")  # what people are mailed about, the strongest first


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one substance in one run: what is open, what changed, what was told."""

    substance: Substance
    simulated: bool
    open: list[Episode]
    ended: list[Episode]
    changes: dict[tuple[int, Handling], Change]
    alert: Alert | None
    told: list[Edition]  # the alert's newest edition at each level

    @property
    def levels(self) -> list[Handling]:
        """The levels to word anew, lowest first.

        Those that changed, and all above them that have words of their own, so that nobody who is
        cleared for more reads something older.
        """
        changed = {level for _, level in self.changes}
        changed |= {view.handling for episode in self.ended for view in episode.views}
        worded = changed | {view.handling for episode in self.open for view in episode.views}
        return sorted(level for level in worded if level >= min(changed))

    def seen_at(self, level: Handling) -> list[Shown]:
        """The open episodes as somebody cleared for `level` sees them, what is new first."""
        before = self.last_told(level)
        known = {e["code"]: e for e in before.detail["episodes"]} if before else {}
        seen = []
        for episode in self.open:
            view = _view(episode, level)
            if view is not None:
                change = self.changes.get((episode.id, view.handling))
                shown = _shown(episode, view, change)
                seen.append(_unless_known(shown, known.get(episode.code)))
        return wording.in_order(seen)

    def last_told(self, level: Handling) -> Edition | None:
        """What somebody cleared for `level` has read until now."""
        readable = [edition for edition in self.told if edition.handling <= level]
        return max(readable, key=lambda edition: edition.id, default=None)


def stories(session: Session, changes: Sequence[Change]) -> list[Story]:
    """The changes by substance (an exercise apart from the real), with what else is open there.

    What is about no single substance (a family, a name nobody has resolved) is on the pages and in
    the API; no alert tells of it yet.
    """
    grouped: dict[tuple[int, bool], list[Change]] = defaultdict(list)
    for change in changes:
        if change.substance_id is not None:
            grouped[change.substance_id, change.simulated].append(change)
    concerned = {substance for substance, _ in grouped}
    substances = session.scalars(
        select(Substance)
        .where(Substance.id.in_(concerned))
        .options(selectinload(Substance.controls))
    )
    by_id = {substance.id: substance for substance in substances}
    episodes = _episodes(session, concerned, {change.episode_id for change in changes})
    alerts = _open_alerts(session, concerned)
    told = _newest_editions(session, [alert.id for alert in alerts.values()])
    found = []
    for (substance_id, simulated), theirs in grouped.items():
        alert = alerts.get((substance_id, simulated))
        mine = [e for e in episodes[substance_id] if e.simulated == simulated]
        found.append(
            Story(
                substance=by_id[substance_id],
                simulated=simulated,
                open=[e for e in mine if e.state is not EpisodeState.CLOSED],
                ended=[e for e in mine if e.state is EpisodeState.CLOSED],
                changes=_strongest(theirs),
                alert=alert,
                told=told[alert.id] if alert else [],
            )
        )
    return found


def _strongest(changes: Iterable[Change]) -> dict[tuple[int, Handling], Change]:
    """One change for each view: an episode both raised and wider was, above all, raised."""
    order = (*NEWS, CLOSED)
    kept: dict[tuple[int, Handling], Change] = {}
    for change in changes:
        key = change.episode_id, change.handling
        if key not in kept or order.index(change.reason) < order.index(kept[key].reason):
            kept[key] = change
    return kept


def _episodes(
    session: Session, substances: set[int], changed: set[int]
) -> dict[int, list[Episode]]:
    """By substance, with their views: the open episodes, and those of `changed` that ended."""
    query = (
        select(Episode)
        .where(
            Episode.substance_id.in_(substances),
            (Episode.state != EpisodeState.CLOSED) | Episode.id.in_(changed),
        )
        .order_by(Episode.id)
        .options(selectinload(Episode.views))
        .execution_options(populate_existing=True)
    )
    session.flush()
    found: dict[int, list[Episode]] = defaultdict(list)
    for episode in session.scalars(query):
        if episode.substance_id is not None:
            found[episode.substance_id].append(episode)
    return found


def _open_alerts(session: Session, substances: set[int]) -> dict[tuple[int, bool], Alert]:
    query = select(Alert).where(
        Alert.substance_id.in_(substances),
        Alert.state == AlertState.ISSUED,
        Alert.product == Product.NOTICE,
    )
    return {
        (alert.substance_id, alert.simulated): alert
        for alert in session.scalars(query)
        if alert.substance_id is not None
    }


def _newest_editions(session: Session, alerts: list[int]) -> dict[int, list[Edition]]:
    """By alert: its newest edition at each level (ix_edition_latest)."""
    newest = (
        select(func.max(Edition.id))
        .where(Edition.alert_id.in_(alerts))
        .group_by(Edition.alert_id, Edition.handling)
    )
    found: dict[int, list[Edition]] = {alert: [] for alert in alerts}
    for edition in session.scalars(select(Edition).where(Edition.id.in_(newest))):
        found[edition.alert_id].append(edition)
    return found


def _view(episode: Episode, level: Handling) -> EpisodeView | None:
    """The view that somebody cleared for `level` is shown: the highest one at or below it."""
    readable = [view for view in episode.views if view.handling <= level]
    return max(readable, key=lambda view: view.handling, default=None)


def _shown(episode: Episode, view: EpisodeView, change: Change | None) -> Shown:
    return Shown(
        code=episode.code,
        rule=episode.rule,
        scope=episode.scope,
        tier=view.tier,
        handling=view.handling,
        sentence=view.sentence,
        countries=_countries(episode, view, change),
        news=change.reason if change is not None and change.reason in NEWS else None,
    )


def _unless_known(shown: Shown, told: dict[str, Any] | None) -> Shown:
    """No news to those who had read as much through a higher view that became one with this."""
    known = (
        told is not None
        and Handling.of(told["handling"]) > shown.handling
        and Tier[told["tier"].upper()] >= shown.tier
        and set(told["countries"]) >= set(shown.countries)
    )
    return replace(shown, news=None) if known else shown


def _countries(episode: Episode, view: EpisodeView, change: Change | None) -> tuple[str, ...]:
    """Where it is: as the change says, else as the view's evidence lists, else the scope itself."""
    if change is not None and change.countries:
        return tuple(change.countries)
    listed = view.evidence.get("countries")
    if isinstance(listed, list):
        return tuple(str(country) for country in listed)
    return (episode.scope,) if len(episode.scope) == 2 else ()

"""What is known of one node in one run: what changed, what is open, what was told before.

Read in a handful of statements for all nodes at once, then asked level by level what a reader
cleared so far sees, and what of it is new to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased, selectinload

from app.access.handling import Handling
from app.db import one_of_ids
from app.notification import wording
from app.notification.about import About, may_be_told, members, substances_of
from app.notification.models import Alert, AlertState, Edition, Product
from app.notification.wording import Shown
from app.registry.models import Substance
from app.surveillance.models import Episode, EpisodeState, EpisodeView, NodeId, NodeKind, Tier
from app.surveillance.service import Change

CLOSED = "closed"
NEWS = ("opened", "raised", "wider", "doubled")  # what people are mailed about, the strongest first


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one node in one run: what is open, what changed, what was told.

    Its `name` is one that readers of the lowest level that is shown an episode may know.
    """

    node: NodeId
    name: str
    simulated: bool
    open: list[Episode]
    ended: list[Episode]
    changes: dict[tuple[int, Handling], Change]
    alert: Alert | None
    told: list[Edition]  # the alert's newest edition at each level
    substances: Mapping[int, Substance]  # all that the stories of the run speak of

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
            view = self._view(episode, level)
            if view is not None:
                change = self.changes.get((episode.id, view.handling))
                shown = _unless_known(_shown(episode, view, change), known.get(episode.code))
                sentence = wording.with_news(shown.sentence, shown.news)
                evidence = _evidence(view, level, self.substances)
                seen.append(replace(shown, sentence=sentence, evidence=evidence))
        return wording.in_order(seen)

    def about(self, level: Handling) -> About:
        """What it is about, as somebody cleared for `level` may know it."""
        views = [view for view in (self._view(e, level) for e in self.open) if view is not None]
        taking_part = () if self.substance else members(views, level, self.substances)
        return About(self.node, self.name, self.substance, taking_part)

    def reserved(self, level: Handling) -> dict[str, Change]:
        """What is not news to everybody cleared for `level`, by the number of its episode."""
        found = {}
        for episode in self.open:
            view = self._view(episode, level)
            change = self.changes.get((episode.id, view.handling)) if view else None
            if change is not None and _is_reserved(change):
                found[episode.code] = change
        return found

    def _view(self, episode: Episode, level: Handling) -> EpisodeView | None:
        """The view that somebody cleared for `level` is shown: the highest one at or below it.

        A signal that is quiet keeps what it said on the day it was last met: no view that is no
        news is told again where it names a member that is kept from them by now.
        """
        readable = [
            view
            for view in episode.views
            if view.handling <= level
            and (
                (episode.id, view.handling) in self.changes
                or may_be_told(view, level, self.substances)
            )
        ]
        return max(readable, key=lambda view: view.handling, default=None)

    @property
    def is_for_some(self) -> bool:
        """Whether any of it is not told to everybody who asked to know."""
        return any(_is_reserved(change) for change in self.changes.values())

    @property
    def substance(self) -> Substance | None:
        """The substance that it is about, if it is about one."""
        return self.substances.get(self.node.substance_id or 0)

    def last_told(self, level: Handling) -> Edition | None:
        """What somebody cleared for `level` has read until now."""
        return _newest(self.told, level)

    @property
    def rulesets(self) -> list[str]:
        """The rule sets under which its episodes were opened."""
        return sorted({episode.ruleset for episode in (*self.open, *self.ended)})


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open notice about a substance, with its newest edition at each level."""

    alert: Alert
    told: tuple[Edition, ...]

    @property
    def substance_id(self) -> int:
        """The substance that it is about."""
        return self.alert.substance_id or 0

    @property
    def code(self) -> str:
        """The number people quote."""
        return self.alert.code

    def known_at(self, level: Handling, simulated: bool) -> bool:
        """Whether readers of a level know that it is open; an exercise names exercises alone."""
        newest = _newest(self.told, level)
        return bool(newest and newest.detail["episodes"]) and self.alert.simulated == simulated


def stories(session: Session, changes: Sequence[Change]) -> list[Story]:
    """The changes by node (an exercise apart from the real), with what else is open there.

    Substances come first, so that an alert about a family can name those about its members.
    """
    changed = sorted({change.episode_id for change in changes})
    episodes = _episodes(session, changed)
    by_id = {episode.id: episode for episode in episodes}
    mine: dict[tuple[NodeId, bool], list[Episode]] = defaultdict(list)
    for episode in episodes:
        mine[episode.node, episode.simulated].append(episode)
    grouped: dict[tuple[NodeId, bool], list[Change]] = defaultdict(list)
    for change in changes:
        grouped[by_id[change.episode_id].node, change.simulated].append(change)
    alerts = _open_alerts(session, changed)
    told = newest_editions(session, [alert.id for alert in alerts.values()])
    known = substances_of(session, episodes)
    found = []
    for (node, simulated), theirs in grouped.items():
        alert = alerts.get((node, simulated))
        here = mine[node, simulated]
        found.append(
            Story(
                node=node,
                name=wording.node_name(node, here[-1].name),
                simulated=simulated,
                open=[e for e in here if e.state is not EpisodeState.CLOSED],
                ended=[e for e in here if e.state is EpisodeState.CLOSED],
                changes=_strongest(theirs),
                alert=alert,
                told=told[alert.id] if alert else [],
                substances=known,
            )
        )
    return sorted(found, key=lambda story: story.node.kind is not NodeKind.SUBSTANCE)


def _is_reserved(change: Change) -> bool:
    return change.left_to is not None or change.late


def _strongest(changes: Iterable[Change]) -> dict[tuple[int, Handling], Change]:
    """One change for each view: an episode both raised and wider was, above all, raised."""
    order = (*NEWS, CLOSED)
    kept: dict[tuple[int, Handling], Change] = {}
    for change in changes:
        key = change.episode_id, change.handling
        if key not in kept or order.index(change.reason) < order.index(kept[key].reason):
            kept[key] = change
    return kept


def _nodes_of(session: Session, episodes: list[int]) -> Select[NodeKind, str]:
    changed = aliased(Episode)
    return select(changed.node_kind, changed.node_key).where(
        one_of_ids(session, changed.id, episodes)
    )


def _episodes(session: Session, changed: list[int]) -> list[Episode]:
    """The open episodes of the nodes of those that changed, and those of them that ended.

    With their views, by number. Open ones are found through ix_episode_state.
    """
    node = tuple_(Episode.node_kind, Episode.node_key)
    query = (
        select(Episode)
        .where(
            node.in_(_nodes_of(session, changed)),
            (Episode.state != EpisodeState.CLOSED) | one_of_ids(session, Episode.id, changed),
        )
        .order_by(Episode.id)
        .options(selectinload(Episode.views))
        .execution_options(populate_existing=True)
    )
    session.flush()
    return list(session.scalars(query))


def _open_alerts(session: Session, changed: list[int]) -> dict[tuple[NodeId, bool], Alert]:
    """The open notices about the nodes of these episodes (uq_alert_open)."""
    query = select(Alert).where(
        tuple_(Alert.node_kind, Alert.node_key).in_(_nodes_of(session, changed)),
        Alert.state == AlertState.ISSUED,
        Alert.product == Product.NOTICE,
    )
    return {
        (alert.node, alert.simulated): alert
        for alert in session.scalars(query)
        if alert.node is not None
    }


def newest_editions(session: Session, alerts: list[int]) -> dict[int, list[Edition]]:
    """By alert: its newest edition at each level (ix_edition_latest)."""
    newest = (
        select(func.max(Edition.id))
        .where(one_of_ids(session, Edition.alert_id, alerts))
        .group_by(Edition.alert_id, Edition.handling)
    )
    found: dict[int, list[Edition]] = {alert: [] for alert in alerts}
    for edition in session.scalars(select(Edition).where(Edition.id.in_(newest))):
        found[edition.alert_id].append(edition)
    return found


def open_alerts_on(session: Session, substances: Collection[int]) -> list[OpenAlert]:
    """The open notices about these substances."""
    query = select(Alert).where(
        one_of_ids(session, Alert.substance_id, sorted(substances)),
        Alert.state == AlertState.ISSUED,
        Alert.product == Product.NOTICE,
    )
    found = list(session.scalars(query))
    told = newest_editions(session, [alert.id for alert in found])
    return [OpenAlert(alert, tuple(told[alert.id])) for alert in found]


def _newest(told: Iterable[Edition], level: Handling) -> Edition | None:
    """What somebody cleared for the level reads: the newest edition that they may."""
    readable = [edition for edition in told if edition.handling <= level]
    return max(readable, key=lambda edition: edition.id, default=None)


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


def _evidence(view: EpisodeView, level: Handling, known: Mapping[int, Substance]) -> dict[str, Any]:
    """What its sentence is made of: no numbers of reports, and no member kept from the level."""
    kept = {name: said for name, said in view.evidence.items() if name != "told"}
    details = dict(kept.get("details", {}))
    details.pop("reports", None)
    if "members" in details:
        may_know = {one.code for one in members([view], level, known)}
        details["members"] = [one for one in details["members"] if one["id"] in may_know]
    return kept | {"details": details}


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

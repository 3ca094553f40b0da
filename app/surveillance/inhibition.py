"""What a family's signal says for its members: a weak signal of one is listed under it, not told.

While a family emerges its members do too, one after the other, and telling of each buries the news
that it is the family (signals 2.4). So a member's signal that is only to be watched is listed under
the family's, as long as that is open and for those who see it. Not spared: a first, harm, a cluster
of harm, an unknown name, and anything above watch.

    a member's signal opens ── its family's is open ──▶ listed under it
        listed ── rises, spreads or doubles ──▶ told, on its own from then on
        listed ── the family's lapses ──▶ told as opened, if it is still met
        listed ── somebody closes the family's ──▶ told as opened, whether met or not

This says only what may be left to a family. Whoever was not told of the family is told of the
member: that is known where people are told (app.notification.already).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from app.access.handling import Handling
from app.surveillance.episodes import LAPSED, Reason
from app.surveillance.models import Episode, EpisodeState, EpisodeView, Rule, Tier

LISTED = (Rule.NEW_SPREAD, Rule.RE_EMERGENCE, Rule.GROWTH, Rule.QUANTITY, Rule.BLOCK)
GROWN = (Reason.RAISED, Reason.WIDER, Reason.DOUBLED)  # news that no family speaks of


def settle(
    episodes: Sequence[Episode], *, new: Collection[int], grown: Collection[int] = ()
) -> list[tuple[Episode, EpisodeView]]:
    """List the `new` episodes under a family's where it speaks for them, and let go of others.

    `episodes` are all that were open before, or opened, in this run; `grown` are the numbers of
    those of which there is more than that they opened. What is returned was let go of, by view: it
    is news to those who were not told when it opened.
    """
    families = [e for e in episodes if e.rule is Rule.FAMILY and not _has_ended(e)]
    let_go: list[tuple[Episode, EpisodeView]] = []
    for episode in episodes:
        if episode.rule not in LISTED or _has_ended(episode):
            continue
        family = episode.inhibited_by
        if episode.id in new:
            episode.inhibited_by = _speaking_for(episode, families)
        elif family is not None and (
            episode.id in grown or _is_above_watch(episode) or _lets_go(family, episode)
        ):
            let_go += [(episode, view) for view in episode.views]
            episode.inhibited_by = None
    return let_go


def speaks_for(family: Episode, view: EpisodeView) -> bool:
    """Whether those who are shown this view of a member's signal learn of it from the family's.

    The family's own evidence has to name every substance that the signal is about.
    """
    shown = _shown(family, view.handling)
    about = _substances(view)
    return (
        view.tier is Tier.WATCH
        and shown is not None
        and family.simulated == view.episode.simulated
        and bool(about)
        and about <= _members(shown)
    )


def left_to(episode: Episode, level: Handling) -> int | None:
    """The number of the family's episode to which it is left to tell of the view at a level."""
    family = episode.inhibited_by
    view = next((view for view in episode.views if view.handling == level), None)
    return family.id if family is not None and view and speaks_for(family, view) else None


def _lets_go(family: Episode, episode: Episode) -> bool:
    """Whether the family's has ended, and its member's is still of interest.

    What somebody closed was perhaps never so: then nothing was told of the member, met or not.
    """
    still_met = episode.quiet_since is None
    return _has_ended(family) and (still_met or family.outcome != LAPSED)


def _speaking_for(episode: Episode, families: Iterable[Episode]) -> Episode | None:
    if _is_above_watch(episode):
        return None
    speaking = (f for f in families if any(speaks_for(f, view) for view in episode.views))
    return next(speaking, None)


def _is_above_watch(episode: Episode) -> bool:
    return any(view.tier > Tier.WATCH for view in episode.views)


def _has_ended(episode: Episode) -> bool:
    return episode.state is EpisodeState.CLOSED


def _shown(episode: Episode, level: Handling) -> EpisodeView | None:
    readable = [view for view in episode.views if view.handling <= level]
    return max(readable, key=lambda view: view.handling, default=None)


def _substances(view: EpisodeView) -> set[str]:
    """The numbers of the substances that a signal is about; of a block, those that carry it."""
    about = view.episode.node
    return _members(view) if about.substance_id is None else {about.key}


def _members(view: EpisodeView) -> set[str]:
    """The members that take part, as far as the evidence names them: those with most events."""
    return {member["id"] for member in view.evidence.get("details", {}).get("members", ())}

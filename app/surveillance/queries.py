"""What a reader may see of the surveillance room. The visible view is found in the query itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, contains_eager

from app.access.handling import Handling, figure_clearance, visible_up_to
from app.access.roles import Actor
from app.db import Page
from app.errors import NotFound, Refused
from app.intake.models import Report
from app.intake.sight import rows_for
from app.languages import N_
from app.registry.models import Substance
from app.registry.queries import known_to, naming_unknown
from app.surveillance.models import (
    Assessment,
    Episode,
    EpisodeState,
    EpisodeView,
    Rule,
    Tier,
)

_CODE = re.compile(r"E-(\d{1,9})")
MOST_LISTED = 100  # under one family; it names at most thirty members
_CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class SeenEpisode:
    """An episode, and the one view of it that this reader is shown.

    What the view says of dates, tier and countries is for this reader; the episode's own
    `opened_on` and its other views may tell of reports that the reader may not know of.
    """

    episode: Episode
    view: EpisodeView

    @property
    def last_met(self) -> date | None:
        """The day on which a signal that is not closed was last met; None while it still is."""
        if self.episode.state is EpisodeState.CLOSED:
            return None
        when = date.fromisoformat(self.view.evidence["as_of"])
        return when if when < self.episode.evaluated_on else None


def episodes(
    session: Session,
    actor: Actor,
    *,
    state: EpisodeState | None = None,
    tier: Tier | None = None,
    rule: Rule | None = None,
    group: str | None = None,
    substance_id: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[SeenEpisode]:
    """The episodes that exist for `actor`, those they last learnt of first.

    `tier` is the tier this reader sees. Raises Refused for a cursor that is none of ours.
    """
    asked = {Episode.state: state, Episode.rule: rule, Episode.substance_id: substance_id}
    wanted = _seen(actor, *(column == one for column, one in asked.items() if one is not None))
    if tier is not None:
        wanted = wanted.where(EpisodeView.tier == tier)
    if group is not None:
        wanted = wanted.where(Substance.group == group)
    if after is not None:
        wanted = wanted.where(tuple_(EpisodeView.since, Episode.id) < tuple_(*position(after)))
    wanted = wanted.order_by(EpisodeView.since.desc(), Episode.id.desc()).limit(limit + 1)
    rows = [SeenEpisode(view.episode, view) for view in session.scalars(wanted)]
    if len(rows) <= limit:
        return Page(rows)
    last = rows[limit - 1]
    return Page(rows[:limit], f"{last.view.since.isoformat()}.{last.episode.id}")


def episode_by_code(session: Session, actor: Actor, code: str) -> SeenEpisode:
    """The episode of that number. Raises NotFound when there is none that `actor` may know of."""
    number = _CODE.fullmatch(code)
    wanted = _seen(actor, Episode.id == int(number[1])) if number else None
    view = None if wanted is None else session.scalars(wanted).one_or_none()
    if view is None:
        raise NotFound(N_("there is no episode %(code)s"), code=code)
    return SeenEpisode(view.episode, view)


def listed_under(session: Session, actor: Actor, episode: Episode) -> list[SeenEpisode]:
    """The signals of members that are listed under a family's, as far as `actor` may know of them.

    Goes through ix_episode_inhibited_by_id.
    """
    wanted = _seen(actor, Episode.inhibited_by_id == episode.id)
    views = session.scalars(wanted.order_by(Episode.id).limit(MOST_LISTED))
    return [SeenEpisode(view.episode, view) for view in views]


def listing_families(
    session: Session, actor: Actor, seen: Sequence[SeenEpisode]
) -> dict[int, Episode]:
    """By number of an episode: the family's under which it is listed, where `actor` may see it."""
    wanted = {one.episode.inhibited_by_id for one in seen} - {None}
    if not wanted:
        return {}
    families = {
        view.episode_id: view.episode
        for view in session.scalars(_seen(actor, Episode.id.in_(wanted)))
    }
    return {
        one.episode.id: families[one.episode.inhibited_by_id]
        for one in seen
        if one.episode.inhibited_by_id in families
    }


def evidence_for(
    session: Session, actor: Actor, seen: Sequence[SeenEpisode], today: date
) -> list[dict[str, Any]]:
    """The evidence of each as it is served: of the reports behind it, those the actor may read.

    A view is a figure and may count reports that are not shown one by one; which they are is told
    of rows alone that are open to the actor (`intake.sight`).
    """
    named = {int(code[3:]) for one in seen for code in _reports(one)}
    rows = select(Report.id).where(Report.id.in_(named), rows_for(actor, today))
    readable = {f"RP-{number:06d}" for number in session.scalars(rows)} if named else set()
    return [_with_reports(one, readable) for one in seen]


def _reports(seen: SeenEpisode) -> list[str]:
    return list(seen.view.evidence.get("details", {}).get("reports", ()))


def _with_reports(seen: SeenEpisode, readable: set[str]) -> dict[str, Any]:
    evidence = seen.view.evidence
    if not _reports(seen):
        return evidence
    kept = [code for code in _reports(seen) if code in readable]
    return {**evidence, "details": {**evidence["details"], "reports": kept}}


def last_assessment(session: Session) -> Assessment | None:
    """The newest run of the rules, or None before the first."""
    return session.scalars(
        select(Assessment).order_by(Assessment.as_of.desc(), Assessment.id.desc()).limit(1)
    ).one_or_none()


def _seen(actor: Actor, *which: ColumnElement[bool]) -> Select[EpisodeView]:
    """For each episode the view of the highest level the actor is cleared for, and no other, among
    those that name no substance which the actor may not know of by now.

    `which` says of which episodes; members are looked into in those alone. Goes through the unique
    key (episode_id, handling) of episode_view.
    """
    may_be_shown = [visible_up_to(actor, EpisodeView.handling)]
    if figure_clearance(actor) < max(Handling):  # else no substance is kept from them
        may_be_shown.append(names_the_known(known_to(actor), *which))
    highest = (
        select(EpisodeView.episode_id, func.max(EpisodeView.handling).label("handling"))
        .where(*may_be_shown)
        .group_by(EpisodeView.episode_id)
        .subquery("highest")
    )
    return (
        select(EpisodeView)
        .join(
            highest,
            (highest.c.episode_id == EpisodeView.episode_id)
            & (highest.c.handling == EpisodeView.handling),
        )
        .join(EpisodeView.episode)
        .outerjoin(Episode.substance)
        .where(or_(Episode.substance_id.is_(None), known_to(actor)), *which)
        .options(contains_eager(EpisodeView.episode).contains_eager(Episode.substance))
    )


def names_the_known(known: ColumnElement[bool], *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Views, of `which` episodes, that name only members that are `known` (a condition on
    Substance).

    A closed episode keeps its views for ever, an open one until the next assessment, and neither
    may go on naming what was restricted meanwhile.
    """
    view = aliased(EpisodeView)
    of_several = (
        select(view.id)
        .select_from(Episode)
        .join(view, view.episode_id == Episode.id)
        .where(Episode.substance_id.is_(None), *which)
    )
    named = view.evidence[("details", "members")]
    return EpisodeView.id.not_in(naming_unknown(of_several, named, "id", known))


def position(cursor: str) -> tuple[date, int]:
    """The day and the number that a cursor of ours says. Raises Refused for any other."""
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is None:
            raise ValueError(cursor)
        return date.fromisoformat(found[1]), int(found[2])
    except ValueError:
        raise Refused(f'"{cursor}" is no cursor of this list; start without one') from None

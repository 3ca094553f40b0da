"""What an analyst does with an episode: acknowledge it, close it with what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.access.service import record
from app.errors import Conflict, Refused
from app.surveillance.episodes import OUTCOMES, Reason
from app.surveillance.evidence import Evidence
from app.surveillance.models import Episode, EpisodeState
from app.surveillance.queries import episode_by_code
from app.surveillance.service import Change


def acknowledge(
    session: Session, code: str, *, by: Actor, now: datetime, note: str = ""
) -> Episode:
    """Say that somebody has seen an episode and looks after it.

    Raises NotFound when `by` may not know of it, Conflict when it is closed or acknowledged.
    """
    episode = episode_by_code(session, by, code).episode
    if episode.state is EpisodeState.CLOSED:
        raise Conflict(f"{code} was closed on {episode.closed_on}")
    if episode.state is EpisodeState.ACKNOWLEDGED:
        raise Conflict(f"{code} was acknowledged by {episode.acknowledged_by} already")
    episode.state = EpisodeState.ACKNOWLEDGED
    episode.acknowledged_by = by.label
    episode.acknowledged_at = now
    episode.note = note or episode.note
    session.flush()
    record(session, by, "episode.acknowledge", episode.code, now, note=note)
    return episode


def close(
    session: Session, code: str, *, outcome: str, by: Actor, now: datetime, note: str = ""
) -> tuple[Change, ...]:
    """End an episode with what came of it: confirmed, not_confirmed, duplicate or data_error.

    The changes are for those who were told of it. Raises NotFound when `by` may not know of it,
    Refused for another outcome, Conflict when closed.
    """
    if outcome not in OUTCOMES:
        raise Refused(f'"{outcome}" is no outcome; use one of {", ".join(OUTCOMES)}')
    episode = episode_by_code(session, by, code).episode
    if episode.state is EpisodeState.CLOSED:
        raise Conflict(f"{code} was closed on {episode.closed_on} already")
    episode.state = EpisodeState.CLOSED
    episode.closed_on = now.date()
    episode.outcome = outcome
    episode.note = note or episode.note
    session.flush()
    record(session, by, "episode.close", episode.code, now, outcome=outcome, note=note)
    return tuple(
        Change(
            episode_id=episode.id,
            substance_id=episode.substance_id,
            rule=episode.rule,
            scope=episode.scope,
            handling=view.handling,
            tier=view.tier,
            reason=Reason.CLOSED.value,
            sentence=view.sentence,
            countries=Evidence.from_dict(view.evidence).countries,
            simulated=episode.simulated,
        )
        for view in episode.views
    )

"""The whole life of a substance: what the register, the reports and the signals say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.countries import country_name
from app.intake.history import Happening, Life, happenings, life_of
from app.intake.words import Precision
from app.registry.models import Substance, code_of
from app.surveillance.evidence import WORLD
from app.surveillance.models import Episode
from app.surveillance.queries import episodes
from app.surveillance.titles import rule_title

MOST_SIGNALS = 200


def biography(session: Session, actor: Actor, today: date, substance: Substance) -> list[Happening]:
    """What happened to a substance, as far as `actor` may know, the newest first."""
    life = life_of(session, actor, substance)
    told = [*happenings(session, actor, today, life), *_signals(session, actor, life)]
    return sorted(told, key=lambda one: (one.day, one.code or "", one.kind), reverse=True)


def _signals(session: Session, actor: Actor, life: Life) -> Iterator[Happening]:
    substance_id = life.substance.id
    for number in life.ids:
        page = episodes(session, actor, substance_id=number, limit=MOST_SIGNALS)
        for seen in page.items:
            episode = seen.episode
            what = _what(episode)
            if number != substance_id:
                what += f" (as {code_of(number)})"
            yield Happening(
                seen.view.since, Precision.DAY, "signal", f"Signal opened: {what}", episode.code
            )
            if episode.closed_on is not None:
                outcome = (episode.outcome or "closed").replace("_", " ")
                yield Happening(
                    episode.closed_on,
                    Precision.DAY,
                    "signal",
                    f"Signal closed ({outcome}): {what}",
                    episode.code,
                )


def _what(episode: Episode) -> str:
    """What a rule noticed and where: "growing", "first report in a country (Germany)"."""
    title = rule_title(episode.rule)
    what = title[:1].lower() + title[1:]
    return what if episode.scope == WORLD else f"{what} ({country_name(episode.scope)})"

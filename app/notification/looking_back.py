"""What somebody would have been told: a wish, held against the alerts of the last twelve months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.handling import figure_clearance
from app.access.roles import Actor
from app.notification.models import Edition, Product
from app.notification.queries import names_the_known
from app.notification.rhythms import is_gathered, when_to_tell
from app.notification.stories import NEWS
from app.notification.subjects import subjects
from app.notification.telling import wants
from app.notification.wishes import Wish
from app.registry.queries import known_to
from app.surveillance.models import Tier

PERIOD = timedelta(days=365)
SHOWN = 20


@dataclass(frozen=True, slots=True)
class LookBack:
    """What a wish would have brought: alerts told, the urgent among them, and in how many mails."""

    since: datetime
    told: int = 0
    urgent: int = 0
    mails: int = 0
    newest: tuple[Edition, ...] = ()


def look_back(
    session: Session, wish: Wish, *, home: str | None, by: Actor, now: datetime
) -> LookBack:
    """The alerts that would have been told, as `by` may read them; `home` is the country of the
    subscriber's authority. Only reads."""
    since = now - PERIOD
    editions = [e for e in _editions(session, wish, by, since, now) if tells_news(e)]
    about = subjects(
        session, editions, today=now.date(), event_kinds=bool(wish.filters.event_kinds)
    )
    told = [e for e in editions if wants(wish.filters, wish.min_tier, about[e.id], home=home)]
    return LookBack(
        since=since,
        told=len(told),
        urgent=sum(e.tier is Tier.URGENT for e in told),
        mails=_mails(wish, told),
        newest=tuple(sorted(told, key=lambda e: -e.id)[:SHOWN]),
    )


def tells_news(edition: Edition) -> bool:
    """Whether people were told when it was issued; the closing of a notice is not."""
    if edition.alert.product is not Product.NOTICE:
        return True
    return any(episode.get("news") in NEWS for episode in edition.detail.get("episodes", ()))


def _editions(
    session: Session, wish: Wish, by: Actor, since: datetime, now: datetime
) -> Iterable[Edition]:
    """Of each run that told of an alert the fullest edition within the clearance of the wish and of
    the asker (ix_edition_issued_at; ids grow with the level inside a run)."""
    clearance = min(wish.clearance, figure_clearance(by))
    fullest = (
        select(func.max(Edition.id))
        .where(
            Edition.issued_at >= since,
            Edition.issued_at <= now,
            Edition.handling <= clearance,
            names_the_known(known_to(by)),
        )
        .group_by(Edition.alert_id, Edition.issued_at)
    )
    return session.scalars(select(Edition).where(Edition.id.in_(fullest)).order_by(Edition.id))


def _mails(wish: Wish, told: list[Edition]) -> int:
    """How many mails: one for each alert told at once, one for each time of a digest."""
    at_once = [e for e in told if not is_gathered(wish.rhythm, e.tier)]
    gathered = (e for e in told if is_gathered(wish.rhythm, e.tier))
    return len(at_once) + len({when_to_tell(wish, e.issued_at, e.tier) for e in gathered})

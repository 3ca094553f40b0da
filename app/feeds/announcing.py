"""WebSub: telling the hub which feeds changed (https://www.w3.org/TR/websub/#publishing).

The hub is the operator's choice and is told addresses of public feeds, nothing else. It fetches
them itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import ANYBODY
from app.feeds.entries import substances
from app.feeds.pages import MEDIA_TYPES
from app.feeds.scope import EVERYTHING, Scope
from app.languages import LANGUAGES
from app.notification.models import Edition
from app.notification.queries import may_be_read
from app.outgoing import Limits, Unanswered, posted

LIMITS = Limits(connect=5, read=10, whole=20)
AT_ONCE = 50  # addresses in one request
MOST = 1_000  # editions looked at in one run, the newest


class HubError(Exception):
    """The hub did not take it; the next run tells it again."""


def changed_feeds(session: Session, since: int, base_url: str) -> list[str]:
    """The addresses of public feeds that hold an edition later than `since`, the whole feed first,
    each in every language.

    Index: the primary key.
    """
    query = (
        select(Edition.detail, Edition.countries)
        .where(Edition.id > since, may_be_read(ANYBODY))
        .order_by(Edition.id.desc())
        .limit(MOST)
    )
    scopes = dict.fromkeys([EVERYTHING])
    for detail, countries in session.execute(query):
        scopes |= dict.fromkeys(scope for scope in _scopes(detail, countries) if scope.named)
    return [
        base_url + scope.path(file, language)
        for scope in scopes
        for file in MEDIA_TYPES
        for language in LANGUAGES
    ]


def announce(hub: str, feeds: Sequence[str]) -> int:
    """Tell the hub that these changed; how many they were. Raises HubError.

    `hub.url` is given once for each, as the hubs in use take it.
    """
    told = 0
    for start in range(0, len(feeds), AT_ONCE):
        some = feeds[start : start + AT_ONCE]
        form = [("hub.mode", "publish"), *(("hub.url", url) for url in some)]
        try:
            with posted(hub, form, limits=LIMITS) as answer:
                status = answer.status
        except Unanswered as error:
            raise HubError(f"the hub does not answer: {error}") from error
        if not 200 <= status < 300:
            raise HubError(f"the hub answered {status}")
        told += len(some)
    return told


def _scopes(detail: dict[str, Any], countries: Iterable[str]) -> Iterator[Scope]:
    for group in (detail.get("group"), *detail.get("groups", ())):
        yield Scope(group=group or "")
    for family in (detail.get("family"), *detail.get("families", ())):
        yield Scope(family=family or "")
    yield from (Scope(substance=one["substance"]) for one in substances(detail))
    yield from (Scope(country=country) for country in countries)

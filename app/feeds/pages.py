"""A page of a feed, written in either format, and the pages everybody may read, kept in memory.

A kept page is right to the moment: `Database.stamp` says whether anybody has committed since it was
written; if so its alerts are asked for again, as numbers, and it is written anew when they differ.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import ANYBODY, Actor
from app.clock import Clock
from app.db import Database
from app.feeds import atom as atom_feed
from app.feeds import json_feed
from app.feeds.scope import EVERYTHING, Scope
from app.languages import SOURCE, speaking
from app.notification.queries import alerts, wordings

PER_PAGE = 50
PAGES_KEPT = 256
LOOKS = 16  # pages looked at by one process at once
MAX_AGE = 60  # seconds for which a cache need not ask again
MEDIA_TYPES = {"feed.json": json_feed.MEDIA_TYPE, "feed.atom": atom_feed.MEDIA_TYPE}


@dataclass(frozen=True, slots=True)
class Site:
    """Where the service is found, and the WebSub hub that spreads its feeds, if any."""

    base_url: str
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """What page of which feed in which language: `file` is feed.json or feed.atom, `after` a
    cursor."""

    file: str
    scope: Scope = EVERYTHING
    after: str | None = None
    language: str = SOURCE


@dataclass(frozen=True, slots=True)
class Written:
    """A page as it is sent. The weak validator is of its text: what differs is never the same."""

    body: bytes
    media_type: str
    language: str
    url: str
    changed: datetime | None  # the newest wording on it
    spread: bool  # whether the hub is told when it changes

    @property
    def etag(self) -> str:
        """The validator, unquoted."""
        return hashlib.blake2b(self.body, digest_size=12).hexdigest()


def write(
    session: Session,
    actor: Actor,
    address: Address,
    site: Site,
    *,
    now: datetime,
    cleared: Handling = Handling.CLEAR,
    path: str | None = None,
) -> Written:
    """The page as `actor` may read it. `path` is where a feed of one's own is; that has no hub.

    Raises NotPublic when it would tell more than `cleared`.
    """
    scope = address.scope
    page = alerts(
        session,
        actor,
        after=address.after,
        limit=PER_PAGE,
        country=scope.country or None,
        where=scope.conditions(),
    )
    own = path is not None
    url = _at(address, site, path, address.language)
    sign = "&" if "?" in url else "?"
    said: dict[str, Any] = {
        "base_url": site.base_url,
        "feed_url": url,
        "next_url": f"{url}{sign}after={page.next}" if page.next else None,
        "hub": site.hub if scope.plain and not own else "",
        "cleared": cleared,
    }
    changed = max((seen.modified for seen in page.items), default=None)
    with speaking(address.language):  # whoever's page the thread wrote before
        if address.file == "feed.json":
            feed = json_feed.json_feed(page.items, about=scope.title, **said)
            body = json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()
        else:
            said |= {"about": scope.title, "feed_id": _at(address, site, path, SOURCE)}
            body = atom_feed.atom(page.items, updated=changed or _day_of(now), **said)
    return Written(
        body,
        MEDIA_TYPES[address.file],
        address.language,
        url,
        changed,
        spread=scope.plain and not own,
    )


def _at(address: Address, site: Site, path: str | None, language: str) -> str:
    """The whole address of the feed in a language."""
    scope = address.scope
    own = scope.path(address.file, language) if path is None else scope.at(path, language)
    return site.base_url + own


def _day_of(now: datetime) -> datetime:
    """The date of an empty feed: alike in all processes, so that they agree on its validator."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Kept:
    """A written page, what is said of it in headers, what it is right for, and when the look at
    the database began that it is of."""

    stamp: object
    begun: float
    wordings: tuple[Any, ...]
    written: Written
    etag: str
    headers: tuple[tuple[str, str], ...]


class PublicFeeds:
    """The feeds for everybody, each page written once for each state of its alerts."""

    def __init__(self, database: Database, site: Site, clock: Clock) -> None:
        self.database = database
        self.site = site
        self.clock = clock
        self._kept: OrderedDict[Address, Kept] = OrderedDict()
        self._changing = Lock()
        self._looking = tuple(Lock() for _ in range(LOOKS))

    def page(self, address: Address) -> Kept:
        """The page as it is now.

        Of those who ask for a page after a commit one looks and the others wait for it: what was
        begun after they asked is as new as they may expect.
        """
        asked = monotonic()
        held = self._kept.get(address)
        if held is not None and held.stamp == self.database.stamp():
            return held
        with self._looking[hash(address) % LOOKS]:
            held = self._kept.get(address)
            if held is None or held.begun <= asked:
                held = self._looked_at(address, held)
        return held

    def _looked_at(self, address: Address, held: Kept | None) -> Kept:
        """The page after another look."""
        begun, stamp = monotonic(), self.database.stamp()
        scope = address.scope
        with self.database.reading() as session:
            told = wordings(
                session,
                ANYBODY,
                after=address.after,
                limit=PER_PAGE,
                country=scope.country or None,
                where=scope.conditions(),
            )
            if held is not None and held.wordings == told:
                found = replace(held, stamp=stamp, begun=begun)
            else:
                page = write(session, ANYBODY, address, self.site, now=self.clock())
                found = Kept(stamp, begun, told, page, page.etag, _headers(page, self.site.hub))
        with self._changing:
            self._kept[address] = found
            self._kept.move_to_end(address)
            if len(self._kept) > PAGES_KEPT:
                self._kept.popitem(last=False)
        return found


def _headers(written: Written, hub: str) -> tuple[tuple[str, str], ...]:
    own = f'<{written.url}>; rel="self"'
    said = {
        "Content-Type": written.media_type,
        "Content-Language": written.language,
        "ETag": f'W/"{written.etag}"',
        "Cache-Control": f"public, max-age={MAX_AGE}",
        "Link": f'{own}, <{hub}>; rel="hub"' if hub and written.spread else own,
    }
    if written.changed is not None:
        said["Last-Modified"] = format_datetime(written.changed.astimezone(UTC), usegmt=True)
    return tuple(said.items())

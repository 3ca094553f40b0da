"""Alerts as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), coded data under `_nps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.access.handling import Handling
from app.feeds.entries import AUTHOR, DESCRIPTION, Entry, entry, feed_title
from app.languages import N_, plain, spoken
from app.notification.queries import SeenAlert

VERSION = "https://jsonfeed.org/version/1.1"
MEDIA_TYPE = "application/feed+json"
SCHEMA_PATH = "/schemas/nps-feed-1.json"
STRUCTURES = (  # ending, media type and title of what is attached
    ("svg", "image/svg+xml", N_("Structure, drawn")),
    ("mol", "chemical/x-mdl-molfile", N_("Structure, as a molfile")),
)


def json_feed(
    seen: Sequence[SeenAlert],
    *,
    base_url: str,
    feed_url: str,
    next_url: str | None = None,
    about: str = "",
    hub: str = "",
    cleared: Handling = Handling.CLEAR,
) -> dict[str, Any]:
    """The feed as a plain dict, in the language spoken; `about` says what narrows it, `hub` who
    spreads it.

    Raises NotPublic for an alert that is handled above what the reader is `cleared` for.
    """
    feed: dict[str, Any] = {
        "version": VERSION,
        "title": feed_title(about, cleared),
        "home_page_url": f"{base_url}/",
        "feed_url": feed_url,
        "description": plain(DESCRIPTION),
        "language": spoken(),
        "authors": [{"name": AUTHOR, "url": f"{base_url}/"}],
    }
    feed["_nps"] = {"about": f"{base_url}{SCHEMA_PATH}", "version": 1}
    if next_url:
        feed["next_url"] = next_url
    if hub:
        feed["hubs"] = [{"type": "WebSub", "url": hub}]
    feed["items"] = [_item(entry(alert, base_url, cleared)) for alert in seen]
    return feed


def item_for(seen: SeenAlert, *, base_url: str, clearance: Handling) -> dict[str, Any]:
    """One item as in the feed, for a reader cleared up to `clearance`. Raises NotPublic.

    It says its language, which stands beside the items in a feed.
    """
    return {"language": spoken()} | _item(entry(seen, base_url, clearance))


def _item(one: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": one.url,
        "url": one.url,
        "title": one.title,
        "summary": one.summary,
        "content_text": one.text,
        "content_html": one.html,
        "date_published": one.published.isoformat(timespec="seconds"),
        "date_modified": one.modified.isoformat(timespec="seconds"),
        "tags": list(one.tags),
    }
    if one.language != spoken():
        item["language"] = one.language
    if one.picture:
        item["image"] = f"{one.picture}.png"
        item["attachments"] = [
            {"url": f"{one.picture}.{ending}", "mime_type": kind, "title": plain(title)}
            for ending, kind, title in STRUCTURES
        ]
    item["_nps"] = one.facts
    return item

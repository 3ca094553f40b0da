"""Alerts as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), coded data under `_nps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.access.handling import Handling
from app.feeds.entries import AUTHOR, DESCRIPTION, TITLE, Entry, entry, entry_for
from app.notification.queries import SeenAlert

VERSION = "https://jsonfeed.org/version/1.1"
MEDIA_TYPE = "application/feed+json"


def json_feed(
    seen: Sequence[SeenAlert], *, base_url: str, feed_url: str, next_url: str | None = None
) -> dict[str, Any]:
    """The feed as a plain dict. Raises NotPublic for an alert that is not clear."""
    feed: dict[str, Any] = {
        "version": VERSION,
        "title": TITLE,
        "home_page_url": f"{base_url}/",
        "feed_url": feed_url,
        "description": DESCRIPTION,
        "language": "en",
        "authors": [{"name": AUTHOR, "url": f"{base_url}/"}],
    }
    if next_url:
        feed["next_url"] = next_url
    feed["items"] = [_item(entry(alert, base_url)) for alert in seen]
    return feed


def item_for(seen: SeenAlert, *, base_url: str, clearance: Handling) -> dict[str, Any]:
    """One item as in the feed, for a reader cleared up to `clearance`. Raises NotPublic."""
    return _item(entry_for(seen, base_url, clearance=clearance))


def _item(one: Entry) -> dict[str, Any]:
    return {
        "id": one.url,
        "url": one.url,
        "title": one.title,
        "summary": one.summary,
        "content_text": one.text,
        "content_html": one.html,
        **({"image": one.image} if one.image else {}),
        "date_published": one.published.isoformat(timespec="seconds"),
        "date_modified": one.modified.isoformat(timespec="seconds"),
        "tags": list(one.tags),
        "_nps": one.facts,
    }

"""Alerts as an Atom feed (RFC 4287), the twin of the JSON Feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from app.access.handling import Handling
from app.feeds.entries import AUTHOR, DESCRIPTION, Entry, entry, feed_title, printable
from app.feeds.json_feed import STRUCTURES
from app.languages import plain, spoken
from app.notification.queries import SeenAlert

MEDIA_TYPE = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"


def atom(
    seen: Sequence[SeenAlert],
    *,
    base_url: str,
    feed_url: str,
    feed_id: str = "",
    updated: datetime,
    next_url: str | None = None,
    about: str = "",
    hub: str = "",
    cleared: Handling = Handling.CLEAR,
) -> bytes:
    """The feed as XML, in the language spoken. `feed_id` is the same in all languages, by itself
    the address. `updated` dates an empty one; `about` and `hub` are as in the JSON Feed.

    Raises NotPublic for an alert that is handled above what the reader is `cleared` for.
    """
    feed = Element("feed", {"xmlns": NAMESPACE, "xml:lang": spoken()})
    newest = max((alert.modified for alert in seen), default=updated)
    _add(feed, "id", feed_id or feed_url)
    _add(feed, "title", feed_title(about, cleared))
    _add(feed, "subtitle", plain(DESCRIPTION))
    _add(feed, "updated", _when(newest))
    _link(feed, "self", feed_url, MEDIA_TYPE)
    _link(feed, "alternate", f"{base_url}/", "text/html")
    if next_url:
        _link(feed, "next", next_url, MEDIA_TYPE)
    if hub:
        SubElement(feed, "link", {"rel": "hub", "href": hub})
    author = SubElement(feed, "author")
    _add(author, "name", AUTHOR)
    _add(author, "uri", f"{base_url}/")
    for alert in seen:
        _entry(feed, entry(alert, base_url, cleared))
    xml: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return xml


def _entry(feed: Element, one: Entry) -> None:
    element = SubElement(feed, "entry")
    if one.language != spoken():
        element.set("xml:lang", one.language)
    _add(element, "id", one.url)
    _add(element, "title", one.title)
    _add(element, "updated", _when(one.modified))
    _add(element, "published", _when(one.published))
    _link(element, "alternate", one.url, "text/html")
    for url in (one.about_url, *one.others):
        _link(element, "related", url, "text/html")
    if one.picture:
        for ending, kind, _ in STRUCTURES:
            _link(element, "enclosure", f"{one.picture}.{ending}", kind)
    for tag in one.tags:
        SubElement(element, "category", {"term": tag})
    _add(element, "summary", one.summary)
    _add(element, "content", one.html).set("type", "html")


def _add(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = printable(text)
    return element


def _link(parent: Element, rel: str, href: str, media_type: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": href, "type": media_type})


def _when(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")

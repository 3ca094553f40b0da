"""What most machines ask, answered on the doorstep: the two public feeds, whole and unchanged.

Thousands of programs poll them, nearly always to hear that nothing is new. Routing, sessions and
hooks would cost them several times what the answer does, so a plain GET (nothing asked but the
language, no key, no cookie) is answered before Flask, with the headers every answer bears.
Everything else, and whatever goes wrong here, goes on into the house, where the same address gives
the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.http import is_resource_modified

from app.entrance import GUARDS
from app.feeds.pages import Address, Kept, PublicFeeds
from app.languages import LANGUAGES, SOURCE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FEEDS = {
    (f"/{file}", f"lang={language}" if said else ""): Address(file, language=language)
    for file in ("feed.json", "feed.atom")
    for language in LANGUAGES
    for said in (True, False)
    if said or language == SOURCE
}
NOT_HERE = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_IF_MATCH", "HTTP_RANGE")


class Doorstep:
    """A WSGI application in front of another."""

    def __init__(self, house: WSGIApplication, feeds: PublicFeeds) -> None:
        self.house = house
        self.feeds = feeds

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer if it is one of them; else ask inside."""
        address = FEEDS.get((environ["PATH_INFO"], environ.get("QUERY_STRING", "")))
        if address is None or not _plain(environ):
            return self.house(environ, start_response)
        try:
            kept = self.feeds.page(address)
        except Exception:  # said inside, in the words that every fault of ours is told in
            return self.house(environ, start_response)
        headers = [*kept.headers, *GUARDS.items()]
        if _unchanged(environ, kept):
            start_response("304 NOT MODIFIED", headers)
            return ()
        headers.append(("Content-Length", str(len(kept.written.body))))
        start_response("200 OK", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (kept.written.body,)


def _plain(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] in {"GET", "HEAD"} and not any(
        name in environ for name in NOT_HERE
    )


def _unchanged(environ: WSGIEnvironment, kept: Kept) -> bool:
    """Whether the asker has this page already, by its validator or else by its date."""
    return not is_resource_modified(environ, kept.etag, last_modified=kept.written.changed)

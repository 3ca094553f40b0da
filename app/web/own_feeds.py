"""Feeds of one's own: making and revoking them, and the feeds themselves."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for

from app.access.handling import Handling
from app.access.roles import SIGNED_IN, Role
from app.entrance import actor, allow, database, id_cursor, now, settings, today
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.feeds.pages import Address, write
from app.feeds.personal import (
    CLEARANCES,
    Made,
    feeds_of,
    make_feed,
    note_use,
    reader_of,
    revoke_feed,
)
from app.feeds.scope import FOLDERS, scope_of
from app.web import web
from app.web.feeds import asked_language, site_of

# for one reader: kept by no cache, listed by no search engine, told to no other site
PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}


@web.get("/feed/<code>.json")
@web.get("/feed/<code>.atom")
@allow(Role.PUBLIC)
def own_feed(code: str) -> Response:
    """The alerts that the maker of this address may read, up to the clearance of the address."""
    language = asked_language()
    file = f"feed.{request.path.rpartition('.')[2]}"
    with database().reading() as session:
        held = reader_of(session, code)
        if held is None:
            raise NotFound("this feed was revoked or never was; make one at /subscriptions/feeds")
        token, reader = held
        asked = {name: request.args.get(name, "") for name in FOLDERS}
        scope = scope_of(session, reader, **asked)
        written = write(
            session,
            reader,
            Address(file, scope, id_cursor(), language),
            site_of(settings()),
            now=now(),
            cleared=token.clearance,
            path=f"/feed/{code}.{file.rpartition('.')[2]}",
        )
    if token.last_used_on != today():
        with database().transaction() as session:
            note_use(session, token, today())
    headers = PRIVATE | {"Content-Language": written.language}
    return Response(written.body, content_type=written.media_type, headers=headers)


@web.get("/subscriptions/feeds")
@allow(*SIGNED_IN)
def own_feeds() -> Any:
    """The reader's own feeds, and a form for one more."""
    return _page()


@web.post("/subscriptions/feeds")
@allow(*SIGNED_IN)
def make_own_feed() -> Any:
    """Make a feed, and show its address for the only time."""
    form = request.form
    wanted = next((c for c in CLEARANCES if c.word == form.get("clearance")), Handling.CLEAR)
    try:
        with database().transaction() as session:
            made = make_feed(session, form.get("label", ""), wanted, by=actor(), now=now())
    except (Conflict, Forbidden, Refused) as refusal:
        flash(f"Not made: {refusal}.", "problem")
        return redirect(url_for("web.own_feeds"))
    return _page(made)


@web.post("/subscriptions/feeds/<code>/revoke")
@allow(*SIGNED_IN)
def revoke_own_feed(code: str) -> Any:
    """Make a feed worthless from now on."""
    with database().transaction() as session:
        revoked = revoke_feed(session, code, by=actor(), now=now())
        flash(f"{revoked.label} gets nothing any more.")
    return redirect(url_for("web.own_feeds"))


def _page(made: Made | None = None) -> Response:
    with database().reading() as session:
        page = render_template(
            "own_feeds.html",
            feeds=feeds_of(session, actor()),
            made=made,
            address=f"{settings().base_url}/feed/{made.secret}" if made else "",
            clearances=CLEARANCES,
            everybody=actor().role is Role.ADMIN,
        )
    return make_response(page)

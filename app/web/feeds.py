"""The feeds: JSON Feed 1.1 and its Atom twin, of everything or of one group, family, country or
substance; and the schema of what we add to them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

import app.feeds
from app.access.roles import ANYBODY, Role
from app.clock import Clock
from app.db import Database
from app.entrance import allow, database, id_cursor
from app.errors import NotFound, shown
from app.feeds.json_feed import SCHEMA_PATH
from app.feeds.pages import Address, PublicFeeds, Site
from app.feeds.scope import EVERYTHING, FOLDERS, scope_of
from app.languages import LANGUAGES, SOURCE
from app.settings import Settings
from app.web import web

SCHEMA = Path(app.feeds.__file__).parent / "data" / "nps-feed-1.json"


@web.record_once
def _open(state: BlueprintSetupState) -> None:
    """Give this process its written pages."""
    app = cast(Flask, state.app)
    app.extensions["tocsin.feeds"] = PublicFeeds(
        cast(Database, app.extensions["tocsin.database"]),
        site_of(cast(Settings, app.extensions["tocsin.settings"])),
        cast(Clock, app.extensions["tocsin.clock"]),
    )


def public_feeds() -> PublicFeeds:
    """The written pages of this process."""
    return cast(PublicFeeds, current_app.extensions["tocsin.feeds"])


def site_of(settings: Settings) -> Site:
    """Where the feeds are, and who spreads them."""
    return Site(settings.base_url, settings.websub_hub)


@web.get("/feed.json")
@web.get("/feed.atom")
@allow(Role.PUBLIC)
def feed() -> Response:
    """Public alerts, the last changed first, paged; `group`, `family`, `country` and `substance`
    narrow them, and `lang` says in which language."""
    return _feed(**{name: request.args.get(name, "") for name in FOLDERS})


@web.get("/groups/<code>/feed.json")
@web.get("/groups/<code>/feed.atom")
@allow(Role.PUBLIC)
def group_feed(code: str) -> Response:
    """Public alerts about substances of one of UNODC's groups."""
    return _feed(group=code)


@web.get("/families/<code>/feed.json")
@web.get("/families/<code>/feed.atom")
@allow(Role.PUBLIC)
def family_feed(code: str) -> Response:
    """Public alerts about substances of a family, and about the family itself."""
    return _feed(family=code)


@web.get("/countries/<code>/feed.json")
@web.get("/countries/<code>/feed.atom")
@allow(Role.PUBLIC)
def country_feed(code: str) -> Response:
    """Public alerts that concern a country."""
    return _feed(country=code)


@web.get("/substances/<code>/feed.json")
@web.get("/substances/<code>/feed.atom")
@allow(Role.PUBLIC)
def substance_feed(code: str) -> Response:
    """Public alerts about one substance."""
    return _feed(substance=code)


@web.get(SCHEMA_PATH)
@allow(Role.PUBLIC)
def feed_schema() -> Response:
    """The JSON Schema of `_nps`."""
    response = Response(_schema(), content_type="application/schema+json")
    response.cache_control.public, response.cache_control.max_age = True, 24 * 3600
    response.add_etag()
    return cast(Response, response.make_conditional(request))


@cache
def _schema() -> bytes:
    return SCHEMA.read_bytes()


def asked_language() -> str:
    """The language that an address for machines names, English by itself. Raises NotFound."""
    asked = request.args.get("lang") or SOURCE
    if asked not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise NotFound(f'there is nothing in the language "{shown(asked)}"; choose one of: {known}')
    return asked


def _feed(**asked: str) -> Response:
    """A page of a feed, or 304 for a reader who has it."""
    language = asked_language()
    scope = EVERYTHING
    if any(asked.values()):
        with database().reading() as session:
            scope = scope_of(session, ANYBODY, **asked)
    file = request.path.rpartition("/")[2]
    kept = public_feeds().page(Address(file, scope, id_cursor(), language))
    response = Response(kept.written.body, headers=kept.headers)
    return cast(Response, response.make_conditional(request))

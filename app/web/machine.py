"""The doors for machines: feeds, CAP, health and metrics."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Response, current_app, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import select

from app.access.roles import ANYBODY, Role
from app.db import Page
from app.entrance import allow, database, id_cursor, now, settings
from app.feeds import atom as atom_feed
from app.feeds import cap as cap_feed
from app.feeds import json_feed
from app.feeds.freshness import etag_and_date
from app.jobs import Job
from app.notification.queries import SeenAlert, alert_by_code, alerts, history, outbox_state
from app.web import web

PER_PAGE = 50
PAGES_KEPT = 64  # written pages of feeds held in memory

Write = Callable[[Page[SeenAlert], str, str, str | None], bytes]


@web.get("/feed.json")
@allow(Role.PUBLIC)
def feed_json() -> Response:
    """Public alerts as JSON Feed 1.1, newest first, paged by `next_url`."""
    return _feed("feed.json", json_feed.MEDIA_TYPE, _as_json)


@web.get("/feed.atom")
@allow(Role.PUBLIC)
def feed_atom() -> Response:
    """Public alerts as Atom, the twin of the JSON Feed."""
    return _feed("feed.atom", atom_feed.MEDIA_TYPE, _as_atom)


@web.get("/cap/<code>.xml")
@allow(Role.PUBLIC)
def cap(code: str) -> Response:
    """One public alert as CAP 1.2."""
    with database().reading() as session:
        seen = alert_by_code(session, ANYBODY, code)
        body = cap_feed.cap(
            seen,
            history(session, ANYBODY, seen.alert),
            base_url=settings().base_url,
            sender=settings().mail_from,
        )
    return Response(body, content_type=cap_feed.MEDIA_TYPE)


@web.get("/healthz")
@allow(Role.PUBLIC)
def healthz() -> Response:
    """The web process answers."""
    return Response("ok\n", content_type="text/plain")


@web.get("/readyz")
@allow(Role.PUBLIC)
def readyz() -> Response:
    """The database answers and its schema is the one expected."""
    ready = database().revision() == database().newest_revision()
    text = "ready\n" if ready else "the schema is of another version; run: tocsin init\n"
    return Response(text, 200 if ready else 503, content_type="text/plain")


@web.get("/metrics")
@allow(Role.PUBLIC)
def metrics() -> Response:
    """How the service is doing, for Prometheus; nothing here tells of a substance or a country."""
    registry = CollectorRegistry()
    with database().reading() as session:
        # how many were sent would tell strangers when something restricted is told
        parked = Gauge("tocsin_messages_parked", "Messages given up on", registry=registry)
        parked.set(outbox_state(session).parked)
        age = Gauge(
            "tocsin_job_finished_age_seconds", "Since a job finished", ["job"], registry=registry
        )
        for job in session.scalars(select(Job)):
            if job.last_finished:
                age.labels(job.name).set((now() - job.last_finished).total_seconds())
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4")


def _as_json(page: Page[SeenAlert], base: str, feed_url: str, next_url: str | None) -> bytes:
    feed = json_feed.json_feed(page.items, base_url=base, feed_url=feed_url, next_url=next_url)
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()


def _as_atom(page: Page[SeenAlert], base: str, feed_url: str, next_url: str | None) -> bytes:
    return atom_feed.atom(
        page.items, base_url=base, feed_url=feed_url, updated=now(), next_url=next_url
    )


def _feed(name: str, media_type: str, write: Write) -> Response:
    """A feed with validators: 304 for a reader who has it, else written once for each state."""
    with database().reading() as session:
        etag, changed = etag_and_date(session, ANYBODY)
    response = Response(content_type=media_type)
    response.set_etag(etag, weak=True)
    if changed is not None:
        response.last_modified = changed
    response.cache_control.public = True
    response.cache_control.max_age = 60
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(_written(name, id_cursor(), etag, write))
    return response


def _written(name: str, after: str | None, etag: str, write: Write) -> bytes:
    """The page of the feed, from memory while no alert has changed."""
    held: dict[tuple[str, str | None], tuple[str, bytes]]
    held = current_app.extensions.setdefault("tocsin.feeds", {})
    known = held.get((name, after))
    if known is not None and known[0] == etag:
        return known[1]
    base = settings().base_url
    with database().reading() as session:
        page = alerts(session, ANYBODY, after=after, limit=PER_PAGE)
        next_url = f"{base}/{name}?after={page.next}" if page.next else None
        body = write(page, base, f"{base}/{name}", next_url)
    if len(held) >= PAGES_KEPT:
        held.clear()
    held[name, after] = etag, body
    return body

"""The doors for machines: feeds, CAP, health and metrics."""

from __future__ import annotations

import json
from datetime import datetime

from flask import Response, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from app.access.roles import ANYBODY, Role
from app.entrance import allow, database, id_cursor, now, settings
from app.feeds import atom as atom_feed
from app.feeds import cap as cap_feed
from app.feeds import json_feed
from app.feeds.freshness import etag_and_date
from app.intake.models import Report, Submission
from app.jobs import Job
from app.notification.queries import alert_by_code, alerts, history, outbox_state
from app.registry.models import Substance
from app.web import web

PER_PAGE = 50


@web.get("/feed.json")
@allow(Role.PUBLIC)
def feed_json() -> Response:
    """Public alerts as JSON Feed 1.1, newest first, paged by `next_url`."""
    fresh = _fresh()
    if fresh.status_code == 304:
        return fresh
    base = settings().base_url
    with database().reading() as session:
        page = alerts(session, ANYBODY, after=id_cursor(), limit=PER_PAGE)
        feed = json_feed.json_feed(
            page.items,
            base_url=base,
            feed_url=f"{base}/feed.json",
            next_url=f"{base}/feed.json?after={page.next}" if page.next else None,
        )
    fresh.set_data(json.dumps(feed, ensure_ascii=False, separators=(",", ":")))
    fresh.content_type = json_feed.MEDIA_TYPE
    return fresh


@web.get("/feed.atom")
@allow(Role.PUBLIC)
def feed_atom() -> Response:
    """Public alerts as Atom, the twin of the JSON Feed."""
    fresh = _fresh()
    if fresh.status_code == 304:
        return fresh
    base = settings().base_url
    with database().reading() as session:
        page = alerts(session, ANYBODY, after=id_cursor(), limit=PER_PAGE)
        feed = atom_feed.atom(
            page.items,
            base_url=base,
            feed_url=f"{base}/feed.atom",
            updated=now(),
            next_url=f"{base}/feed.atom?after={page.next}" if page.next else None,
        )
    fresh.set_data(feed)
    fresh.content_type = atom_feed.MEDIA_TYPE
    return fresh


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
        for table in (Submission, Report, Substance):
            name = f"tocsin_{table.__tablename__}s"
            gauge = Gauge(name, f"Rows of {table.__tablename__}", registry=registry)
            gauge.set(session.scalar(select(func.count()).select_from(table)) or 0)
        outbox = outbox_state(session)
        messages = Gauge("tocsin_messages", "Messages by state", ["state"], registry=registry)
        for state in ("waiting", "sent", "parked"):
            messages.labels(state).set(getattr(outbox, state))
        age = Gauge(
            "tocsin_job_finished_age_seconds", "Since a job finished", ["job"], registry=registry
        )
        for job in session.scalars(select(Job)):
            if job.last_finished:
                age.labels(job.name).set((now() - job.last_finished).total_seconds())
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4")


def _fresh() -> Response:
    """An empty answer with validators: 304 when the reader has the newest state already."""
    with database().reading() as session:
        etag, changed = etag_and_date(session, ANYBODY)
    response = Response()
    response.set_etag(etag, weak=True)
    if isinstance(changed, datetime):
        response.last_modified = changed
    response.cache_control.public = True
    response.cache_control.max_age = 60
    response.make_conditional(request)
    return response
